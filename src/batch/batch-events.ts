import type { CaseResult } from '../evaluation/evaluation-types.js';
import type { BaseEventMap } from '../foundation/event-source.js';
import type { BatchSummary, RunManifest } from '../stores/result-store.js';
import type { RunSummary } from './run-summary.js';

/** Events of a BatchProcessor. `at` is wall-clock time in milliseconds since the epoch. */
export interface BatchEvents extends BaseEventMap {
  /** A run begins. */
  'run:start': {
    readonly at: number;
    readonly runId: string;
    readonly manifest: RunManifest;
    /** Cases times repetitions, when the source says how many it has. */
    readonly total: number | null;
    /** Whether it goes on with a run that the store knows. */
    readonly resumed: boolean;
  };
  /** A case is sent to the target. */
  'case:start': {
    readonly at: number;
    readonly runId: string;
    readonly caseId: string;
    readonly repetition: number;
  };
  /** A case has its outcome (it is durable only after `batch:end`). */
  'case:end': { readonly at: number; readonly runId: string; readonly result: CaseResult };
  /** A batch of results is durable. */
  'batch:end': { readonly at: number; readonly runId: string; readonly summary: BatchSummary };
  /** At most every `progressIntervalMs`, and at the end. */
  progress: ProgressEvent;
  /** A budget is used up: no further case is begun. */
  'budget:exhausted': {
    readonly at: number;
    readonly runId: string;
    readonly budget: 'maxCost' | 'maxTokens' | 'maxDurationMs' | 'maxErrorRate';
    readonly limit: number;
    readonly value: number;
  };
  /** The store failed; `safe` results are durable. */
  'store:error': {
    readonly at: number;
    readonly runId: string;
    readonly error: unknown;
    readonly safe: number;
  };
  /** The number of evaluations at once was changed to protect the event loop. */
  'concurrency:change': {
    readonly at: number;
    readonly runId: string;
    readonly from: number;
    readonly to: number;
    readonly reason: 'event-loop-delay' | 'recovered' | 'host';
  };
  /** A run has ended, well or badly. */
  'run:end': {
    readonly at: number;
    readonly runId: string;
    readonly summary: RunSummary;
    readonly error?: unknown;
  };
}

/** How far a run is. */
export interface ProgressEvent {
  readonly at: number;
  readonly runId: string;
  /** Results so far, those of an earlier start (`skipped`) included. */
  readonly done: number;
  /** `null` when the source does not say how many it has. */
  readonly total: number | null;
  readonly scored: number;
  readonly unscored: number;
  readonly errored: number;
  readonly skipped: number;
  readonly inFlight: number;
  /** Results a second over the last seconds. */
  readonly ratePerSecond: number;
  /** Milliseconds to the end at this rate; `null` when unknown. */
  readonly etaMs: number | null;
  /** Mean overall score so far with its interval at the processor's `confidenceLevel`; `null` before the first score. */
  readonly score: { readonly mean: number; readonly low: number | null; readonly high: number | null } | null;
  readonly cost: number | null;
  readonly tokens: number;
}
