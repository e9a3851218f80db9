import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/foundation/seeded-random.js';
import { boundedMeanInterval } from '../../src/statistics/bounded-mean.js';
import { ClusteredMoments } from '../../src/statistics/clustered.js';
import { tTest } from '../../src/statistics/paired-tests.js';
import { readReference } from '../support/reference.js';
import { expectClose, shuffle } from './support.js';

interface ClusteredCase {
  readonly id: number;
  readonly tag: string;
  readonly values: number[];
  readonly clusters: string[];
  readonly expected: Readonly<Record<'mean' | 'clusters', number>> &
    Readonly<Record<'cr0' | 'cr1' | 'cr2' | 'df' | 'effectiveClusters' | 'pZero', number | null>> & {
      readonly interval95: [number, number] | null;
    };
}

const of = (values: readonly number[], clusters: readonly string[]): ClusteredMoments => {
  const moments = new ClusteredMoments();
  values.forEach((value, i) => moments.add(value, clusters[i] as string));
  return moments;
};

describe('reference cases of clustered means', () => {
  const { cases } = readReference<{ cases: ClusteredCase[] }>('clustered');

  it.each(cases)('case $id ($tag)', ({ values, clusters, expected }) => {
    const found = of(values, clusters);
    expectClose(found.mean, expected.mean);
    expect(found.clusters).toBe(expected.clusters);
    for (const form of ['cr0', 'cr1', 'cr2'] as const) expectClose(found.robustError(form), expected[form]);
    expectClose(found.degreesOfFreedom, expected.df);
    expectClose(found.effectiveClusters, expected.effectiveClusters);
    const interval = found.interval();
    expectClose(interval?.low ?? null, expected.interval95?.[0] ?? null);
    expectClose(interval?.high ?? null, expected.interval95?.[1] ?? null);
    const { mean, standardError, degreesOfFreedom } = found;
    if (standardError === null || degreesOfFreedom === null) return;
    expectClose(tTest({ mean: mean!, standardError, degreesOfFreedom })?.pValue ?? null, expected.pZero);
  });
});

describe('the interval of clustered scores in a known range', () => {
  const range = [0, 1] as const;

  it('is that of the scores where each is a cluster of its own, or clusters are of one size and all alike', () => {
    const scores = [0.2, 0.9, 1, 0.4, 0.55, 0];
    const plain = boundedMeanInterval(scores)!;
    const singles = of(
      scores,
      scores.map((_, i) => `c${i}`),
    ).interval({ range })!;
    const triples = of(
      [...scores, ...scores, ...scores],
      [0, 1, 2].flatMap(() => scores.map((_, i) => `c${i}`)),
    ).interval({ range })!;
    for (const found of [singles, triples]) {
      expect(found.method).toBe('clustered-mid-gaffke');
      expectClose(found.low, plain.low, 1e-12);
      expectClose(found.high, plain.high, 1e-12);
    }
  });

  it('stays in the range, has a width and does not depend on the order, not by a bit', () => {
    const score = fc.oneof(fc.constantFrom(0, 1, 0.5), fc.double({ min: 0, max: 1, noNaN: true }));
    const sample = fc.tuple(score, fc.constantFrom('a', 'b', 'c', 'd'));
    fc.assert(
      fc.property(fc.array(sample, { minLength: 2, maxLength: 30 }), fc.nat(), (samples, seed) => {
        const find = (list: typeof samples) =>
          of(
            list.map(([value]) => value),
            list.map(([, cluster]) => cluster),
          ).interval({ range });
        const found = find(samples);
        expect(find(shuffle(samples, seededRandom(seed)))).toEqual(found);
        if (found === null) {
          expect(new Set(samples.map(([, cluster]) => cluster)).size).toBe(1);
          return;
        }
        expect(found.low).toBeGreaterThanOrEqual(0);
        expect(found.high).toBeLessThanOrEqual(1);
        expect(found.low).toBeLessThan(found.high);
      }),
    );
  });

  it('has a width where all scores are equal, also without the range; none where bounds are not known', () => {
    const clusters = ['a', 'a', 'b', 'b', 'c', 'c'];
    const right = of([1, 1, 1, 1, 1, 1], clusters);
    expect(right.interval()).toEqual(right.interval({ range }));
    expect(right.interval()).toMatchObject({ high: 1, method: 'wilson' });
    const half = of([0, 1, 0, 1, 1, 0], clusters).interval()!;
    expect(half).toMatchObject({ method: 'clustered-mid-gaffke' });
    expect(half.high - half.low).toBeGreaterThan(0.5);
    expect(of([3, 3, 3, 3, 3, 3], clusters).interval()).toBeNull();
    // equal on paper: (1 - 0.9) - 0.1 is not 0 in float64
    expect(
      of(
        [1 - 0.9, 0.1, 1 - 0.9, 0.1, 0.1, 1 - 0.9].map((x) => x + 2),
        clusters,
      ).interval(),
    ).toBeNull();
  });

  it('refuses a range that does not hold the numbers', () => {
    expect(() => of([0.5, 2], ['a', 'b']).interval({ range })).toThrow('from 0 to 1, got 0.5 to 2');
    expect(() => of([0.5], ['a']).interval({ range: [1, 0] })).toThrow('`range`');
  });
});
