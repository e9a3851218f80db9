import { Worker } from 'node:worker_threads';
import { AssayError, messageOf } from '../../errors.js';
import { ThreadsUnavailable } from '../../foundation/thread-pool.js';
import { encodeInParts } from './encoded-parts.js';
import type { ConnectionCall, SqliteBackend } from './sqlite-backend.js';
import type { SqliteConnection } from './sqlite-connection.js';
import type { SqliteWorkerData, SqliteWorkerReply, SqliteWorkerRequest } from './sqlite-worker.js';

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The connection in a thread of its own: the main thread only encodes results for it (a quarter of the time
 * that storing them takes). The thread keeps the process running only while there is work. A thread that never
 * answered rejects with `ThreadsUnavailable`: its file cannot be loaded, so the next one would not help.
 */
export class WorkerThreadBackend implements SqliteBackend {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  /** The latest append on its way out, which takes several turns of the event loop: a later call must not overtake it. */
  #encoding: Promise<unknown> | undefined;
  #answered = false;
  #ended: Error | undefined;

  constructor(data: SqliteWorkerData) {
    this.#worker = new Worker(new URL('./sqlite-worker.js', import.meta.url), {
      workerData: data,
      // None of the host's flags: `--input-type` and a debugger's port cannot be inherited, `--max-old-space-size`
      // and others of V8 cannot be passed on, and this thread needs no loader.
      execArgv: [],
      // The thread allocates little that lives on. The first touch of a larger young generation (48 MB) costs more than
      // its rarer collections save: +14 % results a second over the first 10,000.
      resourceLimits: { maxYoungGenerationSizeMb: 12 },
    });
    this.#worker.on('message', (reply: SqliteWorkerReply) => this.#settle(reply));
    this.#worker.on('error', (error) => this.#end(messageOf(error), error));
    this.#worker.on('exit', (code) => this.#end(`it ended with code ${code}`));
    this.#worker.unref();
  }

  async call<Name extends ConnectionCall>(
    name: Name,
    ...parameters: Parameters<SqliteConnection[Name]>
  ): Promise<ReturnType<SqliteConnection[Name]>> {
    if (name === 'append') {
      const [appends] = parameters as unknown as Parameters<SqliteConnection['append']>;
      const encoding = encodeInParts(appends.flatMap(({ results }) => results));
      this.#encoding = encoding;
      const parts = await encoding;
      const buffers = parts.map(({ buffer }) => buffer as ArrayBuffer);
      const leases = new Set(appends.flatMap(({ lease }) => lease ?? []));
      const cases = appends.flatMap((append) => append.cases);
      return this.#request(name, [parts, cases, [...leases]], buffers);
    }
    await this.#encoding?.catch(() => {}); // who appended is told
    return this.#request(name, parameters);
  }

  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    const exited = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()));
    try {
      await this.#request('close', []);
    } finally {
      this.#worker.ref(); // nothing else may keep the process running until the file is closed
      await exited;
    }
  }

  #request<Value>(
    name: SqliteWorkerRequest['name'],
    parameters: readonly unknown[],
    moved: readonly ArrayBuffer[] = [],
  ): Promise<Value> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#worker.postMessage({ id, name, parameters } satisfies SqliteWorkerRequest, moved);
      if (this.#waiting.size === 0) this.#worker.ref();
      this.#waiting.set(id, { resolve, reject });
    });
  }

  #settle({ id, value, error }: SqliteWorkerReply): void {
    this.#answered = true;
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if (error === undefined) waiting?.resolve(value as never);
    else waiting?.reject(new AssayError(error.code, error.message, { retryable: error.retryable }));
  }

  #end(why: string, cause?: unknown): void {
    if (this.#ended !== undefined) return;
    const crashed = new AssayError(
      'ASSAY_WORKER_CRASHED',
      `The thread of the SqliteResultStore died: ${why}`,
      {
        cause,
        retryable: true, // the store starts another one
      },
    );
    const error = this.#answered
      ? crashed
      : new ThreadsUnavailable(crashed.message, { cause: cause ?? crashed });
    this.#ended = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
