import { describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../../src/batch/batch-processor.js';
import type { ProgressEvent } from '../../../src/batch/batch-events.js';
import { PrefixScore } from '../../../src/batch/summary/prefix-score.js';
import { createEvaluator } from '../../../src/evaluation/create-evaluator.js';
import type { CaseResult } from '../../../src/evaluation/evaluation-types.js';
import { seededRandom } from '../../../src/foundation/seeded-random.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { shuffle } from '../../statistics/support.js';

const resultOf = (score: number | null, caseId = 'c'): CaseResult =>
  ({
    caseId,
    outcome: score === null ? 'errored' : 'scored',
    ...(score === null ? {} : { evaluation: { overallScore: score } }),
  }) as CaseResult;

describe('PrefixScore', () => {
  it('holds back what finished before an earlier one', () => {
    const prefix = new PrefixScore(1);
    expect(prefix.score(0.95, false)).toBeNull();
    prefix.add(1, resultOf(1));
    prefix.add(2, resultOf(1));
    expect(prefix.score(0.95, false)).toBeNull();
    prefix.add(0, resultOf(0));
    expect(prefix.score(0.95, false)).toMatchObject({ n: 3, results: 3, mean: 2 / 3 });
    prefix.add(4, resultOf(1));
    prefix.add(3, resultOf(null));
    expect(prefix.score(0.95, false)).toMatchObject({ n: 4, results: 5, mean: 0.75 });
  });

  it('comes to the same in whatever order results finish', () => {
    const random = seededRandom(3);
    const results = Array.from({ length: 300 }, (_, i) => resultOf(random(), `c${i >> 1}`));
    const inOrder = new PrefixScore(2);
    results.forEach((result, i) => inOrder.add(i, result));
    const expected = inOrder.score(0.95, true);
    for (const seed of [1, 2]) {
      const finishing = shuffle([...results.keys()], seededRandom(seed));
      const prefix = new PrefixScore(2);
      for (const i of finishing) prefix.add(i, results[i]!);
      expect(prefix.score(0.95, true)).toEqual(expected);
    }
  });
});

it('shows no score that slow failures have not gone into, and that of the summary at the end', async () => {
  const clock = new ManualClock();
  const wrong = (i: number): boolean => i % 10 < 3;
  const seen: ProgressEvent[] = [];
  const processor = new BatchProcessor<number>({
    target: async (i) => {
      await new Promise<void>((resolve) => clock.schedule(resolve, wrong(i) ? 400 : 100));
      return wrong(i) ? 'no' : 'yes';
    },
    evaluator: createEvaluator({
      name: 'e',
      version: '1',
      dimensions: { right: ({ output }) => output === 'yes' },
    }),
    concurrency: 40,
    progressIntervalMs: 0,
    eventLoopProtection: false,
    clock,
  });
  processor.on('progress', (progress) => seen.push(progress));
  const run = processor.run(Array.from({ length: 400 }, (_, i) => ({ id: `c${i}`, input: i })));
  let ended = false;
  void run.finally(() => (ended = true));
  while (!ended) {
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(100);
  }
  const summary = await run;
  const shown = seen.flatMap(({ score }) => (score === null ? [] : [score]));
  const behind = seen.filter(({ score, done }) => score !== null && score.results < done);
  expect(behind.length).toBeGreaterThan(0);
  // 7 of 10 are right in any ten that follow each other: no prefix of some length strays far from it.
  for (const { mean, results } of shown) if (results >= 50) expect(Math.abs(mean - 0.7)).toBeLessThan(0.05);
  const { overall } = summary;
  expect(shown.at(-1)).toEqual({
    n: 400,
    results: 400,
    mean: overall.mean,
    low: overall.interval?.low,
    high: overall.interval?.high,
  });
});
