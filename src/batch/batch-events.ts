import type { ErrorRecord } from '../errors.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';
import type { BaseEventMap } from '../foundation/event-source.js';
import type { BlindBudget } from './summary/budget-summary.js';
import type { BatchSummary } from '../stores/result-store.js';
import type { RunManifest } from '../stores/run-manifest.js';
import type { LiveScore } from './summary/prefix-score.js';
import type { RunSummary } from './summary/run-summary.js';

/** Events of a BatchProcessor. `at` is wall-clock time in milliseconds since the epoch. */
export interface BatchEvents extends BaseEventMap {
  /** A run begins. */
  'run:start': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** The run that it happened in. */
    readonly runId: string;
    /** What the run is made with; of a resumed run, what its first start has stored. */
    readonly manifest: RunManifest;
    /** Cases times repetitions, when the source says how many it has. */
    readonly total: number | null;
    /** Whether it goes on with a run that the store knows. */
    readonly resumed: boolean;
  };
  /** A case is sent to the target. */
  'case:start': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** The run that it happened in. */
    readonly runId: string;
    /** The case's `id`. */
    readonly caseId: string;
    /** 0-based. */
    readonly repetition: number;
  };
  /** A case has its outcome (it is durable only after `batch:end`). */
  'case:end': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** The run that it happened in. */
    readonly runId: string;
    /** What came of the case. */
    readonly result: CaseResult;
  };
  /** A batch of results is durable, or (in a run without a store) complete. */
  'batch:end': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** The run that it happened in. */
    readonly runId: string;
    /** What the batch came to. */
    readonly summary: BatchSummary;
    /** The results of the batch. */
    readonly results: readonly CaseResult[];
    /** Whether a store has made them durable; `false` in a run without a store. */
    readonly stored: boolean;
  };
  /** The host has paused the run: no further case is begun. */
  'run:pause': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** The run that it happened in. */
    readonly runId: string;
  };
  /** The run goes on after a pause. */
  'run:resume': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** The run that it happened in. */
    readonly runId: string;
  };
  /** The host ends the run: no further case is begun. */
  'run:drain': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** The run that it happened in. */
    readonly runId: string;
    /** Cases that are in flight and will be finished. */
    readonly inFlight: number;
    /** When they are cancelled, milliseconds from now; `null`: never. */
    readonly timeoutMs: number | null;
  };
  /** At most every `progressIntervalMs`, every second while no case ends, and at the end. */
  progress: ProgressEvent;
  /** A budget is used up: no further case is begun. */
  'budget:exhausted': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** The run that it happened in. */
    readonly runId: string;
    /** Which limit was reached. */
    readonly budget: 'maxCost' | 'maxTokens' | 'maxDurationMs' | 'maxErrorRate';
    /** The limit, in that budget's unit. */
    readonly limit: number;
    /** What was used when it was noticed, in the same unit. */
    readonly value: number;
    /** Whether `value` holds estimates, because of replies without token counts or models without a price. */
    readonly estimated: boolean;
  };
  /** A budget cannot be kept by what is reported alone. Told once for each limit; the summary's text says it, too. */
  'budget:blind': BlindBudget & {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** The run that it happened in. */
    readonly runId: string;
  };
  /**
   * An attempt failed and is made again: by the processor, or by a client that retries by itself. Told when it happens, long
   * before a case that goes on failing has its outcome. A failure without a further attempt is told by `case:end`.
   */
  'target:retry': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** The run that it happened in. */
    readonly runId: string;
    /** The case's `id`; `null` where a client retries by itself. */
    readonly caseId: string | null;
    /** Id of the endpoint that failed; `null` for a function target or when none is known. */
    readonly endpoint: string | null;
    /** Number of the attempt that failed, from 1. */
    readonly attempt: number;
    /** Wait before the next, milliseconds; waiting for room at an endpoint comes on top. */
    readonly delayMs: number;
    /** Why it failed. */
    readonly error: ErrorRecord;
  };
  /** The store failed; `safe` results are durable. */
  'store:error': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** The run that it happened in. */
    readonly runId: string;
    /** What the store failed with. */
    readonly error: unknown;
    /** Results of this start that the store has made durable so far. */
    readonly safe: number;
  };
  /** The number of evaluations at once was changed to protect the event loop. */
  'concurrency:change': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** The run that it happened in. */
    readonly runId: string;
    /** Limit before; of evaluations at once, or of cases when the host changed it. */
    readonly from: number;
    /** Limit from now on, of the same. */
    readonly to: number;
    /** What made it change: the event loop was late, is well again, or the host asked. */
    readonly reason: 'event-loop-delay' | 'recovered' | 'host';
  };
  /** A run has ended, well or badly. */
  'run:end': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** The run that it happened in. */
    readonly runId: string;
    /** What the run came to. */
    readonly summary: RunSummary;
    /** What `run` rejects with; absent when it resolves. */
    readonly error?: unknown;
  };
}

/** How a run reaches its processor's listeners. */
export interface EventPort {
  /** Whether anybody listens. */
  wants(event: keyof BatchEvents & string): boolean;
  /** Tells the listeners. */
  emit<Name extends keyof BatchEvents & string>(event: Name, payload: BatchEvents[Name]): void;
}

/** How far a run is. */
export interface ProgressEvent {
  /** Wall-clock time, milliseconds since the epoch. */
  readonly at: number;
  /** The run that it happened in. */
  readonly runId: string;
  /** Results so far, those of an earlier start (`skipped`) included. */
  readonly done: number;
  /** `null` when the source does not say how many it has. */
  readonly total: number | null;
  /** Results of this start with an overall score. */
  readonly scored: number;
  /** Results of this start without a score, for a stated reason. */
  readonly unscored: number;
  /** Results of this start whose target or evaluator failed. */
  readonly errored: number;
  /** Finished by an earlier start of the same run, so not done again. */
  readonly skipped: number;
  /** Cases that are begun and have no outcome yet. */
  readonly inFlight: number;
  /** Results a second over the last seconds. */
  readonly ratePerSecond: number;
  /** Milliseconds to the end at this rate; `null` when unknown. */
  readonly etaMs: number | null;
  /**
   * Mean overall score, with its interval at the processor's `confidenceLevel`, of the longest complete prefix of what was
   * submitted: `results` of `done`. Results that finished before an earlier one are not in it, since what finishes first is no
   * sample: where wrong answers take longer, the first to finish are the right ones. The ends are at most 2 % of the
   * results old; at the end of the run they are exact. `null` before the first score.
   */
  readonly score: LiveScore | null;
  /** Money over the whole run so far, in the unit of the host's prices; `null` while no result has a cost. */
  readonly cost: number | null;
  /** Input and output tokens over the whole run so far, without answers from the cache. */
  readonly tokens: number;
}
