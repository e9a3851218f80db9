import { describe, expect, it } from 'vitest';
import { fisherTest } from '../../src/statistics/fisher-test.js';
import { clopperPearsonInterval, jeffreysInterval, midPInterval } from '../../src/statistics/intervals.js';
import { Moments } from '../../src/statistics/moments.js';
import { mcnemarTest, welchTest } from '../../src/statistics/paired-tests.js';
import { passAtK, passHatK } from '../../src/statistics/pass-at-k.js';
import { minimumDetectableDifference, requiredCases } from '../../src/statistics/sample-size.js';
import { betaCdf, normalCdf, normalQuantile } from '../../src/statistics/special-functions.js';
import { studentCdf, studentQuantile, studentTail } from '../../src/statistics/student.js';
import { pairedTPower } from '../../src/statistics/t-power.js';
import { readReference } from '../support/reference.js';

// Expected figures by 40-digit arithmetic (mpmath) and scipy's gamma distribution.
const expectRelative = (actual: number | null, expected: number, tolerance = 1e-12): void =>
  expect(Math.abs((actual as number) / expected - 1), `${actual} is not ${expected}`).toBeLessThanOrEqual(
    tolerance,
  );

describe('Student with many degrees of freedom', () => {
  it('has its quantile', () => {
    expectRelative(studentQuantile(0.975, 1e6), 1.959966356814107, 1e-14);
    expectRelative(studentQuantile(0.975, 1e7), 1.9599642217672055, 1e-14);
    expectRelative(studentQuantile(0.975, 1e8), 1.9599640082627667, 1e-14);
    expectRelative(studentQuantile(0.975, 1e12), 1.9599639845424266, 1e-14);
    for (const many of [1e18, 1e20, 1e300])
      expectRelative(studentQuantile(0.975, many), normalQuantile(0.975), 1e-15);
  });

  it('has its tail, far out too', () => {
    expectRelative(studentTail(1.96, 100_001), 0.024999281583286414);
    expectRelative(studentTail(10, 100_001), 7.81650565973687e-24);
    expectRelative(studentTail(30, 100_001), 3.6891944528612225e-197, 1e-10);
    expectRelative(studentCdf(-1.96, 1e18), normalCdf(-1.96), 1e-14);
    expect(studentCdf(Number.POSITIVE_INFINITY, 1e6)).toBe(1);
  });

  it('goes over to them without a step', () => {
    for (const p of [1e-300, 1e-20, 0.025, 0.3]) {
      expectRelative(studentQuantile(p, 100_001) / studentQuantile(p, 99_999), 1, 1e-6);
      expectRelative(studentCdf(studentQuantile(p, 150_000), 150_000), p, 1e-9);
    }
  });

  it('is infinite where its quantile is beyond the largest number', () => {
    expect(studentQuantile(1e-300, 0.5)).toBe(Number.NEGATIVE_INFINITY);
    expectRelative(studentTail(-studentQuantile(1e-100, 0.5), 0.5), 1e-100, 1e-9);
  });
});

describe('proportions of a huge number', () => {
  it('keep the digits of a rare event', () => {
    const rare = { successes: 1, n: 9e15 };
    expectRelative(clopperPearsonInterval(rare)!.low, 2.8130897760322085e-18);
    expectRelative(clopperPearsonInterval(rare)!.high, 6.190714878820998e-16);
    expectRelative(jeffreysInterval(rare)!.low, 1.198862681243877e-17);
    expectRelative(jeffreysInterval(rare)!.high, 5.193557558053416e-16);
    const few = clopperPearsonInterval({ successes: 5, n: 9e15 })!;
    expectRelative(few.low, 1.803873766798245e-16);
    expectRelative(few.high, 1.2964813421469633e-15);
  });

  it('have a mid-p interval between the others', () => {
    for (const n of [10, 1000, 1e9, 9e15]) {
      for (const successes of [1, n / 2, n - 1]) {
        const outer = clopperPearsonInterval({ successes, n })!;
        const inner = midPInterval({ successes, n })!;
        expect(inner.low).toBeGreaterThanOrEqual(outer.low);
        expect(inner.high).toBeLessThanOrEqual(outer.high);
      }
    }
    expect(midPInterval({ successes: 0, n: 3 })).toMatchObject({ low: 0, method: 'mid-p' });
    expect(midPInterval({ successes: 3, n: 3 })!.high).toBe(1);
    expect(midPInterval({ successes: 0, n: 0 })).toBeNull();
  });

  it('refuse shapes that would take for ever', () => {
    expect(() => betaCdf(0.5, 1e300, 1e300)).toThrow('at most 1e16');
  });
});

