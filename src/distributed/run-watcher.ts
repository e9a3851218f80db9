import { AssayError } from '../errors.js';
import type { BatchEvents, ProgressEvent } from '../batch/batch-events.js';
import { ProgressMeter } from '../batch/progress-meter.js';
import { createRunSummary, type RunSummary, type RunSummaryData } from '../batch/summary/run-summary.js';
import { onAbort } from '../foundation/cancellation.js';
import { systemClock, type Clock } from '../foundation/clock.js';
import { EventSource, type BaseEventMap } from '../foundation/event-source.js';
import { callable, checkOptions, object, positive, signal } from '../foundation/options.js';
import type { ResultStore } from '../stores/result-store.js';
import { finishRun } from './finish-run.js';
import { runStatus, type DistributedRunStatus } from './run-status.js';
import { checkSharedStore } from './shared-store.js';

const LAST_WORD_MS = 3000; // that the workers of a stopped run have to record its end

/** Options of {@link waitForRun} and {@link watchRun}. */
export interface WaitOptions {
  /** How often the store is asked, milliseconds, > 0. @default 1000 */
  readonly pollMs?: number | undefined;
  /** Ends the waiting; the run goes on. */
  readonly signal?: AbortSignal | undefined;
  /** Told of every look; what it throws ends the waiting. */
  readonly onStatus?: ((status: DistributedRunStatus) => void) | undefined;
  /** Where time comes from. @default the machine's clock */
  readonly clock?: Clock | undefined;
}

/**
 * Waits for the end of a distributed run and gives its summary: that of one process, bit for bit, since it is made from the
 * stored results. Also of a run that was stopped, once nobody writes it any more. While the store cannot be reached it
 * goes on asking.
 *
 * @throws AssayError `ASSAY_WORKER_UNAVAILABLE` when what is left no worker could do, `ASSAY_ABORTED`,
 * `ASSAY_INVALID_OPTION`; InputError `ASSAY_EMPTY_INPUT` for a run that was never enqueued.
 *
 * @example
 * const summary = await waitForRun(store, 'nightly-42');
 */
export async function waitForRun(
  store: ResultStore,
  runId: string,
  options: WaitOptions = {},
): Promise<RunSummary> {
  const checked = checkOptions<WaitOptions>('waitForRun', options, {
    pollMs: positive,
    signal,
    onStatus: callable,
    clock: object,
  });
  const { pollMs = 1000, clock = systemClock, onStatus } = checked;
  const patience = Math.ceil(LAST_WORD_MS / pollMs);
  let looks = 0; // since the run was stopped
  for (;;) {
    if (checked.signal?.aborted === true)
      throw new AssayError('ASSAY_ABORTED', 'Waiting for the run was aborted', {
        cause: checked.signal.reason,
      });
    const status = await reachableStatus(store, runId);
    if (status !== undefined) {
      await (onStatus?.(status) as unknown); // an async one may fail, too
      if (status.state === 'failed') throw failedError(status);
      const isOver = status.state === 'ended' || status.state === 'stopped';
      const summary = isOver ? await lastWord(store, runId) : undefined;
      if (summary !== undefined) return summary;
      // Workers that died before they could record the end of a run that was stopped; of one that is done they are asked again.
      if (status.state === 'stopped' && (looks += 1) > patience)
        await finishRun(checkSharedStore('waitForRun', store), runId);
    }
    await pause(clock, pollMs, checked.signal);
  }
}

/** Events of a {@link RunWatcher}: those of a run, as a `BatchProcessor` tells them. */
export interface RunWatcherEvents
  extends BaseEventMap, Pick<BatchEvents, 'run:start' | 'progress' | 'run:end'> {}

/**
 * Follows a distributed run and tells of it as a `BatchProcessor` would: a `RealTimeMonitor` (and with it dashboard and
 * Prometheus) and `terminalProgress` show the whole run, whatever machines work on it. It asks the store only.
 *
 * @example
 * const run = watchRun(store, 'nightly-42');
 * monitor.watch(run);
 * const summary = await run.ended;
 */
export function watchRun(store: ResultStore, runId: string, options: WaitOptions = {}): RunWatcher {
  return new RunWatcher(store, runId, options);
}

