import type { WorkerFallback } from '../foundation/worker-fallback.js';
import type { BaseEventMap } from '../foundation/event-source.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';
import type { RunLease } from './run-lease.js';
import type { RunManifest } from './run-manifest.js';
import type { RunEnd, RunQuery, RunRecord } from './run-record.js';
import type { CaseContent, KeptCase } from './kept-case.js';

/** Identity of a result within a run. */
export interface ResultKey {
  /** The case's `id`. */
  readonly caseId: string;
  /** 0-based. */
  readonly repetition: number;
}

/** What a batch of results came to. */
export interface BatchSummary {
  /** The run that the batch belongs to. */
  readonly runId: string;
  /** Unique within the run. */
  readonly batchId: string;
  /** Wall-clock end, milliseconds since the epoch. */
  readonly at: number;
  /** Results in the batch: `scored + unscored + errored`. */
  readonly total: number;
  /** Results with an overall score. */
  readonly scored: number;
  /** Results without a score, for a stated reason. */
  readonly unscored: number;
  /** Results whose target or evaluator failed. */
  readonly errored: number;
  /** Mean overall score of the scored ones; `null` when there are none. */
  readonly averageScore: number | null;
  /** From the first start to the last end within the batch, milliseconds. */
  readonly durationMs: number;
}

/** Filters of {@link ResultStore.query}; all that are given must hold. */
export interface ResultQuery {
  /** Only results of this run. */
  readonly runId?: string | undefined;
  /** Only results whose `model` is exactly this. */
  readonly model?: string | undefined;
  /** Case ids that begin with this text, taken literally (`%` and `_` are no wildcards). */
  readonly idPrefix?: string | undefined;
  /** Overall score at least this; `0` leaves out only results without a score. */
  readonly minScore?: number | undefined;
  /** Overall score at most this; results without a score are left out. */
  readonly maxScore?: number | undefined;
  /**
   * Whether the overall score counts as passed: as the evaluation says, else (it has no threshold) a score of 1.
   * Results without a score are in neither.
   */
  readonly passed?: boolean | undefined;
  /** Only results whose `group` is exactly this. */
  readonly group?: string | undefined;
  /** Only results in which a dimension has a score, within the bounds. */
  readonly dimension?:
    | {
        /** Name of the dimension. */
        readonly name: string;
        /** Its score at least this. */
        readonly minScore?: number | undefined;
        /** Its score at most this. */
        readonly maxScore?: number | undefined;
      }
    | undefined;
  /** Only results with this outcome. */
  readonly outcome?: CaseResult['outcome'] | undefined;
  /** Only errored results with this code. */
  readonly errorCode?: string | undefined;
  /** Started at or after, milliseconds since the epoch. */
  readonly from?: number | undefined;
  /** Started before, milliseconds since the epoch. */
  readonly to?: number | undefined;
  /**
   * `oldest-first`, `newest-first`: by start time, then case id and repetition. `lowest-first`, `highest-first`: by
   * overall score, equal ones by time in the same direction; results without a score come last, oldest first.
   * @default 'oldest-first'
   */
  readonly order?: 'oldest-first' | 'newest-first' | 'lowest-first' | 'highest-first' | undefined;
  /** At most this many results, >= 0. @default all */
  readonly limit?: number | undefined;
  /** Gives each result its case as `testCase`, where the case was kept. @default false */
  readonly withCase?: boolean | undefined;
}

/** A result as a query gives it. */
export type QueriedResult = CaseResult & {
  /** The case, when the query asked for it (`withCase`) and it was kept. */
  readonly testCase?: CaseContent;
};

/** What goes with an append. */
export interface AppendOptions {
  /** The right to write the run; the append rejects with `ASSAY_LEASE_LOST` when it is no longer held. */
  readonly lease?: RunLease | undefined;
  /** Cases that the results refer to by `caseHash`; one that is stored already is left as it is. */
  readonly cases?: readonly KeptCase[] | undefined;
}

