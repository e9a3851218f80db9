import type { Tinypool } from 'tinypool';
import { AssayError, messageOf } from '../../errors.js';
import type { GzipTask } from './gzip-worker.js';

/** Turns texts into gzip members in a worker thread, which starts with the first one. */
export class GzipCompressor {
  readonly #codec: 'fflate' | 'zlib';
  readonly #level: number;
  #pool: Promise<Tinypool> | undefined;

  constructor(codec: 'fflate' | 'zlib', level: number) {
    this.#codec = codec;
    this.#level = level;
  }

  /** One member for each text; `rows` says how many lines each has. */
  async compress(texts: readonly string[], rows: readonly number[]): Promise<readonly Uint8Array[]> {
    const task: GzipTask = { texts, rows, codec: this.#codec, level: this.#level };
    const starting = (this.#pool ??= startPool());
    try {
      const pool = await starting.catch((error: unknown) => {
        this.#pool = undefined; // the next call tries again
        throw error;
      });
      const answer: unknown = await pool.run(task);
      return answer instanceof Uint8Array ? [answer] : (answer as readonly Uint8Array[]);
    } catch (error) {
      throw new AssayError('ASSAY_WORKER_CRASHED', `Compressing results failed: ${messageOf(error)}`, {
        cause: error,
        retryable: true,
      });
    }
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    const starting = this.#pool;
    this.#pool = undefined;
    const pool = await starting?.catch(() => undefined); // who compressed was told
    await pool?.destroy();
  }
}

async function startPool(): Promise<Tinypool> {
  const { default: Pool } = await import('tinypool');
  return new Pool({
    filename: new URL('./gzip-worker.js', import.meta.url).href,
    minThreads: 1,
    maxThreads: 1,
    // None of the host's flags: `--input-type` and a debugger's port cannot be inherited, `--max-old-space-size`
    // and others of V8 cannot be passed on, and this thread needs no loader.
    execArgv: [],
    useAtomics: false, // waiting in Atomics keeps the thread deaf to everything else, and gains nothing here
  });
}