/** A distributed run as a source of events; {@link watchRun} makes one. */
export class RunWatcher extends EventSource<RunWatcherEvents> {
  /** What {@link waitForRun} resolves to, or rejects with; `ASSAY_ABORTED` when it was closed before. */
  readonly ended: Promise<RunSummary>;
  readonly #clock: Clock;
  readonly #leave = new AbortController();
  #meter: ProgressMeter | undefined;
  #left: number | null = null;

  /** @internal */
  constructor(store: ResultStore, runId: string, options: WaitOptions) {
    super();
    this.#clock = options.clock ?? systemClock;
    if (options.signal !== undefined)
      onAbort(options.signal, () => this.#leave.abort(options.signal?.reason));
    this.ended = this.#follow(store, runId, options);
    this.ended.catch(() => {}); // whoever wants to know asks
  }

  /** How many batches are being worked on is not known here; the cases that are left wait. */
  gauges(): {
    /** Results that are left; `null` while the run is being enqueued. */
    readonly queueDepth: number | null;
  } {
    return { queueDepth: this.#left };
  }

  /** Follows the run no longer; it goes on. */
  close(): void {
    this.#leave.abort(new AssayError('ASSAY_ABORTED', 'The watcher was closed'));
  }

  /** Same as {@link RunWatcher.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  async #follow(store: ResultStore, runId: string, options: WaitOptions): Promise<RunSummary> {
    await Promise.resolve(); // whoever made it listens now
    const summary = await waitForRun(store, runId, {
      ...options,
      signal: this.#leave.signal,
      onStatus: (status) => {
        options.onStatus?.(status);
        this.#emitStatus(status);
      },
    });
    if (this.wants('run:end')) this.emit('run:end', { at: this.#clock.wallTime(), runId, summary });
    return summary;
  }

  #emitStatus(status: DistributedRunStatus): void {
    const { runId, manifest, results } = status;
    const at = this.#clock.wallTime();
    const done = results.scored + results.unscored + results.errored;
    this.#left = results.total === null ? null : Math.max(0, results.total - done);
    if (this.#meter === undefined) {
      this.#meter = new ProgressMeter(this.#clock.now());
      if (this.wants('run:start'))
        this.emit('run:start', { at, runId, manifest, total: results.total, resumed: done > 0 });
    }
    this.#meter.sample(this.#clock.now(), done);
    if (this.wants('progress')) this.emit('progress', this.#progressOf(status, done, at));
  }

  #progressOf(
    { runId, results, spending, limits }: DistributedRunStatus,
    done: number,
    at: number,
  ): ProgressEvent {
    const { total, scored, unscored, errored } = results;
    const meter = this.#meter as ProgressMeter;
    return {
      at,
      runId,
      done,
      total,
      scored,
      unscored,
      errored,
      skipped: 0,
      inFlight: 0,
      ratePerSecond: meter.ratePerSecond,
      etaMs: total === null ? null : meter.etaMs(Math.max(0, total - done)),
      score: null,
      cost: limits.maxCost === undefined && spending.cost === 0 ? null : spending.cost, // 0: nobody told a price
      tokens: spending.tokens,
    };
  }
}

/** The status; `undefined` while the store cannot be reached. */
async function reachableStatus(store: ResultStore, runId: string): Promise<DistributedRunStatus | undefined> {
  try {
    return await runStatus(store, runId);
  } catch (error) {
    if (AssayError.is(error) && error.retryable) return undefined;
    throw error;
  }
}

/** The summary that a run has left; `undefined` while somebody still writes it, and before its end is recorded. */
async function lastWord(store: ResultStore, runId: string): Promise<RunSummary | undefined> {
  for await (const { end } of store.runs({ runId }))
    if (end !== null) return createRunSummary(end.summary as unknown as RunSummaryData);
  return undefined;
}

const failedError = ({ runId, batches, failures }: DistributedRunStatus): AssayError =>
  new AssayError(
    'ASSAY_WORKER_UNAVAILABLE',
    `No worker could do ${batches.failed} of ${batches.total ?? '?'} batches of run ${JSON.stringify(runId)}; ` +
      `batch ${failures[0]?.batch}: ${failures[0]?.error}. Mend the cause, then requeueRun`,
  );

function pause(clock: Clock, delayMs: number, abort: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.schedule(() => end(), delayMs);
    const end = (): void => {
      timer.cancel();
      unsubscribe?.();
      resolve();
    };
    const unsubscribe = abort === undefined ? undefined : onAbort(abort, end);
  });
}
