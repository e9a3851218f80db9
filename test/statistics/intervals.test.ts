import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clopperPearsonInterval,
  jeffreysInterval,
  tInterval,
  wilsonInterval,
} from '../../src/statistics/intervals.js';
import { betaCdf, betaQuantile, normalCdf, normalQuantile } from '../../src/statistics/special-functions.js';
import { studentCdf, studentQuantile, studentTail } from '../../src/statistics/student.js';
import { expectClose } from './support.js';

type Table = readonly (readonly number[])[];
type Name = 'studentUpper' | 'studentTail' | 'normal' | 'normalCdf' | 'beta' | 'proportions';
const tables = JSON.parse(
  readFileSync(new URL('./fixtures/distributions.json', import.meta.url), 'utf8'),
) as Record<Name, Table>;

/** Relative deviation, also for tiny figures. */
function expectRelative(actual: number, expected: number, tolerance: number): void {
  const deviation = expected === 0 ? Math.abs(actual) : Math.abs(actual / expected - 1);
  expect(deviation, `${actual} is not ${expected}`).toBeLessThanOrEqual(tolerance);
}

describe('distributions agree with 40-digit arithmetic', () => {
  it('normal quantile', () => {
    for (const [p, z] of tables.normal as [number, number][]) expectRelative(normalQuantile(p), z, 1e-14);
  });

  it('normal distribution, far tails included', () => {
    for (const [z, p] of tables.normalCdf as [number, number][]) expectRelative(normalCdf(z), p, 1e-12);
    expect(normalCdf(-40)).toBe(0);
  });

  it('Student tail and quantile', () => {
    for (const [t, v, p] of tables.studentTail as [number, number, number][]) {
      expectRelative(studentTail(t, v), p, 1e-12);
      expectRelative(studentCdf(-t, v), p, 1e-12);
      expectRelative(studentCdf(t, v), 1 - p, 1e-14);
    }
    for (const [p, v, t] of tables.studentUpper as [number, number, number][]) {
      expectRelative(studentQuantile(p, v), -t, 1e-11);
    }
  });

  it('beta quantile', () => {
    for (const [p, a, b, x] of tables.beta as [number, number, number, number][]) {
      expectRelative(betaQuantile(p, a, b), x, 1e-10);
    }
  });

  it('quantiles undo distributions', () => {
    const probability = fc.double({ min: 1e-12, max: 1 - 1e-12, noNaN: true });
    const shape = fc.double({ min: 0.1, max: 1e5, noNaN: true });
    fc.assert(
      fc.property(probability, shape, shape, (p, a, b) => {
        expectRelative(normalCdf(normalQuantile(p)), p, 1e-12);
        expectRelative(studentCdf(studentQuantile(p, a), a), p, 1e-10);
        // Near 1 neighbouring numbers may lie further apart in probability than any tolerance.
        const x = betaQuantile(p, a, b);
        expect(betaCdf(x * (1 - 1e-13), a, b)).toBeLessThanOrEqual(p + 1e-9);
        expect(betaCdf(Math.min(1, x * (1 + 1e-13)), a, b)).toBeGreaterThanOrEqual(p - 1e-9);
      }),
      { numRuns: 300 },
    );
  });

  it('Student without bound on its degrees of freedom is normal', () => {
    expect(studentQuantile(0.975, Number.POSITIVE_INFINITY)).toBe(normalQuantile(0.975));
    expectRelative(studentQuantile(0.975, 1e9), normalQuantile(0.975), 1e-8);
    expect(studentQuantile(0.5, 3)).toBe(0);
  });

  it('Student far out, in closed form for 1 degree of freedom, is a number where its square is none', () => {
    for (const p of [1e-300, 1e-200, 1e-160, 1e-100]) {
      expectRelative(studentQuantile(p, 1), -1 / (Math.PI * p), 1e-13);
      expectRelative(studentTail(1 / (Math.PI * p), 1), p, 1e-13);
    }
    expect([studentCdf(1e200, 1), studentCdf(Number.NEGATIVE_INFINITY, 3)]).toEqual([1, 0]);
    for (const many of [1e300, Number.POSITIVE_INFINITY]) expect(studentCdf(1.5, many)).toBe(normalCdf(1.5));
  });

  it('refuse what has no answer', () => {
    expect(() => normalQuantile(1)).toThrow(/between 0 and 1/);
    expect(() => studentQuantile(0.9, 0)).toThrow(/degrees of freedom/);
    expect(() => betaQuantile(0.5, 0, 1)).toThrow(/shapes/);
  });
});

