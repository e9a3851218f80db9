import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { benjaminiHochberg, holm } from '../../src/statistics/multiple-comparisons.js';
import { minimumDetectableDifference, requiredCases } from '../../src/statistics/sample-size.js';
import { expectClose } from './support.js';

describe('corrections for many tests', () => {
  it('adjust as R does: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05))', () => {
    const p = [0.01, 0.02, 0.03, 0.04, 0.05];
    expect(holm(p).map((value) => Number(value?.toFixed(10)))).toEqual([0.05, 0.08, 0.09, 0.09, 0.09]);
    expect(benjaminiHochberg(p).map((value) => Number(value?.toFixed(10)))).toEqual([
      0.05, 0.05, 0.05, 0.05, 0.05,
    ]);
    expect(holm([0.04, 0.001, 0.03])).toEqual([0.06, 0.003, 0.06]);
    expect(benjaminiHochberg([0.04, 0.001, 0.03])).toEqual([0.04, 0.003, 0.04]);
  });

  it('do not count what was not tested', () => {
    expect(holm([null, 0.02, null, 0.01])).toEqual([null, 0.02, null, 0.02]);
    expect(benjaminiHochberg([null, 0.5])).toEqual([null, 0.5]);
    expect(holm([])).toEqual([]);
  });

  it('never lower a p-value, keep their order and stay below 1', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1 }), (p) => {
        for (const adjust of [holm, benjaminiHochberg]) {
          const adjusted = adjust(p) as number[];
          p.forEach((value, i) => {
            expect(adjusted[i]).toBeGreaterThanOrEqual(value);
            expect(adjusted[i]).toBeLessThanOrEqual(1);
            p.forEach((other, j) => {
              if (value < other) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j] as number);
            });
          });
        }
        const family = holm(p) as number[];
        (benjaminiHochberg(p) as number[]).forEach((value, i) =>
          expect(value).toBeLessThanOrEqual((family[i] as number) + 1e-15),
        );
      }),
    );
  });

  it('refuse what is no p-value', () => {
    expect(() => holm([1.5])).toThrow(/0 to 1/);
  });
});

describe('planning a comparison', () => {
  it('needs (1.95996 + 0.84162)² · (1/9) / 0.03² = 968.9 cases to find 3 points', () => {
    const plan = { differenceVariance: 1 / 9, alpha: 0.05, power: 0.8 };
    expect(requiredCases({ ...plan, difference: 0.03 })).toBe(969);
    expectClose(minimumDetectableDifference({ ...plan, cases: 969 }), 0.03, 1e-4);
  });

  it('needs fewer cases with more repetitions, down to the variance between cases', () => {
    const plan = { differenceVariance: 0.1, withinVarianceA: 0.2, withinVarianceB: 0.2, difference: 0.05 };
    const once = requiredCases(plan);
    const often = requiredCases({ ...plan, repetitionsA: 10, repetitionsB: 10 });
    const floor = requiredCases({ differenceVariance: 0.1, difference: 0.05 });
    expect(once).toBeGreaterThan(often);
    expect(often).toBeGreaterThan(floor);
    expect(once / floor).toBeCloseTo(5, 1);
  });

  it('finds the difference that the required cases can show', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        fc.double({ min: 0.001, max: 0.5, noNaN: true }),
        (differenceVariance, difference) => {
          const cases = requiredCases({ differenceVariance, difference });
          expect(minimumDetectableDifference({ differenceVariance, cases })).toBeLessThanOrEqual(
            difference * (1 + 1e-12),
          );
        },
      ),
    );
  });

  it('finds no difference below 0 where so little power is asked for that no difference is needed', () => {
    const plan = { differenceVariance: 0.1, alpha: 0.5, power: 0.01 };
    expect(minimumDetectableDifference({ ...plan, cases: 100 })).toBe(0);
    expect(requiredCases({ ...plan, difference: 0.1 })).toBe(1);
  });

  it('names a bad option', () => {
    expect(() => requiredCases({ differenceVariance: 0.1, difference: 0 })).toThrow(/difference/);
    expect(() => minimumDetectableDifference({ differenceVariance: -1, cases: 10 })).toThrow(
      /differenceVariance/,
    );
    expect(() => minimumDetectableDifference({ differenceVariance: 1, cases: 10, power: 1 })).toThrow(
      /power/,
    );
  });
});
