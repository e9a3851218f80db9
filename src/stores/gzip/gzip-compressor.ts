import { promisify } from 'node:util';
import { AssayError, messageOf } from '../../errors.js';
import { zlib } from '../../foundation/late-modules.js';
import { ThreadPool, ThreadsUnavailable } from '../../foundation/thread-pool.js';
import { workerFallback, type WorkerFallback } from '../../foundation/worker-fallback.js';
import { frameMember } from './gzip-member.js';
import type { GzipTask } from './gzip-worker.js';

/**
 * Turns texts into gzip members in a worker thread, which starts with the first one. Where it cannot be started,
 * zlib of Node does it, in threads of its own that need no file.
 */
export class GzipCompressor {
  readonly #codec: 'fflate' | 'zlib';
  readonly #level: number;
  readonly #onFallback: (fallback: WorkerFallback) => void;
  readonly #threads = new ThreadPool({ file: () => new URL('./gzip-worker.js', import.meta.url) });
  #withoutThread = false;

  constructor(
    codec: 'fflate' | 'zlib',
    {
      level,
      onFallback,
    }: { readonly level: number; readonly onFallback: (fallback: WorkerFallback) => void },
  ) {
    this.#codec = codec;
    this.#level = level;
    this.#onFallback = onFallback;
  }

  /** One member for each text; `rows` says how many lines each has. */
  async compress(texts: readonly string[], rows: readonly number[]): Promise<readonly Uint8Array[]> {
    try {
      return await (this.#withoutThread ? this.#compressHere(texts, rows) : this.#compressThere(texts, rows));
    } catch (error) {
      throw new AssayError('ASSAY_WORKER_CRASHED', `Compressing results failed: ${messageOf(error)}`, {
        cause: error,
        retryable: true,
      });
    }
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    await this.#threads.close();
  }

  async #compressThere(texts: readonly string[], rows: readonly number[]): Promise<readonly Uint8Array[]> {
    const task: GzipTask = { texts, rows, codec: this.#codec, level: this.#level };
    try {
      const answer = await this.#threads.run(task);
      return answer instanceof Uint8Array ? [answer] : (answer as readonly Uint8Array[]);
    } catch (error) {
      if (!(error instanceof ThreadsUnavailable)) throw error;
      if (!this.#withoutThread) {
        this.#withoutThread = true;
        this.#onFallback(workerFallback('gzip', { instead: "by Node's zlib", error: error.cause }));
      }
      return this.#compressHere(texts, rows);
    }
  }

  async #compressHere(texts: readonly string[], rows: readonly number[]): Promise<readonly Uint8Array[]> {
    const deflate = promisify(zlib().deflateRaw);
    const members: Uint8Array[] = [];
    for (const [i, text] of texts.entries()) {
      const content = Buffer.from(text);
      members.push(
        frameMember(await deflate(content, { level: this.#level }), { content, rows: rows[i] as number }),
      );
    }
    return members;
  }
}
