import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { AssayError } from '../../src/errors.js';
import type { CaseResult } from '../../src/evaluation/evaluation-types.js';
import { GzipFileResultStore } from '../../src/stores/gzip/gzip-file-result-store.js';
import type { ResultStore, ResultStoreEvents } from '../../src/stores/result-store.js';
import { SqliteResultStore, type SqliteDatabase } from '../../src/sqlite.js';
import type { EventSource } from '../../src/foundation/event-source.js';
import { openDatabase } from '../../src/stores/sqlite/sqlite-driver.js';
import {
  failAt,
  faultyDatabase,
  faultyFileSystem,
  type Fault,
  type FaultPlan,
} from '../../src/testing/faults.js';
import { scoredResult } from '../../src/testing/sample-results.js';
import { temporaryFolders } from '../stores/temporary-folder.js';

type WatchedStore = ResultStore & EventSource<ResultStoreEvents>;

const BATCHES = 6;
const batch = (number: number): CaseResult[] =>
  Array.from({ length: 5 }, (_, i) => scoredResult({ caseId: `${number}-${i}`, startedAt: number * 10 + i }));

async function idsIn(store: ResultStore): Promise<string[]> {
  const ids: string[] = [];
  for await (const result of store.query()) ids.push(result.caseId);
  return ids;
}

/** Appends all batches, trying a failed one again once; what was acknowledged and what failed the first time. */
async function appendAll(store: WatchedStore): Promise<{ failures: AssayError[]; errors: unknown[] }> {
  const failures: AssayError[] = [];
  const errors: unknown[] = [];
  store.on('store:error', ({ error }) => errors.push(error));
  for (let number = 0; number < BATCHES; number++) {
    try {
      await store.append(batch(number));
    } catch (error) {
      failures.push(error as AssayError);
      const before = await idsIn(store);
      expect(before).toEqual(Array.from({ length: number }, (_, i) => batch(i).map((r) => r.caseId)).flat());
      await store.append(batch(number));
    }
  }
  return { failures, errors };
}

const everything = Array.from({ length: BATCHES }, (_, number) => batch(number).map((r) => r.caseId)).flat();

describe('GzipFileResultStore under faults', () => {
  const newFolder = temporaryFolders();

  const run = async (
    plan: FaultPlan,
    folder: string,
  ): Promise<Awaited<ReturnType<typeof appendAll>> & { readonly untilClose: number }> => {
    const store = new GzipFileResultStore(folder, { durability: 'power', files: faultyFileSystem(plan) });
    try {
      return { ...(await appendAll(store)), untilClose: plan.operations };
    } finally {
      await store.close();
    }
  };

  for (const fault of ['error', 'torn', 'short'] as const satisfies Fault[]) {
    it(`survives "${fault}" at every operation, one after another`, async () => {
      const counting = failAt(Number.POSITIVE_INFINITY);
      const { untilClose } = await run(counting, newFolder());
      expect(untilClose).toBeGreaterThan(2 * BATCHES);
      expect(counting.operations).toBe(untilClose + 1); // the lock is given back
      for (let n = 1; n <= counting.operations; n++) {
        const folder = newFolder();
        const plan = failAt(n, { fault });
        const { failures, errors } = await run(plan, folder);
        expect(plan.struck).toBe(1);
        if (fault === 'short' || n > untilClose) expect(failures, `operation ${n}`).toEqual([]);
        else {
          expect(failures, `operation ${n}`).toHaveLength(1);
          expect(failures[0]?.code).toBe('ASSAY_STORE_FAILED');
          expect(failures[0]?.retryable).toBe(true);
        }
        expect(errors).toEqual(failures);
        const reopened = new GzipFileResultStore(folder);
        expect(await idsIn(reopened), `operation ${n}`).toEqual(everything);
        await reopened.close();
        for (const name of readdirSync(folder)) {
          if (name.endsWith('.gz')) execFileSync('gzip', ['-t', join(folder, name)]);
        }
      }
    });
  }

  it('begins another shard when a failed append cannot be taken back', async () => {
    const folder = newFolder();
    const plan = failAt(3, { fault: 'torn', operations: ['write', 'truncate'], times: 2 });
    const store = new GzipFileResultStore(folder, { files: faultyFileSystem(plan) });
    const { failures } = await appendAll(store);
    expect(failures).toHaveLength(1);
    expect(await idsIn(store)).toEqual(everything);
    await store.close();
    expect(readdirSync(folder).filter((name) => name.startsWith('results-'))).toHaveLength(2);
    const reopened = new GzipFileResultStore(folder);
    expect(await idsIn(reopened)).toEqual(everything);
    await reopened.close();
  });

  it('keeps file-per-result whole under faults at every operation', async () => {
    const options = { layout: 'file-per-result', durability: 'power', codec: 'zlib' } as const;
    const counting = failAt(Number.POSITIVE_INFINITY);
    const counted = new GzipFileResultStore(newFolder(), { ...options, files: faultyFileSystem(counting) });
    await appendAll(counted);
    await counted.close();
    for (let n = 1; n <= counting.operations; n += 7) {
      const folder = newFolder();
      const plan = failAt(n, { fault: 'torn' });
      const store = new GzipFileResultStore(folder, { ...options, files: faultyFileSystem(plan) });
      const { failures } = await appendAll(store);
      expect(failures, `operation ${n}`).toHaveLength(1);
      expect(await idsIn(store)).toEqual(everything);
      await store.close();
    }
  });

  it('keeps manifests and summaries whole under faults', async () => {
    const manifest = {
      runId: 'run',
      evaluator: 'e',
      evaluatorVersion: '1',
      configurationHash: '',
      conventions: {},
      target: {},
      repetitions: 1,
      startedAt: 1,
      packageVersion: '0',
    };
    for (let n = 1; n <= 8; n++) {
      const folder = newFolder();
      const plan = failAt(n, { fault: 'torn', operations: ['create', 'write', 'sync', 'rename', 'folder'] });
      const store = new GzipFileResultStore(folder, { durability: 'power', files: faultyFileSystem(plan) });
      const summary = {
        runId: 'run',
        batchId: 'a',
        at: 1,
        total: 1,
        scored: 1,
        unscored: 0,
        errored: 0,
        averageScore: 1,
        durationMs: 1,
      };
      await store.begin(manifest).catch(() => store.begin(manifest));
      await store.appendBatchSummary(summary).catch(() => store.appendBatchSummary(summary));
      await store.close();
      const reopened = new GzipFileResultStore(folder);
      expect(await reopened.manifest('run')).toEqual(manifest);
      const found = [];
      for await (const each of reopened.summaries('run')) found.push(each);
      expect(found).toEqual([summary]);
      await reopened.close();
    }
  });
});

