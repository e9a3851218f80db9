import { AssayError, messageOf, type AssayErrorCode } from '../errors.js';
import { onAbort } from '../foundation/cancellation.js';
import type { ClockTimer } from '../foundation/clock.js';
import { EventSource } from '../foundation/event-source.js';
import { KEEP_EXTERNAL } from '../foundation/worker-fallback.js';
import { resolvePoolOptions, type ResolvedPoolOptions, type WorkerPoolOptions } from './pool-options.js';
import { placementEvent, placementOf } from './worker-placement.js';
import { unpackError } from './packed-error.js';
import { StartHistory } from './start-history.js';
import { workerStarter } from './start-worker.js';
import { PoolTask, TaskQueue, type PoolTaskOptions } from './task-queue.js';
import type { WorkerEvents } from './worker-events.js';
import { failureOf, verdictOn } from './worker-failure.js';
import { WorkerSlot } from './worker-slot.js';
import type { PlacementNotice, WorkerMessage, WorkerModule, WorkerReply } from './worker-protocol.js';

/** What a {@link WorkerPool} has done. */
export interface WorkerPoolStats {
  /** Workers of the pool; each starts with its first task. */
  readonly workers: number;
  /** Tasks waiting for a worker. */
  readonly queued: number;
  /** Tasks that a worker has. */
  readonly running: number;
  /** Tasks that gave a result. */
  readonly completed: number;
  /** Tasks that failed, those that were aborted included. */
  readonly failed: number;
  /** Workers that were replaced. */
  readonly replaced: number;
  /** Messages sent; `completed / messages` is the size of a batch. */
  readonly messages: number;
}

const TICK_MS = 20; // how exactly deadlines are kept, and how soon an abort is noticed
const MESSAGE_US = 10_000; // a message holds about this much work, so that work is spread evenly

/**
 * Runs tasks in worker threads or processes, on tinypool. What tinypool leaves open is closed here: every task has
 * a deadline, a worker that hangs, exits or runs out of memory is replaced and takes only its own task with it,
 * errors arrive with code and fields, and closing leaves no thread.
 *
 * Tasks that wait while all workers are busy are sent together, up to `batchTasks` a message and about 10 ms of
 * work. When a worker fails, only a task that is beyond doubt the reason is failed; the others are
 * tried again, suspects alone and at last in a worker that has run nothing else.
 *
 * Evaluators and scorers share one pool through the `pool` option of `workerEvaluator` and `workerScorer`.
 */
