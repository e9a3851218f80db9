import { AssayError, messageOf } from '../errors.js';
import type { EventPort } from '../batch/batch-events.js';
import type { ModelInput } from '../client/model-client.js';
import { EventSource } from '../foundation/event-source.js';
import { checkOptions, milliseconds } from '../foundation/options.js';
import type { BatchOutcome, BatchWorkerEvents } from './batch-worker-events.js';
import {
  resolveWorkerOptions,
  type BatchWorkerOptions,
  type ResolvedWorkerOptions,
} from './batch-worker-options.js';
import { finishRun } from './finish-run.js';
import {
  bullConnection,
  loadBull,
  type BullModule,
  type QueueJob,
  type QueueWorker,
} from './queue-connection.js';
import { RunBatch, type BatchResult } from './run-batch.js';
import { manifestHash, readJob, type RunJob } from './run-job.js';
import { WorkerRuns, type UsedRun } from './worker-runs.js';
import { WorkerSlots } from './worker-slots.js';

/** How long a worker waits after a lost connection before it asks again. */
const RETRY_MS = 1000;
/** The store counts how often a batch was begun; BullMQ must not give it up before. */
const MOST_STALLS = 1_000_000;

/**
 * Starts a worker: it takes batches of runs that {@link enqueueRun} has put into the queue, does each as a `BatchProcessor`
 * would and stores the results. Any number of workers on any number of machines share a run; start one process for each
 * core that evaluation needs.
 *
 * A worker that dies loses nothing: its batches go to others after `lockMs`, finished cases are skipped, and at most
 * `concurrency` calls are made again. A worker refuses runs that it would do differently.
 *
 * The library installs no signal handler: call {@link BatchWorker.drain} from the host's SIGTERM handler.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`, `ASSAY_MISSING_DEPENDENCY`; what BullMQ says of a server that refuses.
 *
 * @example
 * const worker = await createBatchWorker({ connection, store, target: client, evaluator, concurrency: 64 });
 * process.once('SIGTERM', () => void worker.close());
 */
export async function createBatchWorker<Input = ModelInput, Expected = unknown, Metadata = unknown>(
  options: BatchWorkerOptions<Input, Expected, Metadata>,
): Promise<BatchWorker> {
  const resolved = resolveWorkerOptions(options);
  const bull = await loadBull();
  return BatchWorker.start(bull, resolved);
}

/** A worker of a queue of runs; {@link createBatchWorker} makes one. A monitor can watch it as it watches a processor. */
export class BatchWorker extends EventSource<BatchWorkerEvents> {
  readonly #options: ResolvedWorkerOptions;
  readonly #bull: BullModule;
  readonly #slots: WorkerSlots;
  readonly #runs: WorkerRuns;
  readonly #active = new Map<RunBatch, string>(); // with the id of its run
  readonly #handling = new Set<Promise<unknown>>(); // jobs, until BullMQ has taken over again
  readonly #worker: QueueWorker;
  readonly #port: EventPort;
  #draining = false;
  #closing: Promise<void> | undefined;