describe('SqliteResultStore under faults', () => {
  const newFolder = temporaryFolders();

  const open = async (path: string, plan: FaultPlan): Promise<SqliteResultStore> => {
    const database = await openDatabase(path, { driver: 'auto' });
    return new SqliteResultStore(path, { open: () => faultyDatabase(database, plan) });
  };

  it('survives an error at every operation, one after another', async () => {
    const counting = failAt(Number.POSITIVE_INFINITY);
    const counted = await open(join(newFolder(), 'results.db'), counting);
    await appendAll(counted);
    await counted.close();
    expect(counting.operations).toBe(BATCHES * (5 + 2));
    for (let n = 1; n <= counting.operations; n++) {
      const path = join(newFolder(), 'results.db');
      const store = await open(path, failAt(n));
      const { failures, errors } = await appendAll(store);
      expect(failures, `operation ${n}`).toHaveLength(1);
      expect(failures[0]).toMatchObject({ code: 'ASSAY_STORE_FAILED', retryable: true });
      expect(errors).toEqual(failures);
      await store.close();
      const reopened = new SqliteResultStore(path);
      expect(await idsIn(reopened)).toEqual(everything);
      await reopened.close();
    }
  });

  it('says of a damaged file that it is damaged', async () => {
    const path = join(newFolder(), 'results.db');
    writeFileSync(path, 'this is no database, whatever its name says. '.repeat(200));
    const store = new SqliteResultStore(path);
    await expect(store.append(batch(0))).rejects.toMatchObject({
      code: 'ASSAY_STORE_CORRUPT',
      retryable: false,
    });
    await store.close();
  });

  it('opens again after a failed open', async () => {
    const path = join(newFolder(), 'results.db');
    let attempts = 0;
    const database: SqliteDatabase = await openDatabase(path, { driver: 'auto' });
    const store = new SqliteResultStore(path, {
      open: () => {
        attempts += 1;
        if (attempts === 1) throw Object.assign(new Error('no such folder'), { code: 'SQLITE_CANTOPEN' });
        return database;
      },
    });
    await expect(store.append(batch(0))).rejects.toMatchObject({ code: 'ASSAY_STORE_FAILED' });
    await store.append(batch(0));
    expect(await idsIn(store)).toHaveLength(5);
    await store.close();
  });

  for (const thread of ['main', 'worker'] as const) {
    it(`opens when its folder is there at last: ${thread}`, async () => {
      const folder = join(newFolder(), 'later');
      const store = new SqliteResultStore(join(folder, 'results.db'), { thread });
      await expect(store.append(batch(0))).rejects.toMatchObject({ code: 'ASSAY_STORE_FAILED' });
      mkdirSync(folder);
      await store.append(batch(0));
      expect(await idsIn(store)).toHaveLength(5);
      await store.close();
    });
  }

  it('starts another thread when its own dies, and loses nothing that was acknowledged', async () => {
    const path = join(newFolder(), 'results.db');
    const threads: Worker[] = [];
    const seen = (thread: Worker): void => void threads.push(thread);
    process.on('worker', seen);
    const store = new SqliteResultStore(path, { thread: 'worker' });
    await store.append(batch(0));
    const other = await openDatabase(path, { driver: 'auto' });
    other.exec('BEGIN IMMEDIATE'); // the append must wait, whatever the threads' timing
    const caught = expect(store.append(batch(1))).rejects.toMatchObject({
      code: 'ASSAY_WORKER_CRASHED',
      retryable: true,
    });
    await new Promise((resolve) => setImmediate(resolve)); // the append is on its way
    await threads[0]?.terminate();
    await caught;
    other.exec('COMMIT');
    other.close();
    await store.append(batch(1));
    expect(await idsIn(store)).toEqual([...batch(0), ...batch(1)].map((result) => result.caseId));
    expect(threads).toHaveLength(2);
    await store.close();
    process.off('worker', seen);
  });

  it('stores metadata that cannot be copied between threads as the main thread would', async () => {
    const store = new SqliteResultStore(join(newFolder(), 'results.db'), { thread: 'worker' });
    await store.append([scoredResult({ metadata: { kept: 1, call: () => 'not data' } })]);
    for await (const result of store.query()) expect(result.metadata).toEqual({ kept: 1 });
    await store.close();
  });
});
