import type { AssayError } from '../../errors.js';
import type { CaseResult } from '../../evaluation/evaluation-types.js';
import { systemClock, type Clock } from '../../foundation/clock.js';
import { AppendQueue } from '../append-queue.js';
import { DurableStore } from '../durable-store.js';
import { readCase } from '../kept-case.js';
import { checkQuery } from '../result-query.js';
import { readRow } from '../result-row.js';
import type { AppendOptions, BatchSummary, QueriedResult, ResultKey, ResultQuery } from '../result-store.js';
import type { RunWork, SharedResultStore } from '../run-work.js';
import { RowIds } from '../row-ids.js';
import type { RunLease } from '../run-lease.js';
import { pagedSummaries } from '../summary-pages.js';
import type { RunManifest } from '../run-manifest.js';
import {
  checkRunQuery,
  matchesRunQuery,
  runRecordOf,
  type RunEnd,
  type RunQuery,
  type RunRecord,
} from '../run-record.js';
import { keyText } from './key-text.js';
import type { PostgresAddress } from './postgres-address.js';
import { prepareAppends, storeAppends, type PostgresAppend, type PreparedAppend } from './postgres-append.js';
import { PostgresCursor } from './postgres-cursor.js';
import { PostgresDatabase } from './postgres-database.js';
import type { PostgresPool } from './postgres-driver.js';
import { resolvePostgresOptions, type PostgresResultStoreOptions } from './postgres-options.js';
import { inexactPrefix } from './postgres-query.js';
import { PostgresRuns } from './postgres-runs.js';
import { PostgresRunWork } from './postgres-run-work.js';
import type { PostgresSession } from './postgres-session.js';

/** A page of a query aims at no more text than this, so that memory is flat whatever the size of a response. */
const PAGE_SIZE = 1_000_000;
/** With 64 the resident set grew by 9 MB more: what lives through a collection makes the heap grow. */
const MOST_PAGE_ROWS = 16;
const RUN_PAGE_ROWS = 64;

/**
 * A store of results in a schema of a PostgreSQL database, for teams that outgrow one machine: any number of processes
 * on any number of machines write to it and read from it. The tables are made at the first call, whoever comes first.
 *
 * Appends that come within one turn of the event loop share a statement. While the server cannot be reached (a crash, a
 * restart, a failover) every call waits and tries again, for `retryTimeoutMs`. A failed write rejects its appends and is
 * told by `store:error`. Leases go by the server's clock.
 *
 * @example
 * const store = new PostgresResultStore('postgres://eval@db.internal/evaluations', { tls: true });
 * for await (const result of store.query({ runId: 'nightly-42', minScore: 0.5 })) console.log(result.caseId);
 * await store.close();
 */
export class PostgresResultStore extends DurableStore implements SharedResultStore {
  /** What it keeps of runs that many workers share (`assaykit/bullmq`). */
  readonly work: RunWork;
  readonly #database: PostgresDatabase;
  readonly #runs: PostgresRuns;
  readonly #queue: AppendQueue<PostgresAppend, PreparedAppend>;
  readonly #clock: Clock;
  readonly #calls = new Set<Promise<unknown>>(); // under way, save appends

