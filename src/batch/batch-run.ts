import PQueue from 'p-queue';
import { InputError } from '../errors.js';
import { isModelClient, type TokenUsage } from '../client/model-client.js';
import type { CaseResult, TestCase } from '../evaluation/evaluation-types.js';
import { onAbort } from '../foundation/cancellation.js';
import type { ClockTimer } from '../foundation/clock.js';
import { overTurns } from '../foundation/over-turns.js';
import { TurnGiver } from '../foundation/event-loop-turns.js';
import type { EventPort } from './batch-events.js';
import type { ResolvedBatchOptions, RunOptions } from './batch-options.js';
import { watchBudget, type BudgetWatch, type ExhaustedBudget } from './budget.js';
import { CaseFeeder } from './case-feeder.js';
import { CaseRunner } from './case-runner.js';
import { toCaseSource, type CaseInput, type CaseSource } from '../cases/case-source.js';
import type { CaseTask } from './case-task.js';
import { EvaluationGate, guardEventLoop, type EventLoopGuard } from './evaluation-gate.js';
import { InFlightCases } from './in-flight-cases.js';
import { finishedOutcomes, newStartId, openRun } from './open-run.js';
import { RequestPacer } from './request-pacer.js';
import { ResultWriter } from './result-writer.js';
import { followRetries, runAnnouncer, type Announce } from './run-announcer.js';
import { caseAborted, drainTimeout, runError } from './run-error.js';
import { createManifest } from './run-manifest.js';
import { RunProgress } from './run-progress.js';
import { RunStatistics } from './summary/run-statistics.js';
import { RunStore } from './run-store.js';
import type { RunSummary, StopReason } from './summary/run-summary.js';

const LANES_A_TURN = 16;

/**
 * One run from its first case to its summary. `concurrency` lanes, each a task of the p-queue, take cases one after
 * the other; p-queue is the gate (concurrency, pause), and a case costs no queue entry of its own.
 */
export class BatchRun<Input, Expected, Metadata> {
  readonly runId: string;
  readonly #options: ResolvedBatchOptions<Input, Expected, Metadata>;
  readonly #runOptions: RunOptions;
  readonly #port: EventPort;
  readonly #announce: Announce;
  readonly #queue: PQueue;
  readonly #source: CaseSource<TestCase<Input, Expected, Metadata>>;
  readonly #feeder: CaseFeeder<Input, Expected, Metadata>;
  readonly #runner: CaseRunner<Input, Expected, Metadata>;
  readonly #gate = new EvaluationGate();
  readonly #store: RunStore | undefined;
  readonly #writer: ResultWriter;
  readonly #statistics: RunStatistics;
  readonly #pacer: RequestPacer | undefined;
  readonly #budget: BudgetWatch | undefined;
  readonly #inFlight: InFlightCases<Input, Expected, Metadata>;
  readonly #progress: RunProgress;
  readonly #turns: TurnGiver;
  readonly #begunAt: number;
  readonly #startedAt: number;
  #lanes = 0;
  #lanesEnded: () => void = () => {};
  #ready: Promise<void> | undefined;
  #wake: () => void = () => {};
  #drainTimer: ClockTimer | undefined;
  #begun = 0;
  #stopReason: StopReason = 'end';
  #failure: unknown;