export class WorkerPool extends EventSource<WorkerEvents> {
  readonly #options: ResolvedPoolOptions;
  readonly #placement: ReturnType<typeof placementOf>;
  readonly #queue = new TaskQueue();
  readonly #history = new StartHistory();
  #slots: readonly WorkerSlot[] | undefined;
  #opening = false;
  #timer: ClockTimer | undefined;
  #pumping = false;
  #taskUs = Number.POSITIVE_INFINITY; // moving average; unknown: one task a message
  #pending = 0;
  #completed = 0;
  #failed = 0;
  #replaced = 0;
  #messages = 0;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  constructor(options: WorkerPoolOptions = {}) {
    super();
    this.#options = resolvePoolOptions(options);
    this.#placement = placementOf(this.#options);
  }

  /**
   * Calls `listener` at every `event`; returns the unsubscribe. What has become of the start by now (`worker:start`, and
   * the last `worker:affinity` and `worker:priority` of each worker) is told to a new listener right afterwards: a pool
   * that an evaluator makes for itself has started before anybody can listen.
   */
  override on<Name extends keyof WorkerEvents & string>(
    event: Name,
    listener: (payload: WorkerEvents[Name]) => void,
  ): () => void {
    const tell = (name: string, payload: unknown): void => {
      if (name === event) listener(payload as WorkerEvents[Name]);
    };
    return this.#history.tellLater(super.on(event, listener), tell, (name, error) =>
      this.reportListenerError(name, error),
    );
  }

  /** As {@link WorkerPool.on}, for every event, with its name. */
  override onAny(listener: (event: string, payload: unknown) => void): () => void {
    return this.#history.tellLater(super.onAny(listener), listener, (name, error) =>
      this.reportListenerError(name, error),
    );
  }

  /** What the module's export is; loads it in a worker. Rejects with `ASSAY_WORKER_UNAVAILABLE`. @internal */
  describe(module: WorkerModule): Promise<unknown> {
    return this.#submit(new PoolTask(module, { kind: 'describe' }));
  }

  /**
   * Runs one task.
   *
   * Rejects with what the module threw, or with `ASSAY_WORKER_TIMEOUT`, `ASSAY_WORKER_CRASHED`,
   * `ASSAY_WORKER_OUT_OF_MEMORY`, `ASSAY_WORKER_UNCLONEABLE`, `ASSAY_WORKER_UNAVAILABLE`, `ASSAY_ABORTED` or
   * `ASSAY_CLOSED`.
   *
   * @internal
   */
  run(module: WorkerModule, payload: unknown, options?: PoolTaskOptions): Promise<unknown> {
    return this.#submit(new PoolTask(module, { kind: 'run', payload }, options));
  }

  /** What came of `cpuAffinity` and `priority` for each worker that was started, as the kernel reports it. */
  get placements(): readonly PlacementNotice[] {
    return this.#history.placements;
  }

  /** Tells that an evaluator moved to the main thread or back. @internal */
  tellInline(inline: boolean, averageUs: number): void {
    if (this.wants('worker:inline'))
      this.emit('worker:inline', { at: this.#options.clock.wallTime(), inline, averageUs });
  }

  /** Monotonic time of its clock, milliseconds. @internal */
  now(): number {
    return this.#options.clock.now();
  }

  /** Counts since construction, and what is going on now. */
  get stats(): WorkerPoolStats {
    return {
      workers: this.#options.workers,
      queued: this.#queue.size,
      running: this.#slots?.reduce((sum, slot) => sum + slot.unsettled, 0) ?? 0,
      completed: this.#completed,
      failed: this.#failed,
      replaced: this.#replaced,
      messages: this.#messages,
    };
  }

  /** Finishes what was begun and ends all workers. Closing twice is harmless; afterwards tasks are refused. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Same as {@link WorkerPool.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    if (this.#pending > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
    this.#timer?.cancel();
    await Promise.all(this.#slots?.map((slot) => slot.close()) ?? []);
  }

  #submit(task: PoolTask): Promise<unknown> {
    if (this.#closing !== undefined) {
      return Promise.reject(new AssayError('ASSAY_CLOSED', 'The worker pool is closed'));
    }
    this.#pending++;
    this.#queue.push(task);
    this.#timer ??= this.#options.clock.schedule(() => this.#tick(), TICK_MS);
    if (!this.#pumping) {
      this.#pumping = true;
      queueMicrotask(() => this.#sendWaiting()); // what is asked for in one go is spread over the workers in one go
    }
    return task.promise;
  }

  #sendWaiting(): void {
    this.#pumping = false;
    if (this.#queue.size === 0) return;
    if (this.#slots === undefined) {
      if (!this.#opening) void this.#open();
      return;
    }
    let idle = 0;
    for (const slot of this.#slots) if (!slot.busy) idle++;
    for (const slot of this.#slots) {
      if (slot.busy) continue;
      const tasks = this.#queue.take(Math.min(this.#batchSize(), Math.ceil(this.#queue.size / idle--)));
      if (tasks.length === 0) return;
      this.#send(slot, tasks);
    }
  }

  #batchSize(): number {
    return Math.max(
      1,
      Math.min(this.#options.batchTasks, Math.floor(MESSAGE_US / Math.max(1, this.#taskUs))),
    );
  }

  async #open(): Promise<void> {
    this.#opening = true;
    const { workers, runtime, clock } = this.#options;
    try {
      const startWorker = await workerStarter(this.#options);
      this.#slots = Array.from(
        { length: workers },
        (_, index) =>
          new WorkerSlot(index, {
            startWorker,
            clock,
            onLost: (thrown) => {
              const { code, message } = failureOf(thrown, { options: this.#options });
              this.#noteReplaced({ code, message, tasks: 0, retried: 0 });
            },
          }),
      );
      const started = { at: this.#options.clock.wallTime(), workers, runtime };
      this.#history.started(started);
      if (this.wants('worker:start')) this.emit('worker:start', started);
    } catch (error) {
      const failure = AssayError.is(error)
        ? error
        : new AssayError(
            'ASSAY_WORKER_UNAVAILABLE',
            `Cannot start workers: ${messageOf(error)}. In a bundle: ${KEEP_EXTERNAL}`,
            { cause: error },
          );
      for (const task of this.#queue.take(Number.POSITIVE_INFINITY)) this.#fail(task, failure);
    } finally {
      this.#opening = false;
    }
    this.#sendWaiting();
  }

  #send(slot: WorkerSlot, tasks: readonly PoolTask[]): void {
    const modules: WorkerModule[] = [];
    const [first] = tasks;
    const message: WorkerMessage = {
      worker: slot.index,
      modules,
      tasks: tasks.map(({ module, work }) => {
        let index = modules.indexOf(module);
        if (index < 0) index = modules.push(module) - 1;
        return work.kind === 'run' ? [index, work.payload] : [index];
      }),
      taskTimeoutMs: this.#options.taskTimeoutMs - (tasks.length === 1 ? first!.spentMs : 0),
      ...(this.#placement === undefined ? {} : { placement: this.#placement }),
    };
    this.#messages++;
    if (first!.trial === 'fresh' && !slot.fresh) slot.replace();
    slot.run(tasks, message).then(
      (reply) => this.#answered(slot, tasks, reply),
      (error: unknown) => this.#messageFailed(slot, tasks, error),
    );
  }

  #answered(slot: WorkerSlot, tasks: readonly PoolTask[], reply: WorkerReply): void {
    slot.answered();
    const perTask = reply.workUs / tasks.length;
    if (tasks[0]!.work.kind === 'run') {
      this.#taskUs = Number.isFinite(this.#taskUs) ? this.#taskUs + (perTask - this.#taskUs) / 8 : perTask;
    }
    this.#sendWaiting(); // first: the worker has something to do while the results are handed out
    if (reply.notices !== undefined) for (const notice of reply.notices) this.#tellPlacement(notice);
    const errors = new Map(reply.errors);
    tasks.forEach((task, index) => {
      const error = errors.get(index);
      if (error === undefined) this.#succeed(task, reply.values[index], perTask);
      else this.#fail(task, unpackError(error));
    });
    // tinypool's own task, and with it the reply, stays in old space until the next full collection: left whole, it
    // cost V8's helper threads another 0.3 us a task.
    reply.values.length = 0;
  }

  /** The message failed as a whole: the worker died or was ended, or the message could not be sent. */
  #messageFailed(slot: WorkerSlot, tasks: readonly PoolTask[], thrown: unknown): void {
    const failure = failureOf(thrown, { ended: slot.ended, options: this.#options, answers: slot.answers });
    const { culprit, fresh, elapsedMs } = slot;
    const incident = { code: failure.code, tasks: tasks.length, culprit, fresh };
    const sent = failure.code !== 'ASSAY_WORKER_UNCLONEABLE';
    if (sent) slot.replace();
    else slot.unsent();
    let retried = 0;
    const settle = (task: PoolTask, index: number): void => {
      if (task.settled) return;
      const verdict = verdictOn(index, incident);
      if (index === culprit) {
        task.spentMs += elapsedMs;
        task.suspectedOf ??= failure;
      }
      if (verdict === 'guilty' || task.spentMs >= this.#options.taskTimeoutMs) {
        this.#fail(task, failure);
        return;
      }
      if (verdict === 'suspect') task.trial = tasks.length > 1 ? 'alone' : 'fresh';
      retried++;
      this.#follow(task);
      if (!task.settled) this.#queue.pushAgain(task);
    };
    // The likeliest first: the next worker is a new one, and a crash in it will be beyond doubt.
    if (culprit !== undefined && culprit >= 0) settle(tasks[culprit]!, culprit);
    tasks.forEach((task, index) => {
      if (index !== culprit) settle(task, index);
    });
    if (sent)
      this.#noteReplaced({ code: failure.code, message: failure.message, tasks: tasks.length, retried });
    this.#sendWaiting();
  }

  #tick(): void {
    this.#timer = undefined;
    if (this.#pending === 0) return;
    for (const slot of this.#slots ?? []) {
      for (const task of slot.tasks) this.#follow(task);
      slot.watch(this.#options.startTimeoutMs);
    }
    for (const task of this.#queue.unsentBackwards()) {
      if (task.followed) break; // and so are those before it
      this.#follow(task);
    }
    this.#timer = this.#options.clock.schedule(() => this.#tick(), TICK_MS);
  }

  /** Listens to the task's signal: not at once, since most tasks are done before. */
  #follow(task: PoolTask): void {
    if (task.settled || task.followed) return;
    task.followed = true;
    const signal = task.signal?.();
    if (signal === undefined) return;
    task.unfollow = onAbort(signal, () => {
      this.#queue.remove(task);
      this.#fail(task, new AssayError('ASSAY_ABORTED', 'The task was aborted', { cause: signal.reason }));
    });
  }

  #succeed(task: PoolTask, value: unknown, workUs: number): void {
    if (task.settled) return;
    this.#completed++;
    task.onWork?.(workUs);
    task.resolve(value);
    this.#settled();
  }

  #fail(task: PoolTask, error: unknown): void {
    if (task.settled) return;
    this.#failed++;
    const late = AssayError.is(error) && error.code === 'ASSAY_WORKER_TIMEOUT';
    task.reject(late ? (task.suspectedOf ?? error) : error);
    this.#settled();
  }

  #settled(): void {
    if (--this.#pending === 0) this.#drained?.();
  }

  #noteReplaced({
    code,
    message,
    tasks,
    retried,
  }: {
    readonly code: AssayErrorCode;
    readonly message: string;
    readonly tasks: number;
    readonly retried: number;
  }): void {
    this.#replaced++;
    if (this.wants('worker:replace')) {
      this.emit('worker:replace', { at: this.#options.clock.wallTime(), code, message, tasks, retried });
    }
  }

  #tellPlacement(notice: PlacementNotice): void {
    const event = placementEvent(notice, this.#options.clock.wallTime());
    this.#history.placed(notice, event);
    const [name, payload] = event;
    if (this.wants(name)) this.emit(name, payload as never);
  }
}
