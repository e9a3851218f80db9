import type { KeptCase } from './kept-case.js';
import type { ResultStore } from './result-store.js';

/** A case of a batch: its name, and where its content is. Plain JSON data. */
export interface SharedCase {
  /** The case's `id`. */
  readonly id: string;
  /** {@link KeptCase.hash} of its content. */
  readonly hash: string;
  /** Its own model parameters, where it has any. */
  readonly parameters?: object;
}

/** Cases that one worker does together. Plain JSON data. */
export interface SharedBatch {
  /** 0-based, unique within the run. */
  readonly batch: number;
  /** In the order of the input. */
  readonly cases: readonly SharedCase[];
}

/** Where a batch stands. `failed`: no worker could do it; `requeueRun` opens it again. */
export type BatchState = 'open' | 'done' | 'failed';

/** A batch in the list of a run. */
export interface SharedBatchRecord {
  /** Its number, 0-based. */
  readonly batch: number;
  /** Where it stands. */
  readonly state: BatchState;
  /** Its cases. */
  readonly size: number;
  /** How often a worker has begun it without giving it back. */
  readonly starts: number;
  /** Why it failed; `null` when it has not. */
  readonly error: string | null;
}

/** A batch that a worker begins. */
export interface StartedBatch extends SharedBatchRecord {
  /** Why the run does not go on, so that it should not be begun; `null` while it does. */
  readonly stopReason: SharedStop | null;
}

/** Limits that all workers of a run keep together. Plain JSON data. */
export interface SharedLimits {
  /** Cases a second over all workers, > 0. @default no limit */
  readonly requestsPerSecond?: number | undefined;
  /** Cases that may go at once after a pause, >= 1. @default one second's worth, at least 1 */
  readonly burst?: number | undefined;
  /** Tokens a minute over all workers, > 0. @default no limit */
  readonly tokensPerMinute?: number | undefined;
  /** Money over all workers, in the unit of the client's price table, > 0. @default no limit */
  readonly maxCost?: number | undefined;
  /** Input and output tokens over all workers, > 0. @default no limit */
  readonly maxTokens?: number | undefined;
  /** Milliseconds since the run was enqueued, > 0. @default no limit */
  readonly maxDurationMs?: number | undefined;
  /** Share of errored results, 0..1; looked at from 20 results on. @default no limit */
  readonly maxErrorRate?: number | undefined;
}

/** What a run has used. */
export interface SharedSpending {
  /** Money, in the unit of the client's price table; estimates included. */
  readonly cost: number;
  /** Input and output tokens; estimates included. */
  readonly tokens: number;
  /** The estimated part of `cost`. */
  readonly estimatedCost: number;
  /** The estimated part of `tokens`. */
  readonly estimatedTokens: number;
  /** Results that were made, those of cases that had to be repeated included. */
  readonly results: number;
  /** Those that errored. */
  readonly errored: number;
}

/** Why a run does not go on. `end`: all is done. */
export type SharedStop = 'end' | 'cancelled' | 'budget' | 'case-error';

/** A run that many workers do. */
export interface SharedRun {
  /** Names it. */
  readonly runId: string;
  /** When it was opened, milliseconds since the epoch by the store's clock. */
  readonly openedAt: number;
  /** Time by the same clock. */
  readonly now: number;
  /** Cases of a batch. */
  readonly batchSize: number;
  /** What its workers keep together. */
  readonly limits: SharedLimits;
  /** What the whole input came to; `null` until it has come. */
  readonly input: SharedInput | null;
  /** Why it does not go on; `null` while it does. */
  readonly stopReason: SharedStop | null;
  /** Over all workers, as they told last. */
  readonly spending: SharedSpending;
}

/** What the whole input of a run came to. */
export interface SharedInput {
  /** How many batches there are. */
  readonly batches: number;
  /** How many cases there are. */
  readonly cases: number;
  /** Order-free hash of all cases. */
  readonly fingerprint: string;
}

/** What one worker tells of its spending, and what it asks for. All numbers are totals since it began with the run. */
export interface SpendingReport {
  /** Names the worker; no other has the same. */
  readonly worker: string;
  /** What it has used. */
  readonly spent: SharedSpending;
  /** Up to where it wants to spend, what it has spent included: money. */
  readonly wantedCost: number;
  /** Same for tokens. */
  readonly wantedTokens: number;
}

