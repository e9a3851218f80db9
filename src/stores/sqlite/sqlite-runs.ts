import type { BatchSummary } from '../result-store.js';
import type { RunManifest } from '../run-manifest.js';
import {
  excludes,
  isHeld,
  leaseLostError,
  runActiveError,
  seenAt,
  type HeldLease,
  type Moment,
  type RunLease,
} from '../run-lease.js';
import type { SummaryPage, SummaryRow } from '../summary-pages.js';
import { manifestAtEnd, type RunEnd, type RunRecord, type StoredRunFacts } from '../run-record.js';
import { storableText } from '../storable-text.js';
import type { SqliteStatement, SqliteValue } from './sqlite-driver.js';
import { HAS_NO_SCORE, RESULT_INDEXES } from '../result-indexes.js';

interface LeaseRow {
  readonly lease: string;
  readonly taken_at: number;
  readonly renewed_at: number;
}

interface RunRow {
  readonly manifest: string;
  readonly run_end: string | null;
}

/** What a database knows of runs beside their results: manifests, leases, ends, batch summaries. No transactions of its own. */
export class SqliteRuns {
  readonly #prepared: (sql: string) => SqliteStatement;

  /** `prepared` gives the statement of a text, prepared once. */
  constructor(prepared: (sql: string) => SqliteStatement) {
    this.#prepared = prepared;
  }

