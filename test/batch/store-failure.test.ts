import { describe, expect, it } from 'vitest';
import { AssayError } from '../../src/errors.js';
import type { BatchProcessorOptions } from '../../src/batch/batch-options.js';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';
import { ManualClock } from '../../src/testing/manual-clock.js';

const evaluator = createEvaluator<string, string>({
  name: 'any',
  version: '1',
  dimensions: { any: () => 1 },
});
const cases = (n: number): { id: string; input: string }[] =>
  Array.from({ length: n }, (_, i) => ({ id: `case-${i}`, input: `ask ${i}` }));
const full = (): AssayError => new AssayError('ASSAY_STORE_FAILED', 'no space', { retryable: true });

/** A store whose calls of one kind fail the first `times` times. */
function failing(
  call: 'manifest' | 'begin' | 'append' | 'appendBatchSummary' | 'finishedKeys',
  times: number,
  error: () => Error = full,
): MemoryResultStore {
  const store = new MemoryResultStore();
  const works = store[call].bind(store) as (...parameters: unknown[]) => Promise<unknown>;
  let left = times;
  store[call] = (async (...parameters: unknown[]) => {
    if (left-- > 0) throw error();
    return works(...parameters);
  }) as never;
  return store;
}

const calls: string[] = [];
const processorOf = (
  options: Partial<BatchProcessorOptions<string, string>>,
): BatchProcessor<string, string> => {
  calls.length = 0;
  return new BatchProcessor<string, string>({
    target: async (input) => {
      calls.push(input);
      return input;
    },
    evaluator,
    concurrency: 2,
    batchSize: 5,
    eventLoopProtection: false,
    ...options,
  });
};

/** Lets a manual clock run until `work` is settled. */
async function whileTimePasses<Value>(clock: ManualClock, work: Promise<Value>): Promise<Value> {
  let settled = false;
  const end = (): void => void (settled = true);
  work.then(end, end);
  for (let i = 0; i < 100 && !settled; i++) await clock.advance(1000);
  expect(settled).toBe(true);
  return work;
}

describe('a run whose store fails', () => {
  for (const call of ['manifest', 'begin'] as const) {
    it(`ends with a RunError and an event when it cannot even begin: ${call}`, async () => {
      const processor = processorOf({ store: failing(call, 1) });
      const safe: number[] = [];
      processor.on('store:error', (event) => safe.push(event.safe));
      await expect(processor.run(cases(20), { runId: 'r' })).rejects.toMatchObject({
        code: 'ASSAY_STORE_FAILED',
        safe: 0,
        summary: { stopReason: 'store-error', submitted: 0 },
      });
      expect(safe).toEqual([0]);
      expect(calls).toEqual([]);
    });
  }

  it('ends with a RunError when the store cannot say what is finished', async () => {
    const processor = processorOf({ store: failing('finishedKeys', 1) });
    await expect(processor.run(cases(20), { runId: 'r', resume: true })).rejects.toMatchObject({
      code: 'ASSAY_STORE_FAILED',
      summary: { stopReason: 'store-error' },
    });
    expect(calls).toEqual([]);
  });

  for (const call of ['manifest', 'begin', 'append', 'appendBatchSummary', 'finishedKeys'] as const) {
    it(`goes on with onStoreError: retry when the store works again: ${call}`, async () => {
      const clock = new ManualClock();
      const store = failing(call, 4);
      const processor = processorOf({ store, clock, onStoreError: 'retry' });
      let errors = 0;
      processor.on('store:error', () => (errors += 1));
      const run = processor.run(cases(20), { runId: 'r', resume: true });
      await expect(whileTimePasses(clock, run)).resolves.toMatchObject({ scored: 20 });
      expect(errors).toBe(4);
      expect(calls).toHaveLength(20);
      let stored = 0;
      for await (const _ of store.query({ runId: 'r' })) stored += 1;
      expect(stored).toBe(20);
    });
  }

  it('does not try for ever what will not pass', async () => {
    const clock = new ManualClock();
    const closed = (): AssayError => new AssayError('ASSAY_CLOSED', 'the store is closed');
    const processor = processorOf({
      store: failing('append', Number.POSITIVE_INFINITY, closed),
      clock,
      onStoreError: 'retry',
    });
    let errors = 0;
    processor.on('store:error', () => (errors += 1));
    await expect(whileTimePasses(clock, processor.run(cases(20)))).rejects.toMatchObject({
      code: 'ASSAY_CLOSED',
      safe: 0,
    });
    expect(errors).toBe(5);
  });

  it('is drained in the time that was given, though the store never works again', async () => {
    const clock = new ManualClock();
    const store = failing('append', Number.POSITIVE_INFINITY);
    const processor = processorOf({ store, clock, onStoreError: 'retry' });
    const run = processor.run(cases(100), { runId: 'r' });
    const ended = expect(run).rejects.toMatchObject({
      code: 'ASSAY_STORE_FAILED',
      safe: 0,
      summary: { stopReason: 'store-error' },
    });
    await clock.advance(100);
    let drained = false;
    const draining = processor.drain({ timeoutMs: 5_000 }).then(() => (drained = true));
    await clock.advance(4_000);
    expect(drained).toBe(false);
    await clock.advance(1_000);
    await draining;
    await ended;
  });

  it('is aborted at once while it waits to begin', async () => {
    const clock = new ManualClock();
    const processor = processorOf({
      store: failing('manifest', Number.POSITIVE_INFINITY),
      clock,
      onStoreError: 'retry',
    });
    const controller = new AbortController();
    const run = processor.run(cases(5), { signal: controller.signal });
    const ended = expect(run).rejects.toMatchObject({ code: 'ASSAY_ABORTED', safe: 0 });
    await clock.advance(100);
    controller.abort();
    await ended;
  });
});

describe('a run whose manifest is lost', () => {
  it('is aborted at once while its last batch waits to be stored', async () => {
    const clock = new ManualClock();
    const store = failing('append', Number.POSITIVE_INFINITY);
    const controller = new AbortController();
    const processor = processorOf({ store, clock, onStoreError: 'retry' });
    let errors = 0;
    processor.on('store:error', () => (errors += 1));
    const ended = expect(processor.run(cases(3), { signal: controller.signal })).rejects.toMatchObject({
      code: 'ASSAY_ABORTED',
      safe: 0,
      summary: { stopReason: 'aborted', scored: 3 },
    });
    while (errors === 0) await clock.advance(10);
    controller.abort();
    await ended; // the clock stands still
  });

  it('is resumed with its earlier results in the summary', async () => {
    const whole = new MemoryResultStore();
    await processorOf({ store: whole }).run(cases(30), { runId: 'r' });
    const store = new MemoryResultStore();
    for await (const result of whole.query({ runId: 'r' })) {
      if (Number(result.caseId.slice(5)) < 20) await store.append([result]);
    }
    const processor = processorOf({ store });
    const resumed: boolean[] = [];
    processor.on('run:start', (event) => resumed.push(event.resumed));
    const summary = await processor.run(cases(30), { runId: 'r', resume: true });
    expect(summary).toMatchObject({ skipped: 20, scored: 10, overall: { scored: 30 } });
    expect(resumed).toEqual([true]);
    expect(calls).toHaveLength(10);
  });
});
