import { statSync } from 'node:fs';
import { AssayError } from '../../errors.js';
import type { CaseResult } from '../../evaluation/evaluation-types.js';
import type { KeptCase } from '../kept-case.js';
import type { BatchSummary, ResultKey, ResultQuery } from '../result-store.js';
import type { RunManifest } from '../run-manifest.js';
import type { Moment, RunLease } from '../run-lease.js';
import type { RunEnd, RunRecord, StoredRunFacts } from '../run-record.js';
import { prepare, type SqliteDatabase, type SqliteStatement } from './sqlite-driver.js';
import {
  cursorAfter,
  cursorParameters,
  planQuery,
  positionOf,
  type QueryCursor,
  type QueryPhase,
  type QueryPlan,
  type ResultPosition,
} from './sqlite-query.js';
import { SqliteCases } from './sqlite-cases.js';
import { UPSERT_RESULT, writeRow, type SqliteRow } from './sqlite-row.js';
import { SqliteRuns } from './sqlite-runs.js';
import { migrate } from './sqlite-schema.js';
import { storableText } from '../storable-text.js';

/**
 * How long the write-ahead log may become before it is copied into the file. Single appends rewrite the same pages: at
 * 4 MB they cost a tenth more CPU than at 8 MB; the event loop is blocked for 21 and 30 ms by the copy.
 */
export const LOG_BYTES = 6_000_000;

/** How a connection is set up. */
export interface ConnectionOptions {
  /** Path of the file, for messages; `null` for a database that the host opened. */
  readonly path: string | null;
  /** `power`: every commit is synced to the disk. */
  readonly durability: 'process' | 'power';
  /** Whether it is a copy of what may not be written. */
  readonly readOnly: boolean;
  /** How long SQLite itself waits, blocking the thread, for a lock. */
  readonly blockingTimeoutMs: number;
}

/** Results on their way into the database, with what goes with them. */
export interface SqliteAppend {
  readonly results: readonly CaseResult[];
  readonly cases: readonly KeptCase[];
  /** What must be held for them to be stored. */
  readonly lease: RunLease | undefined;
}

/** Positions that are looked up at once. */
const POSITIONS = 1024;

interface FoundRows {
  readonly found: SqliteRow[];
  readonly last: ResultPosition | undefined;
  readonly ahead: { readonly ids: readonly number[]; readonly more: boolean };
}

/** A page of a query. */
export interface ResultPage {
  /** To be read by `readRow`, one when it is wanted. */
  readonly rows: readonly SqliteRow[];
  /** Where to go on; `undefined` at the end. */
  readonly cursor: QueryCursor | undefined;
  /** Length of the text that was read. */
  readonly size: number;
}

/**
 * The store's work on an open database, synchronous: the main thread calls it, or a worker does. Every write
 * is one `BEGIN IMMEDIATE` transaction: a plain `BEGIN` takes the write lock late and then fails at once,
 * whatever the timeout (30-58 % of transactions with two processes).
 */
export class SqliteConnection {
  readonly #database: SqliteDatabase;
  readonly #path: string | null;
  readonly #readOnly: boolean;
  /** Path of the write-ahead log; `undefined` for a database in memory or one that the host opened. */
  readonly logPath: string | undefined;
  readonly #inode: number | undefined;
  readonly #begin: SqliteStatement;
  readonly #commit: SqliteStatement;
  readonly #rollback: SqliteStatement;
  readonly #upsert: SqliteStatement;
  readonly #outcome: SqliteStatement;
  readonly #statements = new Map<string, SqliteStatement>();
  readonly #runs = new SqliteRuns((sql) => this.#prepared(sql));
  readonly #cases = new SqliteCases((sql) => this.#prepared(sql));

