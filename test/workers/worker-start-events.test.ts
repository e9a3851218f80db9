import { afterEach, describe, expect, it, vi } from 'vitest';
import { eventLog } from '../../src/monitor/event-log.js';
import { WorkerPool } from '../../src/workers/worker-pool.js';
import { workerEvaluator } from '../../src/workers/worker-evaluator.js';
import { workerScorer } from '../../src/workers/worker-scorer.js';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const faulty = new URL('./fixtures/faulty-evaluator.mjs', import.meta.url);
const scorers = new URL('./fixtures/scorers.mjs', import.meta.url);
const opened: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('what became of the start of workers', () => {
  it('reaches listeners that are added to an evaluator with workers of its own', async () => {
    const evaluator = await workerEvaluator(faulty, { workers: 1, priority: 5 });
    opened.push(evaluator);
    const started = vi.fn();
    const any: string[] = [];
    evaluator.on('worker:start', started);
    evaluator.onAny((event) => void any.push(event));
    await turn();
    expect(started.mock.calls).toEqual([
      [{ at: expect.any(Number) as number, workers: 1, runtime: 'threads' }],
    ]);
    expect(any).toEqual(['worker:start', 'worker:priority']);
    expect(evaluator.placements).toMatchObject([{ what: 'priority', worker: 0 }]);
    await turn();
    expect(started).toHaveBeenCalledTimes(1);
  });

  it('reaches a log, and listeners of a scorer, which can be watched like an evaluator', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'assaykit-workers-'));
    const scorer = await workerScorer(scorers, { workers: 1, cpuAffinity: [[0]] });
    opened.push(scorer);
    const log = eventLog(join(folder, 'events.jsonl'));
    log.watch(scorer);
    const any: string[] = [];
    scorer.onAny((event) => void any.push(event));
    await turn();
    await log.close();
    const lines = (await readFile(join(folder, 'events.jsonl'), 'utf8')).trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual(any);
    expect(any).toEqual(['worker:start', 'worker:affinity']);
    expect(scorer.placements).toHaveLength(1);
    expect(scorer.stats).toMatchObject({ workers: 1 });
    await rm(folder, { recursive: true, force: true });
  });

  it('is told once to a listener that was there before, and not to one that has left', async () => {
    const pool = new WorkerPool({ workers: 1 });
    opened.push(pool);
    const early = vi.fn();
    pool.on('worker:start', early);
    await workerEvaluator(faulty, { pool });
    const left = vi.fn();
    pool.on('worker:start', left)();
    await turn();
    expect(early).toHaveBeenCalledTimes(1);
    expect(left).not.toHaveBeenCalled();
  });

  it('reports a listener of the past that throws, and ends nothing by it', async () => {
    const evaluator = await workerEvaluator(faulty, { workers: 1 });
    opened.push(evaluator);
    const errors = vi.fn();
    evaluator.on('listener:error', errors);
    evaluator.on('worker:start', () => {
      throw new Error('no');
    });
    await turn();
    expect(errors).toHaveBeenCalledTimes(1);
  });
});

describe('a task that runs out of memory', () => {
  it.each(['threads', 'processes'] as const)(
    'is told as that with runtime %s, and the others go on',
    async (runtime) => {
      const evaluator = await workerEvaluator(faulty, {
        workers: 1,
        runtime,
        memoryPerWorkerMb: 48,
        taskTimeoutMs: 60_000,
      });
      opened.push(evaluator);
      const replaced: string[] = [];
      evaluator.on('worker:replace', ({ code }) => void replaced.push(code));
      const judge = (text: string) => evaluator.evaluateText(text, { id: text, input: 'x' });
      const [bad, good] = await Promise.allSettled([judge('memory'), judge('ok')]);
      expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'ASSAY_WORKER_OUT_OF_MEMORY' } });
      expect(good).toMatchObject({ status: 'fulfilled' });
      expect(new Set(replaced)).toEqual(new Set(['ASSAY_WORKER_OUT_OF_MEMORY']));
    },
    60_000,
  );

  it('is not what a process is said to have died of that was ended otherwise', async () => {
    const evaluator = await workerEvaluator(faulty, {
      workers: 1,
      runtime: 'processes',
      memoryPerWorkerMb: 64,
    });
    opened.push(evaluator);
    await expect(evaluator.evaluateText('hard-exit', { id: 'a', input: 'x' })).rejects.toMatchObject({
      code: 'ASSAY_WORKER_CRASHED',
    });
  }, 60_000);
});
