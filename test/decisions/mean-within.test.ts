import { describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import { meanWithin } from '../../src/decisions/decide/mean-within.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import { seededRandom } from '../../src/foundation/seeded-random.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';

const evaluator = createEvaluator<number, unknown, unknown>({
  name: 'said',
  version: '1',
  dimensions: { accuracy: ({ output }) => Number(output) },
});
const cases = Array.from({ length: 5000 }, (_, i) => ({ id: `case-${i}`, input: i }));
const right = (input: number): string => (seededRandom(input)() < 0.7 ? '1' : '0');
const graded = (input: number): string => String(0.4 + 0.2 * seededRandom(input)());

describe('a run that stops when its mean is known', () => {
  it('asks no more cases than that takes, and says the interval that allows for looking', async () => {
    const processor = new BatchProcessor({ target: right, evaluator });
    const summary = await processor.run(cases, {
      stopWhen: meanWithin({ metric: 'accuracy', halfWidth: 0.05 }),
    });
    expect(summary.stopReason).toBe('settled');
    expect(summary.scored).toBeGreaterThan(300);
    expect(summary.scored).toBeLessThan(1500);
    const [, low, high] = /accuracy between ([\d.]+) and ([\d.]+)/.exec(summary.warnings.join('\n')) ?? [];
    expect(Number(high) - Number(low)).toBeLessThanOrEqual(0.1);
    expect(Number(low)).toBeLessThan(0.7);
    expect(Number(high)).toBeGreaterThan(0.7);
  });

  it('needs fewer of graded scores with little spread, and all where the width is out of reach', async () => {
    const processor = new BatchProcessor({ target: graded, evaluator });
    const few = await processor.run(cases, { stopWhen: meanWithin({ halfWidth: 0.05 }) });
    expect(few.stopReason).toBe('settled');
    expect(few.scored).toBeLessThan(1000);
    const all = await processor.run(cases.slice(0, 50), { stopWhen: meanWithin({ halfWidth: 0.001 }) });
    expect(all.stopReason).toBe('end');
  });

  it('says that no result had a score of a metric that is misspelled', async () => {
    const processor = new BatchProcessor({ target: right, evaluator });
    const stopWhen = meanWithin({ metric: 'acuracy', halfWidth: 0.1 });
    const { stopReason, warnings } = await processor.run(cases.slice(0, 40), { stopWhen });
    expect(stopReason).toBe('end');
    expect(warnings).toContainEqual(expect.stringMatching(/no score of `acuracy`.*had `accuracy`/));
  });

  it('judges the submission order, however long answers take, and resumes to the same stop', async () => {
    const random = seededRandom(9);
    const slow = async (input: number): Promise<string> => {
      const text = right(input);
      await new Promise((resolve) => setTimeout(resolve, text === '0' ? 5 * random() : 0));
      return text;
    };
    const stopWhen = meanWithin({ halfWidth: 0.1 });
    const noteOf = ({ warnings }: { warnings: readonly string[] }) =>
      warnings.find((line) => line.includes('between'));
    const quick = await new BatchProcessor({ target: right, evaluator, concurrency: 1 }).run(cases, {
      stopWhen,
    });
    const slowed = await new BatchProcessor({ target: slow, evaluator, concurrency: 32 }).run(cases, {
      stopWhen,
    });
    expect(noteOf(slowed)).toBe(noteOf(quick));
    const store = new MemoryResultStore();
    await new BatchProcessor({ target: right, evaluator, store }).run(cases.slice(0, 60), { runId: 'r' });
    const resumed = await new BatchProcessor({ target: right, evaluator, store, concurrency: 4 }).run(cases, {
      runId: 'r',
      resume: true,
      stopWhen,
    });
    expect(resumed.stopReason).toBe('settled');
    expect(noteOf(resumed)).toBe(noteOf(quick));
    await store.close();
  });

  it('counts repetitions and clusters as one', async () => {
    const clustered = cases.map((each) => ({ ...each, cluster: `doc-${Math.floor(each.input / 10)}` }));
    const processor = new BatchProcessor({ target: right, evaluator });
    const summary = await processor.run(clustered, { stopWhen: meanWithin({ halfWidth: 0.1 }) });
    expect(summary.scored).toBeGreaterThan(300);
    const repeated = await new BatchProcessor({ target: right, evaluator, repetitions: 5 }).run(cases, {
      stopWhen: meanWithin({ halfWidth: 0.1 }),
    });
    expect(repeated.scored).toBeGreaterThan(5 * 80);
  });

  it('refuses what is no rule', async () => {
    const processor = new BatchProcessor({ target: right, evaluator });
    await expect(processor.run(cases, { stopWhen: {} as never })).rejects.toThrow(/stopWhen/);
    expect(() => meanWithin({ halfWidth: 0 })).toThrow(/halfWidth/);
    expect(() => meanWithin({} as never)).toThrow(/halfWidth/);
  });
});
