import type { AssayErrorCode } from '../errors.js';
import type { BaseEventMap } from '../foundation/event-source.js';

/** Events of a WorkerPool, and of evaluators that use one. `at` is wall-clock milliseconds since the epoch. */
export interface WorkerEvents extends BaseEventMap {
  /** The workers were started. */
  'worker:start': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** How many. */
    readonly workers: number;
    /** Whether they are threads of the process or processes of their own. */
    readonly runtime: 'threads' | 'processes';
  };
  /** A worker ended, or was ended, and another took its place. */
  'worker:replace': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** Why it ended, as the code that a task fails with; `ASSAY_ABORTED`: nobody waited for its task any more. */
    readonly code: AssayErrorCode;
    /** The message of that error. */
    readonly message: string;
    /** Tasks that it had. */
    readonly tasks: number;
    /** The part of them that is tried again, each in a message of its own. */
    readonly retried: number;
  };
  /** A worker was pinned to CPUs, or could not be. */
  'worker:affinity': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** Number of the worker in its pool, from 0. */
    readonly worker: number;
    /** Whether it runs on just the CPUs that were asked for. */
    readonly applied: boolean;
    /** The CPUs as the kernel reports them; `null` when not applied. */
    readonly cpus: readonly number[] | null;
    /** Why it was not applied; absent when it was. */
    readonly reason?: string;
  };
  /** A worker was given its priority, or was refused it. */
  'worker:priority': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** Number of the worker in its pool, from 0. */
    readonly worker: number;
    /** Whether it has its priority. */
    readonly applied: boolean;
    /** The nice value as the kernel reports it; `null` when not applied. */
    readonly priority: number | null;
    /** Why it was refused; absent when it was not. */
    readonly reason?: string;
  };
  /** An evaluator with `inline: 'auto'` moved to the main thread, or back into the workers. */
  'worker:inline': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** `true`: to the main thread; `false`: back into the workers. */
    readonly inline: boolean;
    /** What an evaluation costs on average, microseconds. */
    readonly averageUs: number;
  };
}