  /** Takes a lease, if one is wanted, and keeps the first manifest of a run. */
  begin(manifest: RunManifest, lease: RunLease | undefined, now: Moment): void {
    if (lease !== undefined) this.#takeLease(lease, now);
    this.#prepared(
      'INSERT INTO evaluation_runs (run_id, timestamp, manifest) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    ).run(storableText(manifest.runId), manifest.startedAt, JSON.stringify(manifest));
    if (lease?.part === '')
      this.#prepared('UPDATE evaluation_runs SET run_end = NULL WHERE run_id = ?').run(
        storableText(manifest.runId),
      );
  }

  /** The manifest of a run, or `undefined`. */
  manifest(runId: string): RunManifest | undefined {
    const row = this.#prepared('SELECT manifest FROM evaluation_runs WHERE run_id = ?').get(
      storableText(runId),
    ) as { manifest: string } | undefined;
    return row === undefined ? undefined : (JSON.parse(row.manifest) as RunManifest);
  }

  /** @throws AssayError `ASSAY_LEASE_LOST` when the lease is no longer held. */
  checkLease(lease: RunLease): void {
    const row = this.#prepared('SELECT lease_id FROM evaluation_leases WHERE run_id = ? AND part = ?').get(
      storableText(lease.runId),
      storableText(lease.part),
    ) as { lease_id: string } | undefined;
    if (row?.lease_id === lease.id) return;
    throw leaseLostError(
      lease,
      this.leases(lease.runId).find((other) => excludes(other, lease)),
    );
  }

  /** @throws AssayError `ASSAY_LEASE_LOST`. */
  renew(lease: RunLease, now: Moment): void {
    this.checkLease(lease);
    this.#prepared(
      `UPDATE evaluation_leases SET renewed_at = ?, lease = json_set(lease, '$.machine.renewedAt', json(?))
       WHERE run_id = ? AND part = ?`,
    ).run(now.wallTime, JSON.stringify(now.machine), storableText(lease.runId), storableText(lease.part));
  }

  /** Gives a lease back. */
  release(lease: RunLease): void {
    this.#prepared('DELETE FROM evaluation_leases WHERE run_id = ? AND part = ? AND lease_id = ?').run(
      storableText(lease.runId),
      storableText(lease.part),
      lease.id,
    );
  }

  /** Records how a run ended. */
  finish(end: RunEnd): void {
    const manifest = this.manifest(end.runId);
    if (manifest === undefined) return;
    this.#prepared('UPDATE evaluation_runs SET run_end = ?, manifest = ? WHERE run_id = ?').run(
      JSON.stringify(end),
      JSON.stringify(manifestAtEnd(manifest, end)),
      storableText(end.runId),
    );
  }

  /** Runs after the one given, newest first. */
  runs(after: readonly [startedAt: number, runId: string] | undefined, rows: number): StoredRunFacts[] {
    const select = 'SELECT manifest, run_end FROM evaluation_runs';
    const order = 'ORDER BY timestamp DESC, run_id LIMIT ?';
    const found = (
      after === undefined
        ? this.#prepared(`${select} ${order}`).all(rows)
        : this.#prepared(`${select} WHERE timestamp <= ? AND (timestamp < ? OR run_id > ?) ${order}`).all(
            after[0],
            after[0],
            storableText(after[1]),
            rows,
          )
    ) as RunRow[];
    return found.map((row) => this.#factsOf(row));
  }

  /** A run, or `undefined`. */
  run(runId: string): StoredRunFacts | undefined {
    const row = this.#prepared('SELECT manifest, run_end FROM evaluation_runs WHERE run_id = ?').get(
      storableText(runId),
    ) as RunRow | undefined;
    return row === undefined ? undefined : this.#factsOf(row);
  }

  /** Stored results of a run by outcome: a walk through two indexes. */
  counts(runId: string): RunRecord['results'] {
    const id = storableText(runId);
    const all = this.#prepared(
      `SELECT count(*) AS n FROM evaluation_results INDEXED BY ${RESULT_INDEXES.run} WHERE run_id = ?`,
    ).get(id) as { n: number };
    const rest = this.#prepared(
      `SELECT outcome, count(*) AS n FROM evaluation_results INDEXED BY ${RESULT_INDEXES.failed}
       WHERE run_id = ? AND ${HAS_NO_SCORE} GROUP BY outcome`,
    ).all(id) as { outcome: 'unscored' | 'errored'; n: number }[];
    const counts = { scored: all.n, unscored: 0, errored: 0 };
    for (const { outcome, n } of rest) {
      counts[outcome] = n;
      counts.scored -= n;
    }
    return counts;
  }

  /** The leases of a run. */
  leases(runId: string): HeldLease[] {
    const rows = this.#prepared(
      'SELECT lease, taken_at, renewed_at FROM evaluation_leases WHERE run_id = ?',
    ).all(storableText(runId)) as LeaseRow[];
    return rows.map((row) => ({
      ...(JSON.parse(row.lease) as RunLease & Pick<HeldLease, 'machine'>),
      takenAt: row.taken_at,
      renewedAt: row.renewed_at,
    }));
  }

  /** Stores or replaces a batch summary. */
  appendSummary(summary: BatchSummary): void {
    this.#prepared(
      `INSERT INTO batch_summaries (run_id, batch_id, timestamp, total_tests, success_count, average_score,
         execution_time_ms, metadata) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (run_id, batch_id) DO UPDATE SET timestamp = excluded.timestamp,
         total_tests = excluded.total_tests, success_count = excluded.success_count,
         average_score = excluded.average_score, execution_time_ms = excluded.execution_time_ms,
         metadata = excluded.metadata`,
    ).run(
      storableText(summary.runId),
      storableText(summary.batchId),
      summary.at,
      summary.total,
      summary.scored + summary.unscored,
      summary.averageScore,
      summary.durationMs,
      JSON.stringify(summary),
    );
  }

  /** A page of the batch summaries of a run, oldest first, with their ids. */
  summaries(runId: string, { after, rows }: SummaryPage): SummaryRow[] {
    const parameters: SqliteValue[] = [storableText(runId), ...(after ?? [Number.MIN_SAFE_INTEGER, 0]), rows];
    const found = this.#prepared(
      `SELECT id, metadata FROM batch_summaries WHERE run_id = ? AND (timestamp, id) > (?, ?)
       ORDER BY timestamp, id LIMIT ?`,
    ).all(...parameters) as { id: number; metadata: string }[];
    return found.map(({ id, metadata }) => ({ id, summary: JSON.parse(metadata) as BatchSummary }));
  }

  #takeLease(lease: RunLease, now: Moment): void {
    const held = this.leases(lease.runId).map((each) => seenAt(each, now));
    const others = held.filter((each) => excludes(each, lease));
    const active = others.find((each) => isHeld(each, now.wallTime));
    if (active !== undefined) throw runActiveError(active, now.wallTime);
    for (const expired of others) this.release(expired);
    if (held.some(({ id, part }) => id === lease.id && part === lease.part)) {
      this.renew(lease, now);
      return;
    }
    const machine = { takenAt: now.machine, renewedAt: now.machine };
    this.#prepared('INSERT INTO evaluation_leases VALUES (?, ?, ?, ?, ?, ?)').run(
      storableText(lease.runId),
      storableText(lease.part),
      lease.id,
      now.wallTime,
      now.wallTime,
      JSON.stringify({ ...lease, machine }),
    );
  }

  #factsOf({ manifest, run_end: end }: RunRow): StoredRunFacts {
    const parsed = JSON.parse(manifest) as RunManifest;
    return {
      manifest: parsed,
      end: end === null ? null : (JSON.parse(end) as RunEnd),
      leases: this.leases(parsed.runId),
    };
  }
}
