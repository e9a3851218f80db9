import type { AssayErrorCode } from '../errors.js';
import type { BaseEventMap } from '../foundation/event-source.js';

/** Events of a WorkerPool, and of evaluators that use one. `at` is wall-clock milliseconds since the epoch. */
export interface WorkerEvents extends BaseEventMap {
  /** The workers were started. */
  'worker:start': {
    readonly at: number;
    readonly workers: number;
    readonly runtime: 'threads' | 'processes';
  };
  /** A worker ended, or was ended, and another took its place. */
  'worker:replace': {
    readonly at: number;
    readonly code: AssayErrorCode;
    readonly message: string;
    /** Tasks that it had. */
    readonly tasks: number;
    /** The part of them that is tried again, each in a message of its own. */
    readonly retried: number;
  };
  /** A worker was pinned to CPUs, or could not be. */
  'worker:affinity': {
    readonly at: number;
    readonly worker: number;
    readonly applied: boolean;
    /** The CPUs as the kernel reports them; `null` when not applied. */
    readonly cpus: readonly number[] | null;
    readonly reason?: string;
  };
  /** A worker was given its priority, or was refused it. */
  'worker:priority': {
    readonly at: number;
    readonly worker: number;
    readonly applied: boolean;
    /** The nice value as the kernel reports it; `null` when not applied. */
    readonly priority: number | null;
    readonly reason?: string;
  };
  /** An evaluator with `inline: 'auto'` moved to the main thread, or back into the workers. */
  'worker:inline': {
    readonly at: number;
    readonly inline: boolean;
    /** What an evaluation costs on average, microseconds. */
    readonly averageUs: number;
  };
}
