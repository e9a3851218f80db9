import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  cancelRun,
  createBatchWorker,
  createRunQueue,
  enqueueRun,
  requeueRun,
  runStatus,
  waitForRun,
  watchRun,
  type BatchWorkerEvents,
  type BatchWorkerOptions,
} from '../../src/bullmq.js';
import {
  AssayError,
  BatchProcessor,
  MemoryResultStore,
  RealTimeMonitor,
  summarize,
} from '../../src/index.js';
import { PostgresResultStore } from '../../src/postgres.js';
import { describeWithPostgres } from '../support/with-postgres.js';
import { cases, definition } from './definition.mjs';
import { timeless } from './fleet.mjs';

describeWithPostgres('createBatchWorker', (server) => {
  let schemas = 0;

  /** A store and a queue of their own. */
  async function place(latencyMs = 1) {
    const schema = `worker_${(schemas += 1)}`;
    const connection = { postgres: server().connectionString, schema: `${schema}_queue` };
    const store = new PostgresResultStore(server().connectionString, { schema });
    const queue = await createRunQueue({ connection });
    const run = definition({ latencyMs });
    const calls: string[] = [];
    const common = {
      ...run,
      target: Object.assign(async (input: string) => {
        calls.push(input);
        return run.target(input);
      }),
    };
    const start = (options: Partial<BatchWorkerOptions<string, string>> = {}) =>
      createBatchWorker<string, string>({
        connection,
        store,
        retry: false,
        lockMs: 1000,
        stalledCheckMs: 200,
        ...common,
        ...options,
      } as BatchWorkerOptions<string, string>);
    const enqueue = (count: number, options: object = {}) =>
      enqueueRun(queue, { runId: 'run', cases: cases(count), store, ...common, ...options } as never);
    return {
      store,
      queue,
      calls,
      common,
      start,
      enqueue,
      [Symbol.asyncDispose]: async () => {
        await queue.close();
        await store.close();
      },
    };
  }

  it('does a run and records its end: the summary of one process, the fingerprint of the cases', async () => {
    await using at = await place();
    expect(await at.enqueue(120)).toEqual({ runId: 'run', cases: 120, batches: 3 });
    await using _worker = await at.start();
    const summary = await waitForRun(at.store, 'run', { pollMs: 50 });
    const alone = new MemoryResultStore();
    const processor = new BatchProcessor({ ...at.common, store: alone, retry: false });
    const expected = await processor.run(cases(120), { runId: 'run' });
    expect(timeless(summary)).toEqual(timeless(expected));
    expect(timeless(await summarize(at.store, 'run', { recompute: true }))).toMatchObject({
      ...timeless(expected),
      warnings: [expect.stringContaining('summed up from'), ...expected.warnings],
    });
    expect((await at.store.manifest('run'))?.fingerprint).toBe((await alone.manifest('run'))?.fingerprint);
    const kept: unknown[] = [];
    for await (const { caseHash, testCase } of at.store.query({
      runId: 'run',
      idPrefix: 'case-7',
      withCase: true,
    }))
      kept.push([caseHash?.length, testCase?.input]);
    expect(kept).toContainEqual([22, 'question 7']);
  });

  it('keeps prompts, expectations and keys out of the queue', async () => {
    await using at = await place();
    await at.enqueue(60, {
      cases: [{ id: 'a-secret-id', input: 'a secret prompt', expected: 'a secret answer' }],
    });
    const { rows } = await dump(server().connectionString, `worker_${schemas}_queue`);
    expect(rows).toContain('"batch"');
    expect(rows).not.toContain('secret');
  });

  it('adds nothing when a run is enqueued again, while it waits and after it has ended', async () => {
    await using at = await place();
    await at.enqueue(100);
    await at.enqueue(100);
    const worker = await at.start();
    await waitForRun(at.store, 'run', { pollMs: 50 });
    await at.enqueue(100);
    await worker.close();
    expect(at.calls.length).toBe(100);
    expect((await runStatus(at.store, 'run')).batches).toEqual({ open: 0, done: 2, failed: 0, total: 2 });
  });

  it('does runs of any name', async () => {
    await using at = await place();
    const worker = await at.start();
    for (const runId of ['r\0un', 'r\ud800', 'x'.repeat(3000), '__proto__', '"', 'übung 日本']) {
      await at.enqueue(2, { runId });
      expect((await waitForRun(at.store, runId, { pollMs: 50 })).scored).toBe(2);
    }
    await worker.close();
  });

  it('refuses other cases, limits and evaluators under a name that is taken', async () => {
    await using at = await place();
    await at.enqueue(60);
    for (const more of [61, 90, 500])
      await expect(at.enqueue(more)).rejects.toMatchObject({ code: 'ASSAY_MANIFEST_MISMATCH' });
    expect(await runStatus(at.store, 'run')).toMatchObject({
      batches: { open: 2, total: 2 },
      results: { total: 60 },
    });
    await expect(at.enqueue(60, { cases: [...cases(60)].reverse() })).rejects.toMatchObject({
      code: 'ASSAY_MANIFEST_MISMATCH',
    });
    await expect(at.enqueue(60, { budget: { maxTokens: 5 } })).rejects.toMatchObject({
      code: 'ASSAY_MANIFEST_MISMATCH',
    });
    await expect(at.enqueue(60, definition({ version: '2', latencyMs: 0 }))).rejects.toMatchObject({
      code: 'ASSAY_MANIFEST_MISMATCH',
    });
  });

  it('says which case is broken or comes twice, and goes on when the input is mended', async () => {
    await using at = await place();
    const broken = [...cases(70), { id: 'case-3', input: 'question 3' }, ...cases(90)];
    await expect(at.enqueue(0, { cases: broken })).rejects.toMatchObject({
      code: 'ASSAY_DUPLICATE_CASE',
      row: 71,
    });
    expect(await runStatus(at.store, 'run')).toMatchObject({ state: 'enqueuing', batches: { open: 1 } });
    await at.enqueue(90);
    await using _worker = await at.start();
    expect((await waitForRun(at.store, 'run', { pollMs: 50 })).submitted).toBe(90);
  });

  it('ends a run whose workers were done before the last case was enqueued', async () => {
    await using at = await place();
    await using _worker = await at.start();
    async function* slowly() {
      yield* cases(50);
      while ((await runStatus(at.store, 'run')).batches.done < 1) await sleep(20);
    }
    await at.enqueue(0, { cases: slowly() });
    expect((await waitForRun(at.store, 'run', { pollMs: 50 })).submitted).toBe(50);
  });

  it('refuses a run that it would do differently, and leaves it to a worker that does not', async () => {
    await using at = await place();
    await at.enqueue(50);
    const other = await at.start(definition({ version: '2', latencyMs: 0 }) as never);
    const refused: BatchWorkerEvents['distributed:batch-end'][] = [];
    other.on('distributed:batch-end', (event) => void refused.push(event));
    while (refused.length === 0) await sleep(20);
    expect(refused[0]).toMatchObject({ outcome: 'refused', error: { code: 'ASSAY_MANIFEST_MISMATCH' } });
    expect(String((refused[0]!.error as Error).message)).toContain('evaluatorVersion: stored "1", now "2"');
    await using _worker = await at.start();
    expect((await waitForRun(at.store, 'run', { pollMs: 50 })).submitted).toBe(50);
    expect(at.calls.length).toBe(50);
    await other.close();
  });

  it('gives back what it has begun when it is drained, and another worker does the rest', async () => {
    await using at = await place();
    await at.enqueue(200);
    const worker = await at.start({ concurrency: 4 });
    while (at.calls.length < 30) await sleep(5);
    await worker.drain();
    const calls = at.calls.length;
    expect(calls).toBeLessThan(200);
    const { scored, unscored, errored } = (await runStatus(at.store, 'run')).results;
    expect(scored + unscored + errored).toBe(calls);
    await using _worker = await at.start();
    await waitForRun(at.store, 'run', { pollMs: 50 });
    expect(at.calls.length).toBe(200);
    await worker.close();
  });

  it('stops when the run is cancelled, and goes on when it is put into the queue again', async () => {
    await using at = await place();
    await at.enqueue(400);
    await using _worker = await at.start({ concurrency: 2 });
    while (at.calls.length < 30) await sleep(5);
    await cancelRun(at.store, 'run');
    const cancelled = await waitForRun(at.store, 'run', { pollMs: 50 });
    expect(cancelled.stopReason).toBe('drained');
    expect(cancelled.submitted).toBe(at.calls.length);
    expect(at.calls.length).toBeLessThan(400);
    expect(await runStatus(at.store, 'run')).toMatchObject({ state: 'stopped', stopReason: 'cancelled' });
    expect(await requeueRun(at.queue, { store: at.store, runId: 'run' })).toBeGreaterThan(0);
    expect((await waitForRun(at.store, 'run', { pollMs: 50 })).submitted).toBe(400);
    expect(at.calls.length).toBe(400);
  });

  it('stands in the list of runs as in its status, and knows what it spends without a budget', async () => {
    await using at = await place(60);
    await at.enqueue(120);
    const listed = async (): Promise<string | undefined> => {
      for await (const { state } of at.store.runs({ runId: 'run' })) return state;
      return undefined;
    };
    expect([await listed(), (await runStatus(at.store, 'run')).state]).toEqual(['waiting', 'waiting']);
    const found = [];
    for await (const { manifest } of at.store.runs({ state: 'waiting' })) found.push(manifest.runId);
    expect(found).toEqual(['run']);
    const worker = await at.start({ concurrency: 2 });
    const statuses = [];
    do {
      await sleep(100);
      statuses.push(await runStatus(at.store, 'run'));
    } while (statuses.at(-1)!.spending.tokens === 0);
    expect(statuses.at(-1)!.state).toBe('running');
    await worker.drain();
    expect([await listed(), (await runStatus(at.store, 'run')).state]).toEqual(['waiting', 'waiting']);
    await worker.close();
    await using _worker = await at.start();
    const summary = await waitForRun(at.store, 'run', { pollMs: 50 });
    expect([await listed(), (await runStatus(at.store, 'run')).state]).toEqual(['ended', 'ended']);
    expect((await runStatus(at.store, 'run')).spending).toEqual({
      tokens: summary.tokens.input + summary.tokens.output,
      cost: summary.cost,
      estimatedTokens: 0,
      estimatedCost: 0,
      results: 120,
      errored: summary.errored,
    });
  });

  it('puts a job again that a worker of the stopped run takes out of the queue at this very moment', async () => {
    await using at = await place();
    await at.enqueue(50);
    const states = ['active', undefined];
    const added: unknown[] = [];
    const queue = {
      name: 'assaykit',
      addBulk: async (jobs: unknown[]) => void added.push(...jobs),
      getJob: async () => {
        const state = states.shift();
        return state === undefined ? undefined : { getState: async () => state };
      },
    };
    expect(await requeueRun(queue as never, { store: at.store, runId: 'run' })).toBe(1);
    expect(added).toMatchObject([{ data: { run: '"run"', batch: 0 } }]);
  });

  it('does a run whose queue has lost everything after it is put into the queue again', async () => {
    await using at = await place();
    await at.enqueue(150);
    await (at.queue as unknown as { obliterate(options: object): Promise<void> }).obliterate({ force: true });
    expect(await requeueRun(at.queue, { store: at.store, runId: 'run' })).toBe(3);
    expect(await requeueRun(at.queue, { store: at.store, runId: 'run' })).toBe(0);
    await using _worker = await at.start();
    expect((await waitForRun(at.store, 'run', { pollMs: 50 })).submitted).toBe(150);
    expect(at.calls.length).toBe(150);
  });

  it('holds still while the store is away, however often a batch is offered meanwhile', async () => {
    await using at = await place();
    await at.enqueue(50);
    let failures = 3;
    const away = new Proxy(at.store.work, {
      get: (work, name) => {
        if (name === 'start' && failures-- > 0)
          return async () => {
            throw new AssayError('ASSAY_STORE_FAILED', 'away', { retryable: true });
          };
        const member: unknown = Reflect.get(work, name);
        return typeof member === 'function' ? member.bind(work) : member;
      },
    });
    const store = new Proxy(at.store, {
      get: (real, name) => {
        const member: unknown = name === 'work' ? away : Reflect.get(real, name);
        return typeof member === 'function' ? member.bind(real) : member;
      },
    });
    await using worker = await at.start({ store });
    const outcomes: string[] = [];
    worker.on('distributed:batch-end', ({ outcome }) => void outcomes.push(outcome));
    expect((await waitForRun(at.store, 'run', { pollMs: 50 })).submitted).toBe(50);
    expect(outcomes).toEqual(['given-back', 'given-back', 'given-back', 'done']);
  });

  it('tells of each batch that it begins and of a queue that fails, and goes on', async () => {
    await using at = await place(20);
    await at.enqueue(150);
    await using worker = await at.start();
    const begun: BatchWorkerEvents['distributed:batch-start'][] = [];
    const failed: unknown[] = [];
    worker.on('distributed:batch-start', (event) => void begun.push(event));
    worker.on('distributed:queue-error', ({ error }) => void failed.push(error));
    await expect.poll(() => begun.length, { timeout: 10_000 }).toBeGreaterThan(0);
    const { default: pg } = await import('pg');
    const client = new pg.Client(server().connectionString);
    await client.connect();
    await client.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()',
    );
    await client.end();
    expect((await waitForRun(at.store, 'run', { pollMs: 50 })).submitted).toBe(150);
    expect(new Set(begun.map(({ batch }) => batch))).toEqual(new Set([0, 1, 2]));
    expect(begun[0]).toMatchObject({ runId: 'run', starts: 1, at: expect.any(Number) as number });
    expect(failed.length).toBeGreaterThan(0);
  });

  it('shows the whole run to a monitor, whoever works on it', async () => {
    await using at = await place();
    await at.enqueue(150);
    const monitor = new RealTimeMonitor({ intervalMs: 50 });
    await using worker = await at.start({ concurrency: 2 });
    using watcher = watchRun(at.store, 'run', { pollMs: 20 });
    monitor.watch(watcher, worker);
    const heard = new Set<string>();
    watcher.onAny((event) => void heard.add(event));
    monitor.start();
    let most = 0;
    monitor.on('snapshot', ({ snapshot }) => void (most = Math.max(most, snapshot.doneCases ?? 0)));
    expect((await watcher.ended).submitted).toBe(150);
    await sleep(60);
    expect(most).toBeGreaterThan(0);
    expect(monitor.totals().scored + monitor.totals().unscored + monitor.totals().errored).toBe(150);
    expect([...heard].sort()).toEqual(['progress', 'run:end', 'run:start']);
    monitor.close();
  });

  describe('limits of a run', () => {
    it('keeps a rate over all workers', async () => {
      await using at = await place();
      await at.enqueue(60, { batchSize: 10, rateLimit: { requestsPerSecond: 40, burst: 5 } });
      const begun = performance.now();
      await using _a = await at.start();
      await using _b = await at.start();
      await waitForRun(at.store, 'run', { pollMs: 20 });
      // 60 cases, 5 of them at once: the 55 others take 55 / 40 s, whatever the number of workers
      expect(performance.now() - begun).toBeGreaterThan((55 / 40) * 1000);
      expect(at.calls.length).toBe(60);
    });

    it('spends no more than the budget and what was in flight, over all workers', async () => {
      await using at = await place();
      const perCall = 22; // most tokens of a case
      await at.enqueue(600, { batchSize: 10, budget: { maxTokens: 2000 } });
      await using _a = await at.start({ concurrency: 4 });
      await using _b = await at.start({ concurrency: 4 });
      const summary = await waitForRun(at.store, 'run', { pollMs: 20 });
      const spent = summary.tokens.input + summary.tokens.output;
      expect(spent).toBeLessThanOrEqual(2000 + 8 * perCall);
      expect(spent).toBeGreaterThan(2000 - 2 * 10 - 8 * perCall);
      expect(summary).toMatchObject({
        stopReason: 'budget',
        budget: { limits: { maxTokens: 2000 }, tokens: spent },
      });
      expect(await runStatus(at.store, 'run')).toMatchObject({ state: 'stopped', stopReason: 'budget' });
    });

    it('ends at the error rate that is too high', async () => {
      await using at = await place();
      const target = async (): Promise<string> => {
        await sleep(20);
        throw new Error('no');
      };
      await at.enqueue(400, { target, budget: { maxErrorRate: 0.5 } });
      await using _worker = await at.start({ target, concurrency: 2 } as never);
      const summary = await waitForRun(at.store, 'run', { pollMs: 20 });
      expect(summary.stopReason).toBe('budget');
      expect(summary.errored).toBeLessThan(400);
    });
  });
});

/** All that stands in the tables of a schema, as text. */
async function dump(connectionString: string, schema: string): Promise<{ readonly rows: string }> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString });
  await client.connect();
  const tables = await client.query<{ name: string }>(
    `SELECT quote_ident(table_name) AS name FROM information_schema.tables WHERE table_schema = $1`,
    [schema],
  );
  let rows = '';
  for (const { name } of tables.rows)
    rows += JSON.stringify((await client.query(`SELECT * FROM ${schema}.${name}`)).rows);
  await client.end();
  return { rows };
}
