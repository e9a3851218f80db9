import { describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import { MemoryBoundedCache } from '../../src/cache/memory-bounded-cache.js';
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
});