describe('counts far out', () => {
  it('pass@k by logarithms where integers would take minutes', () => {
    expect([passAtK(1e6, 5e5, 5e5), passHatK(1e6, 5e5, 5e5)]).toEqual([1, 0]);
    expectRelative(passAtK(1e6, 2000, 2000), 0.9818306052362143, 1e-13);
    expectRelative(passHatK(1e6, 998_999, 1500), 0.22237733506753432);
    expectRelative(passHatK(1e6, 998_000, 1500), 0.04952591212632254);
    expectRelative(passAtK(9e15, 3e12, 2000), 0.48663993682360807);
    expect([passAtK(1e6, 1e6, 1e6), passHatK(1e6, 1e6, 1e6), passHatK(1e6, 999_999, 1e6)]).toEqual([1, 1, 0]);
    // either side of the switch
    expectRelative(passHatK(1e6, 999_000, 1500), passHatK(1e6, 998_999, 1500)!, 2e-3);
  });

  it('compares tiny and huge values with Welch, as it does usual ones', () => {
    const usual = welchTest(Moments.of([1, 2, 4]), Moments.of([3, 5, 9]))!;
    for (const unit of [1e-85, 1e-120, 1e120]) {
      const scaled = [
        [1, 2, 4],
        [3, 5, 9],
      ].map((values) => Moments.of(values.map((value) => value * unit)));
      const found = welchTest(scaled[0]!, scaled[1]!)!;
      expectRelative(found.pValue, usual.pValue);
      expectRelative(found.degreesOfFreedom, usual.degreesOfFreedom);
    }
    expect(welchTest(Moments.of([0.3, 0.1 + 0.2]), Moments.of([0.3, 0.3]))).toBeNull();
  });

  it('tests nine quadrillion discordant pairs', () => {
    expect(mcnemarTest(4.5e15, 4.5e15).pValue).toBe(1);
  });
});

interface Plan {
  readonly id: number;
  readonly kind: string;
  readonly effectSize: number;
  readonly n: number;
  readonly alpha: number;
  readonly power: number;
  readonly table: [number, number, number, number];
  readonly expected: Readonly<
    Record<'n' | 'power' | 'powerBefore' | 'effectSize' | 'p' | 'pLess' | 'pGreater', number>
  >;
}

describe('reference cases of planning and of Fisher', () => {
  const { cases } = readReference<{ cases: Plan[] }>('equivalence');
  const ofKind = (kind: string): Plan[] => cases.filter((each) => each.kind === kind);

  it.each(ofKind('paired t cases needed'))('cases needed $id', ({ effectSize, alpha, power, expected }) => {
    expectRelative(pairedTPower({ effectSize, n: expected.n, alpha }), expected.power, 1e-8);
    expectRelative(pairedTPower({ effectSize, n: expected.n - 1, alpha }), expected.powerBefore, 1e-8);
    expect(requiredCases({ difference: effectSize, differenceVariance: 1, alpha, power })).toBe(expected.n);
  });

  it.each(ofKind('paired t detectable'))('detectable $id', ({ n, alpha, power, expected }) => {
    const found = minimumDetectableDifference({ cases: n, differenceVariance: 1, alpha, power });
    expectRelative(found, expected.effectSize, 1e-8);
  });

  it.each(ofKind('fisher'))('Fisher $id', ({ table, expected }) => {
    const found = fisherTest(table);
    expectRelative(found.pValue, expected.p, 1e-9);
    expectRelative(found.less, expected.pLess, 1e-9);
    expectRelative(found.greater, expected.pGreater, 1e-9);
  });

  it('Fisher refuses what is no table', () => {
    expect(fisherTest([0, 3, 0, 5]).pValue).toBe(1);
    for (const bad of [
      [1, 2, 3],
      [1, 2, 3, -1],
      [0.5, 1, 1, 1],
      [1e7, 1, 1, 1],
    ]) {
      expect(() => fisherTest(bad as never)).toThrow('four integers');
    }
  });
});

describe('planning with few cases', () => {
  it('asks for what a t test needs, not for what the normal formula promises', () => {
    const plan = { difference: 0.5, differenceVariance: 0.04 };
    expect(requiredCases(plan)).toBe(4); // the formula says 2, which have a power of 18 %
    expect(pairedTPower({ effectSize: 2.5, n: 2, alpha: 0.05 })).toBeLessThan(0.3);
    expect(requiredCases({ ...plan, differenceVariance: 0 })).toBe(2);
    expect(minimumDetectableDifference({ cases: 2, differenceVariance: 0.04 })).toBeGreaterThan(1);
    expect(() => minimumDetectableDifference({ cases: 1, differenceVariance: 0.04 })).toThrow('`cases`');
  });

  it('goes over to the formula without a gap', () => {
    const cases = (difference: number): number => requiredCases({ difference, differenceVariance: 1 });
    for (const n of [480, 495, 505, 520]) {
      const difference = minimumDetectableDifference({ cases: n, differenceVariance: 1 });
      expect(Math.abs(cases(difference) - n)).toBeLessThanOrEqual(3);
    }
  });
});
