import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/foundation/seeded-random.js';
import { boundedMeanInterval } from '../../src/statistics/bounded-mean.js';
import { gaffkeChances, MOST_EXACT } from '../../src/statistics/gaffke-distribution.js';
import { clopperPearsonInterval } from '../../src/statistics/intervals.js';
import { ScoreCounts } from '../../src/statistics/score-counts.js';
import { describeWithData, readDataJson } from '../support/data.js';
import { expectClose, shuffle } from './support.js';

interface BoundedCase {
  readonly id: number;
  readonly kind: string;
  readonly alpha: number;
  readonly values: number[];
  readonly range?: [number, number];
  readonly scores: number[];
  readonly counts: number[];
  readonly expected: {
    readonly gaffke: [number, number];
    readonly midGaffke: [number, number];
    readonly at: number[];
    readonly withZero: number[];
    readonly withOne: number[];
  };
}

describeWithData('reference cases of bounded means', () => {
  const { cases } = readDataJson<{ cases: BoundedCase[] }>('reference/bounded_mean.json');
  const ofKind = (...kinds: string[]): BoundedCase[] => cases.filter(({ kind }) => kinds.includes(kind));

  it.each(ofKind('interval', 'other range'))('interval $id', ({ values, alpha, range, expected }) => {
    for (const [method, ends] of [
      ['gaffke', expected.gaffke],
      ['mid-gaffke', expected.midGaffke],
    ] as const) {
      const found = boundedMeanInterval(values, { level: 1 - alpha, method, range });
      expectClose(found!.low, ends[0]);
      expectClose(found!.high, ends[1]);
    }
  });

  it.each(ofKind('gaffke distribution'))('distribution $id', ({ values, expected }) => {
    const sample = ScoreCounts.of(values).below();
    expected.at.forEach((at, i) => {
      const below = gaffkeChances(sample, { at, side: 'low', extraSize: 1 });
      expectClose(below.near, expected.withZero[i] as number);
      expectClose(below.far, expected.withOne[i] as number);
    });
  });

  it.each(ofKind('counts'))('counts $id', ({ scores, counts, alpha, expected }) => {
    const values = scores.flatMap((score, i) => new Array<number>(counts[i] as number).fill(score));
    for (const [method, ends] of [
      ['gaffke', expected.gaffke],
      ['mid-gaffke', expected.midGaffke],
    ] as const) {
      const found = boundedMeanInterval(values, { level: 1 - alpha, method });
      expectClose(found!.low, ends[0], 5e-5);
      expectClose(found!.high, ends[1], 5e-5);
    }
  });
});

