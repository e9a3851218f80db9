import { resolve } from 'node:path';
import { AssayError } from '../../errors.js';
import type { CaseResult } from '../../evaluation/evaluation-types.js';
import { systemClock, type Clock } from '../../foundation/clock.js';
import {
  checkOptions,
  integer,
  milliseconds,
  object,
  oneOf,
  show,
  callable,
} from '../../foundation/options.js';
import { ThreadsUnavailable } from '../../foundation/thread-pool.js';
import { workerFallback } from '../../foundation/worker-fallback.js';
import { AppendQueue } from '../append-queue.js';
import { DurableStore } from '../durable-store.js';
import { readCase } from '../kept-case.js';
import { checkQuery } from '../result-query.js';
import { readRow } from '../result-row.js';
import type {
  AppendOptions,
  BatchSummary,
  QueriedResult,
  ResultKey,
  ResultQuery,
  ResultStore,
} from '../result-store.js';
import type { RunManifest } from '../run-manifest.js';
import { momentOf, seenAt, type RunLease } from '../run-lease.js';
import { pagedSummaries } from '../summary-pages.js';
import {
  checkRunQuery,
  matchesRunQuery,
  runRecordOf,
  type RunEnd,
  type RunQuery,
  type RunRecord,
} from '../run-record.js';
import { RowIds } from '../row-ids.js';
import { MainThreadBackend, type ConnectionCall, type SqliteBackend } from './sqlite-backend.js';
import type { SqliteAppend, SqliteConnection } from './sqlite-connection.js';
import { isDatabase, type SqliteDatabase, type SqliteDriverName } from './sqlite-driver.js';
import { toStoreError } from './sqlite-errors.js';
import { openBackend } from './sqlite-open.js';
import type { SqliteRow } from './sqlite-row.js';
import { WorkerThreadBackend } from './sqlite-worker-backend.js';

/** Options of a {@link SqliteResultStore}. */
export interface SqliteResultStoreOptions {
  /**
   * What an acknowledged result survives: `process` the death of the process, `power` also the loss of power
   * (one sync of the disk a commit; a fifth to a half fewer results a second).
   * @default 'process'
   */
  readonly durability?: 'process' | 'power' | undefined;
  /**
   * Which thread does the work. `worker` takes it off the main thread, which then spends about a quarter of the
   * time on a result and is never held up by the disk. Results a second drop by a third. Not for a database that
   * the host has opened.
   * @default 'main'
   */
  readonly thread?: 'main' | 'worker' | undefined;
  /**
   * Which driver opens the file; `auto` takes node:sqlite where the runtime has it, else better-sqlite3.
   * @default 'auto'
   */
  readonly driver?: SqliteDriverName | undefined;
  /**
   * How long to wait for another process that holds the write lock, milliseconds; past it the append rejects
   * with `ASSAY_STORE_LOCKED`, which may be tried again. The event loop runs while waiting.
   * @default 5000
   */
  readonly lockTimeoutMs?: number | undefined;
  /**
   * Most results that single appends are gathered to for one transaction, >= 1. An append of more is one
   * transaction all the same.
   * @default 500
   */
  readonly groupSize?: number | undefined;
  /** Permissions of a file that is made, less what the process's umask takes away. @default 0o600 */
  readonly fileMode?: number | undefined;
  /** Where time comes from. @default the machine's clock */
  readonly clock?: Clock | undefined;
  /** Opens the file instead of the drivers: the way in for injected faults. @internal */
  readonly open?: ((path: string) => SqliteDatabase) | undefined;
}

/** A page of a query aims at no more text than this, so that memory is flat whatever the size of a response. */
const PAGE_SIZE = 1_000_000;
/** More are no faster, and what lives through a collection makes V8's heap grow (RSS +112 MB with 256 where 16 had +60 to 80). */
const MOST_PAGE_ROWS = 16;
const RUN_PAGE_ROWS = 64;

/**
 * A {@link ResultStore} in one SQLite file, with the tables `evaluation_results`, `batch_summaries` and
 * `evaluation_runs`. Several processes may write to one file. The file is opened at the first call. One that may not be
 * written (on a read-only disk) is read from a copy in the temporary folder.
 *
 * Appends that come within one turn of the event loop share a transaction. A failed write rejects its appends,
 * is told by `store:error`, and leaves the file as it was before; the next append tries again.
 *
 * @example
 * const store = new SqliteResultStore('results.db');
 * for await (const result of store.query({ runId: 'nightly-42', minScore: 0.5 })) console.log(result.caseId);
 * await store.close();
 */
export class SqliteResultStore extends DurableStore implements ResultStore {
  readonly #options: Readonly<SqliteResultStoreOptions>;
  readonly #path: string | null;
  readonly #hosts: SqliteDatabase | undefined;
  readonly #queue: AppendQueue<SqliteAppend, void>;
  readonly #clock: Clock;
  readonly #writes = new Set<Promise<unknown>>(); // of manifests and summaries, under way
  #opening: Promise<SqliteBackend> | undefined;
  #withoutThread = false;