  /**
   * Sets the database up and brings its tables to the present version. Settings of a database that the host
   * opened (journal, syncing, page size) are left as they are.
   */
  constructor(database: SqliteDatabase, options: ConnectionOptions) {
    this.#database = database;
    this.#path = options.path;
    this.#readOnly = options.readOnly;
    const isOwn = options.path !== null && !options.readOnly;
    if (isOwn && options.path !== '' && !options.path.startsWith(':memory:'))
      this.logPath = `${options.path}-wal`;
    if (options.readOnly) database.exec('PRAGMA journal_mode = DELETE'); // takes in the log, and needs none
    if (isOwn) {
      database.exec(`PRAGMA busy_timeout = ${options.blockingTimeoutMs}`);
      database.exec('PRAGMA page_size = 8192'); // only a new file takes it
      database.exec(`PRAGMA synchronous = ${options.durability === 'power' ? 'FULL' : 'NORMAL'}`);
      database.exec('PRAGMA journal_mode = WAL'); // last: it writes a new file's first page
      this.#sizeCache();
      database.exec(`PRAGMA journal_size_limit = ${LOG_BYTES}`); // a log that starts again shows its true size
    }
    migrate(database, options.path ?? 'the database');
    if (options.readOnly) database.exec('PRAGMA query_only = ON');
    this.#inode = this.#inodeNow();
    this.#begin = prepare(database, 'BEGIN IMMEDIATE');
    this.#commit = prepare(database, 'COMMIT');
    this.#rollback = prepare(database, 'ROLLBACK');
    this.#upsert = prepare(database, UPSERT_RESULT);
    this.#outcome = prepare(
      database,
      'SELECT outcome FROM evaluation_results WHERE test_id = ? AND run_id = ? AND repetition = ?',
    );
  }

  /** Takes a lease, if one is wanted, and keeps the first manifest of a run; returns the one that stands. */
  begin(manifest: RunManifest, lease: RunLease | undefined, now: Moment): RunManifest {
    this.#transaction(() => this.#runs.begin(manifest, lease, now));
    return this.manifest(manifest.runId) as RunManifest;
  }

  /** Renews a lease at `now`. */
  renew(lease: RunLease, now: Moment): void {
    this.#transaction(() => this.#runs.renew(lease, now));
  }

  /** Gives a lease back. */
  release(lease: RunLease): void {
    this.#transaction(() => this.#runs.release(lease));
  }

  /** Records how a run ended. */
  finish(end: RunEnd, lease: RunLease | undefined): void {
    this.#transaction(() => {
      if (lease !== undefined) this.#runs.checkLease(lease);
      this.#runs.finish(end);
    });
  }

  /** The manifest of a run, or `undefined`. */
  manifest(runId: string): RunManifest | undefined {
    return this.#runs.manifest(runId);
  }

  /** A page of {@link SqliteRuns.runs}, or the one run that is asked for. */
  runs(
    query: { readonly runId?: string | undefined },
    after: readonly [startedAt: number, runId: string] | undefined,
    rows: number,
  ): StoredRunFacts[] {
    if (query.runId === undefined) return this.#runs.runs(after, rows);
    const run = after === undefined ? this.#runs.run(query.runId) : undefined;
    return run === undefined ? [] : [run];
  }

  /** Stored results of a run by outcome. */
  counts(runId: string): RunRecord['results'] {
    return this.#runs.counts(runId);
  }

  /** Stores several appends in one transaction; returns the length of the text that was written. */
  append(appends: readonly SqliteAppend[]): number {
    return this.#transaction(() => {
      for (const { lease } of appends) if (lease !== undefined) this.#runs.checkLease(lease);
      let size = this.#cases.append(appends.flatMap(({ cases }) => cases));
      for (const { results } of appends) for (const result of results) size += writeRow(this.#upsert, result);
      return size;
    });
  }

  /** The text of each case that is kept. */
  cases(hashes: readonly string[]): (string | undefined)[] {
    return this.#cases.texts(hashes);
  }

  /** Stores or replaces a batch summary. */
  appendSummary(summary: BatchSummary): void {
    this.#transaction(() => this.#runs.appendSummary(summary));
  }

  /** The stored outcome of each key. */
  outcomes(runId: string, keys: readonly ResultKey[]): (CaseResult['outcome'] | undefined)[] {
    const run = storableText(runId);
    return keys.map((key) => {
      const row = this.#outcome.get(storableText(key.caseId), run, key.repetition) as
        { outcome: CaseResult['outcome'] } | undefined;
      return row?.outcome;
    });
  }

  /** How to read a query; made once for all its pages. */
  plan(query: ResultQuery): QueryPlan {
    return planQuery(this.#database, query);
  }

  /** One page of a query. No cursor stays open between pages: writes go on, and the log does not pile up. */
  page(plan: QueryPlan, cursor: QueryCursor | undefined, rows: number): ResultPage {
    const number = cursor?.phase ?? 0;
    const phase = plan.phases[number];
    if (phase === undefined) return { rows: [], size: 0, cursor: undefined }; // results without a score, by score
    const { found, last, ahead } =
      phase.row === undefined
        ? this.#inOrder(plan, phase, { cursor, rows })
        : this.#byPosition(plan, phase, { cursor, rows });
    let size = 0;
    for (const row of found) size += row.details.length + (row.model_response?.length ?? 0);
    return { rows: found, size, cursor: cursorAfter(plan, number, { last: positionOf(last), ahead }) };
  }

  /** A page of rows that an index gives in their order. */
  #inOrder(
    plan: QueryPlan,
    phase: QueryPhase,
    { cursor, rows }: { readonly cursor: QueryCursor | undefined; readonly rows: number },
  ): FoundRows {
    const found = this.#select(plan, phase, { cursor, rows }) as SqliteRow[];
    return { found, last: found.at(-1), ahead: { ids: [], more: found.length >= rows } };
  }

  /** A page of rows whose positions are looked up, and sorted, for many at once. */
  #byPosition(
    plan: QueryPlan,
    phase: QueryPhase,
    { cursor, rows }: { readonly cursor: QueryCursor | undefined; readonly rows: number },
  ): FoundRows {
    let { ahead: ids = [], last, more = false } = cursor ?? {};
    if (ids.length === 0) {
      const positions = this.#select(plan, phase, { cursor, rows: POSITIONS });
      ids = positions.map(({ id }) => id);
      last = positions.at(-1);
      more = positions.length >= POSITIONS;
    }
    const select = this.#prepared(phase.row!);
    // One that was replaced meanwhile may not be the query's own any more.
    const found = ids
      .slice(0, rows)
      .flatMap((id) => (select.get(id, ...phase.parameters) as SqliteRow | undefined) ?? []);
    return { found, last, ahead: { ids: ids.slice(rows), more } };
  }

  #select(
    plan: QueryPlan,
    { first, next, parameters }: QueryPhase,
    { cursor, rows }: { readonly cursor: QueryCursor | undefined; readonly rows: number },
  ): ResultPosition[] {
    return (
      cursor?.last === undefined
        ? this.#prepared(first).all(...parameters, rows)
        : this.#prepared(next).all(...parameters, ...cursorParameters(plan, cursor), rows)
    ) as ResultPosition[];
  }

  /** A page of the batch summaries of a run, oldest first, with their ids. */
  summaries(...asked: Parameters<SqliteRuns['summaries']>): ReturnType<SqliteRuns['summaries']> {
    return this.#runs.summaries(...asked);
  }

  /** Whether commits copy the log into the file when it has become long. */
  setAutoCheckpoint(on: boolean): void {
    // Twice SQLite's own length, of pages twice the size: fewer rewrites of the right edges of the indexes.
    this.#database.exec(`PRAGMA wal_autocheckpoint = ${on ? 2000 : 0}`);
  }

  /** The size of the write-ahead log in bytes. */
  logSize(): number {
    return this.logPath === undefined ? 0 : (statSync(this.logPath, { throwIfNoEntry: false })?.size ?? 0);
  }

  /**
   * Copies the log into the file, save what readers still need; returns whether that was all of it. `FULL` keeps
   * writers of other processes out, unless one is at work: then it copies what is there.
   */
  checkpoint(): boolean {
    const { log, checkpointed } = this.#prepared('PRAGMA wal_checkpoint(FULL)').get() as {
      log: number;
      checkpointed: number;
    };
    this.#sizeCache();
    return log === checkpointed;
  }

  /** Refreshes the planner's statistics for the host's own queries and closes a database that we opened. */
  close(): void {
    if (this.#path === null) return;
    try {
      if (!this.#readOnly) this.#database.exec('PRAGMA analysis_limit = 400; ANALYZE evaluation_results');
    } catch {
      // Statistics are a courtesy: a locked or full database must still close.
    }
    this.#database.close();
  }

  #transaction<Result>(work: () => Result): Result {
    this.#begin.run();
    let result: Result;
    try {
      result = work();
      this.#commit.run();
    } catch (error) {
      this.#cases.forget();
      try {
        this.#rollback.run();
      } catch {
        // SQLite has rolled back by itself (a full disk, an I/O error): the first error is the one to tell.
      }
      throw error;
    }
    // An unlinked file takes writes without an error, and they are gone when it is closed.
    if (this.#inode !== undefined && this.#inodeNow() !== this.#inode) {
      throw new AssayError(
        'ASSAY_STORE_FAILED',
        `The database file ${this.#path} was removed or replaced while it was open`,
      );
    }
    return result;
  }

  /**
   * Gives SQLite memory for the pages of the indexes where rows go: 8 MB in a file of a million results, where 2 MB cost
   * 12 % more CPU a row. In a new file each page would be touched once, and first touches were a tenth of the CPU.
   */
  #sizeCache(): void {
    const { page_count: pages } = this.#prepared('PRAGMA page_count').get() as { page_count: number };
    const kilobytes = Math.min(Math.max(2000, Math.ceil(pages / 4)), 8000);
    this.#database.exec(`PRAGMA cache_size = -${kilobytes}`);
  }

  #prepared(sql: string): SqliteStatement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = prepare(this.#database, sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #inodeNow(): number | undefined {
    if (this.#path === null || this.logPath === undefined) return undefined;
    return statSync(this.#path, { throwIfNoEntry: false })?.ino ?? Number.NaN;
  }
}
