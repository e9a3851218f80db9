import type { BookedUse } from '../batch/budget.js';
import type { BudgetMember } from '../batch/shared-budget.js';
import type { CaseSlots } from '../batch/shared-slots.js';
import { tokensOf } from '../client/spending.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';
import type { Clock, ClockTimer } from '../foundation/clock.js';
import type { RunWork, SharedRun, SharedStop } from '../stores/run-work.js';
import type { BatchStore } from './batch-store.js';
import { RunPacer } from './run-pacer.js';
import { RunSpending } from './run-spending.js';
import type { WorkerSlots } from './worker-slots.js';

const ASK_AGAIN_MS = 250;
const LOOK_MS = 1000; // how often a worker asks whether a run goes on, and tells what it has spent

/** What a {@link WorkerRun} needs to know. */
export interface WorkerRunOptions {
  readonly run: SharedRun;
  readonly work: RunWork;
  readonly slots: WorkerSlots;
  readonly clock: Clock;
  /** Names the worker. */
  readonly worker: string;
  /** The run does not go on: its batches are to end. */
  readonly onStop: (reason: SharedStop) => void;
  /** The store failed; it is asked again. */
  readonly onError: (error: unknown) => void;
}

/** A case that waits for its turn. */
interface Waiting {
  readonly batch: BatchTurns;
  readonly go: () => void;
}

/**
 * One run within one worker: lets the cases of its batches begin, first come, first served, as the places of the worker and
 * the limits of the run allow; tells the store what was spent; notices when the run was stopped.
 */
export class WorkerRun {
  readonly #options: WorkerRunOptions;
  readonly #spending: RunSpending;
  readonly #pacer: RunPacer | undefined;
  readonly #timers = new Set<ClockTimer>();
  #waiting: Waiting[] = [];
  #asked = 0; // places that are taken for cases that wait for the pacer
  #reporting: Promise<void> | undefined;
  #stopReason: SharedStop | null = null;
  #ended = false;

  constructor(options: WorkerRunOptions) {
    const { run, work, worker, clock } = options;
    const { requestsPerSecond, tokensPerMinute } = run.limits;
    this.#options = options;
    if ((requestsPerSecond ?? tokensPerMinute) !== undefined) this.#pacer = new RunPacer(work, run);
    this.#spending = new RunSpending({ worker, limits: run.limits, clock });
    this.#lookLater();
  }

  /** Why the run does not go on; `null` while it does. */
  get stopReason(): SharedStop | null {
    return this.#stopReason;
  }

  /** Cases that wait for their turn. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Whether tokens or money are counted, so that what no server tells has to be estimated. */
  get counts(): boolean {
    const { tokensPerMinute, maxCost, maxTokens } = this.#options.run.limits;
    return (tokensPerMinute ?? maxCost ?? maxTokens) !== undefined;
  }