/** Events of a store. */
export interface ResultStoreEvents extends BaseEventMap {
  /** Results were made durable. */
  'store:flush': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** Results that were handed to the store, those that a better one kept out included. */
    readonly results: number;
    /** Size of what was written, bytes, in the store's own form. */
    readonly bytes: number;
    /** Time that the write took, milliseconds. */
    readonly durationMs: number;
  };
  /** A write failed; nothing of it was acknowledged. */
  'store:error': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** What the write failed with. */
    readonly error: unknown;
  };
  /** A thread of the store could not be started: its work is done without it. At most once. */
  'worker:fallback': WorkerFallback;
  /** Opening found damage and repaired what could be repaired. */
  'store:recovered': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** Path of the damaged file. */
    readonly file: string;
    /** Results of the file that are whole. */
    readonly keptResults: number;
    /** Size of the damaged part, bytes. */
    readonly cutBytes: number;
    /** What the damage is, for people. */
    readonly reason: string;
  };
}

/**
 * Where results live. Contract (run by `testResultStore` of `assaykit/testing`):
 *
 * - The key is (runId, caseId, repetition). Appending a key again replaces the stored result, except that a
 *   scored result is never replaced by an unscored or errored one and an unscored one never by an errored one.
 * - `append` resolves when all its results are durable; when it rejects, none of them counts as stored.
 * - A run has one writer: `begin` with a lease rejects with `ASSAY_RUN_ACTIVE` while the lease of another start holds.
 *   A lease that is neither renewed in time nor given back is taken over by the next `begin`, at once when its process is
 *   known to be dead; from then on what is written under it rejects with `ASSAY_LEASE_LOST`.
 * - `query` streams; results come back deeply equal to what was appended. One that is replaced while a query is read
 *   comes at most once.
 * - Cases are kept once for each content, whatever runs refer to them.
 * - After `close` every method rejects with `ASSAY_CLOSED`; closing twice is harmless.
 */
export interface ResultStore {
  /**
   * Records the manifest of a run; keeps the first one when the run is known. Resolves to the one that stands. With
   * `lease` it takes the right to write the run, and forgets how an earlier start of it has ended.
   *
   * @throws AssayError `ASSAY_RUN_ACTIVE` while another start writes the run; nothing is changed then.
   */
  begin(
    manifest: RunManifest,
    options?: {
      /** The right to write, asked for. Asking again for one that is held renews it. */
      readonly lease?: RunLease | undefined;
    },
  ): Promise<RunManifest>;
  /** Renews a lease. @throws AssayError `ASSAY_LEASE_LOST` when another start has taken it over. */
  renew(lease: RunLease): Promise<void>;
  /** Gives a lease back; harmless when it is no longer held. */
  release(lease: RunLease): Promise<void>;
  /** Records how a run has ended, in the place of an earlier end. With `lease` as {@link ResultStore.append}. */
  finish(end: RunEnd, options?: Pick<AppendOptions, 'lease'>): Promise<void>;
  /** The manifest of a run, or `undefined`. */
  manifest(runId: string): Promise<RunManifest | undefined>;
  /** Streams the runs that were begun, newest first. */
  runs(query?: RunQuery): AsyncIterable<RunRecord>;
  /** Stores results; resolves when they, and the cases that came with them, are durable. */
  append(results: readonly CaseResult[], options?: AppendOptions): Promise<void>;
  /** Stores the summary of a batch; the same (runId, batchId) replaces. */
  appendBatchSummary(summary: BatchSummary): Promise<void>;
  /**
   * For each key the outcome that is stored, or `undefined`: which of these need no work any more. Keys are
   * asked for in portions of a few hundred.
   */
  finishedKeys(
    runId: string,
    keys: readonly ResultKey[],
  ): Promise<readonly (CaseResult['outcome'] | undefined)[]>;
  /** Streams results. */
  query(query?: ResultQuery): AsyncIterable<QueriedResult>;
  /** Streams the batch summaries of a run, oldest first. */
  summaries(runId: string): AsyncIterable<BatchSummary>;
  /** Finishes what was begun and frees files, threads and locks. */
  close(): Promise<void>;
}

/** Outcomes by worth: a stored result is only replaced by one of at least its rank. */
export const OUTCOME_RANK: Readonly<Record<CaseResult['outcome'], number>> = {
  errored: 0,
  unscored: 1,
  scored: 2,
};
