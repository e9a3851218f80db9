import { AssayError } from '../errors.js';
import type { ModelInput } from '../client/model-client.js';
import type { CaseResult, TestCase } from '../evaluation/evaluation-types.js';
import { EventSource } from '../foundation/event-source.js';
import { checkOptions, integer, milliseconds } from '../foundation/options.js';
import { checkRunOptions, type RunOptions } from './run-options.js';
import type { BatchEvents, EventPort } from './batch-events.js';
import {
  resolveBatchOptions,
  type BatchProcessorOptions,
  type ResolvedBatchOptions,
} from './batch-options.js';
import { BatchRun } from './batch-run.js';
import type { CaseInput } from '../cases/case-source.js';
import { ResultStream } from './result-stream.js';
import type { RunSummary } from './summary/run-summary.js';

/**
 * Takes test cases through target and evaluator into a store and sums them up, many at once and in flat memory.
 *
 * Input is pulled only as capacity frees. Each case and repetition has exactly one outcome: scored, unscored or
 * errored; a failing case never fails the run. Results count as done when the store has them. One run at a time;
 * make a processor for each run that shall go on beside another.
 *
 * @example
 * const processor = new BatchProcessor({ target: client, evaluator, store, concurrency: 64 });
 * const summary = await processor.run(readJsonl('cases.jsonl'), { runId: 'nightly-42', resume: true });
 * console.log(summary.toString());
 */
export class BatchProcessor<
  Input = ModelInput,
  Expected = unknown,
  Metadata = Readonly<Record<string, unknown>>,
> extends EventSource<BatchEvents> {
  readonly #options: ResolvedBatchOptions<Input, Expected, Metadata>;
  readonly #port: EventPort;
  #run: BatchRun<Input, Expected, Metadata> | undefined;
  #stream: ResultStream | undefined;
  #settled: Promise<unknown> = Promise.resolve();
  #closed = false;
  #paused = false;
  #concurrency: number;

  /** @throws AssayError `ASSAY_INVALID_OPTION` naming the option, what was expected and what came. */
  constructor(options: BatchProcessorOptions<Input, Expected, Metadata>) {
    super();
    this.#options = resolveBatchOptions(options);
    this.#concurrency = this.#options.concurrency;
    this.#port = {
      wants: (event) => this.wants(event),
      emit: (event, payload) => this.emit(event, payload),
    };
  }

  /** Cases in flight at once. */
  get concurrency(): number {
    return this.#concurrency;
  }

  /** Cases in flight, and cases that are pulled but not begun; a monitor reads it at each snapshot. */
  gauges(): {
    /** Cases in flight; 0 outside of a run. */
    readonly activeWorkers: number;
    /** Cases that are pulled but not begun; 0 outside of a run. */
    readonly queueDepth: number;
  } {
    return this.#run?.gauges ?? { activeWorkers: 0, queueDepth: 0 };
  }

  /**
   * Evaluates all cases and resolves to the summary of the run.
   *
   * Rejects with an `InputError` for a broken or duplicate case (the cases before it are done and stored),
   * `ASSAY_EMPTY_INPUT` without any case, `ASSAY_MANIFEST_MISMATCH` when a run cannot be resumed, and a `RunError`
   * (which carries the summary and the number of stored results) when it was aborted or the store failed.
   */
  async run(
    cases: CaseInput<TestCase<Input, Expected, Metadata>>,
    options: RunOptions = {},
  ): Promise<RunSummary> {
    return this.#start(cases, options);
  }

  /**
   * Evaluates all cases and yields each result once it is stored, in order of completion. A consumer that is slow
   * slows the run; one that stops early ends it. The summary is on the `run:end` event. Throws what
   * {@link BatchProcessor.run} rejects with.
   */
  async *stream(
    cases: CaseInput<TestCase<Input, Expected, Metadata>>,
    options: RunOptions = {},
  ): AsyncGenerator<CaseResult, void, undefined> {
    const results = new ResultStream();
    const leave = new AbortController();
    const run = this.#start(cases, options, { stream: results, leave: leave.signal });
    run.then(
      () => results.end(),
      (error: unknown) => results.end(error),
    );
    try {
      yield* results;
    } finally {
      results.letGo();
      leave.abort(new AssayError('ASSAY_ABORTED', 'The consumer of the stream has left'));
      await run.catch(() => {}); // reported by the stream, or the consumer no longer wants to know
    }
  }

  /** Begins no further case until {@link BatchProcessor.resume}; what is in flight goes on. */
  pause(): void {
    this.#paused = true;
    this.#run?.pause();
  }

  /** Goes on after {@link BatchProcessor.pause}. */
  resume(): void {
    this.#paused = false;
    this.#run?.resume();
  }

  /** Changes the number of cases in flight at once, >= 1, now and for later runs. */
  setConcurrency(concurrency: number): void {
    checkOptions('setConcurrency', { concurrency }, { concurrency: integer(1) });
    this.#concurrency = concurrency;
    this.#run?.setConcurrency(concurrency);
  }

  /**
   * Ends the run without an error: no further case is begun, what is in flight is finished (after `timeoutMs` cancelled;
   * default: waited for), everything is stored. Resolves when that is done; `run` then resolves with
   * `stopReason: 'drained'`, and the run can be resumed. A failing store is waited for no longer than `timeoutMs`:
   * `run` then rejects and says how many results are safe. Call it from the host's SIGTERM handler. A stream still
   * yields every result; it does not hold the run any more, so its consumer may wait for this, too.
   */
  async drain(options: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    checkOptions('drain', options, { timeoutMs: milliseconds });
    this.#run?.drain(options.timeoutMs ?? Number.POSITIVE_INFINITY);
    this.#stream?.letGo(); // its consumer may be the one who waits here
    await this.#settled;
  }

  /** Drains the run, if there is one, and refuses further ones. The target, store and cache stay the host's. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.drain();
  }

  /** Same as {@link BatchProcessor.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start(
    cases: CaseInput<TestCase<Input, Expected, Metadata>>,
    given: RunOptions,
    {
      stream,
      leave,
    }: { readonly stream?: ResultStream | undefined; readonly leave?: AbortSignal | undefined } = {},
  ): Promise<RunSummary> {
    if (this.#closed) throw new AssayError('ASSAY_CLOSED', 'The processor is closed');
    if (this.#run !== undefined) {
      throw new AssayError(
        'ASSAY_BUSY',
        `The processor is in run ${JSON.stringify(this.#run.runId)}; wait for it or use another processor`,
      );
    }
    const runOptions = checkRunOptions(given, this.#options.store !== undefined);
    const options = { ...this.#options, concurrency: this.#concurrency };
    const run = new BatchRun({
      cases,
      options,
      runOptions,
      port: this.#port,
      onDurable: (results) => stream?.hand(results),
    });
    leave?.addEventListener('abort', () => run.abort(leave.reason), { once: true });
    this.#run = run;
    this.#stream = stream;
    if (this.#paused) run.pause();
    const finished = run.execute();
    this.#settled = finished.then(
      () => {},
      () => {},
    );
    try {
      return await finished;
    } finally {
      this.#run = undefined;
      this.#stream = undefined;
    }
  }
}
