import type { AssayError } from '../../errors.js';
import type { BatchSummary } from '../result-store.js';
import {
  excludes,
  isHeld,
  leaseLostError,
  runActiveError,
  type HeldLease,
  type RunLease,
} from '../run-lease.js';
import type { SummaryPage, SummaryRow } from '../summary-pages.js';
import type { RunManifest } from '../run-manifest.js';
import { manifestAtEnd, type RunEnd, type RunRecord, type StoredRunFacts } from '../run-record.js';
import { storableText } from '../storable-text.js';
import { keyText } from './key-text.js';
import type { PostgresRow, PostgresSession } from './postgres-session.js';
import { HAS_NO_SCORE } from '../result-indexes.js';

/** Milliseconds since the epoch by the server's clock: leases must not depend on those of the workers. */
const NOW = 'extract(epoch FROM clock_timestamp())::double precision * 1000';

/** Runs of a page and the time at which they were like that, by the server's clock. */
export interface RunPage {
  readonly runs: readonly StoredRunFacts[];
  readonly now: number;
}

/** What a database knows of runs beside their results: manifests, leases, ends, batch summaries. */
export class PostgresRuns {
  readonly #schema: string;

  /** `schema`: its name, quoted. */
  constructor(schema: string) {
    this.#schema = schema;
  }

