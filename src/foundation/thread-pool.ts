import type { Tinypool } from 'tinypool';
import { endPool } from './end-pool.js';

/** What a thread is started with. */
export interface ThreadPoolOptions {
  /** The file that threads load; called at the first task, so that a bundle without URLs fails there. */
  readonly file: () => URL;
  /** At the most. @default 1 */
  readonly maxThreads?: number | undefined;
}

/** Thrown by {@link ThreadPool.run} when no thread has ever answered: the work must be done without one. */
export class ThreadsUnavailable extends Error {}

/**
 * Worker threads for one module of the package. Whatever happens to a thread rejects what it was doing: a pool of
 * tinypool by itself reports a thread that cannot be loaded as an `error` event, which ends the host.
 */
export class ThreadPool {
  readonly #options: ThreadPoolOptions;
  #pool: Promise<Tinypool> | undefined;
  #answered = false;
  #fail: (error: unknown) => void = () => {};
  #failed: Promise<never> | undefined;

  constructor(options: ThreadPoolOptions) {
    this.#options = options;
  }

  /**
   * What the module makes of a task.
   *
   * @throws {@link ThreadsUnavailable} while no thread has answered yet; then whatever the task threw.
   */
  async run(task: unknown, options: { readonly signal?: AbortSignal } = {}): Promise<unknown> {
    try {
      const pool = await (this.#pool ??= this.#start());
      const running = pool.run(task, options);
      const answer: unknown = await (this.#answered ? running : this.#untilFailed(running));
      this.#answered = true;
      return answer;
    } catch (error) {
      if (this.#answered || options.signal?.aborted === true) throw error;
      await this.close();
      throw new ThreadsUnavailable('No thread could be started', { cause: error });
    }
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    const starting = this.#pool;
    this.#pool = undefined;
    const pool = await starting?.catch(() => undefined); // who ran a task was told
    if (pool !== undefined) await endPool(pool);
  }

  /** Rejects also when a thread died without a task, which by itself leaves the tasks waiting for ever. */
  async #untilFailed<Answer>(running: Promise<Answer>): Promise<Answer> {
    return Promise.race([running, this.#failed as Promise<never>]);
  }

  async #start(): Promise<Tinypool> {
    this.#failed = new Promise<never>((_resolve, reject) => (this.#fail = reject));
    this.#failed.catch(() => {}); // only who waits for a task hears of it
    const { Tinypool: Pool } = await import('tinypool');
    const pool = new Pool({
      filename: this.#options.file().href,
      runtime: 'worker_threads',
      minThreads: 1,
      maxThreads: this.#options.maxThreads ?? 1,
      // None of the host's flags: `--input-type` and a debugger's port cannot be inherited, `--max-old-space-size`
      // and others of V8 cannot be passed on, and these threads need no loader.
      execArgv: [],
      useAtomics: false, // waiting in Atomics keeps the thread deaf to everything else, and gains nothing here
    });
    // A thread that dies between tasks is replaced by the next one; before any answer it will never give one.
    pool.on('error', (error: unknown) => {
      if (!this.#answered) this.#fail(error);
    });
    return pool;
  }
}
