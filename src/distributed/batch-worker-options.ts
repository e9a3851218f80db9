import { resolveBatchOptions, type BatchProcessorOptions } from '../batch/batch-options.js';
import type { ModelInput } from '../client/model-client.js';
import {
  anything,
  checkOptions,
  integer,
  number,
  object,
  requireOptions,
  text,
  type OptionChecks,
} from '../foundation/options.js';
import { systemClock, type Clock } from '../foundation/clock.js';
import type { ResultStore } from '../stores/result-store.js';
import type { SharedResultStore } from '../stores/run-work.js';
import { DEFAULT_QUEUE } from './create-run-queue.js';
import { checkConnection, type QueueConnection } from './queue-connection.js';
import { sharedStore } from './shared-store.js';

/**
 * Options of a {@link BatchWorker}: where the work comes from, and those of a `BatchProcessor`. Rate limit and budget are
 * those of the run, given when it is enqueued.
 */
export interface BatchWorkerOptions<Input = ModelInput, Expected = unknown, Metadata = unknown> extends Omit<
  BatchProcessorOptions<Input, Expected, Metadata>,
  'store' | 'keepCases' | 'leaseMs' | 'queueSize' | 'budget' | 'rateLimit' | 'random' | 'progressIntervalMs'
> {
  /** Where the queue is. */
  readonly connection: QueueConnection;
  /** Name of the queue. @default 'assaykit' */
  readonly queue?: string | undefined;
  /** Where cases, batches and results stand: a `PostgresResultStore`. It stays the host's to close. */
  readonly store: ResultStore;
  /** Cases in flight at once, over all batches of this worker, >= 1. @default 16 */
  readonly concurrency?: number | undefined;
  /**
   * Batches that this worker has at once, >= 1: enough that the last cases of one do not leave places empty.
   * @default one for 25 places, and one more
   */
  readonly batches?: number | undefined;
  /**
   * Results of a batch that are stored together, >= 1. A place is free again when its result is stored, so few at once
   * keep the places busy.
   * @default half of a batch's share of the places
   */
  readonly batchSize?: number | undefined;
  /** A result waits no longer than this for others to be stored with, milliseconds, 0 to 60000. @default 100 */
  readonly flushIntervalMs?: number | undefined;
  /**
   * How long a batch stays this worker's own without a sign of it, milliseconds, >= 1000: after that another one takes it
   * up. Signs are given by a timer, so an event loop that is blocked for longer loses its batches.
   * @default 30000
   */
  readonly lockMs?: number | undefined;
  /** How often a worker looks for batches whose worker is gone, milliseconds, >= 100. @default 5000 */
  readonly stalledCheckMs?: number | undefined;
  /**
   * How often a batch may be begun by workers that then die, >= 2. After that each of its unfinished cases is recorded as
   * errored (`ASSAY_WORKER_CRASHED`). From the third time on it is done one case after the other, each stored at once, by
   * turns from its beginning and from its end, so that in the end only the case that kills is left.
   * @default 6
   */
  readonly maxStarts?: number | undefined;
}

/** {@link BatchWorkerOptions} with all defaults filled in. */
export interface ResolvedWorkerOptions {
  readonly connection: QueueConnection;
  readonly queue: string;
  readonly store: SharedResultStore;
  readonly concurrency: number;
  readonly batches: number;
  readonly batchSize: number;
  readonly flushIntervalMs: number;
  readonly lockMs: number;
  readonly stalledCheckMs: number;
  readonly maxStarts: number;
  readonly clock: Clock;
  /** What each batch is run with, store and concurrency apart. */
  readonly processor: BatchProcessorOptions<unknown, never, never>;
}

const PLACES_A_BATCH = 25;

const OWN_CHECKS: Partial<OptionChecks<BatchWorkerOptions>> = {
  connection: object,
  queue: text,
  store: sharedStore,
  concurrency: integer(1),
  batches: integer(1),
  batchSize: integer(1),
  flushIntervalMs: number(0, 60_000),
  lockMs: number(1000),
  stalledCheckMs: number(100),
  maxStarts: integer(2),
};

const PROCESSOR_OPTIONS = [
  'target',
  'evaluator',
  'cache',
  'cacheIdentity',
  'caseTimeoutMs',
  'repetitions',
  'model',
  'parameters',
  'prompt',
  'retry',
  'onCaseError',
  'onStoreError',
  'confidenceLevel',
  'passThreshold',
  'eventLoopProtection',
  'labels',
  'clock',
] as const satisfies readonly (keyof BatchWorkerOptions)[];

/**
 * Checks the options of a worker and fills in the defaults.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`.
 */
export function resolveWorkerOptions<Input, Expected, Metadata>(
  options: BatchWorkerOptions<Input, Expected, Metadata>,
): ResolvedWorkerOptions {
  const owner = 'createBatchWorker';
  const checks = { ...Object.fromEntries(PROCESSOR_OPTIONS.map((name) => [name, anything])), ...OWN_CHECKS };
  const given = checkOptions(owner, options, checks as OptionChecks<typeof options>);
  requireOptions(owner, given, ['connection', 'store']);
  const { concurrency = 16 } = given;
  const batches = given.batches ?? 1 + Math.ceil(concurrency / PLACES_A_BATCH);
  const processor = Object.fromEntries(
    PROCESSOR_OPTIONS.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])),
  ) as unknown as BatchProcessorOptions<unknown, never, never>;
  resolveBatchOptions(processor); // says what is wrong before a job has to
  return {
    connection: checkConnection(given.connection),
    queue: given.queue ?? DEFAULT_QUEUE,
    store: given.store as SharedResultStore,
    concurrency,
    batches,
    batchSize: given.batchSize ?? Math.ceil(concurrency / batches / 2),
    flushIntervalMs: given.flushIntervalMs ?? 100,
    lockMs: given.lockMs ?? 30_000,
    stalledCheckMs: given.stalledCheckMs ?? 5000,
    maxStarts: given.maxStarts ?? 6,
    clock: given.clock ?? systemClock,
    processor: { onStoreError: 'retry', ...processor },
  };
}
