import { describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import { MemoryBoundedCache } from '../../src/cache/memory-bounded-cache.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import type { ModelResponse } from '../../src/client/model-client.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import { textResponse } from '../../src/evaluation/evaluator.js';
import type { CaseResult, TestCase } from '../../src/evaluation/evaluation-types.js';

const evaluator = createEvaluator({ name: 'any', version: '1', dimensions: { any: () => 1 } });

function setUp(answer: (prompt: string, call: number) => Partial<ModelResponse>, repetitions = 1) {
  const asked: string[] = [];
  const cache = new MemoryBoundedCache<string, ModelResponse>({ maxBytes: 1_000_000 });
  const target = {
    async complete({ input }: { readonly input: unknown }): Promise<ModelResponse> {
      asked.push(input as string);
      await new Promise((resolve) => setImmediate(resolve));
      return {
        ...textResponse('x'),
        cost: 2,
        usage: { inputTokens: 3, outputTokens: 4 },
        ...answer(input as string, asked.length),
      };
    },
  };
  const processor = new BatchProcessor({ target, evaluator, cache, repetitions, concurrency: 8 });
  const results: CaseResult[] = [];
  processor.on('case:end', ({ result }) => results.push(result));
  return { asked, processor, results };
}

const same = (n: number): TestCase[] =>
  Array.from({ length: n }, (_, i) => ({ id: `c${i}`, input: 'the same' }));

describe('the response cache of a BatchProcessor', () => {
  it('serves identical requests once, shows the hit and charges nothing for it', async () => {
    const { asked, processor, results } = setUp(() => ({}));
    const summary = await processor.run(same(10));
    expect(asked).toEqual(['the same']);
    expect(results.filter((result) => result.cached)).toHaveLength(9);
    expect(results.filter((result) => result.cached).every((result) => result.cost === 0)).toBe(true);
    expect(summary).toMatchObject({ scored: 10, cacheHits: 9, cost: 2, tokens: { input: 3, output: 4 } });
  });

  it('never serves one repetition with the answer of another', async () => {
    const { asked, processor } = setUp(() => ({}), 3);
    await processor.run(same(4));
    expect(asked).toHaveLength(3);
  });

  it('asks again when parameters differ', async () => {
    const { asked, processor } = setUp(() => ({}));
    await processor.run([
      { id: 'a', input: 'p', parameters: { temperature: 0 } },
      { id: 'b', input: 'p', parameters: { temperature: 1 } },
      { id: 'c', input: 'p', parameters: { temperature: 0 } },
    ]);
    expect(asked).toHaveLength(2);
  });

  it('keeps neither errors nor truncated answers', async () => {
    const { asked, processor } = setUp((_prompt, call) => {
      if (call === 1) throw new Error('once');
      return call === 2 ? { finishReason: 'length' } : {};
    });
    processor.setConcurrency(1);
    const summary = await processor.run(same(5));
    expect(asked).toHaveLength(3);
    expect(summary).toMatchObject({ scored: 4, errored: 1, cacheHits: 2 });
  });

  it('lets a case ask again when another that it waited for had no luck', async () => {
    const { asked, processor, results } = setUp((_prompt, call) => {
      if (call === 1) throw new Error('once');
      return call === 2 ? { finishReason: 'length' } : {};
    });
    const summary = await processor.run(same(8));
    expect(summary).toMatchObject({ scored: 7, errored: 1 });
    expect(results.filter((result) => result.cached && result.response!.finishReason === 'length')).toEqual(
      [],
    );
    expect(asked.length).toBeLessThanOrEqual(8);
  });

  it('shows the hit, and charges nothing, when the evaluation fails', async () => {
    const results: CaseResult[] = [];
    const failing = new BatchProcessor({
      target: () => 'answer',
      evaluator: createEvaluator({
        name: 'failing',
        version: '1',
        dimensions: { any: () => 1 },
        aggregate: () => 2,
      }),
      cache: new MemoryBoundedCache<string, ModelResponse>({ maxBytes: 1_000_000 }),
      concurrency: 1,
    });
    failing.on('case:end', ({ result }) => results.push(result));
    await failing.run(same(2));
    expect(results.map(({ outcome, cached }) => [outcome, cached])).toEqual([
      ['errored', false],
      ['errored', true],
    ]);
  });

  it('asks for an input that no key can be made of', async () => {
    const cache = new MemoryBoundedCache<string, ModelResponse>({ maxBytes: 1_000_000 });
    let asked = 0;
    const processor = new BatchProcessor({
      target: (input: () => string) => `${(asked++, input())}`,
      evaluator,
      cache,
    });
    const input = (): string => 'a function';
    const summary = await processor.run([
      { id: 'a', input },
      { id: 'b', input },
    ]);
    expect([summary.scored, asked, cache.stats.entries]).toEqual([2, 2, 0]);
  });

  it('does not make answers from the cache wait for the rate limit', async () => {
    const clock = new ManualClock();
    const processor = new BatchProcessor({
      target: () => 'answer',
      evaluator,
      cache: new MemoryBoundedCache<string, ModelResponse>({ maxBytes: 1_000_000 }),
      rateLimit: { requestsPerSecond: 1, burst: 2 },
      clock,
    });
    const summary = await processor.run(same(50)); // the clock stands still: a case that waits would wait for ever
    expect(summary).toMatchObject({ scored: 50, cacheHits: 49 });
  });
});