describe('the interval of a mean in a known range', () => {
  const score = fc.oneof(fc.constantFrom(0, 0.5, 1), fc.double({ min: 0, max: 1, noNaN: true }));
  const level = fc.double({ min: 0.01, max: 0.9999, noNaN: true });

  it('stays in the range, holds its level in every order, and always has a width', () => {
    fc.assert(
      fc.property(fc.array(score, { minLength: 1, maxLength: 40 }), level, fc.nat(), (scores, at, seed) => {
        for (const method of ['gaffke', 'mid-gaffke'] as const) {
          const found = boundedMeanInterval(scores, { level: at, method })!;
          expect(found.low).toBeGreaterThanOrEqual(0);
          expect(found.high).toBeLessThanOrEqual(1);
          expect(found.low).toBeLessThan(found.high);
          const shuffled = shuffle(scores, seededRandom(seed));
          expect(boundedMeanInterval(shuffled, { level: at, method })).toEqual(found);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('is that of Clopper and Pearson for 0/1 scores', () => {
    for (const [ones, n] of [
      [0, 3],
      [7, 10],
      [299, 300],
    ] as const) {
      const scores = Array.from({ length: n }, (_, i) => (i < ones ? 1 : 0));
      const found = boundedMeanInterval(scores, { method: 'gaffke' })!;
      const exact = clopperPearsonInterval({ successes: ones, n })!;
      expectClose(found.low, exact.low, 1e-10);
      expectClose(found.high, exact.high, 1e-10);
    }
  });

  it('mirrors when the scores are mirrored', () => {
    const scores = [0.25, 0.5, 0.5, 1, 0.75, 0];
    const found = boundedMeanInterval(scores)!;
    const mirrored = boundedMeanInterval(scores.map((each) => 1 - each))!;
    expectClose(mirrored.low, 1 - found.high, 1e-14);
    expectClose(mirrored.high, 1 - found.low, 1e-14);
  });

  it('goes from the exact form to the saddle point without a step', () => {
    const random = seededRandom(4);
    for (const draw of [random, () => (random() < 0.97 ? 1 : random()), () => Math.round(random() * 4) / 4]) {
      const scores = Array.from({ length: MOST_EXACT }, draw);
      const [exact, approximate] = [scores, [...scores, scores[7] as number]].map((each) =>
        boundedMeanInterval(each)!,
      );
      expect(Math.abs(exact!.low - approximate!.low)).toBeLessThan(2e-3);
      expect(Math.abs(exact!.high - approximate!.high)).toBeLessThan(2e-3);
    }
  });

  it('finds ends that are as small as the scores', () => {
    const found = boundedMeanInterval([1e-200, 1e-200, 1e-200])!;
    expect(found.low).toBeGreaterThan(0);
    expect(found.low).toBeLessThan(1e-200);
  });

  it('takes other ranges', () => {
    expect(boundedMeanInterval([3, 3], { range: [1, 5] })).toMatchObject({
      low: 1 + 4 * 0.11180339887498952,
    });
    expect(boundedMeanInterval([-1, -1, -1], { range: [-1, 1] })!.low).toBe(-1);
  });

  it('refuses what it cannot mean', () => {
    expect(boundedMeanInterval([])).toBeNull();
    expect(() => boundedMeanInterval([0.5, 1.5])).toThrow('from 0 to 1, got 1.5 at 1');
    expect(() => boundedMeanInterval([0.5, Number.NaN])).toThrow('got NaN');
    expect(() => boundedMeanInterval([null as never])).toThrow('got null');
    expect(() => boundedMeanInterval([1], { range: [1, 1] })).toThrow('`range`');
    expect(() => boundedMeanInterval([1], { level: 1 })).toThrow('`level`');
  });
});

describe('ScoreCounts', () => {
  const scores = (n: number, seed: number): number[] => {
    const random = seededRandom(seed);
    return Array.from({ length: n }, () => random());
  };

  it('is the same in any order and however it was merged, before and after the bins', () => {
    for (const n of [50, 4096, 4097, 9000]) {
      const all = [...scores(n - 3, n), 0, 1, 0.5];
      const whole = ScoreCounts.of(all);
      expect(whole.binned).toBe(n > 4096);
      for (const seed of [1, 2]) {
        const shuffled = shuffle(all, seededRandom(seed));
        const half = ScoreCounts.of(shuffled.slice(n >> 1));
        half.merge(ScoreCounts.of(shuffled.slice(0, n >> 1)));
        expect(half.toJSON()).toEqual(whole.toJSON());
        expect(half.n).toBe(n);
        expect(ScoreCounts.fromJSON(JSON.parse(JSON.stringify(half))).toJSON()).toEqual(whole.toJSON());
      }
    }
  });

  it('rounds outward in bins: the interval holds that of the scores themselves', () => {
    const many = scores(5000, 9).map((score) => score ** 3);
    const binned = boundedMeanInterval(ScoreCounts.of(many))!;
    const mean = many.reduce((sum, score) => sum + score, 0) / many.length;
    const few = ScoreCounts.of(many.map((score) => Math.round(score * 2000) / 2000));
    const exact = boundedMeanInterval(few)!;
    expect(binned.low).toBeLessThan(mean);
    expect(exact.low - binned.low).toBeGreaterThan(-(2 ** -12));
    expect(exact.low - binned.low).toBeLessThan(2 ** -11);
    expect(binned.high - exact.high).toBeGreaterThan(-(2 ** -12));
    expect(binned.high - exact.high).toBeLessThan(2 ** -11);
    const { values, counts } = ScoreCounts.of(many).below();
    expect(values.reduce((sum, value, i) => sum + value * (counts[i] as number), 0) / 5000).toBeLessThan(
      mean,
    );
  });

  it('merges with itself', () => {
    const counts = ScoreCounts.of([0, 0.5, 1]);
    counts.merge(counts);
    expect(counts.toJSON().counts).toEqual([
      [0, 2],
      [0.5, 2],
      [1, 2],
    ]);
  });

  it('refuses what is no score', () => {
    for (const bad of [-0.1, 1.1, Number.NaN, null, '1']) {
      expect(() => new ScoreCounts().add(bad as number)).toThrow('from 0 to 1');
    }
  });
});