describe('intervals of a proportion', () => {
  it('agree with scipy (Wilson, Clopper-Pearson) and the beta quantile (Jeffreys)', () => {
    for (const row of tables.proportions) {
      const [successes, n, level, ...expected] = row as [number, number, number, ...number[]];
      const found = [wilsonInterval, clopperPearsonInterval, jeffreysInterval].flatMap((interval) => {
        const { low, high } = interval({ successes, n }, { level }) ?? { low: Number.NaN, high: Number.NaN };
        return [low, high];
      });
      found.forEach((end, i) => expectClose(end, expected[i] as number, 1e-12));
    }
  });

  it('keep their digits at a level that is nearly 1', () => {
    // by 40-digit arithmetic; (1 + level) / 2 would lose nine digits of the tail
    const level = 0.999_999_999;
    const wilson = wilsonInterval({ successes: 1, n: 2 }, { level });
    expectRelative(wilson!.low, 0.012880500010516592, 1e-13);
    const t = tInterval({ mean: 0, standardError: 1, degreesOfFreedom: 2 }, { level });
    expectRelative(t.high, 31622.77702514332, 1e-13);
  });

  it('stay within 0..1, hold the share and have a width, also at both ends', () => {
    const counts = fc.nat(3000).chain((n) => fc.tuple(fc.nat(n), fc.constant(n)));
    fc.assert(
      fc.property(counts, fc.double({ min: 0.5, max: 0.999, noNaN: true }), ([successes, n], level) => {
        for (const interval of [wilsonInterval, clopperPearsonInterval, jeffreysInterval]) {
          const found = interval({ successes, n }, { level });
          if (n === 0) {
            expect(found).toBeNull();
            continue;
          }
          if (found === null) throw new Error('expected an interval');
          expect(found.low).toBeGreaterThanOrEqual(0);
          expect(found.high).toBeLessThanOrEqual(1);
          expect(found.low).toBeLessThan(found.high);
          expect(found.low).toBeLessThanOrEqual(successes / n);
          expect(found.high).toBeGreaterThanOrEqual(successes / n);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('cover at least their level (Clopper-Pearson), for every share', () => {
    const n = 20;
    const ends = Array.from({ length: n + 1 }, (_, successes) => clopperPearsonInterval({ successes, n }));
    for (let share = 0.01; share < 1; share += 0.01) {
      let covered = 0;
      let chance = (1 - share) ** n;
      for (let k = 0; k <= n; k++) {
        const { low, high } = ends[k] as { low: number; high: number };
        if (low <= share && share <= high) covered += chance;
        chance *= (((n - k) / (k + 1)) * share) / (1 - share);
      }
      expect(covered).toBeGreaterThanOrEqual(0.95);
    }
  });

  it('refuse counts that are none', () => {
    expect(() => wilsonInterval({ successes: 2, n: 1 })).toThrow(/successes <= n/);
    expect(() => wilsonInterval({ successes: 0.5, n: 1 })).toThrow(/integers/);
    expect(() => jeffreysInterval({ successes: 1, n: 2 }, { level: 1 })).toThrow(/below 1/);
    expect(() => tInterval({ mean: 0, standardError: 1, degreesOfFreedom: 0 })).toThrow(/degrees of freedom/);
  });
});
