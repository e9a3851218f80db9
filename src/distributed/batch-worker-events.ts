import type { BatchEvents } from '../batch/batch-events.js';

/** How a worker left a batch. */
export type BatchOutcome =
  /** All its cases have a result. */
  | 'done'
  /** It has died so often that its unfinished cases were recorded as errored. */
  | 'exhausted'
  /** Back in the queue: the worker was drained, or somebody else writes the batch. */
  | 'given-back'
  /** The run was cancelled, or its budget is used up. */
  | 'stopped'
  /** This worker has another evaluator, conventions or target than the run; offered to others. */
  | 'refused'
  /** It failed; offered again, or after the last time recorded as failed. */
  | 'failed';

/**
 * Events of a {@link BatchWorker}: those of its cases, as a `BatchProcessor` tells them, and those of its batches. `at` is
 * wall-clock time in milliseconds since the epoch.
 */
export interface BatchWorkerEvents extends Omit<
  BatchEvents,
  | 'run:start'
  | 'run:end'
  | 'run:pause'
  | 'run:resume'
  | 'run:drain'
  | 'progress'
  | 'concurrency:change'
  | 'budget:blind'
  | 'budget:exhausted'
> {
  /** A batch begins. */
  'distributed:batch-start': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** The run. */
    readonly runId: string;
    /** Its batch, 0-based. */
    readonly batch: number;
    /** How often it was begun, this time included. */
    readonly starts: number;
  };
  /** A batch ends. */
  'distributed:batch-end': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** The run. */
    readonly runId: string;
    /** Its batch, 0-based. */
    readonly batch: number;
    /** How it was left. */
    readonly outcome: BatchOutcome;
    /** Why, unless all went well. */
    readonly error?: unknown;
  };
  /** All batches of a run are done, or it was stopped; this worker has recorded its end. */
  'distributed:run-end': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** The run. */
    readonly runId: string;
  };
  /** The queue failed, or the store in what a worker asks beside its batches; both are asked again by themselves. */
  'distributed:queue-error': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** What it failed with. */
    readonly error: unknown;
  };
}
