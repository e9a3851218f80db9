import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { passAtK, passHatK } from '../../src/statistics/pass-at-k.js';
import { reduceRepetitions } from '../../src/statistics/repetition-reducers.js';
import { expectClose } from './support.js';

/** Shares of k-subsets of n answers, the first `passed` of them right, counted one by one. */
function countSubsets(n: number, passed: number, k: number): { any: number; all: number } {
  let [any, all, total] = [0, 0, 0];
  for (let subset = 0; subset < 2 ** n; subset++) {
    const members = Array.from({ length: n }, (_, i) => i).filter((i) => (subset >> i) & 1);
    if (members.length !== k) continue;
    total++;
    if (members.some((i) => i < passed)) any++;
    if (members.every((i) => i < passed)) all++;
  }
  return { any: any / total, all: all / total };
}

describe('pass@k and pass^k', () => {
  it('are the shares of k-subsets, bit by bit', () => {
    for (let n = 1; n <= 9; n++) {
      for (let passed = 0; passed <= n; passed++) {
        for (let k = 1; k <= n; k++) {
          const { any, all } = countSubsets(n, passed, k);
          expect(passAtK(n, passed, k)).toBe(any);
          expect(passHatK(n, passed, k)).toBe(all);
        }
      }
    }
  });

  it('are exactly passed / n for k = 1, which products of floats are not', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }).chain((n) => fc.tuple(fc.constant(n), fc.nat(n))),
        ([n, passed]) => {
          expect(passAtK(n, passed, 1)).toBe(passed / n);
          expect(passHatK(n, passed, 1)).toBe(passed / n);
        },
      ),
    );
  });

  it('do not overflow where binomials do', () => {
    // C(1000, 500) / C(2000, 500) is about 1e-189; both overflow on their own.
    expectClose(passAtK(2000, 1000, 500), 1);
    const tiny = passHatK(2000, 1000, 500) as number;
    let log = 0;
    for (let i = 0; i < 500; i++) log += Math.log((1000 - i) / (2000 - i));
    expect(Math.abs(Math.log(tiny) / log - 1)).toBeLessThan(1e-12);
    expect(passAtK(1_000_000, 1, 500_000)).toBe(0.5);
    expect(passHatK(10_000, 5000, 5000)).toBe(0); // below the smallest number
  });

  it('are not defined for fewer answers than k, and refuse impossible counts', () => {
    expect([passAtK(3, 3, 4), passHatK(3, 3, 4), passAtK(0, 0, 1)]).toEqual([null, null, null]);
    expect(() => passAtK(3, 4, 1)).toThrow(/passed <= n/);
    expect(() => passHatK(3, 1, 0)).toThrow(/k >= 1/);
  });
});

describe('reduceRepetitions', () => {
  it('reduces by mean, median, mode and max', () => {
    const scores = [0.5, 1, 0, 1];
    const reduced = (['mean', 'median', 'mode', 'max'] as const).map((reducer) =>
      reduceRepetitions(scores, reducer),
    );
    expect(reduced).toEqual([0.625, 0.75, 1, 1]);
  });

  it('takes the value seen first when modes tie', () => {
    expect(reduceRepetitions([0.2, 0.7, 0.7, 0.2], 'mode')).toBe(0.2);
  });

  it('counts against a threshold', () => {
    const scores = [0.9, 0.4, 0.8];
    const reduce = (reducer: 'at-least' | 'pass-at' | 'pass-hat', k: number): number | null =>
      reduceRepetitions(scores, { reducer, k, threshold: 0.8 });
    expect([reduce('at-least', 2), reduce('at-least', 3)]).toEqual([1, 0]);
    expect([reduce('pass-at', 2), reduce('pass-hat', 2)]).toEqual([1, 1 / 3]);
    expect(reduceRepetitions(scores, { reducer: 'at-least', k: 1 })).toBe(0);
  });

  it('says null where there is too little', () => {
    for (const reducer of ['mean', 'median', 'mode', 'max'] as const) {
      expect(reduceRepetitions([], reducer)).toBeNull();
    }
    for (const reducer of ['at-least', 'pass-at', 'pass-hat'] as const) {
      expect(reduceRepetitions([1], { reducer, k: 2 })).toBeNull();
    }
  });

  it('names a reducer that is none', () => {
    expect(() => reduceRepetitions([1], 'average' as never)).toThrow(/'mean', 'median'/);
    expect(() => reduceRepetitions([1], { reducer: 'pass-at', k: 0 })).toThrow(/`k`/);
  });
});
