import { describe, expect, it } from 'vitest';
import { flippedTail, signFlipP } from '../../src/decisions/paired/sign-flips.js';
import { midPLevel, worseThanChance } from '../../src/decisions/paired/unconditional-mcnemar.js';
import { seededRandom } from '../../src/foundation/seeded-random.js';
import { signFlipTest } from '../../src/statistics/paired-tests.js';

const binomial = (n: number, p: number): number[] => {
  let chances = [1];
  for (let i = 0; i < n; i++)
    chances = Array.from(
      { length: i + 2 },
      (_, k) => (chances[k] ?? 0) * (1 - p) + (chances[k - 1] ?? 0) * p,
    );
  return chances;
};

/** The chance that the test of `n` pairs fails them at 5 %: `share` of them differ, a `win` of these are gains. */
function failing(n: number, share: number, win: number): number {
  return binomial(n, share).reduce((total, chance, differ) => {
    if (chance < 1e-12) return total;
    const wins = binomial(differ, win);
    const fails = wins.reduce((sum, each, gains) => {
      const worse = 2 * gains < differ && worseThanChance({ wins: gains, losses: differ - gains, n }) <= 0.05;
      return worse ? sum + each : sum;
    }, 0);
    return total + chance * fails;
  }, 0);
}

describe('the test that a run is worse', () => {
  it.each([6, 20, 50])('errs in at most 5 of 100 whatever share of %i pairs differs', (n) => {
    for (let share = 0.05; share <= 1.001; share += 0.05)
      expect(failing(n, Math.min(1, share), 0.5)).toBeLessThanOrEqual(0.05);
  });

  it('has an error near what was asked, and finds 15 points in 200 cases of which 40 % differ', () => {
    expect(failing(50, 0.4, 0.5)).toBeGreaterThan(0.037);
    expect(midPLevel(200, 0.05)).toBeGreaterThan(0.045);
    const p = (losses: number) => worseThanChance({ wins: 80 - losses, losses, n: 200 });
    expect([p(47), p(49)].map((each) => each <= 0.05)).toEqual([false, true]);
    expect(worseThanChance({ wins: 0, losses: 0, n: 200 })).toBeGreaterThanOrEqual(0.5);
  });

  it('of graded scores depends on no seed: where it says 5 % the exact p-value is below, too', async () => {
    const random = seededRandom(8);
    const differences = Array.from({ length: 60 }, () => random() - 0.615);
    const exact = (await signFlipTest(differences, { resamples: 100_000 })).pValue;
    const found = await Promise.all([1, 2, 3, 4, 5, 6].map((seed) => signFlipP(differences, { seed })));
    for (const each of found) {
      expect(each).toBeGreaterThan(exact);
      expect(each).toBeLessThan(exact + 0.03);
    }
  });

  it('draws more where many checks are corrected for, so that a clear drop still fails one of 500', async () => {
    const differences = Array.from({ length: 60 }, (_, i) => -0.1 - i / 1000);
    const p = await signFlipP(differences, { seed: 1, comparisons: 500 });
    expect(p / 2).toBeLessThan(0.05 / 500);
  });

  it('of many graded scores takes the saddle point, which agrees with what is drawn', async () => {
    const random = seededRandom(5);
    const few = Array.from({ length: 400 }, () => (random() < 0.1 ? -0.6 : 0.7) * (random() - 0.47));
    const drawn = (await signFlipTest(few, { resamples: 40_000 })).pValue / 2;
    expect(flippedTail(few)).toBeCloseTo(drawn, 2);
    const many = Array.from({ length: 6000 }, () => random() - 0.507);
    expect(await signFlipP(many, { seed: 1 })).toBe(await signFlipP(many, { seed: 2 }));
    expect(flippedTail([1, 1, 1])).toBe(0.125);
    expect(flippedTail([1, -1])).toBeCloseTo(0.5, 12);
  });
});
