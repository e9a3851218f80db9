import { describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import { newStartId } from '../../src/batch/open-run.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import { ManualClock } from '../../src/testing/manual-clock.js';

describe('the name of a run', () => {
  it('is its time and what chance adds', () => {
    expect(newStartId(Date.UTC(2026, 10, 23, 22, 28), () => 0)).toBe('2026-11-23T22-28-00-000Z-0000');
    expect(newStartId(0, () => 0.999_999_999)).toBe('1970-01-01T00-00-00-000Z-zzzz');
  });

  it('has both from the processor’s options', async () => {
    const processor = new BatchProcessor({
      target: async () => 'a',
      evaluator: createEvaluator({ name: 'e', version: '1', dimensions: { a: () => 1 } }),
      clock: new ManualClock(0),
      random: () => 0,
    });
    const { runId } = await processor.run([{ id: 'a', input: 'q' }]);
    expect(runId).toBe('run-1970-01-01T00-00-00-000Z-0000');
  });
});