  /**
   * Takes a lease, if one is wanted, and keeps the first manifest of a run; gives the one that stands. Within a
   * transaction: starts of the same run wait for each other by its row.
   */
  async begin(
    session: PostgresSession,
    manifest: RunManifest,
    lease: RunLease | undefined,
  ): Promise<RunManifest> {
    const runs = `${this.#schema}.evaluation_runs`;
    const id = keyText(manifest.runId);
    await session.query(
      `INSERT INTO ${runs} (run_id, timestamp, manifest) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
      [id, manifest.startedAt, JSON.stringify(manifest)],
    );
    const [row] = await session.query(
      `SELECT manifest FROM ${runs} WHERE run_id = $1 ${lease === undefined ? '' : 'FOR UPDATE'}`,
      [id],
    );
    if (lease !== undefined) {
      await this.#takeLease(session, lease);
      if (lease.part === '')
        await session.query(`UPDATE ${runs} SET run_end = NULL WHERE run_id = $1 AND run_end IS NOT NULL`, [
          id,
        ]);
    }
    return JSON.parse(row?.[0] as string) as RunManifest;
  }

  /** The manifest of a run, or `undefined`. */
  async manifest(session: PostgresSession, runId: string): Promise<RunManifest | undefined> {
    const [row] = await session.query(
      `SELECT manifest FROM ${this.#schema}.evaluation_runs WHERE run_id = $1`,
      [keyText(runId)],
    );
    return row === undefined ? undefined : (JSON.parse(row[0] as string) as RunManifest);
  }

  /** @throws AssayError `ASSAY_LEASE_LOST`. */
  async renew(session: PostgresSession, lease: RunLease): Promise<void> {
    const renewed = await session.query(
      `UPDATE ${this.#schema}.evaluation_leases SET renewed_at = ${NOW}
       WHERE run_id = $1 AND part = $2 AND lease_id = $3 RETURNING 1`,
      keyOf(lease),
    );
    if (renewed.length === 0) throw await this.lostError(session, [lease]);
  }

  /** Gives a lease back. */
  async release(session: PostgresSession, lease: RunLease): Promise<void> {
    await session.query(
      `DELETE FROM ${this.#schema}.evaluation_leases WHERE run_id = $1 AND part = $2 AND lease_id = $3`,
      keyOf(lease),
    );
  }

  /** The error of the first of these leases that is not held; of the first, when all are again. */
  async lostError(session: PostgresSession, leases: readonly RunLease[]): Promise<AssayError> {
    for (const lease of leases) {
      const { held } = await this.#leases(session, lease.runId);
      if (held.some(({ id, part }) => id === lease.id && part === lease.part)) continue;
      return leaseLostError(
        lease,
        held.find((other) => excludes(other, lease)),
      );
    }
    return leaseLostError(leases[0]!);
  }

  /** Records how a run ended. Within a transaction, in which a lease is kept from being taken over. */
  async finish(session: PostgresSession, end: RunEnd, lease: RunLease | undefined): Promise<void> {
    if (lease !== undefined) {
      const held = await session.query(
        `SELECT 1 FROM ${this.#schema}.evaluation_leases
         WHERE run_id = $1 AND part = $2 AND lease_id = $3 FOR KEY SHARE`,
        keyOf(lease),
      );
      if (held.length === 0) throw await this.lostError(session, [lease]);
    }
    const manifest = await this.manifest(session, end.runId);
    if (manifest === undefined) return;
    await session.query(
      `UPDATE ${this.#schema}.evaluation_runs SET run_end = $2, manifest = $3 WHERE run_id = $1`,
      [keyText(end.runId), JSON.stringify(end), JSON.stringify(manifestAtEnd(manifest, end))],
    );
  }

  /** Runs after the one given, newest first, or the one run that is asked for. */
  async runs(
    session: PostgresSession,
    asked: { readonly runId?: string | undefined; readonly after?: RunManifest | undefined },
    rows: number,
  ): Promise<RunPage> {
    const { runId, after } = asked;
    const where: string[] = [];
    const values: unknown[] = [rows];
    if (runId !== undefined) where.push(`run_id = $${values.push(keyText(runId))}`);
    if (after !== undefined) {
      const at = values.push(after.startedAt);
      where.push(
        `(timestamp < $${at} OR (timestamp = $${at} AND run_id > $${values.push(keyText(after.runId))}))`,
      );
      where.push(`timestamp <= $${at}`); // what an index can seek by
    }
    const found = await session.query(
      `SELECT run_id, manifest, run_end FROM ${this.#schema}.evaluation_runs
       ${where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`} ORDER BY timestamp DESC, run_id LIMIT $1`,
      values,
    );
    const leases = await session.query(
      `SELECT ${NOW}, run_id, lease, taken_at, renewed_at FROM (SELECT 1) AS one
       LEFT JOIN ${this.#schema}.evaluation_leases ON run_id = ANY ($1)`,
      [found.map(([id]) => id)],
    );
    const open = await session.query(
      `SELECT run_id FROM ${this.#schema}.shared_runs AS shared
       WHERE run_id = ANY ($1) AND stop_reason IS NULL AND (input IS NULL OR EXISTS (
         SELECT FROM ${this.#schema}.shared_batches WHERE run_id = shared.run_id AND state = 'open'))`,
      [found.map(([id]) => id)],
    );
    const openIds = new Set(open.map(([id]) => id));
    return {
      runs: found.map(([id, manifest, end]) => ({
        hasOpenBatches: openIds.has(id as string),
        manifest: JSON.parse(manifest as string) as RunManifest,
        end: end === null ? null : (JSON.parse(end as string) as RunEnd),
        leases: leases.filter((row) => row[1] === id).map((row) => heldLease(row.slice(2))),
      })),
      now: Number(leases[0]?.[0]),
    };
  }

  /** Stored results of runs by outcome, in the order asked for: a walk through two indexes. */
  async counts(session: PostgresSession, runIds: readonly string[]): Promise<RunRecord['results'][]> {
    const ids = runIds.map(keyText);
    const results = `${this.#schema}.evaluation_results`;
    const all = await session.query(
      `SELECT run_id, count(*) FROM ${results} WHERE run_id = ANY ($1) GROUP BY run_id`,
      [ids],
    );
    const rest = await session.query(
      `SELECT run_id, outcome, count(*) FROM ${results}
       WHERE run_id = ANY ($1) AND ${HAS_NO_SCORE} GROUP BY run_id, outcome`,
      [ids],
    );
    return ids.map((id) => {
      const counts = { scored: Number(all.find(([of]) => of === id)?.[1] ?? 0), unscored: 0, errored: 0 };
      for (const [, outcome, count] of rest.filter(([of]) => of === id)) {
        counts[outcome as 'unscored' | 'errored'] = Number(count);
        counts.scored -= Number(count);
      }
      return counts;
    });
  }

  /** Stores or replaces a batch summary. */
  async appendSummary(session: PostgresSession, summary: BatchSummary): Promise<void> {
    const columns =
      'run_id, batch_id, timestamp, total_tests, success_count, average_score, execution_time_ms, metadata';
    await session.query(
      `INSERT INTO ${this.#schema}.batch_summaries (${columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
       ON CONFLICT (run_id, batch_id) DO UPDATE SET timestamp = excluded.timestamp,
         total_tests = excluded.total_tests, success_count = excluded.success_count,
         average_score = excluded.average_score, execution_time_ms = excluded.execution_time_ms,
         metadata = excluded.metadata`,
      [
        keyText(summary.runId),
        keyText(summary.batchId),
        summary.at,
        summary.total,
        summary.scored + summary.unscored,
        summary.averageScore,
        summary.durationMs,
        JSON.stringify(summary),
      ],
    );
  }

  /** The batch summaries of a run after the one given, oldest first, with their ids. */
  async summaries(
    session: PostgresSession,
    runId: string,
    { after, rows }: SummaryPage,
  ): Promise<SummaryRow[]> {
    const found = await session.query(
      `SELECT id, metadata FROM ${this.#schema}.batch_summaries
       WHERE run_id = $1 AND (timestamp, id) > ($2, $3) ORDER BY timestamp, id LIMIT $4`,
      [keyText(runId), ...(after ?? [Number.NEGATIVE_INFINITY, 0]), rows],
    );
    return found.map(([id, metadata]) => ({
      id: Number(id),
      summary: JSON.parse(metadata as string) as BatchSummary,
    }));
  }

  async #takeLease(session: PostgresSession, lease: RunLease): Promise<void> {
    const { held, now } = await this.#leases(session, lease.runId);
    const others = held.filter((other) => excludes(other, lease));
    const active = others.find((other) => isHeld(other, now));
    if (active !== undefined) throw runActiveError(active, now);
    // Deleted, not overwritten: a write under an expired lease holds it by KEY SHARE, which only deleting waits for.
    for (const expired of others) await this.release(session, expired);
    await session.query(
      `INSERT INTO ${this.#schema}.evaluation_leases VALUES ($1, $2, $3, ${NOW}, ${NOW}, $4)
       ON CONFLICT (run_id, part) DO UPDATE SET renewed_at = excluded.renewed_at, lease = excluded.lease`,
      [...keyOf(lease), JSON.stringify(lease)],
    );
  }

  async #leases(
    session: PostgresSession,
    runId: string,
  ): Promise<{ readonly held: HeldLease[]; readonly now: number }> {
    const rows = await session.query(
      `SELECT ${NOW}, lease, taken_at, renewed_at FROM (SELECT 1) AS one
       LEFT JOIN ${this.#schema}.evaluation_leases ON run_id = $1`,
      [keyText(runId)],
    );
    const held = rows.filter((row) => row[1] !== null).map((row) => heldLease(row.slice(1)));
    return { held, now: Number(rows[0]?.[0]) };
  }
}

const keyOf = (lease: RunLease): [string, string, string] => [
  keyText(lease.runId),
  keyText(lease.part),
  storableText(lease.id),
];

const heldLease = ([lease, takenAt, renewedAt]: PostgresRow): HeldLease => ({
  ...(JSON.parse(lease as string) as RunLease),
  takenAt: Number(takenAt),
  renewedAt: Number(renewedAt),
});
