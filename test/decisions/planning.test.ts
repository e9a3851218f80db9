import { describe, expect, it } from 'vitest';
import { leaderboard } from '../../src/decisions/leaderboard.js';
import { planComparison } from '../../src/decisions/plan-comparison.js';
import { onesOf, runOf } from './run-of.js';

describe('planning a comparison', () => {
  it('says how many cases a difference of 0/1 scores takes, exactly', async () => {
    const plan = await planComparison({ difference: 0.1, discordance: 0.2 });
    expect(plan).toMatchObject({ scores: '0/1', cases: 168, cost: null, availableCases: null });
    expect(plan.plannedCases).toBeGreaterThan(168);
    expect(plan.plannedCases).toBeLessThan(180);
    expect(plan.expectedCases).toBeLessThan(168);
    expect(String(plan)).toMatch(/^A difference of 10 points takes 168 cases/);
  });

  it('takes spread, cost and cases from a baseline, and says what it assumed', async () => {
    const plan = await planComparison({
      difference: 0.05,
      baseline: runOf(onesOf(80, 100)),
      metric: 'accuracy',
    });
    expect(plan.discordance).toBeCloseTo(0.32, 10);
    expect(plan.cost).toBeCloseTo((plan.cases as number) * 0.001, 10);
    expect(plan).toMatchObject({ availableCases: 100, assumptions: [expect.stringMatching(/independent/)] });
    expect(plan.detectable).toBeGreaterThan(0.1);
    const graded = await planComparison({ difference: 0.05, baseline: runOf([0.2, 0.4, 0.9, 0.7, 0.5]) });
    expect(graded).toMatchObject({ scores: 'graded', discordance: null });
    expect(graded.cases).toBeGreaterThan(100);
  });

  it('refuses what does not say enough', async () => {
    await expect(planComparison({ difference: 0.1 })).rejects.toThrow(/depends on the spread/);
    await expect(planComparison({ difference: 0.1, discordance: 0.05 })).rejects.toThrow(
      /at least `difference`/,
    );
    await expect(planComparison({ difference: 0.1, discordance: 0.2, standardDeviation: 1 })).rejects.toThrow(
      /not both/,
    );
    await expect(planComparison({ discordance: 0.2 } as never)).rejects.toThrow(/`difference`/);
  });
});

describe('a leaderboard', () => {
  it('says which places are shown and which are chance', async () => {
    const board = await leaderboard(
      { low: runOf(onesOf(40, 100)), best: runOf(onesOf(80, 100)), good: runOf(onesOf(78, 100)) },
      { metric: 'accuracy' },
    );
    expect(
      board.entries.map(({ name, rank, bestRank, worstRank }) => [name, rank, bestRank, worstRank]),
    ).toEqual([
      ['best', 1, 1, 2],
      ['good', 2, 1, 2],
      ['low', 3, 3, 3],
    ]);
    expect(String(board)).toMatch(/best +0\.8000 \(.*\) {2}place 1 to 2/);
    expect(JSON.parse(JSON.stringify(board))).toEqual({ ...board });
  });

  it('ranks graded scores and clusters, and turns round where less is better', async () => {
    const graded = (shift: number) => Array.from({ length: 60 }, (_, i) => 0.2 + shift + 0.01 * (i % 30));
    const cluster = (i: number) => `doc-${Math.floor(i / 3)}`;
    const board = await leaderboard(
      { a: runOf(graded(0.1), { cluster }), b: runOf(graded(0), { cluster }) },
      { better: 'lower' },
    );
    expect(board.entries.map(({ name, worstRank }) => [name, worstRank])).toEqual([
      ['b', 1],
      ['a', 2],
    ]);
  });

  it('refuses runs over other cases', async () => {
    const runs = { a: runOf(onesOf(5, 10)), b: runOf(onesOf(5, 12)) };
    await expect(leaderboard(runs)).rejects.toMatchObject({ code: 'ASSAY_COMPARISON_REFUSED' });
    expect((await leaderboard(runs, { unmatched: 'ignore' })).cases).toBe(10);
    await expect(leaderboard({ a: runOf([1]) })).rejects.toThrow(/at least two/);
  });
});
