import { describe, expect, it } from 'vitest';
import { BoundedWalk } from '../../src/decisions/sequential/bounded-walk.js';
import {
  groupSequentialBoundary,
  groupSequentialInflation,
  groupSequentialPower,
} from '../../src/decisions/sequential/group-sequential.js';
import { stageWiseEstimate } from '../../src/decisions/sequential/stage-wise.js';
import { findRoot } from '../../src/statistics/find-root.js';
import { expectClose } from '../statistics/support.js';
import { type ReferenceCase, referenceCases } from './reference.js';

const planOf = ({ fractions, alpha, spending }: ReferenceCase) => ({ fractions, alpha, spending });

describe('group-sequential tests agree with the reference values', () => {
  it('boundaries to 1e-6, spent alpha to 1e-7', () => {
    for (const each of referenceCases('sequential', 'boundary')) {
      const { z, nominalP, cumulativeAlpha } = groupSequentialBoundary(planOf(each));
      for (const [k, expected] of each.expected.z.entries()) {
        const found = z[k] as number;
        if (expected === 'Infinity' || expected === null || expected > 8)
          expect(found, `${each.id}`).toBeGreaterThanOrEqual(8);
        else expectClose(found, expected, 1e-6);
        if (typeof expected === 'number') expectClose(nominalP[k] as number, each.expected.nominalP[k], 1e-7);
        expectClose(cumulativeAlpha[k] as number, each.expected.cumulativeAlpha[k], 1e-7);
      }
      const { expectedFractionNull } = each.expected;
      if (expectedFractionNull === undefined) continue; // a trial that is still running
      const { expectedFraction } = groupSequentialPower({ ...planOf(each), drift: 0 });
      expectClose(expectedFraction, expectedFractionNull, 1e-7);
    }
  });

  it('power by look and mean information to 1e-7', () => {
    for (const each of referenceCases('sequential', 'power')) {
      const found = groupSequentialPower({ ...planOf(each), drift: each.drift });
      for (const side of ['upper', 'lower'] as const)
        for (const [k, expected] of each.expected[side].entries())
          expectClose(found[side][k] as number, expected, 1e-7);
      expectClose(found.power, each.expected.power, 1e-7);
      expectClose(found.expectedFraction, each.expected.expectedFraction, 1e-7);
    }
  });

  it('the inflation of the number of cases to 1e-6', () => {
    for (const each of referenceCases('sequential', 'inflation')) {
      const found = groupSequentialInflation({ ...planOf(each), power: each.power });
      for (const field of [
        'drift',
        'fixedDrift',
        'inflation',
        'expectedFraction',
        'expectedFractionOfFixed',
      ] as const)
        expectClose(found[field], each.expected[field], 1e-6);
    }
  });

  it('stage-wise p-values, intervals and estimates after a stop', () => {
    for (const each of referenceCases('sequential', 'stopping')) {
      const found = stageWiseEstimate({ ...planOf(each), look: each.look, z: each.z });
      const { expected } = each;
      expectClose(found.p, expected.p, 1e-7);
      for (const end of [0, 1]) {
        expectClose(found.interval[end] as number, expected.interval[end], 1e-6);
        if (expected.repeatedInterval)
          expectClose(found.repeatedInterval[end] as number, expected.repeatedInterval[end], 1e-6);
      }
      expectClose(found.medianUnbiased, expected.medianUnbiased, 1e-6);
      expectClose(found.naiveEstimate, expected.naiveEstimate, 1e-9);
    }
  });

  it("the walk gives Pocock's and O'Brien and Fleming's classical constants", () => {
    for (const each of referenceCases('sequential', 'classical constants')) {
      const { looks, alpha, expected } = each;
      const spentBy = (z: (k: number) => number): number => {
        const walk = new BoundedWalk();
        for (let k = 1; k <= looks; k++) walk.add(k / looks, z(k), k === looks ? undefined : (k + 1) / looks);
        return 2 * walk.crossing(0).upper.reduce((total, chance) => total + chance, 0);
      };
      const pocock = findRoot((c) => spentBy(() => c) - alpha, [1, 6], 1e-9);
      const obrienFleming = findRoot((c) => spentBy((k) => c * Math.sqrt(looks / k)) - alpha, [1, 6]);
      expectClose(pocock, expected.pocock, 1e-6);
      expectClose(obrienFleming, expected.obrienFleming, 1e-6);
    }
  });
});

describe('a group-sequential plan', () => {
  it('spends half of alpha on each side, so five looks begin at 4.8769 and not at 4.38', () => {
    const { z } = groupSequentialBoundary({ fractions: [0.2, 0.4, 0.6, 0.8, 1] });
    [4.8769, 3.357, 2.6803, 2.2898, 2.031].forEach((expected, k) =>
      expectClose(z[k] as number, expected, 5e-5),
    );
  });

  it('is refused unless its fractions ascend within 0..1', () => {
    for (const fractions of [[], [0.5, 0.5], [0.5, 0.4], [0, 1], [0.5, 1.1], [Number.NaN]]) {
      expect(() => groupSequentialBoundary({ fractions })).toThrow(/Expected `fractions`/);
    }
    expect(() => stageWiseEstimate({ fractions: [0.5, 1], look: 3, z: 1 })).toThrow(/`look`/);
    expect(() => groupSequentialBoundary({ fractions: [1], alpha: 0 })).toThrow(/`alpha`/);
  });

  it('leaves out 0 from the interval just when it has crossed', () => {
    const fractions = [0.25, 0.5, 0.75, 1];
    const { z } = groupSequentialBoundary({ fractions });
    for (const [k, bound] of z.entries()) {
      const above = stageWiseEstimate({ fractions, look: k + 1, z: bound + 1e-4 });
      expect(above.interval[0]).toBeGreaterThan(0);
      expect(above.repeatedInterval[0]).toBeGreaterThan(0);
    }
    expect(stageWiseEstimate({ fractions, look: 4, z: (z[3] as number) - 1e-4 }).interval[0]).toBeLessThan(0);
  });
});
