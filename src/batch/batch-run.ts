import { AssayError } from '../errors.js';
import { isModelClient } from '../client/model-client.js';
import { tokensOf } from '../client/spending.js';
import type { CaseResult, TestCase } from '../evaluation/evaluation-types.js';
import { onAbort } from '../foundation/cancellation.js';
import type { ClockTimer } from '../foundation/clock.js';
import type { EventPort } from './batch-events.js';
import type { ResolvedBatchOptions } from './batch-options.js';
import type { BatchRunParts } from './batch-run-parts.js';
import type { RunOptions } from './run-options.js';
import { watchBudget, type BookedUse, type ExhaustedBudget } from './budget.js';
import { CaseFeeder } from './case-feeder.js';
import { CaseLanes, type LaneWork } from './case-lanes.js';
import { CaseRunner } from './case-runner.js';
import { toCaseSource, type CaseSource } from '../cases/case-source.js';
import type { CaseTask } from './case-task.js';
import { EvaluationGate, guardEventLoop } from './evaluation-gate.js';
import type { ConcurrencyChange, EventLoopGuard } from './evaluation-gate.js';
import { InFlightCases } from './in-flight-cases.js';
import { finishedOutcomes, newStartId } from './open-run.js';
import { RequestPacer } from './request-pacer.js';
import { ResultWriter } from './result-writer.js';
import { followRetries, runAnnouncer, type Announce } from './run-announcer.js';
import { caseAborted, drainTimeout, runError, thrown } from './run-error.js';
import { createManifest } from './run-manifest.js';
import { RunProgress } from './run-progress.js';
import type { BudgetMember } from './shared-budget.js';
import type { CaseSlots } from './shared-slots.js';
import { openSession, type RunSession } from './run-session.js';
import { followPrefix, type SubmissionPrefix } from './stop-rule.js';
import { PrefixScore } from './summary/prefix-score.js';
import type { BlindBudget } from './summary/budget-summary.js';
import { RunStatistics } from './summary/run-statistics.js';
import type { RunSummary, StopReason } from './summary/run-summary.js';

/** One run from its first case to its summary. */
export class BatchRun<Input, Expected, Metadata> {
  readonly runId: string;
  readonly #options: ResolvedBatchOptions<Input, Expected, Metadata>;
  readonly #runOptions: RunOptions;
  readonly #port: EventPort;
  readonly #announce: Announce;
  readonly #lanes: CaseLanes<CaseTask<Input, Expected, Metadata>, CaseResult>;
  readonly #source: CaseSource<TestCase<Input, Expected, Metadata>>;
  readonly #feeder: CaseFeeder<Input, Expected, Metadata>;
  readonly #runner: CaseRunner<Input, Expected, Metadata>;
  readonly #gate = new EvaluationGate();
  readonly #session: RunSession<Input, Expected, Metadata> | undefined;
  readonly #writer: ResultWriter;
  readonly #statistics: RunStatistics;
  readonly #prefixScore: PrefixScore;
  readonly #pacer: RequestPacer | undefined;
  readonly #budget: BudgetMember | undefined;
  readonly #estimateCost: BookedUse['estimateCost'];
  readonly #slots: CaseSlots | undefined;
  readonly #inFlight: InFlightCases<Input, Expected, Metadata>;
  readonly #progress: RunProgress;
  readonly #prefix: SubmissionPrefix | undefined;
  readonly #begunAt: number;
  readonly #startedAt: number;
  #drainTimer: ClockTimer | undefined;
  #begun = 0;
  #stopReason: StopReason = 'end';
  #failure: unknown;

