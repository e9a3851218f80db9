import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import type { TestCase } from '../../src/evaluation/evaluation-types.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Collects until nothing more goes: weak references are cleared only between turns of the event loop. */
async function collectAll(): Promise<void> {
  for (let i = 0; i < 4; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
}

const alive = (references: readonly WeakRef<object>[]): number =>
  references.filter((reference) => reference.deref() !== undefined).length;

describe('memory of a run', () => {
  it('holds no case, answer or result of an earlier batch', async () => {
    const cases: WeakRef<object>[] = [];
    const answers: WeakRef<object>[] = [];
    const results: WeakRef<object>[] = [];
    const survivors: Record<string, number> = {};
    async function* source(): AsyncGenerator<TestCase<string, string>> {
      for (let i = 0; i < 400; i++) {
        if (i === 399) {
          await collectAll();
          // What the last batches and the cases in flight hold is theirs to hold.
          survivors['cases'] = alive(cases.slice(0, 300));
          survivors['answers'] = alive(answers.slice(0, 300));
          survivors['results'] = alive(results.slice(0, 300));
        }
        const testCase = {
          id: `case-${i}`,
          input: `question ${i}`,
          expected: `answer ${i}`,
          metadata: { i },
        };
        cases.push(new WeakRef(testCase));
        yield testCase;
      }
    }
    const processor = new BatchProcessor<string, string>({
      target: async (_input, { testCase }) => {
        await Promise.resolve();
        const answer = { text: String(testCase.expected) };
        answers.push(new WeakRef(answer));
        return answer;
      },
      evaluator: createEvaluator<string, string>({
        name: 'same',
        version: '1',
        dimensions: { same: ({ output, expected }) => output === expected },
      }),
      concurrency: 4,
      batchSize: 10,
    });
    processor.on('case:end', ({ result }) => void results.push(new WeakRef(result)));
    const summary = await processor.run(source());
    expect(summary.scored).toBe(400);
    expect(answers.length).toBe(400);
    expect(survivors).toEqual({ cases: 0, answers: 0, results: 0 });
  });

  it('is no more after a long run than after a short one', async () => {
    const held = async (count: number): Promise<number> => {
      const processor = new BatchProcessor<string>({
        target: (input) => `${input} `.repeat(50),
        evaluator: createEvaluator({ name: 'one', version: '1', dimensions: { one: () => 1 } }),
        concurrency: 8,
        batchSize: 50,
      });
      let before = 0;
      function* source(): Generator<TestCase<string>> {
        for (let i = 0; i < count; i++) yield { id: `case-${i}`, input: `question ${i}` };
      }
      await collectAll();
      before = process.memoryUsage().heapUsed;
      await processor.run(source());
      await collectAll();
      return process.memoryUsage().heapUsed - before;
    };
    await held(500); // compiles and fills inline caches
    const grown = await held(5000);
    // 5,000 answers alone would be 4 MB.
    expect(grown).toBeLessThan(2 * 2 ** 20);
  });
});
