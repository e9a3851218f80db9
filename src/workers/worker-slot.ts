import type { Clock } from '../foundation/clock.js';
import { endPool } from '../foundation/end-pool.js';
import type { StartedWorker, WorkerStarter } from './start-worker.js';
import type { PoolTask } from './task-queue.js';
import type { EndReason } from './worker-failure.js';
import { PROGRESS, type WorkerMessage, type WorkerReply } from './worker-protocol.js';

const REPORT_MS = 100; // what a worker has to report a deadline itself before it is ended from outside
const ABANDON_MS = 100; // how long work that nobody waits for may go on before its worker is ended

/** What a {@link WorkerSlot} is made from. */
export interface WorkerSlotSettings {
  readonly startWorker: WorkerStarter;
  readonly clock: Clock;
  /** Hears of a worker that failed while it had no message. */
  readonly onLost: (thrown: unknown) => void;
}

/**
 * The place of one worker: the worker that is there now, the message it has, and the watch over it. Threads tell
 * through shared memory which task they are at, so a task that hangs is known by name and has its whole time for
 * itself; processes are watched a message at a time.
 */
export class WorkerSlot {
  readonly index: number;
  readonly #startWorker: WorkerStarter;
  readonly #clock: Clock;
  readonly #onLost: (thrown: unknown) => void;
  readonly #leaving = new Set<Promise<void>>();
  #worker: StartedWorker | undefined;
  #tasks: readonly PoolTask[] = [];
  #fail: (thrown: unknown) => void = () => {};
  #taskTimeoutMs = 0;
  #begunBefore = 0;
  #lastBegun = 0;
  #lastChangeAt = 0;
  #abandonedAt: number | undefined;
  #ended: EndReason | undefined;
  #answers = false;
  #fresh = true;

  constructor(index: number, { startWorker, clock, onLost }: WorkerSlotSettings) {
    this.index = index;
    this.#startWorker = startWorker;
    this.#clock = clock;
    this.#onLost = onLost;
  }

  get busy(): boolean {
    return this.#tasks.length > 0;
  }

  /** Tasks of the message that the worker has. */
  get tasks(): readonly PoolTask[] {
    return this.#tasks;
  }

  /** Why the worker was ended from here, if it was. */
  get ended(): EndReason | undefined {
    return this.#ended;
  }

  /** Whether the worker has finished no task yet. */
  get fresh(): boolean {
    return this.#fresh;
  }

  /** Whether the worker has ever answered. */
  get answers(): boolean {
    return this.#answers;
  }

