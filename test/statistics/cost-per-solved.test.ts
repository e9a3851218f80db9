import { describe, expect, it } from 'vitest';
import type { CaseResult } from '../../src/evaluation/evaluation-types.js';
import { seededRandom } from '../../src/foundation/seeded-random.js';
import { costPerSolved } from '../../src/statistics/cost-per-solved.js';
import { ratioOfMeans } from '../../src/statistics/ratio-of-means.js';

const result = (caseId: string, score: number | null, cost: number | null, more: object = {}): CaseResult =>
  ({
    caseId,
    repetition: 0,
    outcome: score === null ? 'errored' : 'scored',
    cost,
    evaluation: score === null ? undefined : { overallScore: score },
    ...more,
  }) as unknown as CaseResult;

describe('costPerSolved', () => {
  it('divides the money for all by those that are solved', async () => {
    const results = [
      result('a', 1, 2),
      result('b', 0, 3),
      result('c', null, 1),
      result('d', 1, 2),
      result('e', null, null),
    ];
    expect(await costPerSolved(results)).toMatchObject({ cost: 4, solved: 2, results: 5, unpriced: 0 });
    const byThreshold = results.map((each) => ({
      ...each,
      ...(each.outcome === 'scored' ? { evaluation: { ...each.evaluation, passed: true } } : {}),
    }));
    expect(await costPerSolved(byThreshold as CaseResult[])).toMatchObject({ solved: 3 });
  });

  it('says nothing where nothing is solved, or nothing has a price', async () => {
    expect(await costPerSolved([result('a', 0, 2), result('b', 0, 3)])).toMatchObject({
      cost: null,
      interval: null,
      solved: 0,
    });
    expect(await costPerSolved([result('a', 1, null), result('b', 1, null)])).toMatchObject({
      cost: null,
      unpriced: 2,
      results: 0,
    });
    expect(await costPerSolved([])).toMatchObject({ cost: null, interval: null });
    await expect(costPerSolved([], { level: 1 })).rejects.toThrow('`level` of costPerSolved');
  });

  it('takes repetitions of a case, and cases of a cluster, together', async () => {
    const single = Array.from({ length: 12 }, (_, i) => result(`c${i}`, i % 2, 1 + (i % 3)));
    const doubled = single.flatMap((each) => [each, { ...each, repetition: 1 } as CaseResult]);
    const [once, twice] = [await costPerSolved(single), await costPerSolved(doubled)];
    expect(twice.cost).toBeCloseTo(once.cost!, 12);
    expect(twice.interval!.low).toBeCloseTo(once.interval!.low, 12);
    const clustered = single.map((each, i) => ({ ...each, cluster: `k${i % 2}` }) as CaseResult);
    expect((await costPerSolved(clustered)).interval).toBeNull(); // two units, one of which solves nothing
  });
});

describe('ratioOfMeans', () => {
  it("gives Fieller's interval, worked out on paper", () => {
    // x: 1, 0, 1, 1; y: 2, 4, 2, 4 at t(3) = 3.182446 for 95 %; mean x 0.75, mean y 3
    const { ratio, interval } = ratioOfMeans(
      [
        [1, 2],
        [0, 4],
        [1, 2],
        [1, 4],
      ],
      0.5,
    );
    const t2 = 0.7648923284 ** 2;
    const [vx, vxy, vy] = [0.75 / 12, -1 / 12, 4 / 12];
    const [a, b, c] = [0.5625 - t2 * vx, 2.25 - t2 * vxy, 9 - t2 * vy];
    expect(ratio).toBe(4);
    expect(interval!.low).toBeCloseTo((b - Math.sqrt(b * b - a * c)) / a, 8);
    expect(interval!.high).toBeCloseTo((b + Math.sqrt(b * b - a * c)) / a, 8);
    expect(
      ratioOfMeans(
        [
          [1, 2],
          [0, 4],
          [0, 2],
          [0, 4],
        ],
        0.95,
      ).interval,
    ).toBeNull();
    expect(ratioOfMeans([[1, 2]], 0.95)).toEqual({ ratio: 2, interval: null });
  });

  it('holds the true ratio as often as it says', () => {
    const random = seededRandom(5);
    let held = 0;
    const rounds = 2000;
    for (let i = 0; i < rounds; i++) {
      const units = Array.from({ length: 100 }, (): [number, number] => {
        const solved = random() < 0.6 ? 1 : 0;
        return [solved, (solved === 1 ? 1 : 2) * (0.5 + random())]; // failures cost twice as much
      });
      const { interval } = ratioOfMeans(units, 0.95);
      const truth = (0.6 * 1 + 0.4 * 2) / 0.6;
      if (interval !== null && interval.low <= truth && truth <= interval.high) held++;
    }
    expect(held / rounds).toBeGreaterThan(0.935);
    expect(held / rounds).toBeLessThan(0.965);
  });
});
