import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/foundation/seeded-random.js';
import { ClusteredMoments } from '../../src/statistics/clustered.js';
import { tInterval } from '../../src/statistics/intervals.js';
import { meanInterval } from '../../src/statistics/mean-interval.js';
import { Moments } from '../../src/statistics/moments.js';
import { normalQuantile } from '../../src/statistics/special-functions.js';
import { itWithData, readDataJson, readDataLines } from '../support/data.js';
import { readReference } from '../support/reference.js';
import { expectClose, shuffle } from './support.js';

interface MeanCase {
  readonly id: number;
  readonly tag: string;
  readonly values: number[];
  readonly clusters?: string[];
  readonly expected: Record<string, number> &
    Record<'t90' | 't95' | 't99' | 'z90' | 'z95' | 'z99', [number, number]> & {
      readonly clusteredStderr?: number;
      readonly clusteredT95?: [number, number];
    };
}

/** Mean and variance in two passes over exact rationals: scaled integers, so no rounding at all before the end. */
function twoPass(values: readonly number[]): { mean: number; variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const rest = values.reduce((sum, value) => sum + (value - mean), 0) / values.length;
  const deviations = values.map((value) => value - mean - rest);
  return {
    mean: mean + rest,
    variance: deviations.reduce((sum, d) => sum + d * d, 0) / (values.length - 1),
  };
}

const levels = [
  ['90', 0.9],
  ['95', 0.95],
  ['99', 0.99],
] as const;

describe('reference cases of mean and standard error', () => {
  const { cases } = readReference<{ cases: MeanCase[] }>('mean_stderr');

  it.each(cases)('case $id ($tag)', ({ values, clusters, expected }) => {
    const moments = Moments.of(values);
    expect(moments.n).toBe(expected['n']);
    expectClose(moments.mean, expected['mean'] as number);
    expectClose(moments.variance, expected['variance'] as number);
    expectClose(moments.standardDeviation, expected['stdev'] as number);
    expectClose(moments.standardError, expected['stderr'] as number);
    expect(moments.min).toBe(expected['min']);
    expect(moments.max).toBe(expected['max']);
    const mean = moments.mean as number;
    const standardError = moments.standardError as number;
    for (const [name, level] of levels) {
      const t = tInterval({ mean, standardError, degreesOfFreedom: moments.n - 1 }, { level });
      expectClose(t.low, expected[`t${name}`][0]);
      expectClose(t.high, expected[`t${name}`][1]);
      expectClose(mean + normalQuantile((1 + level) / 2) * standardError, expected[`z${name}`][1]);
    }
    if (clusters === undefined) return;
    const clustered = new ClusteredMoments();
    values.forEach((value, i) => clustered.add(value, clusters[i] as string));
    expect(clustered.clusters).toBe(expected['clusters']);
    expectClose(clustered.mean, expected['mean'] as number);
    const cr1 = clustered.robustError('cr1');
    expectClose(cr1, expected.clusteredStderr as number);
    if (expected.clusteredT95 !== undefined && cr1 !== null) {
      const estimate = {
        mean: clustered.mean!,
        standardError: cr1,
        degreesOfFreedom: clustered.clusters - 1,
      };
      expectClose(tInterval(estimate).low, expected.clusteredT95[0]);
      expectClose(tInterval(estimate).high, expected.clusteredT95[1]);
    }
  });

  itWithData('finds the published errors of MMLU-Pro, naive and clustered by category', () => {
    const rows = readDataLines<{ category: string; answer: string; pred: string | null }>(
      'mmlu_pro/mistral_7b_instruct_v0.2.jsonl',
    );
    const { subset } = readDataJson<{ subset: Record<string, number> }>('mmlu_pro/expected.json');
    const moments = new Moments();
    const clustered = new ClusteredMoments();
    for (const row of rows) {
      const score = row.pred === row.answer ? 1 : 0;
      moments.add(score);
      clustered.add(score, row.category);
    }
    expectClose(moments.mean, subset['accuracy'] as number);
    expectClose(moments.standardError, subset['stderr'] as number);
    expectClose(clustered.robustError('cr1'), subset['clusteredStderr'] as number);
    expect(clustered.clusters).toBe(subset['categories']);
  });
});

