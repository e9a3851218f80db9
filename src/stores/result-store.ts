import type { WorkerFallback } from '../foundation/worker-fallback.js';
import type { BaseEventMap } from '../foundation/event-source.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';

/** What a run was made with. A resumed run must have the same, or it is refused. Plain JSON data. */
export interface RunManifest {
  /** Names the run; results and summaries carry it. */
  readonly runId: string;
  /** Name of the evaluator. */
  readonly evaluator: string;
  /** Version of the evaluator. */
  readonly evaluatorVersion: string;
  /** Hash of everything that the evaluator's scores depend on. */
  readonly configurationHash: string;
  /** Convention and version of each dimension's scorer. */
  readonly conventions: Readonly<Record<string, string>>;
  /** What was asked: endpoints' models and parameters, or the name of a function. Never keys or prompts. */
  readonly target: Readonly<Record<string, unknown>>;
  /** How often each case is asked, >= 1. */
  readonly repetitions: number;
  /** Wall-clock time of the first start, milliseconds since the epoch. */
  readonly startedAt: number;
  /** Version of this package. */
  readonly packageVersion: string;
  /** The host's own labels. */
  readonly labels?: Readonly<Record<string, string>>;
}

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
  /** Only results with this outcome. */
  readonly outcome?: CaseResult['outcome'] | undefined;
  /** Started at or after, milliseconds since the epoch. */
  readonly from?: number | undefined;
  /** Started before, milliseconds since the epoch. */
  readonly to?: number | undefined;
  /** By start time, then case id and repetition. Default `oldest-first`. */
  readonly order?: 'oldest-first' | 'newest-first' | undefined;
  /** At most this many results, >= 0. Default: all. */
  readonly limit?: number | undefined;
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
 * - `query` streams; results come back deeply equal to what was appended. One that is replaced while a query is read
 *   comes at most once.
 * - After `close` every method rejects with `ASSAY_CLOSED`; closing twice is harmless.
 */
export interface ResultStore {
  /** Records the manifest of a run; keeps the first one when the run is known. Resolves to the one that stands. */
  begin(manifest: RunManifest): Promise<RunManifest>;
  /** The manifest of a run, or `undefined`. */
  manifest(runId: string): Promise<RunManifest | undefined>;
  /** Stores results; resolves when they are durable. */
  append(results: readonly CaseResult[]): Promise<void>;
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
  query(query?: ResultQuery): AsyncIterable<CaseResult>;
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
