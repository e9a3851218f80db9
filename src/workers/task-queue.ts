import type { WorkerModule } from './worker-protocol.js';

/** What a task asks for: a description of the module's export, or a run of it. */
export type PoolWork = { readonly kind: 'describe' } | { readonly kind: 'run'; readonly payload: unknown };

/** What a pool is told beside a task. */
export interface PoolTaskOptions {
  /** Gives the signal that cancels the task; asked only when the task takes longer than a few milliseconds. */
  readonly signal?: (() => AbortSignal) | undefined;
  /** Told what the task cost in the worker (its share of the message), microseconds. */
  readonly onWork?: ((workUs: number) => void) | undefined;
}

/** One task of a pool, from being asked for to its end. */
export class PoolTask {
  readonly module: WorkerModule;
  readonly work: PoolWork;
  readonly signal: (() => AbortSignal) | undefined;
  readonly onWork: ((workUs: number) => void) | undefined;
  readonly promise: Promise<unknown>;
  /** It failed with others once: send it in a message of its own. */
  alone = false;
  settled = false;
  /** Stops listening to its signal. */
  unfollow: (() => void) | undefined;
  #resolve!: (value: unknown) => void;
  #reject!: (error: unknown) => void;

  constructor(module: WorkerModule, work: PoolWork, options: PoolTaskOptions = {}) {
    this.module = module;
    this.work = work;
    this.signal = options.signal;
    this.onWork = options.onWork;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  resolve(value: unknown): void {
    this.#settle();
    this.#resolve(value);
  }

  reject(error: unknown): void {
    this.#settle();
    this.#reject(error);
  }

  #settle(): void {
    this.settled = true;
    this.unfollow?.();
  }
}

/** Tasks in the order in which they came. */
export class TaskQueue {
  readonly #tasks = new Set<PoolTask>(); // keeps insertion order, and removes from the middle in no time

  get size(): number {
    return this.#tasks.size;
  }

  push(task: PoolTask): void {
    this.#tasks.add(task);
  }

  remove(task: PoolTask): void {
    this.#tasks.delete(task);
  }

  /** Takes at most `most` tasks for one message. A task that has to be alone comes alone. */
  take(most: number): PoolTask[] {
    const taken: PoolTask[] = [];
    for (const task of this.#tasks) {
      if (taken.length >= most) break;
      if (task.alone && taken.length > 0 && most !== Number.POSITIVE_INFINITY) break;
      this.#tasks.delete(task);
      taken.push(task);
      if (task.alone && most !== Number.POSITIVE_INFINITY) break;
    }
    return taken;
  }
}