  /**
   * `database` is the address of a database, or a pool of pg that the host has made, which keeps its settings and is not
   * closed. Nothing is taken from the environment: neither `PG…` variables nor a password file.
   *
   * @throws AssayError `ASSAY_INVALID_OPTION`.
   */
  constructor(database: string | PostgresAddress | PostgresPool, options: PostgresResultStoreOptions = {}) {
    super('PostgresResultStore', options?.clock ?? systemClock);
    const resolved = resolvePostgresOptions(database, options);
    this.#clock = resolved.database.clock;
    this.#database = new PostgresDatabase(resolved.database);
    this.#runs = new PostgresRuns(this.#database.schema);
    this.work = new PostgresRunWork(this.#database, () => this.checkOpen());
    this.#queue = new AppendQueue({
      groupSize: resolved.groupSize,
      prepare: async (appends) => prepareAppends(appends),
      store: (appends, prepared) => this.#store(appends, prepared),
      onError: (error) => this.reportError(error),
    });
  }

  async begin(
    manifest: RunManifest,
    { lease }: { readonly lease?: RunLease | undefined } = {},
  ): Promise<RunManifest> {
    return this.#write((session) => this.#runs.begin(session, manifest, lease));
  }

  async renew(lease: RunLease): Promise<void> {
    await this.#writeOnce((session) => this.#runs.renew(session, lease));
  }

  async release(lease: RunLease): Promise<void> {
    await this.#writeOnce((session) => this.#runs.release(session, lease));
  }

  async finish(end: RunEnd, { lease }: Pick<AppendOptions, 'lease'> = {}): Promise<void> {
    await this.#write((session) => this.#runs.finish(session, end, lease));
  }

  async manifest(runId: string): Promise<RunManifest | undefined> {
    return this.#read((session) => this.#runs.manifest(session, runId));
  }

  async *runs(query: RunQuery = {}): AsyncGenerator<RunRecord, void, undefined> {
    const asked = checkRunQuery(query);
    let left = asked.limit ?? Number.POSITIVE_INFINITY;
    let after: RunManifest | undefined;
    while (left > 0) {
      const { runs, now } = await this.#read((session) =>
        this.#runs.runs(session, { runId: asked.runId, after }, RUN_PAGE_ROWS),
      );
      const found = runs.filter((run) => matchesRunQuery(run, asked, now)).slice(0, left);
      const ids = found.map(({ manifest }) => manifest.runId);
      const counts = await this.#read((session) => this.#runs.counts(session, ids));
      for (const [i, run] of found.entries()) {
        this.checkOpen();
        yield runRecordOf(run, { results: counts[i]!, now });
      }
      left -= found.length;
      after = runs.at(-1)?.manifest;
      if (runs.length < RUN_PAGE_ROWS) return;
    }
  }

  async append(results: readonly CaseResult[], { lease, cases = [] }: AppendOptions = {}): Promise<void> {
    this.checkOpen();
    if (results.length === 0 && cases.length === 0) return;
    await this.#queue.add({ results, cases, lease }, results.length);
  }

  async appendBatchSummary(summary: BatchSummary): Promise<void> {
    await this.#writeOnce((session) => this.#runs.appendSummary(session, summary));
  }

  async finishedKeys(
    runId: string,
    keys: readonly ResultKey[],
  ): Promise<(CaseResult['outcome'] | undefined)[]> {
    const found = await this.#read((session) =>
      session.query(
        `SELECT place, outcome FROM unnest($2::text[], $3::integer[]) WITH ORDINALITY AS asked (test_id, repetition, place)
         JOIN ${this.#database.schema}.evaluation_results USING (test_id, repetition) WHERE run_id = $1`,
        [keyText(runId), keys.map(({ caseId }) => keyText(caseId)), keys.map(({ repetition }) => repetition)],
      ),
    );
    const outcomes: (CaseResult['outcome'] | undefined)[] = keys.map(() => undefined);
    for (const [place, outcome] of found) outcomes[Number(place) - 1] = outcome as CaseResult['outcome'];
    return outcomes;
  }

  async *query(query: ResultQuery = {}): AsyncGenerator<QueriedResult, void, undefined> {
    this.checkOpen();
    const asked = checkQuery(query);
    const prefix = inexactPrefix(asked);
    const cursor = new PostgresCursor(this.#database, {
      query: asked,
      limit: prefix === undefined ? asked.limit : undefined,
    });
    let left = asked.limit ?? Number.POSITIVE_INFINITY;
    const met = new RowIds();
    let rows = MOST_PAGE_ROWS;
    try {
      while (left > 0) {
        this.checkOpen();
        const page = await this.#underWay(cursor.next(rows));
        if (page.length === 0) return;
        let size = 0;
        for (const row of page) {
          this.checkOpen();
          size += row.details.length + (row.model_response?.length ?? 0) + (row.content?.length ?? 0);
          if (!met.add(row.id)) continue; // replaced meanwhile by one that started later
          const result = readRow(row);
          if (prefix !== undefined && !result.caseId.startsWith(prefix)) continue;
          yield row.content === null ? result : { ...result, testCase: readCase(row.content) };
          left -= 1;
          if (left <= 0) return;
        }
        if (size * 2 <= PAGE_SIZE) rows = Math.min(rows * 2, MOST_PAGE_ROWS);
        else if (size > PAGE_SIZE) rows = Math.max(1, rows >> 1);
      }
    } finally {
      await cursor.suspend();
    }
  }

  summaries(runId: string): AsyncGenerator<BatchSummary, void, undefined> {
    return pagedSummaries((page) => this.#read((session) => this.#runs.summaries(session, runId, page)));
  }

  /** A pool of the host stays open. */
  protected override async finishAndFree(): Promise<void> {
    await this.#queue.idle();
    await Promise.allSettled(this.#calls);
    await this.#database.close();
  }

  async #store(appends: readonly PostgresAppend[], prepared: PreparedAppend): Promise<void> {
    const started = this.#clock.now();
    await this.#database.use('Storing results', async (session) => {
      const held = await storeAppends(session, this.#database.schema, prepared);
      if (!held) throw await this.#runs.lostError(session, prepared.leases);
    });
    const results = appends.reduce((sum, each) => sum + each.results.length, 0);
    this.reportFlush(started, results, prepared.size);
  }

  /** Writes by several statements. */
  async #write<Result>(work: (session: PostgresSession) => Promise<Result>): Promise<Result> {
    return this.#written(() => this.#database.transaction('Writing', work));
  }

  /** Writes by one statement, which is a transaction of its own: two round trips fewer. */
  async #writeOnce(work: (session: PostgresSession) => Promise<void>): Promise<void> {
    return this.#written(() => this.#database.use('Writing', work));
  }

  async #written<Result>(write: () => Promise<Result>): Promise<Result> {
    this.checkOpen();
    try {
      return await this.#underWay(write());
    } catch (error) {
      if ((error as AssayError).code !== 'ASSAY_RUN_ACTIVE') this.reportError(error);
      throw error;
    }
  }

  async #read<Result>(work: (session: PostgresSession) => Promise<Result>): Promise<Result> {
    this.checkOpen();
    return this.#underWay(this.#database.use('Reading', work));
  }

  async #underWay<Result>(call: Promise<Result>): Promise<Result> {
    this.#calls.add(call);
    try {
      return await call;
    } finally {
      this.#calls.delete(call);
    }
  }
}
