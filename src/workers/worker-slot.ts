import type { PoolTask } from './task-queue.js';
import { PROGRESS } from './worker-protocol.js';

/**
 * One message in flight, and the watch over it. Threads tell through shared memory which task they are at, so a
 * task that hangs is known by name and has its whole time for itself; processes are watched a message at a time.
 */
export class WorkerSlot {
  readonly index: number;
  readonly #progress: Int32Array | undefined;
  #controller = new AbortController();
  #tasks: readonly PoolTask[] = [];
  #begunBefore = 0;
  #lastBegun = 0;
  #lastChangeAt = 0;
  #abandonedAt: number | undefined;
  #warm = false;
  #ended: 'timeout' | 'start' | 'abandoned' | undefined;

  constructor(index: number, progress: Int32Array | undefined) {
    this.index = index;
    this.#progress = progress;
  }

  get busy(): boolean {
    return this.#tasks.length > 0;
  }

  /** Ends the worker that has the message; the same one until it was used. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why the worker was ended from here, if it was. */
  get ended(): 'timeout' | 'start' | 'abandoned' | undefined {
    return this.#ended;
  }

  /** Tasks of the message that somebody still waits for. */
  get unsettled(): number {
    let count = 0;
    for (const task of this.#tasks) if (!task.settled) count++;
    return count;
  }

  /** Index of the task that the worker is at, as far as is known. */
  get culprit(): number | undefined {
    if (this.#progress === undefined) return this.#tasks.length === 1 ? 0 : undefined;
    const begun = (this.#begun() - this.#begunBefore) | 0; // the counter wraps around
    return begun > 0 ? begun - 1 : undefined;
  }

  /** A message leaves. */
  begin(tasks: readonly PoolTask[]): void {
    this.#tasks = tasks;
    this.#begunBefore = this.#lastBegun = this.#begun();
    if (this.#progress !== undefined) Atomics.store(this.#progress, this.#at(PROGRESS.working), 0);
    this.#lastChangeAt = performance.now();
    this.#abandonedAt = undefined;
  }

  /** The message was answered (`warm`), or its worker is gone (`cold`): the next one has to start first. */
  end(state: 'warm' | 'cold'): void {
    this.#tasks = [];
    this.#warm = state === 'warm';
    this.#ended = undefined;
    if (this.#controller.signal.aborted) this.#controller = new AbortController();
  }

  /** Ends the worker when the task it is at takes too long, or when nobody waits for it any more. */
  watch(taskTimeoutMs: number, startTimeoutMs: number, abandonMs: number): void {
    if (!this.busy || this.#ended !== undefined) return;
    const now = performance.now();
    const begun = this.#begun();
    if (begun !== this.#lastBegun) {
      this.#lastBegun = begun;
      this.#lastChangeAt = now;
      this.#abandonedAt = undefined;
    }
    const current = this.culprit;
    if (this.unsettled === 0 || (current !== undefined && this.#tasks[current]?.settled === true)) {
      this.#abandonedAt ??= now;
      if (now - this.#abandonedAt >= abandonMs) this.#end('abandoned');
      return;
    }
    const elapsed = now - this.#lastChangeAt;
    if (this.#progress === undefined) {
      // A process says nothing on its way: the message as a whole has the time of one task, after its start.
      if (elapsed >= taskTimeoutMs + (this.#warm ? 0 : startTimeoutMs)) this.#end('timeout');
    } else if (Atomics.load(this.#progress, this.#at(PROGRESS.working)) === 1) {
      if (elapsed >= taskTimeoutMs) this.#end('timeout');
    } else if (elapsed >= startTimeoutMs) this.#end('start');
  }

  #end(why: 'timeout' | 'start' | 'abandoned'): void {
    this.#ended = why;
    this.#controller.abort();
  }

  #begun(): number {
    return this.#progress === undefined ? 0 : Atomics.load(this.#progress, this.#at(PROGRESS.begun));
  }

  #at(member: number): number {
    return this.index * PROGRESS.size + member;
  }
}
