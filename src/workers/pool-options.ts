import { AssayError } from '../errors.js';
import { systemClock, type Clock } from '../foundation/clock.js';
import {
  checkOptions,
  either,
  integer,
  object,
  oneOf,
  positive,
  type OptionChecks,
} from '../foundation/options.js';
import {
  RECOMMENDATION_CHECKS,
  recommendConcurrency,
  type RecommendConcurrencyOptions,
} from './recommend-concurrency.js';

/** Options of a WorkerPool. */
export interface WorkerPoolOptions {
  /** Workers, >= 1. @default what {@link recommendConcurrency} says with the two options that follow */
  readonly workers?: number | undefined;
  /** Most workers by default, >= 1 or `Infinity`. @default 16 */
  readonly maxWorkers?: number | undefined;
  /** Memory that one worker is reckoned with by default, bytes, >= 16 MiB; it limits nothing. @default 536870912 */
  readonly memoryPerWorkerBytes?: number | undefined;
  /** Longest time for one task, milliseconds, > 0; past it the task fails and its worker is replaced. @default 30000 */
  readonly taskTimeoutMs?: number | undefined;
  /** Longest time for a worker to start and load a module, milliseconds, > 0. @default 30000 */
  readonly startTimeoutMs?: number | undefined;
  /**
   * Most memory of one worker's heap, megabytes, >= 16; past it the worker is replaced. It does not limit Buffers,
   * which V8 keeps outside of the heap. @default V8's own limit
   */
  readonly memoryPerWorkerMb?: number | undefined;
  /** Most tasks a message, >= 1. @default 50 */
  readonly batchTasks?: number | undefined;
  /**
   * `threads` share the host's process and cost least; `processes` also survive native crashes and count their own
   * Buffers, at several times the cost of a message. @default 'threads'
   */
  readonly runtime?: 'threads' | 'processes' | undefined;
  /**
   * CPUs to pin each worker to: `auto` gives each a physical core while there are enough, else deals the CPUs out
   * evenly; a list names the CPUs of each worker. Linux with `taskset` only; elsewhere the event
   * `worker:affinity` says that it was not applied. @default not pinned
   */
  readonly cpuAffinity?: 'auto' | readonly (readonly number[])[] | undefined;
  /**
   * Nice value of the workers, -20 (first) to 19 (last). A refused permission is told by the event
   * `worker:priority`. @default the host's
   */
  readonly priority?: number | undefined;
  /** Where time comes from on this side; a worker measures its own work by the machine's. @default the machine's clock */
  readonly clock?: Clock | undefined;
}

/** {@link WorkerPoolOptions} with all defaults filled in. */
export interface ResolvedPoolOptions extends WorkerPoolOptions {
  readonly workers: number;
  readonly taskTimeoutMs: number;
  readonly startTimeoutMs: number;
  readonly batchTasks: number;
  readonly runtime: 'threads' | 'processes';
  readonly clock: Clock;
}

/** How each option is checked. */
export const POOL_CHECKS: OptionChecks<WorkerPoolOptions> = {
  workers: integer(1, 1024),
  ...RECOMMENDATION_CHECKS,
  taskTimeoutMs: positive,
  startTimeoutMs: positive,
  memoryPerWorkerMb: integer(16),
  batchTasks: integer(1),
  runtime: oneOf('threads', 'processes'),
  cpuAffinity: either(oneOf('auto'), (value) => {
    const expected = 'a non-empty list of lists of CPU numbers';
    if (!Array.isArray(value) || value.length === 0) return expected;
    const lists = value as readonly unknown[];
    return lists.every(isCpuList) ? undefined : expected;
  }),
  priority: integer(-20, 19),
  clock: object,
};

/** Checks the options of a pool and fills in the defaults. */
export function resolvePoolOptions(options: WorkerPoolOptions): ResolvedPoolOptions {
  const given = checkOptions('WorkerPool', options, POOL_CHECKS);
  const workers =
    given.workers ?? Math.min(1024, recommendConcurrency(toRecommend(given)).recommendedWorkers);
  if (Array.isArray(given.cpuAffinity) && given.cpuAffinity.length < workers) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected \`cpuAffinity\` to name the CPUs of all ${workers} workers, got ${given.cpuAffinity.length} lists`,
    );
  }
  return Object.freeze({
    ...given,
    workers,
    taskTimeoutMs: given.taskTimeoutMs ?? 30_000,
    startTimeoutMs: given.startTimeoutMs ?? 30_000,
    batchTasks: given.batchTasks ?? 50,
    runtime: given.runtime ?? 'threads',
    clock: given.clock ?? systemClock,
  });
}

function toRecommend({ maxWorkers, memoryPerWorkerBytes }: WorkerPoolOptions): RecommendConcurrencyOptions {
  return { maxWorkers, memoryPerWorkerBytes };
}

function isCpuList(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((cpu) => Number.isSafeInteger(cpu) && (cpu as number) >= 0)
  );
}