  /**
   * `database` is the path of a file, `':memory:'`, or a database that the host has opened with node:sqlite or
   * better-sqlite3. The host's database keeps its settings and is not closed.
   *
   * @throws AssayError `ASSAY_INVALID_OPTION`.
   */
  constructor(database: string | SqliteDatabase, options: SqliteResultStoreOptions = {}) {
    super('SqliteResultStore', options?.clock ?? systemClock);
    this.#options = checkOptions<SqliteResultStoreOptions>('SqliteResultStore', options, {
      durability: oneOf('process', 'power'),
      thread: oneOf('main', 'worker'),
      driver: oneOf('auto', 'node:sqlite', 'better-sqlite3'),
      lockTimeoutMs: milliseconds,
      groupSize: integer(1),
      fileMode: integer(0, 0o777),
      clock: object,
      open: callable,
    });
    if (typeof database !== 'string' ? !isDatabase(database) : database === '') {
      throw new AssayError(
        'ASSAY_INVALID_OPTION',
        `Expected the database of SqliteResultStore to be a path or an open database, got ${show(database)}`,
      );
    }
    if (typeof database === 'string' && database.startsWith('file:')) {
      throw new AssayError(
        'ASSAY_INVALID_OPTION',
        `Expected the database of SqliteResultStore to be a path, got the URI ${show(database)}, which only some drivers know: use fileURLToPath, or open the database yourself`,
      );
    }
    if (this.#options.thread === 'worker' && typeof database !== 'string') {
      throw new AssayError(
        'ASSAY_INVALID_OPTION',
        "Expected `thread` of SqliteResultStore to be 'main' for an open database: it cannot go to another thread",
      );
    }
    this.#clock = this.#options.clock ?? systemClock;
    this.#path = typeof database === 'string' ? absolutePath(database) : null;
    this.#hosts = typeof database === 'string' ? undefined : database;
    this.#queue = new AppendQueue({
      groupSize: this.#options.groupSize ?? 500,
      prepare: async () => {},
      store: (appends) => this.#store(appends),
      onError: (error) => this.reportError(error),
    });
  }

  async begin(
    manifest: RunManifest,
    { lease }: { readonly lease?: RunLease | undefined } = {},
  ): Promise<RunManifest> {
    return this.#write('begin', manifest, lease, momentOf(this.#clock));
  }

  async renew(lease: RunLease): Promise<void> {
    await this.#write('renew', lease, momentOf(this.#clock));
  }

  async release(lease: RunLease): Promise<void> {
    await this.#write('release', lease);
  }

  async finish(end: RunEnd, { lease }: Pick<AppendOptions, 'lease'> = {}): Promise<void> {
    await this.#write('finish', end, lease);
  }

  async manifest(runId: string): Promise<RunManifest | undefined> {
    return this.#read('manifest', runId);
  }

  async *runs(query: RunQuery = {}): AsyncGenerator<RunRecord, void, undefined> {
    const asked = checkRunQuery(query);
    let left = asked.limit ?? Number.POSITIVE_INFINITY;
    let after: readonly [number, string] | undefined;
    while (left > 0) {
      const page = await this.#read('runs', { runId: asked.runId }, after, RUN_PAGE_ROWS);
      const moment = momentOf(this.#clock);
      const now = moment.wallTime;
      for (const found of page) {
        const run = { ...found, leases: found.leases.map((lease) => seenAt(lease, moment)) };
        const { runId, startedAt } = run.manifest;
        after = [startedAt, runId];
        if (left <= 0 || !matchesRunQuery(run, asked, now)) continue;
        left -= 1;
        yield runRecordOf(run, { results: await this.#read('counts', runId), now });
      }
      if (page.length < RUN_PAGE_ROWS) return;
    }
  }

  append(results: readonly CaseResult[], { lease, cases = [] }: AppendOptions = {}): Promise<void> {
    try {
      this.checkOpen();
    } catch (error) {
      return Promise.reject(error);
    }
    return results.length === 0 && cases.length === 0
      ? Promise.resolve()
      : this.#queue.add({ results, cases, lease }, results.length);
  }

  async appendBatchSummary(summary: BatchSummary): Promise<void> {
    await this.#write('appendSummary', summary);
  }

  async finishedKeys(
    runId: string,
    keys: readonly ResultKey[],
  ): Promise<(CaseResult['outcome'] | undefined)[]> {
    return this.#read('outcomes', runId, keys);
  }

  async *query(query: ResultQuery = {}): AsyncGenerator<QueriedResult, void, undefined> {
    const asked = checkQuery(query);
    let left = asked.limit ?? Number.POSITIVE_INFINITY;
    const plan = await this.#read('plan', asked);
    const met = new RowIds();
    let rows = MOST_PAGE_ROWS;
    let cursor: Parameters<SqliteConnection['page']>[1];
    while (left > 0) {
      const page = await this.#read('page', plan, cursor, Math.min(rows, left));
      const cases = asked.withCase === true ? await this.#casesOf(page.rows) : undefined;
      for (const row of page.rows) {
        this.checkOpen();
        if (!met.add(row.id)) continue; // replaced meanwhile by one that started later
        const result = readRow(row); // not a page at once, for the same reason as small pages
        if (plan.check !== undefined && !result.caseId.startsWith(plan.check)) continue;
        const kept = cases?.get(result.caseHash ?? '');
        yield kept === undefined ? result : { ...result, testCase: readCase(kept) };
        left -= 1;
      }
      cursor = page.cursor;
      if (cursor === undefined) return;
      if (page.size * 2 <= PAGE_SIZE) rows = Math.min(rows * 2, MOST_PAGE_ROWS);
      else if (page.size > PAGE_SIZE) rows = Math.max(1, rows >> 1);
    }
  }

  summaries(runId: string): AsyncGenerator<BatchSummary, void, undefined> {
    return pagedSummaries((page) => this.#read('summaries', runId, page));
  }

  /** A database of the host stays open. */
  protected override async finishAndFree(): Promise<void> {
    await this.#queue.idle();
    await Promise.allSettled(this.#writes);
    if (this.#opening === undefined) return;
    const backend = await this.#opening.catch(() => undefined); // who opened it was told
    await backend?.close();
  }

  /** The kept cases of a page by their hash. */
  async #casesOf(rows: readonly SqliteRow[]): Promise<Map<string, string>> {
    const hashes = [...new Set(rows.flatMap((row) => readRow(row).caseHash ?? []))];
    const texts = await this.#read('cases', hashes);
    return new Map(hashes.flatMap((hash, i) => (texts[i] === undefined ? [] : [[hash, texts[i]]])));
  }

  async #store(appends: readonly SqliteAppend[]): Promise<void> {
    const started = this.#clock.now();
    const bytes = await this.#call('append', 'Storing results', appends);
    const results = appends.reduce((sum, each) => sum + each.results.length, 0);
    this.reportFlush(started, results, bytes);
  }

  async #write<Name extends ConnectionCall>(
    name: Name,
    ...parameters: Parameters<SqliteConnection[Name]>
  ): Promise<ReturnType<SqliteConnection[Name]>> {
    this.checkOpen();
    const written = this.#call(name, 'Writing', ...parameters);
    this.#writes.add(written);
    try {
      return await written;
    } catch (error) {
      this.reportError(error);
      throw error;
    } finally {
      this.#writes.delete(written);
    }
  }

  async #read<Name extends ConnectionCall>(
    name: Name,
    ...parameters: Parameters<SqliteConnection[Name]>
  ): Promise<ReturnType<SqliteConnection[Name]>> {
    this.checkOpen();
    return this.#call(name, 'Reading', ...parameters);
  }

  async #call<Name extends ConnectionCall>(
    name: Name,
    what: string,
    ...parameters: Parameters<SqliteConnection[Name]>
  ): Promise<ReturnType<SqliteConnection[Name]>> {
    try {
      return await (await this.#backend()).call(name, ...parameters);
    } catch (error) {
      if (error instanceof ThreadsUnavailable) {
        this.#leaveThread(error.cause);
        return this.#call(name, what, ...parameters);
      }
      const failure = toStoreError(error, { what, path: this.#path ?? 'the database' });
      if (failure.code === 'ASSAY_WORKER_CRASHED') this.#opening = undefined; // the next call starts another
      throw failure;
    }
  }

  #leaveThread(error: unknown): void {
    if (this.#withoutThread) return;
    this.#withoutThread = true;
    this.#opening = undefined;
    if (this.wants('worker:fallback')) {
      this.emit('worker:fallback', workerFallback('sqlite', { instead: 'on the main thread', error }));
    }
  }

  async #backend(): Promise<SqliteBackend> {
    const opening = (this.#opening ??= this.#open());
    try {
      return await opening;
    } catch (error) {
      if (this.#opening === opening) this.#opening = undefined; // a later call may find the folder there
      throw error;
    }
  }

  async #open(): Promise<SqliteBackend> {
    const { driver = 'auto', durability = 'process', lockTimeoutMs = 5000 } = this.#options;
    const { fileMode = 0o600, open, thread } = this.#options;
    const path = this.#path;
    if (path === null) {
      const options = { path, durability, readOnly: false };
      return MainThreadBackend.open(this.#hosts as SqliteDatabase, options, {
        clock: this.#clock,
        lockTimeoutMs,
      });
    }
    const settings = { path, driver, durability, lockTimeoutMs, fileMode };
    if (thread === 'worker' && !this.#withoutThread) {
      try {
        return new WorkerThreadBackend(settings);
      } catch (error) {
        this.#leaveThread(error); // in a bundle to CommonJS a module does not know where it lies
      }
    }
    return openBackend({ ...settings, clock: this.#clock, open });
  }
}

/** The host may change its working directory. */
const absolutePath = (database: string): string =>
  database.startsWith(':memory:') ? database : resolve(database);
