import { LinkedList, ListNode } from '../foundation/linked-list.js';
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
  /**
   * What it may share: a message with others, at first; a worker with those before it (`alone`), once a message
   * failed with it inside; nothing (`fresh`), once a worker failed with it alone.
   */
  trial: 'shared' | 'alone' | 'fresh' = 'shared';
  /** How long it ran in workers that failed, milliseconds: all its tries have the time of one. */
  spentMs = 0;
  /** What it was suspected of: the error, should the time not be enough for another try. */
  suspectedOf: Error | undefined;
  settled = false;
  /** Its place in the queue. */
  readonly place = new ListNode<PoolTask>(this);
  /** Whether its signal is listened to. */
  followed = false;
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

/** Tasks in the order in which they came; those that are tried again come first. */
export class TaskQueue {
  readonly #again = new LinkedList<PoolTask>();
  readonly #tasks = new LinkedList<PoolTask>();

  get size(): number {
    return this.#again.size + this.#tasks.size;
  }

  push(task: PoolTask): void {
    this.#tasks.push(task.place);
  }

  /** Puts a task that was sent already before all that were not. */
  pushAgain(task: PoolTask): void {
    this.#again.push(task.place);
  }

  remove(task: PoolTask): void {
    task.place.list?.remove(task.place);
  }

  /** Takes at most `most` tasks for one message. A task that has to be alone comes alone. */
  take(most: number): PoolTask[] {
    const taken: PoolTask[] = [];
    for (const tasks of [this.#again, this.#tasks]) {
      for (let head = tasks.head; head !== undefined; head = tasks.head) {
        const shares = head.value.trial === 'shared';
        if (taken.length >= most || (taken.length > 0 && !shares)) return taken;
        tasks.remove(head);
        taken.push(head.value);
        if (!shares) return taken;
      }
    }
    return taken;
  }

  /** Tasks that were never sent, the last one first. */
  *unsentBackwards(): Generator<PoolTask, void> {
    for (let node = this.#tasks.tail; node !== undefined;) {
      const previous = this.#tasks.before(node);
      yield node.value; // which may leave the queue
      node = previous;
    }
  }
}