/** The answer to a {@link SpendingReport}. */
export interface SpendingGrant {
  /** Up to where the worker may spend: money, at most `wantedCost`. */
  readonly cost: number;
  /** Same for tokens. */
  readonly tokens: number;
  /** What all workers have used, as they told last. */
  readonly spending: SharedSpending;
  /** Why the run does not go on; `null` while it does. */
  readonly stopReason: SharedStop | null;
  /** How long ago the run was opened, milliseconds by the store's clock. */
  readonly ageMs: number;
}

/** What turns are asked for. */
export interface TurnRequest {
  /** Cases that want to begin; a negative number gives turns back. */
  readonly turns: number;
  /** Tokens that they will use, corrected by what was charged wrongly before; may be negative. */
  readonly tokens: number;
}

/** When the turns may be used: the k-th (from 0) after `max(0, firstMs + k · spacingMs, tokensMs)` milliseconds from now. */
export interface TurnGrant {
  /** Of the first; negative when there is room for more than one at once. */
  readonly firstMs: number;
  /** Between two of them. */
  readonly spacingMs: number;
  /** When the tokens will be there, >= 0. */
  readonly tokensMs: number;
}

/** A case of a batch with what it says. */
export interface SharedCaseText extends SharedCase {
  /** Its content as JSON ({@link KeptCase.text}); `undefined` when the store no longer has it. */
  readonly text: string | undefined;
}

/**
 * What a store keeps so that many workers can do a run: its batches, how far each is, and what the run has used. Each
 * method gives the same when it is done twice (turns apart, where the second takes more), so that it can be tried again
 * after a lost connection. Methods reject with `ASSAY_CLOSED` after the store was closed.
 */
export interface RunWork {
  /** Opens a run; one that is known stays as it is. Resolves to the one that stands. */
  open(run: Pick<SharedRun, 'runId' | 'batchSize' | 'limits'>): Promise<SharedRun>;
  /**
   * Adds batches and the cases that they refer to; those that are there already are left as they are.
   *
   * @throws AssayError `ASSAY_MANIFEST_MISMATCH` when one of them is there with other cases.
   */
  add(runId: string, batches: readonly SharedBatch[], cases: readonly KeptCase[]): Promise<void>;
  /**
   * Says that all batches are there.
   *
   * @throws AssayError `ASSAY_MANIFEST_MISMATCH` when they were, and came to something else.
   */
  complete(runId: string, input: SharedInput): Promise<void>;
  /** A run, or `undefined`. */
  find(runId: string): Promise<SharedRun | undefined>;
  /** How many batches of a run stand where. */
  counts(runId: string): Promise<Readonly<Record<BatchState, number>>>;
  /** Streams the batches of a run by number, those in one state or all. */
  batches(runId: string, state?: BatchState): AsyncIterable<SharedBatchRecord>;
  /**
   * Counts that a worker begins a batch; the same `startId` counts once. A batch that is done is left as it is.
   * `undefined` for one that is not there.
   */
  start(runId: string, batch: number, startId: string): Promise<StartedBatch | undefined>;
  /** Gives a batch back that was begun, so that this start does not count. */
  giveBack(runId: string, batch: number, startId: string): Promise<void>;
  /** The cases of a batch with their contents, in the same order. */
  cases(runId: string, batch: number): Promise<readonly SharedCaseText[]>;
  /** Records where a batch stands; one that is done stays so. Resolves to whether no batch of the run is open. */
  settle(
    runId: string,
    batch: number,
    options: { readonly state: BatchState; readonly error?: string | undefined },
  ): Promise<boolean>;
  /** Opens the batches of a run again that failed, forgets all starts, and lets a stopped run go on. */
  reopen(runId: string): Promise<void>;
  /** Says that a run does not go on; the first reason stands, save that `end` replaces any. */
  stop(runId: string, reason: SharedStop): Promise<void>;
  /** Takes turns out of the buckets that all workers share, in advance if need be. */
  takeTurns(runId: string, request: TurnRequest): Promise<TurnGrant>;
  /** Tells what a worker has spent and asks how far it may go. */
  spend(runId: string, report: SpendingReport): Promise<SpendingGrant>;
}

/** A store that many workers can share runs through. */
export interface SharedResultStore extends ResultStore {
  /** What it keeps of shared runs. */
  readonly work: RunWork;
}