  /** Tasks of the message that somebody still waits for. */
  get unsettled(): number {
    let count = 0;
    for (const task of this.#tasks) if (!task.settled) count++;
    return count;
  }

  /** Index of the task that the worker is at; -1: it has begun none; `undefined`: not known. */
  get culprit(): number | undefined {
    if (this.#worker === undefined) return -1;
    if (this.#worker.progress === undefined) {
      if (!this.#answers) return -1;
      return this.#tasks.length === 1 ? 0 : undefined;
    }
    return ((this.#begun() - this.#begunBefore) | 0) - 1; // the counter wraps around
  }

  /** How long the worker has been at its task, or at starting, milliseconds. */
  get elapsedMs(): number {
    return this.#clock.now() - this.#lastChangeAt;
  }

  /**
   * Sends a message, to a new worker when there is none. Rejects when the message failed as a whole. Afterwards
   * `answered`, `unsent` or `replace` makes the slot free again.
   */
  run(tasks: readonly PoolTask[], message: WorkerMessage): Promise<WorkerReply> {
    this.#tasks = tasks;
    this.#taskTimeoutMs = message.taskTimeoutMs;
    this.#abandonedAt = undefined;
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#worker ??= this.#start();
      const { pool, progress, explain } = this.#worker;
      if (progress !== undefined) Atomics.store(progress, PROGRESS.working, 0);
      this.#begunBefore = this.#lastBegun = this.#begun();
      this.#lastChangeAt = this.#clock.now();
      const sent = progress === undefined && !this.#answers ? this.#warmUp(pool, message) : pool.run(message);
      sent.then(resolve, (thrown: unknown) => void explain(thrown).then(reject));
    });
  }

  /** Starts a process and loads its modules before it gets the message: the tasks' time begins after that. */
  async #warmUp(pool: StartedWorker['pool'], message: WorkerMessage): Promise<WorkerReply> {
    const modules = { ...message, tasks: message.modules.map((_, module) => [module] as const) };
    const { notices } = (await pool.run(modules)) as WorkerReply;
    this.#answers = true;
    this.#lastChangeAt = this.#clock.now();
    const reply = (await pool.run(message)) as WorkerReply;
    return notices === undefined ? reply : { ...reply, notices };
  }

  /** The message was answered. */
  answered(): void {
    if (this.#tasks[0]?.work.kind === 'run') this.#fresh = false;
    this.#answers = true;
    this.#tasks = [];
  }

  /** The message never left. */
  unsent(): void {
    this.#tasks = [];
  }

  /** The worker is gone, or shall go: the next message starts another. */
  replace(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#tasks = [];
    this.#ended = undefined;
    this.#answers = false;
    this.#fresh = true;
    if (worker === undefined) return;
    const leaving: Promise<void> = endPool(worker.pool).then(() => void this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }

  /** Ends the worker, and waits for those that were replaced. */
  async close(): Promise<void> {
    this.replace();
    await Promise.all(this.#leaving);
  }

  /** Ends the worker when the task it is at takes too long, or when nobody waits for it any more. */
  watch(startTimeoutMs: number): void {
    if (!this.busy || this.#ended !== undefined) return;
    const now = this.#clock.now();
    const begun = this.#begun();
    if (begun !== this.#lastBegun) {
      this.#lastBegun = begun;
      this.#lastChangeAt = now;
      this.#abandonedAt = undefined;
    }
    const { culprit } = this;
    if (this.unsettled === 0 || (culprit !== undefined && this.#tasks[culprit]?.settled === true)) {
      this.#abandonedAt ??= now;
      if (now - this.#abandonedAt >= ABANDON_MS) this.#end('abandoned');
      return;
    }
    const elapsed = now - this.#lastChangeAt;
    const taskTimeoutMs = this.#taskTimeoutMs + REPORT_MS;
    const progress = this.#worker?.progress;
    // A process says nothing on its way: the message as a whole has the time of one task, after its start.
    const working = progress === undefined ? this.#answers : Atomics.load(progress, PROGRESS.working) === 1;
    if (working && elapsed >= taskTimeoutMs) this.#end('timeout');
    if (!working && elapsed >= startTimeoutMs) this.#end('start');
  }

  #start(): StartedWorker {
    const worker = this.#startWorker();
    const lost = (thrown: unknown): void => {
      if (this.#worker !== worker) return;
      if (this.busy) return this.#fail(thrown);
      this.replace();
      this.#onLost(thrown);
    };
    // Without a listener the failure of an idle worker would end the host.
    worker.pool.on('error', (thrown: unknown) => void worker.explain(thrown).then(lost));
    // tinypool waits for ever for the answer of a thread that has ended without an error. When there was one it
    // comes first, but through promises.
    worker.pool.threads[0]?.once('exit', (code) => {
      const exited = new Error(`it exited with code ${String(code)}`);
      setImmediate(() => void worker.explain(exited).then(lost));
    });
    return worker;
  }

  #end(why: EndReason): void {
    this.#ended = why;
    this.#fail(new Error(`The worker was ended (${why})`));
  }

  #begun(): number {
    const progress = this.#worker?.progress;
    return progress === undefined ? 0 : Atomics.load(progress, PROGRESS.begun);
  }
}