  constructor(
    cases: CaseInput<TestCase<Input, Expected, Metadata>>,
    options: ResolvedBatchOptions<Input, Expected, Metadata>,
    runOptions: RunOptions,
    port: EventPort,
    onDurable: (results: readonly CaseResult[]) => void | Promise<void>,
  ) {
    const { clock, store, concurrency, batchSize, flushIntervalMs, onStoreError } = options;
    const client = isModelClient(options.target) ? options.target : undefined;
    this.#options = options;
    this.#runOptions = runOptions;
    this.#port = port;
    this.#startedAt = clock.wallTime();
    this.#begunAt = clock.now();
    this.#turns = new TurnGiver(() => clock.now());
    const startId = newStartId(this.#startedAt);
    this.runId = runOptions.runId ?? `run-${startId}`;
    this.#announce = runAnnouncer(port, this.runId, clock);
    this.#queue = new PQueue({ concurrency });
    this.#inFlight = new InFlightCases(clock, options.caseTimeoutMs);
    this.#source = toCaseSource(cases);
    this.#statistics = new RunStatistics({
      repetitions: options.repetitions,
      passThreshold: options.passThreshold,
      evaluator: options.evaluator,
    });
    this.#progress = new RunProgress({
      runId: this.runId,
      clock,
      intervalMs: options.progressIntervalMs,
      wanted: () => port.wants('progress'),
      confidenceLevel: options.confidenceLevel,
      statistics: this.#statistics,
      total: () => this.#total,
      skipped: () => this.#feeder.skipped,
      inFlight: () => this.#inFlight.size,
    });
    this.#runner = new CaseRunner(options, this.#gate, (retried) =>
      this.#announce('target:retry', () => ({ ...retried, endpoint: null })),
    );
    this.#pacer = options.rateLimit === undefined ? undefined : new RequestPacer(options.rateLimit, clock);
    const onError = (error: unknown, final: boolean): void => this.#storeFailed(error, final);
    this.#store = store === undefined ? undefined : new RunStore({ store, clock, onStoreError, onError });
    this.#budget = watchBudget(options.budget, {
      clock,
      begunAt: this.#begunAt,
      counts: this.#statistics,
      estimateCost: (usage, model) => client?.estimateCost?.(usage, model) ?? null,
      onExhausted: (exhausted) => this.#budgetExhausted(exhausted),
      onBlind: (blind) => this.#announce('budget:blind', () => blind),
    });
    this.#writer = new ResultWriter({
      runId: this.runId,
      startId,
      store: this.#store,
      batchSize,
      flushIntervalMs,
      clock,
      onDurable: (results, summary) => {
        this.#announce('batch:end', () => ({ summary }));
        return onDurable(results);
      },
    });
    this.#feeder = new CaseFeeder({
      runId: this.runId,
      source: this.#source,
      repetitions: options.repetitions,
      queueSize: options.queueSize,
      clock,
      store: this.#store,
      isFinished:
        runOptions.resume === true && store !== undefined ? finishedOutcomes(runOptions) : undefined,
      isOpen: (caseId) => this.#inFlight.has(caseId) || this.#writer.holds(caseId),
      onReady: () => this.#wakeLanes(),
    });
  }

  /** Runs to the end; resolves to the summary, rejects when input, store or host ended the run early. */
  async execute(): Promise<RunSummary> {
    const { signal } = this.#runOptions;
    let guard: EventLoopGuard | undefined;
    let stopFollowing = (): void => {};
    const unsubscribe = signal === undefined ? undefined : onAbort(signal, () => this.abort(signal.reason));
    try {
      const created = createManifest(this.runId, this.#options);
      const opened =
        this.#store === undefined
          ? { manifest: created, resumed: false }
          : await openRun(this.#store, created, this.#runOptions, (result) =>
              this.#statistics.addEarlier(result),
            );
      stopFollowing = followRetries(this.#options.target, this.#announce);
      this.#announce('run:start', () => ({ at: this.#startedAt, total: this.#total, ...opened }));
      this.#progress.begin((progress) => this.#port.emit('progress', progress));
      guard = guardEventLoop(this.#options, this.#gate, {
        concurrency: () => this.#queue.concurrency,
        onChange: (from, to, reason) => this.#concurrencyChanged(from, to, reason),
      });
      await this.#runLanes();
    } catch (error) {
      this.#stop('input-error', error);
    } finally {
      guard?.close();
      stopFollowing();
      this.#progress.close();
      this.#inFlight.close();
      this.#budget?.close();
      this.#pacer?.close();
      await this.#feeder.stop().catch((error: unknown) => this.#stop('input-error', error));
      await this.#writer.finish();
      unsubscribe?.(); // only now: a failing store is waited for until the run is aborted
      this.#drainTimer?.cancel();
    }
    return this.#end();
  }

  /** Cases in flight and cases that wait for their turn. */
  get gauges(): { readonly activeWorkers: number; readonly queueDepth: number } {
    return { activeWorkers: this.#inFlight.size, queueDepth: this.#feeder.waiting };
  }

  /** Lets no further case begin until {@link BatchRun.resume}. */
  pause(): void {
    if (this.#stopReason !== 'end') return; // lanes that wait at the gate must end
    this.#queue.pause();
    this.#wakeLanes();
  }

  /** Goes on after {@link BatchRun.pause}. */
  readonly resume = (): void => void this.#queue.start();

  /** Changes the number of cases in flight at once. */
  setConcurrency(concurrency: number): void {
    const from = this.#queue.concurrency;
    this.#queue.concurrency = concurrency;
    for (let lanes = this.#lanes; lanes < concurrency && lanes > 0; lanes++) this.#addLane();
    this.#wakeLanes();
    this.#concurrencyChanged(from, concurrency, 'host');
  }

  /** Begins no further case; after `timeoutMs` cancels those in flight and waits no longer for a failing store. */
  drain(timeoutMs: number): void {
    this.#stop('drained');
    if (timeoutMs === Number.POSITIVE_INFINITY) return;
    this.#drainTimer?.cancel();
    this.#drainTimer = this.#options.clock.schedule(() => {
      this.#inFlight.cancel(drainTimeout(timeoutMs));
      this.#store?.abandon();
    }, timeoutMs);
  }

  /** Cancels what is in flight and ends the run. */
  abort(reason: unknown): void {
    this.#stop('aborted', reason);
    this.#inFlight.cancel(caseAborted(reason));
    this.#store?.abandon();
  }

  get #total(): number | null {
    const cases = this.#runOptions.total ?? this.#source.total;
    return cases === null ? null : cases * this.#options.repetitions;
  }

  #runLanes(): Promise<void> {
    return new Promise((resolve) => {
      this.#lanesEnded = resolve;
      // The first requests are on their way while the others are made.
      const goingOn = (): boolean => this.#lanes > 0;
      overTurns(this.#queue.concurrency, LANES_A_TURN, () => this.#addLane(), goingOn);
    });
  }

  #addLane(): void {
    this.#lanes++;
    void this.#queue.add(this.#lane);
  }

  readonly #lane = async (): Promise<void> => {
    try {
      for (;;) {
        if (this.#gateClosed) {
          void this.#queue.add(this.#lane); // comes back when the gate lets it
          return;
        }
        const task = this.#feeder.take();
        if (task === undefined) {
          if (this.#feeder.exhausted) break;
          await this.#whenReady();
          continue;
        }
        const turn = this.#pacer?.take();
        if (turn !== undefined) {
          this.#inFlight.hold(task);
          await turn;
          this.#inFlight.letGo(task);
          if (this.#gateClosed) {
            this.#feeder.giveBack(task);
            continue;
          }
        }
        if (this.#stopReason !== 'end') continue;
        this.#beginCase(task);
        const result = await this.#runner.run(task);
        this.#inFlight.delete(task);
        const room = this.#record(result, task.estimate);
        if (room !== undefined) await room;
        const due = this.#turns.due(task.begunAt);
        if (due !== undefined) await due; // a target that answers at once would let no timer or signal through
      }
    } catch (error) {
      this.#stop('input-error', error); // a fault of this package: nothing in a case can get here
    }
    if (--this.#lanes === 0) this.#lanesEnded();
  };

  /** Whether a lane must not begin a case now: the run is paused, or there are more lanes than its concurrency. */
  get #gateClosed(): boolean {
    const { isPaused, pending, concurrency } = this.#queue;
    return (isPaused || pending > concurrency) && this.#stopReason === 'end';
  }

  #beginCase(task: CaseTask<Input, Expected, Metadata>): void {
    this.#begun++;
    this.#inFlight.add(task);
    if (this.#port.wants('case:start')) {
      this.#port.emit('case:start', {
        at: this.#options.clock.wallTime(),
        runId: this.runId,
        caseId: task.testCase.id,
        repetition: task.repetition,
      });
    }
  }

  /** Books a result; answers with a promise when the store is behind. */
  #record(result: CaseResult, estimate: TokenUsage | undefined): Promise<void> | undefined {
    this.#statistics.add(result);
    const used = result.usage ?? estimate;
    if (result.cached) this.#pacer?.refund();
    else this.#pacer?.used(used === undefined ? 0 : used.inputTokens + used.outputTokens);
    const { clock, onCaseError } = this.#options;
    if (this.#port.wants('case:end')) {
      this.#port.emit('case:end', { at: clock.wallTime(), runId: this.runId, result });
    }
    this.#budget?.spend(result, estimate);
    if (result.outcome === 'errored' && onCaseError !== 'continue') this.#decideOnError(result);
    this.#reportProgress(false);
    // a case that was cut short is tried again when the run is resumed, so it is not stored
    if (result.outcome === 'errored' && result.error.code === 'ASSAY_ABORTED') return undefined;
    return this.#writer.push(result);
  }

  #decideOnError(result: CaseResult): void {
    if (this.#stopReason !== 'end') return;
    const { onCaseError } = this.#options;
    try {
      const decision = typeof onCaseError === 'function' ? onCaseError(result) : onCaseError;
      if (decision === 'stop') this.#stop('case-error');
    } catch (error) {
      this.#stop('case-error', error);
    }
  }

  #budgetExhausted(exhausted: ExhaustedBudget): void {
    if (this.#stopReason !== 'end') return;
    this.#stop('budget');
    this.#announce('budget:exhausted', () => exhausted);
  }

  #reportProgress(last: boolean): void {
    if (!this.#port.wants('progress')) return;
    const progress = this.#progress.report(last);
    if (progress !== undefined) this.#port.emit('progress', progress);
  }

  /** Begins no further case. The first reason stands, except that an error replaces a peaceful end. */
  #stop(reason: StopReason, failure?: unknown): void {
    if (this.#stopReason === 'end' || (failure !== undefined && this.#failure === undefined)) {
      this.#stopReason = reason;
      this.#failure = failure;
    }
    this.#feeder.stop().catch(() => {}); // an error in closing the input comes after the reason to stop
    this.#pacer?.close();
    this.#queue.start(); // lanes that wait at the gate must end
    this.#wakeLanes();
  }

  #storeFailed(error: unknown, final: boolean): void {
    this.#announce('store:error', () => ({ error, safe: this.#writer.safe }));
    if (final) this.#stop('store-error', error);
  }

  #concurrencyChanged(from: number, to: number, reason: 'event-loop-delay' | 'recovered' | 'host'): void {
    if (from !== to) this.#announce('concurrency:change', () => ({ from, to, reason }));
  }

  #whenReady(): Promise<void> {
    return (this.#ready ??= new Promise((resolve) => (this.#wake = resolve)));
  }

  #wakeLanes(): void {
    this.#ready = undefined;
    this.#wake();
  }

  #end(): RunSummary {
    const inputError = this.#feeder.error;
    if (inputError !== undefined) this.#stop('input-error', inputError);
    else if (this.#stopReason === 'end' && this.#feeder.pulled === 0) {
      this.#stop(
        'input-error',
        new InputError('ASSAY_EMPTY_INPUT', 'Expected at least one test case, got none'),
      );
    }
    const { clock } = this.#options;
    const durationMs = clock.now() - this.#begunAt;
    const summary = this.#statistics.summary({
      runId: this.runId,
      startedAt: this.#startedAt,
      durationMs,
      stopReason: this.#stopReason,
      submitted: this.#begun + this.#feeder.skipped,
      skipped: this.#feeder.skipped,
      confidenceLevel: this.#options.confidenceLevel,
      budget: this.#budget?.summary() ?? null,
    });
    const error = runError(this.#stopReason, this.#failure, this.#writer.safe, summary);
    this.#reportProgress(true);
    this.#announce('run:end', () => ({ summary, ...(error === undefined ? {} : { error }) }));
    if (error !== undefined) throw error;
    return summary;
  }
}