  constructor({ cases, options, runOptions, port, onDurable }: BatchRunParts<Input, Expected, Metadata>) {
    const { clock, concurrency } = options;
    const client = isModelClient(options.target) ? options.target : undefined;
    this.#options = options;
    this.#runOptions = runOptions;
    this.#port = port;
    this.#startedAt = clock.wallTime();
    this.#begunAt = clock.now();
    const startId = newStartId(this.#startedAt, options.random);
    this.runId = runOptions.runId ?? `run-${startId}`;
    this.#announce = runAnnouncer(port, { runId: this.runId, clock });
    this.#lanes = new CaseLanes(this.#laneWork(), { concurrency, now: () => clock.now() });
    this.#inFlight = new InFlightCases(clock, options.caseTimeoutMs);
    this.#source = toCaseSource(cases);
    this.#statistics = new RunStatistics({
      repetitions: options.repetitions,
      passThreshold: options.passThreshold,
      evaluator: options.evaluator,
    });
    this.#prefixScore = new PrefixScore(options.repetitions);
    this.#progress = this.#makeProgress();
    this.#runner = new CaseRunner(options, {
      gate: this.#gate,
      onRetry: (retried) => this.#announce('target:retry', () => ({ ...retried, endpoint: null })),
    });
    this.#pacer = options.rateLimit === undefined ? undefined : new RequestPacer(options.rateLimit, clock);
    this.#session = openSession({
      runId: this.runId,
      startId,
      options,
      runOptions,
      onError: (error, final) => this.#storeFailed(error, final),
      onEarlier: this.#addEarlier,
    });
    this.#estimateCost = (usage, model) => client?.estimateCost?.(usage, model) ?? null;
    this.#slots = runOptions.shared?.slots.forRun();
    this.#budget = this.#joinBudget();
    this.#writer = this.#makeWriter(startId, onDurable);
    this.#prefix = followPrefix(runOptions.stopWhen, () => this.#stop('settled'));
    this.#feeder = this.#makeFeeder();
  }

  #makeProgress(): RunProgress {
    const { clock, progressIntervalMs, confidenceLevel } = this.#options;
    return new RunProgress({
      runId: this.runId,
      clock,
      intervalMs: progressIntervalMs,
      wanted: () => this.#port.wants('progress'),
      confidenceLevel,
      statistics: this.#statistics,
      prefix: this.#prefixScore,
      total: () => this.#total,
      skipped: () => this.#feeder.skipped,
      inFlight: () => this.#inFlight.size,
    });
  }

  #joinBudget(): BudgetMember | undefined {
    const told = {
      onExhausted: (exhausted: ExhaustedBudget) => this.#budgetExhausted(exhausted),
      onBlind: (blind: BlindBudget) => this.#announce('budget:blind', () => blind),
    };
    const { budget, clock } = this.#options;
    return (
      this.#runOptions.shared?.budget?.join(told) ??
      watchBudget(budget, { clock, begunAt: this.#begunAt, counts: this.#statistics, ...told })
    );
  }

  #makeWriter(
    startId: string,
    onDurable: BatchRunParts<Input, Expected, Metadata>['onDurable'],
  ): ResultWriter {
    const { batchSize, flushIntervalMs, clock, store } = this.#options;
    return new ResultWriter({
      runId: this.runId,
      startId,
      session: this.#session,
      batchSize,
      flushIntervalMs,
      clock,
      onDurable: (results, summary) => {
        this.#announce('batch:end', () => ({ summary, results, stored: store !== undefined }));
        return onDurable(results);
      },
    });
  }

  #makeFeeder(): CaseFeeder<Input, Expected, Metadata> {
    const { repetitions, queueSize, clock } = this.#options;
    const resumes = this.#runOptions.resume === true;
    return new CaseFeeder({
      runId: this.runId,
      source: this.#source,
      repetitions,
      queueSize,
      clock,
      session: this.#session,
      isFinished: resumes ? finishedOutcomes(this.#runOptions) : undefined,
      isOpen: (caseId) => this.#inFlight.has(caseId) || this.#writer.holds(caseId),
      onSubmit: this.#prefix?.submit,
      onReady: () => this.#lanes.wake(),
    });
  }

  /** Runs to the end; resolves to the summary, rejects when input, store or host ended the run early. */
  async execute(): Promise<RunSummary> {
    const { signal } = this.#runOptions;
    let guard: EventLoopGuard | undefined;
    let stopFollowing = (): void => {};
    const unsubscribe = signal === undefined ? undefined : onAbort(signal, () => this.abort(signal.reason));
    try {
      const created = createManifest({ ...this.#runOptions, runId: this.runId }, this.#options);
      const opened = (await this.#session?.open(created)) ?? { manifest: created, resumed: false };
      stopFollowing = followRetries(this.#options.target, this.#announce);
      this.#announce('run:start', () => ({ at: this.#startedAt, total: this.#total, ...opened }));
      this.#progress.begin((progress) => this.#port.emit('progress', progress));
      guard = guardEventLoop(this.#options, {
        gate: this.#gate,
        concurrency: () => this.#lanes.concurrency,
        onChange: (change) => this.#announceConcurrency(change),
      });
      await this.#lanes.run();
    } catch (error) {
      this.#stop('input-error', thrown(error));
    } finally {
      guard?.close();
      stopFollowing();
      this.#progress.close();
      this.#inFlight.close();
      this.#budget?.close();
      this.#pacer?.close();
      this.#slots?.close();
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
    if (!this.#lanes.isPaused) this.#announce('run:pause', () => ({}));
    this.#lanes.pause();
  }

  /** Goes on after {@link BatchRun.pause}. */
  resume(): void {
    if (this.#lanes.isPaused && this.#stopReason === 'end') this.#announce('run:resume', () => ({}));
    this.#lanes.open();
  }

  /** Changes the number of cases in flight at once. */
  setConcurrency(concurrency: number): void {
    const from = this.#lanes.concurrency;
    this.#lanes.concurrency = concurrency;
    this.#announceConcurrency({ from, to: concurrency, reason: 'host' });
  }

  /** Begins no further case; after `timeoutMs` cancels those in flight and waits no longer for a failing store. */
  drain(timeoutMs: number): void {
    this.#announce('run:drain', () => ({
      inFlight: this.#inFlight.size,
      timeoutMs: timeoutMs === Number.POSITIVE_INFINITY ? null : timeoutMs,
    }));
    this.#stop('drained');
    if (timeoutMs === Number.POSITIVE_INFINITY) return;
    this.#drainTimer?.cancel();
    this.#drainTimer = this.#options.clock.schedule(() => {
      this.#inFlight.cancel(drainTimeout(timeoutMs));
      this.#session?.abandon();
    }, timeoutMs);
  }

  /** Cancels what is in flight and ends the run. */
  abort(reason: unknown): void {
    this.#stop('aborted', reason);
    this.#inFlight.cancel(caseAborted(reason));
    this.#session?.abandon();
  }

  get #total(): number | null {
    const cases = this.#runOptions.total ?? this.#source.total;
    return cases === null ? null : cases * this.#options.repetitions;
  }

  #laneWork(): LaneWork<CaseTask<Input, Expected, Metadata>, CaseResult> {
    return {
      takeCase: () => this.#feeder.take(),
      giveBackCase: (task) => {
        this.#slots?.release(task);
        this.#feeder.giveBack(task);
      },
      isExhausted: () => this.#feeder.exhausted,
      isEnding: () => this.#stopReason !== 'end',
      awaitTurn: (task) => this.#awaitTurn(task),
      run: (task) => {
        this.#beginCase(task);
        return this.#runner.run(task);
      },
      bookResult: (task, result) => {
        this.#inFlight.delete(task);
        this.#slots?.release(task);
        this.#prefixScore.add(task.sequence, result);
        return this.#record(result, task);
      },
      laneFailed: (error) => this.#stop('input-error', thrown(error)),
    };
  }

  /** The case is held while it waits: it is neither begun nor forgotten. */
  #awaitTurn(task: CaseTask<Input, Expected, Metadata>): Promise<void> | undefined {
    const paced = this.#pacer?.take();
    const turn = paced === undefined ? this.#slots?.take(task) : paced.then(() => this.#slots?.take(task));
    if (turn === undefined) return undefined;
    this.#inFlight.hold(task);
    return turn.then(() => this.#inFlight.letGo(task));
  }

  readonly #addEarlier = (result: CaseResult): void => {
    this.#statistics.addEarlier(result);
    this.#prefix?.settle(result);
    this.#prefixScore.addEarlier(result);
  };

  #beginCase(task: CaseTask<Input, Expected, Metadata>): void {
    this.#begun++;
    this.#inFlight.add(task);
    const { testCase, repetition } = task;
    this.#announce('case:start', () => ({ caseId: testCase.id, repetition }));
  }

  /** Books a result; answers with a promise when the store is behind. */
  #record(
    result: CaseResult,
    { estimate, kept }: CaseTask<Input, Expected, Metadata>,
  ): Promise<void> | undefined {
    this.#statistics.add(result);
    this.#session?.note(result);
    if (result.cached) this.#pacer?.refund();
    else this.#pacer?.used(tokensOf(result.usage) + tokensOf(estimate));
    this.#announce('case:end', () => ({ result }));
    this.#budget?.spend(result, { estimate, estimateCost: this.#estimateCost });
    if (result.outcome === 'errored' && this.#stopReason === 'end') this.#decideOnError(result);
    this.#reportProgress(false);
    // a case that was cut short is tried again when the run is resumed, so it is not stored
    if (result.outcome === 'errored' && result.error.code === 'ASSAY_ABORTED') return undefined;
    const pushed = this.#writer.push(result, kept);
    this.#prefix?.settle(result); // the host's rule may throw
    return pushed;
  }

  #decideOnError(result: CaseResult): void {
    const { onCaseError } = this.#options;
    try {
      if ((typeof onCaseError === 'function' ? onCaseError(result) : onCaseError) === 'stop')
        this.#stop('case-error');
    } catch (error) {
      this.#stop('case-error', thrown(error));
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
    this.#slots?.stop();
    this.#lanes.open(); // lanes that wait at the gate must end
    this.#lanes.wake();
  }

  #storeFailed(error: unknown, final: boolean): void {
    this.#announce('store:error', () => ({ error, safe: this.#writer.safe }));
    if (!final) return;
    this.#stop('store-error', error);
    if (!AssayError.is(error) || error.code !== 'ASSAY_LEASE_LOST') return;
    this.#inFlight.cancel(caseAborted(error)); // what they come to could not be stored
    this.#session?.abandon();
  }

  #announceConcurrency(change: ConcurrencyChange): void {
    if (change.from !== change.to) this.#announce('concurrency:change', () => change);
  }

  async #end(): Promise<RunSummary> {
    const inputError =
      this.#feeder.error ?? (this.#stopReason === 'end' ? this.#feeder.emptiness : undefined);
    if (inputError !== undefined) this.#stop('input-error', inputError);
    const notes = this.#prefix?.notes((error) => this.#stop('input-error', thrown(error))) ?? [];
    const complete = this.#feeder.complete && this.#stopReason === 'end';
    const summary = this.#statistics.summary({
      runId: this.runId,
      startedAt: this.#startedAt,
      durationMs: this.#options.clock.now() - this.#begunAt,
      stopReason: this.#stopReason,
      submitted: this.#begun + this.#feeder.skipped,
      skipped: this.#feeder.skipped,
      confidenceLevel: this.#options.confidenceLevel,
      budget: this.#budget?.summary() ?? null,
      warnings: [...(this.#session?.warnings(complete) ?? []), ...notes],
    });
    await this.#session?.end(summary, complete).catch(() => {}); // it has told, and is the reason to stop now
    const ended = { cause: this.#failure, safe: this.#writer.safe, summary };
    const error = runError(this.#stopReason, ended);
    this.#reportProgress(true);
    this.#announce('run:end', () => ({ summary, ...(error === undefined ? {} : { error }) }));
    if (error !== undefined) throw error;
    return summary;
  }
}