  private constructor(bull: BullModule, options: ResolvedWorkerOptions) {
    super();
    const { connection, concurrency, batches, lockMs, stalledCheckMs, queue } = options;
    this.#bull = bull;
    this.#options = options;
    this.#slots = new WorkerSlots(concurrency);
    this.#port = {
      wants: (event) => isForwarded(event) && this.wants(event),
      emit: (event, payload) => {
        if (isForwarded(event)) this.emit(event, payload as never);
      },
    };
    const onError = (error: unknown): void => this.#tellError(error);
    this.#runs = new WorkerRuns({
      worker: options,
      slots: this.#slots,
      onStop: (runId) => this.#stopRun(runId),
      onError,
    });
    const { connection: given, backend } = bullConnection(bull, connection);
    this.#worker = new bull.Worker(
      queue,
      (job, token) => this.#track(this.#handle(job, token)),
      {
        connection: given,
        concurrency: batches,
        lockDuration: lockMs,
        stalledInterval: stalledCheckMs,
        maxStalledCount: MOST_STALLS,
        runRetryDelay: RETRY_MS,
      },
      backend,
    );
    this.#worker.on('error', onError);
  }

  /** Starts one. @internal */
  static async start(bull: BullModule, options: ResolvedWorkerOptions): Promise<BatchWorker> {
    const worker = new BatchWorker(bull, options);
    try {
      await worker.#worker.waitUntilReady();
    } catch (error) {
      await worker.#worker.close(true).catch(() => {}); // the first error is the one to tell
      throw error;
    }
    return worker;
  }

  /** Cases in flight, and cases of its batches that wait; a monitor reads it at each snapshot. */
  gauges(): {
    /** Cases in flight, those included whose results are being stored. */
    readonly activeWorkers: number;
    /** Batches that it has at once. */
    readonly batches: number;
  } {
    return { activeWorkers: this.#slots.taken, batches: this.#active.size };
  }

  /**
   * Takes no further batch and begins no further case; what is in flight is finished (after `timeoutMs` cancelled; default:
   * waited for) and stored, and the batches go back into the queue for others. Resolves when that is done.
   */
  async drain(options: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    checkOptions('drain', options, { timeoutMs: milliseconds });
    this.#draining = true;
    await this.#worker.pause(true);
    await Promise.all([...this.#active.keys()].map((batch) => batch.stop(options.timeoutMs)));
    while (this.#handling.size > 0) await Promise.allSettled(this.#handling); // one may have been on its way
  }

  /** Drains the worker and frees its connections. The store, the target and the cache stay the host's. Closing twice is harmless. */
  close(options: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  /** Same as {@link BatchWorker.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(options: { readonly timeoutMs?: number | undefined }): Promise<void> {
    await this.drain(options);
    await this.#runs.close();
    await this.#worker.close();
  }

  async #track(handling: Promise<unknown>): Promise<unknown> {
    this.#handling.add(handling);
    try {
      return await handling;
    } finally {
      this.#handling.delete(handling);
    }
  }

  /** What BullMQ calls for each job; it throws what BullMQ wants to have thrown. */
  async #handle(job: QueueJob, token: string | undefined): Promise<unknown> {
    let given: RunJob;
    try {
      given = readJob(job.data);
    } catch (error) {
      throw new this.#bull.UnrecoverableError(messageOf(error));
    }
    let result: BatchResult;
    try {
      result = await this.#do(given);
    } catch (error) {
      if (!isStoreAway(error)) return this.#failed(job, given, error);
      this.#tellEnd(given, 'given-back', error); // no fault of the batch, however long it lasts
      await this.#pause();
      return this.#giveBack(job, token);
    }
    this.#tellEnd(given, result.outcome);
    if (result.outcome === 'given-back') return this.#giveBack(job, token);
    if (result.outcome === 'stopped' && (await this.#goesOn(given.runId))) {
      await this.#pause();
      return this.#giveBack(job, token);
    }
    return { outcome: result.outcome };
  }

  /** Whether a run that was stopped has been taken up again: then its job is still needed. */
  async #goesOn(runId: string): Promise<boolean> {
    try {
      return (await this.#options.store.work.find(runId))?.stopReason === null;
    } catch {
      return true; // the store is away: whoever takes the job again will see
    }
  }

  async #giveBack(job: QueueJob, token: string | undefined): Promise<never> {
    await job.moveToWait(token);
    throw new this.#bull.WaitingError();
  }

  /** A moment, unless the worker is drained. */
  async #pause(): Promise<void> {
    if (this.#draining) return;
    await new Promise<void>((resolve) => void this.#options.clock.schedule(resolve, RETRY_MS));
  }

  async #do(job: RunJob): Promise<BatchResult> {
    const { runId } = job;
    const { store, processor } = this.#options;
    const used = await this.#runs.use(runId);
    let result: BatchResult;
    try {
      result = await this.#doBatch(job, used);
    } finally {
      await this.#runs.leave(runId);
    }
    const ended = result.last || result.outcome === 'stopped';
    if (
      ended &&
      (await finishRun(store, runId, { evaluator: processor.evaluator })) &&
      this.wants('distributed:run-end')
    )
      this.emit('distributed:run-end', { at: this.#options.clock.wallTime(), runId });
    return result;
  }

  async #doBatch({ batch, manifest: hash }: RunJob, { run, manifest }: UsedRun): Promise<BatchResult> {
    if (run.stopReason !== null) return { outcome: 'stopped', last: false };
    if (this.#draining) return { outcome: 'given-back', last: false };
    if (manifestHash(manifest) !== hash)
      throw new AssayError(
        'ASSAY_MANIFEST_MISMATCH',
        `Run ${JSON.stringify(manifest.runId)} in the store is not the one that the job was made for`,
      );
    const { clock } = this.#options;
    const task = new RunBatch({
      worker: this.#options,
      run,
      manifest,
      batch,
      port: this.#port,
      onStart: (starts) => {
        if (!this.wants('distributed:batch-start')) return;
        this.emit('distributed:batch-start', { at: clock.wallTime(), runId: manifest.runId, batch, starts });
      },
    });
    this.#active.set(task, manifest.runId);
    try {
      return await task.execute();
    } finally {
      this.#active.delete(task);
    }
  }

  /** A failed batch is offered again; the last time it is recorded, so that whoever looks at the run sees why. */
  async #failed(job: QueueJob, { runId, batch }: RunJob, error: unknown): Promise<never> {
    const code = AssayError.is(error) ? error.code : undefined;
    this.#tellEnd({ runId, batch }, code === 'ASSAY_MANIFEST_MISMATCH' ? 'refused' : 'failed', error);
    if (code === 'ASSAY_INVALID_INPUT') throw new this.#bull.UnrecoverableError(messageOf(error));
    if (job.attemptsMade + 1 < (job.opts.attempts ?? 1)) throw error;
    await this.#options.store.work.settle(runId, batch, { state: 'failed', error: messageOf(error) });
    throw new this.#bull.UnrecoverableError(messageOf(error));
  }

  #stopRun(runId: string): void {
    for (const [batch, of] of this.#active) if (of === runId) void batch.stop(undefined);
  }

  #tellEnd({ runId, batch }: Pick<RunJob, 'runId' | 'batch'>, outcome: BatchOutcome, error?: unknown): void {
    if (!this.wants('distributed:batch-end')) return;
    const at = this.#options.clock.wallTime();
    this.emit('distributed:batch-end', {
      at,
      runId,
      batch,
      outcome,
      ...(error === undefined ? {} : { error }),
    });
  }

  #tellError(error: unknown): void {
    if (!this.wants('distributed:queue-error')) return;
    this.emit('distributed:queue-error', { at: this.#options.clock.wallTime(), error });
  }
}

/** Whether the store could not be reached, or will be free by itself. */
const isStoreAway = (error: unknown): boolean =>
  AssayError.is(error) && error.retryable && error.code.startsWith('ASSAY_STORE_');

type Forwarded = Parameters<EventPort['wants']>[0] & keyof BatchWorkerEvents;

/** What a processor tells of its whole run is, of a batch, nothing that a listener of a worker should take for a run's. */
const NOT_FORWARDED: ReadonlySet<string> = new Set([
  'run:start',
  'run:end',
  'run:pause',
  'run:resume',
  'run:drain',
  'progress',
  'concurrency:change',
  'budget:blind',
  'budget:exhausted',
]);
const isForwarded = (event: string): event is Forwarded => !NOT_FORWARDED.has(event);