describe('Moments', () => {
  it('says null, never 0 or NaN, for what is not defined', () => {
    const empty = new Moments();
    expect([empty.mean, empty.variance, empty.standardError, empty.min, empty.max]).toEqual(
      Array.from({ length: 5 }, () => null),
    );
    const one = Moments.of([0.5]);
    expect([one.mean, one.variance, one.standardDeviation, one.standardError]).toEqual([
      0.5,
      null,
      null,
      null,
    ]);
    expect(meanInterval(one)).toBeNull();
    expect(meanInterval(empty)).toBeNull();
  });

  it('gives equal numbers their own mean and no variance', () => {
    const moments = Moments.of([0.1, 0.1, 0.1]);
    expect(moments.mean).toBe(0.1);
    expect(moments.variance).toBe(0);
  });

  it('survives cancellation where the textbook formula fails', () => {
    for (const offset of [1e6, 1e9, 1e12, 1e15]) {
      const moments = Moments.of([4, 7, 13, 16].map((value) => value + offset));
      expect(moments.mean).toBe(offset + 10);
      expect(moments.variance).toBe(30);
    }
    const tiny = Moments.of([1 + 2 ** -52, 1, 1 - 2 ** -53]);
    expectClose((tiny.variance as number) / 2 ** -104, (4 + 0 + 1 - 1 / 3) / 4 / 2, 1e-12);
  });

  it('matches two passes to 1e-12 on a million values, also far from zero', () => {
    const random = seededRandom(7);
    for (const offset of [0, 1e6]) {
      const values = Array.from({ length: 1_000_000 }, () => offset + random());
      const moments = Moments.of(values);
      const expected = twoPass(values);
      expect(Math.abs((moments.mean as number) / expected.mean - 1)).toBeLessThan(1e-12);
      expect(Math.abs((moments.variance as number) / expected.variance - 1)).toBeLessThan(1e-12);
    }
  });

  it('gives the same bits in any order, over any split and through JSON', () => {
    const value = fc.oneof(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: -1e9, max: 1e9, noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 50 }), fc.integer(), fc.nat(50), (values, seed, cut) => {
        const whole = Moments.of(values);
        const mixed = shuffle(values, seededRandom(seed));
        const merged = Moments.of(mixed.slice(0, cut));
        merged.merge(Moments.fromJSON(JSON.parse(JSON.stringify(Moments.of(mixed.slice(cut))))));
        expect(JSON.stringify(merged)).toBe(JSON.stringify(whole));
        expect([merged.mean, merged.variance, merged.standardError]).toEqual([
          whole.mean,
          whole.variance,
          whole.standardError,
        ]);
      }),
    );
  });

  it('knows whether all numbers were 0 or 1', () => {
    expect(Moments.of([0, 1, 1]).binary).toBe(true);
    expect(Moments.of([0, 1, 0.5]).binary).toBe(false);
    expect(Moments.of([1, 1 - 2 ** -53]).binary).toBe(false);
    expect(Moments.of([2, 0]).binary).toBe(false);
    expect(new Moments().binary).toBe(false);
  });

  it('gives 0/1 scores Wilson and others Student', () => {
    expect(meanInterval(Moments.of([0, 1, 1]))?.method).toBe('wilson');
    expect(meanInterval(Moments.of([0.25, 1, 1]))?.method).toBe('t');
    expect(meanInterval(Moments.of([1]))).toMatchObject({ high: 1, method: 'wilson' });
  });

  it('refuses what is not a number', () => {
    expect(() => new Moments().add(Number.NaN)).toThrow(/finite number/);
  });
});

describe('ClusteredMoments', () => {
  const sample = fc.array(
    fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom('a', 'b', 'c', '')),
    {
      maxLength: 40,
    },
  );

  it('gives the same bits in any order, over any split and through JSON', () => {
    const of = (pairs: readonly (readonly [number, string])[]): ClusteredMoments => {
      const moments = new ClusteredMoments();
      for (const [value, cluster] of pairs) moments.add(value, cluster);
      return moments;
    };
    fc.assert(
      fc.property(sample, fc.integer(), fc.nat(40), (pairs, seed, cut) => {
        const whole = of(pairs);
        const mixed = shuffle(pairs, seededRandom(seed));
        const merged = of(mixed.slice(0, cut));
        merged.merge(ClusteredMoments.fromJSON(JSON.parse(JSON.stringify(of(mixed.slice(cut))))));
        expect(JSON.stringify(merged)).toBe(JSON.stringify(whole));
        expect([merged.n, merged.mean, merged.standardError]).toEqual([
          whole.n,
          whole.mean,
          whole.standardError,
        ]);
      }),
    );
  });

  it('equals the plain standard error when every sample is its own cluster', () => {
    const values = [0.1, 0.9, 0.4, 0.4, 0.7];
    const clustered = new ClusteredMoments();
    values.forEach((value, i) => clustered.add(value, `c${i}`));
    expectClose(clustered.standardError, Moments.of(values).standardError, 1e-15);
    expect(clustered.interval()?.method).toBe('clustered-t');
  });

  it('has no error with one cluster and refuses a sample without one', () => {
    const moments = new ClusteredMoments();
    moments.add(1, 'only');
    moments.add(0, 'only');
    expect([moments.mean, moments.standardError, moments.interval()]).toEqual([0.5, null, null]);
    expect(() => moments.add(1, undefined as unknown as string)).toThrow(/cluster/);
    expect(moments.n).toBe(2);
  });

  it('can be merged into itself', () => {
    const moments = new ClusteredMoments();
    moments.add(1, 'a');
    moments.add(0, 'b');
    moments.merge(moments);
    expect([moments.n, moments.mean, moments.clusters]).toEqual([4, 0.5, 2]);
  });
});