  /** Tells the rest of what was spent and gives back what is left of the budget. */
  async end(): Promise<void> {
    const { work, run, slots } = this.#options;
    this.#ended = true;
    slots.forget(this.pump);
    for (const timer of this.#timers) timer.cancel();
    slots.giveBack(this.#asked);
    this.#asked = 0;
    await this.#reporting;
    await work.spend(run.runId, this.#spending.report(true));
  }

  /** Adds a case that waits. */
  wait(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.pump();
  }

  /** Takes a place for a case that need not wait. */
  takeAtOnce(): boolean {
    const may = this.#pacer === undefined && this.#waiting.length === 0 && this.#mayGo;
    return may && this.#options.slots.take(1) === 1;
  }

  /** Books a result. */
  book(result: CaseResult, use: BookedUse): void {
    this.#pacer?.used(result.cached ? 0 : tokensOf(result.usage) + tokensOf(use.estimate));
    this.#spending.book(result, use);
    if (!this.#mayGo) void this.#report();
  }

  /** Gives places back. */
  give(places: number): void {
    if (places > 0) this.#options.slots.giveBack(places);
  }

  /** Lets the waiting cases of a batch go: it has ended. */
  leave(batch: BatchTurns): void {
    const left = this.#waiting.filter((each) => each.batch === batch);
    this.#waiting = this.#waiting.filter((each) => each.batch !== batch);
    for (const { go } of left) go();
  }

  /** Lets as many go as may. */
  readonly pump = (): void => {
    const { slots } = this.#options;
    if (this.#ended || this.#asked > 0 || this.#waiting.length === 0) return;
    if (!this.#mayGo) {
      void this.#report();
      return;
    }
    const places = slots.take(Math.min(this.#waiting.length, this.#pacer?.chunk ?? Number.POSITIVE_INFINITY));
    if (places > 0 && this.#pacer !== undefined) void this.#askPacer(this.#pacer, places);
    else for (let i = 0; i < places; i++) this.#letGo();
    if (this.#waiting.length > 0 && this.#asked === 0) slots.whenFree(this.pump);
  };

  get #mayGo(): boolean {
    return this.#spending.mayGo;
  }

  /** The place of a case that waits no longer goes back. */
  #letGo(): void {
    const next = this.#waiting.shift();
    if (next === undefined) {
      this.#options.slots.giveBack(1);
      return;
    }
    next.batch.given();
    next.go();
  }

  async #askPacer(pacer: RunPacer, places: number): Promise<void> {
    this.#asked = places;
    let delays: readonly number[];
    try {
      delays = await pacer.take(places);
    } catch (error) {
      this.#options.onError(error);
      if (this.#ended) return;
      this.#asked = 0;
      this.#options.slots.giveBack(places);
      this.#later(LOOK_MS, this.pump);
      return;
    }
    if (this.#ended) return;
    const go = (): void => {
      this.#asked -= 1;
      this.#letGo();
      if (this.#asked === 0) this.pump();
    };
    for (const delayMs of delays) {
      if (delayMs === 0) go();
      else this.#later(delayMs, go);
    }
  }

  /** Tells what was spent and asks how far it may go; once at a time. */
  #report(): Promise<void> {
    if (this.#ended || this.#stopReason !== null) return Promise.resolve();
    this.#reporting ??= this.#reportSpending().finally(() => {
      this.#reporting = undefined;
      if (this.#mayGo) this.pump();
    });
    return this.#reporting;
  }

  async #reportSpending(): Promise<void> {
    const { work, run, onError } = this.#options;
    const spending = this.#spending;
    try {
      const report = spending.report(false);
      const grant = await work.spend(run.runId, report);
      const reached = spending.take(report, grant);
      if (grant.stopReason !== null) this.#stop(grant.stopReason);
      else if (reached) {
        await work.stop(run.runId, 'budget');
        this.#stop('budget');
      }
    } catch (error) {
      onError(error); // the next look asks again
    }
  }

  #stop(reason: SharedStop): void {
    if (this.#stopReason !== null) return;
    this.#stopReason = reason;
    this.#options.onStop(reason);
  }

  #lookLater(): void {
    this.#later(LOOK_MS, () => void this.#report().finally(() => this.#lookLater()));
  }

  #later(delayMs: number, work: () => void): void {
    if (this.#ended) return;
    const timer = this.#options.clock.schedule(
      () => {
        this.#timers.delete(timer);
        work();
      },
      delayMs,
      { keepAlive: false },
    );
    this.#timers.add(timer);
  }
}

/** What {@link BatchTurns} need to know. */
export interface BatchTurnsOptions {
  readonly run: WorkerRun;
  /** Tells whether the batch still is this worker's own. */
  readonly owner: Pick<BatchStore, 'isOwn' | 'confirm'>;
  readonly clock: Clock;
  /** Places that it may hold at once. */
  readonly most: number;
}

/** A batch's share in a {@link WorkerRun}: its processor takes it for places and a budget that it shares with others. */
export class BatchTurns implements CaseSlots, BudgetMember {
  readonly #options: BatchTurnsOptions;
  readonly #run: WorkerRun;
  #held = 0;
  #room: (() => void) | undefined;
  #stopped = false;

  constructor(options: BatchTurnsOptions) {
    this.#options = options;
    this.#run = options.run;
  }

  /** As `SharedSlots.forRun`. */
  forRun(): CaseSlots {
    return this;
  }

  /** As `SharedBudget.join`. */
  join(): BudgetMember {
    return this;
  }

  take(): Promise<void> | undefined {
    if (this.#stopped) return undefined;
    const { most, owner } = this.#options;
    if (this.#held >= most) return new Promise<void>((go) => (this.#room = go)).then(() => this.take()); // only a single lane comes here
    if (this.#run.takeAtOnce()) {
      this.#held += 1;
      return owner.isOwn ? undefined : this.#untilOwn();
    }
    return new Promise((resolve) => {
      const go = (): void => (owner.isOwn ? resolve() : void this.#untilOwn().then(resolve));
      this.#run.wait({ batch: this, go });
    });
  }

  /**
   * A worker that goes on after it was cut off begins no case of a batch that others may have: it would be paid twice. One
   * that has lost it is stopped by whatever it writes, or by its next sign of life.
   */
  async #untilOwn(): Promise<void> {
    const { owner, clock } = this.#options;
    while (!this.#stopped && !(await owner.confirm()))
      await new Promise<void>((resolve) => void clock.schedule(resolve, ASK_AGAIN_MS));
  }

  /** A case that waited has a place. */
  given(): void {
    this.#held += 1;
  }

  /** Its place is given back when its result is durable. */
  release(): void {}

  /** So many results are durable: their places are free. */
  durable(results: number): void {
    const places = Math.min(results, this.#held);
    this.#held -= places;
    this.#run.give(places);
    this.#room?.();
  }

  stop(): void {
    this.#stopped = true;
    this.#room?.();
    this.#run.leave(this);
  }

  spend(result: CaseResult, use: BookedUse): void {
    this.#run.book(result, use);
  }

  summary(): null {
    return null;
  }

  /** Results that are not durable yet keep their places. */
  close(): void {
    this.stop();
  }

  /** Gives back what it holds: nothing of it is in flight any more, and all that is durable is told. */
  end(): void {
    this.stop();
    this.durable(this.#held);
  }
}
