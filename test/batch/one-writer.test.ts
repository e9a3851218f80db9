import { describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import type { BatchProcessorOptions } from '../../src/batch/batch-options.js';
import type { RunError } from '../../src/batch/run-error.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import { GzipFileResultStore } from '../../src/stores/gzip/gzip-file-result-store.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';
import type { ResultStore } from '../../src/stores/result-store.js';
import { leaseOfThisProcess } from '../../src/stores/run-lease.js';
import { SqliteResultStore } from '../../src/sqlite.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { scoredResult } from '../../src/testing/sample-results.js';
import { temporaryFolders } from '../stores/temporary-folder.js';

const CASES = Array.from({ length: 60 }, (_, i) => ({ id: `case-${i}`, input: `ask ${i}` }));
const evaluator = createEvaluator<string>({ name: 'any', version: '1', dimensions: { any: () => 1 } });

/** A start of the run, and how often it has asked. */
function startOf(
  store: ResultStore,
  options: Partial<BatchProcessorOptions<string>> = {},
): { processor: BatchProcessor<string>; calls: () => number } {
  let calls = 0;
  const processor = new BatchProcessor<string>({
    target: async (input) => {
      calls++;
      await new Promise((resolve) => setTimeout(resolve, 1));
      return input;
    },
    evaluator,
    store,
    concurrency: 4,
    batchSize: 7,
    ...options,
  });
  return { processor, calls: () => calls };
}

describe('A run has one writer', () => {
  const newFolder = temporaryFolders();
  const kinds: Record<string, () => [ResultStore, ResultStore]> = {
    memory: () => {
      const store = new MemoryResultStore();
      return [store, store];
    },
    'SQLite, two connections': () => {
      const path = `${newFolder()}/results.db`;
      return [new SqliteResultStore(path), new SqliteResultStore(path)];
    },
    'SQLite, worker': () => {
      const path = `${newFolder()}/results.db`;
      return [
        new SqliteResultStore(path, { thread: 'worker' }),
        new SqliteResultStore(path, { thread: 'worker' }),
      ];
    },
    'gzip shards': () => {
      const folder = newFolder();
      return [new GzipFileResultStore(folder), new GzipFileResultStore(folder)];
    },
    'gzip shards, one store': () => {
      const store = new GzipFileResultStore(newFolder());
      return [store, store];
    },
    'gzip, a file a result': () => {
      const folder = newFolder();
      const options = { layout: 'file-per-result' } as const;
      return [new GzipFileResultStore(folder, options), new GzipFileResultStore(folder, options)];
    },
  };

  it.each(Object.keys(kinds))('refuses a second start before it asks anything: %s', async (kind) => {
    const stores = kinds[kind]!();
    let goOn = (): void => {};
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const first = startOf(stores[0], {
      target: async (input) => {
        if (Number(input.slice(4)) > 20) await held;
        return input;
      },
    });
    const second = startOf(stores[1]);
    const running = first.processor.run(CASES, { runId: 'run', resume: true });
    await new Promise<void>((resolve) => void first.processor.once('case:end', () => resolve()));
    const errors: unknown[] = [];
    second.processor.on('store:error', ({ error }) => errors.push(error));
    for (const resume of [true, false]) {
      await expect(second.processor.run(CASES, { runId: 'run', resume })).rejects.toMatchObject({
        code: 'ASSAY_RUN_ACTIVE',
        message: expect.stringContaining(`process ${process.pid} on `) as string,
      });
    }
    expect(second.calls()).toBe(0);
    expect(errors).toEqual([]);
    goOn();
    const summary = await running;
    expect(summary).toMatchObject({ submitted: 60, scored: 60, stopReason: 'end' });
    if (stores[0] !== stores[1]) await stores[0].close(); // a folder of gzip files stays its writer's
    const third = await second.processor.run(CASES, { runId: 'run', resume: true });
    expect(third).toMatchObject({ submitted: 60, scored: 0, skipped: 60 });
    expect(third.overall).toEqual(summary.overall);
    expect(second.calls()).toBe(0);
    await Promise.all(stores.map((store) => store.close()));
  });

  it('counts a result once that somebody stores while the run goes on', async () => {
    const store = new MemoryResultStore();
    const { processor, calls } = startOf(store, { concurrency: 1, queueSize: 1, batchSize: 1 });
    await processor.run(CASES.slice(0, 10), { runId: 'run' });
    processor.on('case:end', ({ result }) => {
      if (result.caseId !== 'case-12') return;
      for (const caseId of ['case-20', 'case-21', 'case-20'])
        void store.append([scoredResult({ runId: 'run', caseId, score: 0.5 })]);
    });
    async function* slowly(): AsyncGenerator<(typeof CASES)[number]> {
      for (const [i, each] of CASES.slice(0, 30).entries()) {
        if (i >= 10) await new Promise((resolve) => setTimeout(resolve, 1));
        yield each;
      }
    }
    const summary = await processor.run(slowly(), { runId: 'run', resume: true });
    expect(summary).toMatchObject({ submitted: 30, scored: 18, skipped: 12 });
    expect(summary.overall).toMatchObject({ scored: 30, mean: (28 + 2 * 0.5) / 30 });
    expect(calls()).toBe(28);
  });

  it('stops, asks nothing more and says why when another start has taken it over', async () => {
    const [clock, storeClock] = [new ManualClock(), new ManualClock()]; // the timers of the start stand still
    const store = new MemoryResultStore({ clock: storeClock });
    const { processor, calls } = startOf(store, {
      clock,
      leaseMs: 8000,
      concurrency: 2,
      batchSize: 1,
      target: () => new Promise(() => {}),
      eventLoopProtection: false,
    });
    const run = processor.run(CASES, { runId: 'run' });
    const lost = run.catch((error: RunError) => error);
    await clock.advance(100);
    const manifest = (await store.manifest('run'))!;
    const other = leaseOfThisProcess({ runId: 'run', id: 'other', part: '', durationMs: 60_000 });
    await expect(store.begin(manifest, { lease: other })).rejects.toMatchObject({ code: 'ASSAY_RUN_ACTIVE' });
    await storeClock.advance(60_000);
    await store.begin(manifest, { lease: other });
    await clock.advance(2000);
    expect(await lost).toMatchObject({
      code: 'ASSAY_LEASE_LOST',
      message: expect.stringContaining('0 of 2 results') as string,
      summary: { submitted: 2, errored: 2, stopReason: 'store-error' },
    });
    expect(calls()).toBe(0);
    await store.renew(other); // the end of the first took nothing from it
  });

  it('gives a sign of life in time, so that nobody takes it over', async () => {
    const clock = new ManualClock();
    const store = new MemoryResultStore({ clock });
    let end = (): void => {};
    const { processor } = startOf(store, {
      clock,
      leaseMs: 1000,
      target: () => new Promise((resolve) => (end = () => resolve('x'))),
      eventLoopProtection: false,
    });
    const run = processor.run(CASES.slice(0, 1), { runId: 'run' });
    await clock.advance(10_000);
    const second = startOf(store, { clock });
    await expect(
      second.processor.run(CASES.slice(0, 1), { runId: 'run', resume: true }),
    ).rejects.toMatchObject({ code: 'ASSAY_RUN_ACTIVE' });
    end();
    await run;
  });

  it('writes parts of a run side by side, each with a summary of its own', async () => {
    const store = new MemoryResultStore();
    const starts = [0, 1].map((half) =>
      startOf(store).processor.run(CASES.slice(half * 30, half * 30 + 30), {
        runId: 'run',
        part: `half ${half}`,
        resume: true,
      }),
    );
    for (const summary of await Promise.all(starts)) {
      expect(summary).toMatchObject({ submitted: 30, scored: 30, skipped: 0, overall: { scored: 30 } });
    }
    const again = await startOf(store).processor.run(CASES.slice(0, 30), {
      runId: 'run',
      part: 'half 0',
      resume: true,
    });
    expect(again).toMatchObject({ submitted: 30, scored: 0, skipped: 30, overall: { scored: 30 } });
    for await (const { state, results } of store.runs()) {
      expect([state, results.scored]).toEqual(['crashed', 60]); // the host has recorded no end
    }
  });

  it('tells of a pause, of going on and of draining, and hands a batch over with its results', async () => {
    const store = new MemoryResultStore();
    const told: unknown[] = [];
    for (const used of [store, undefined]) {
      const { processor } = startOf(store, { store: used, concurrency: 1, batchSize: 2 });
      processor.on('run:pause', ({ runId }) => told.push(['pause', runId]));
      processor.on('run:resume', ({ runId }) => told.push(['resume', runId]));
      processor.on('run:drain', ({ timeoutMs, inFlight }) => told.push(['drain', timeoutMs, inFlight]));
      processor.on('batch:end', ({ results, stored, summary }) => {
        told.push([stored, results.length, summary.total, results[0]?.outcome]);
      });
      processor.once('case:end', () => {
        processor.pause();
        processor.pause();
        processor.resume();
        processor.resume();
        void processor.drain({ timeoutMs: 5000 });
      });
      const summary = await processor.run(CASES, { runId: `run ${String(used !== undefined)}` });
      expect(summary.stopReason).toBe('drained');
    }
    const of = (stored: boolean): unknown[] => [
      ['pause', `run ${String(stored)}`],
      ['resume', `run ${String(stored)}`],
      ['drain', 5000, 0],
      [stored, 1, 1, 'scored'],
    ];
    expect(told).toEqual([...of(true), ...of(false)]);
  });
});
