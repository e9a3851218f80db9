import { Worker } from 'node:worker_threads';
import { AssayError, messageOf } from '../errors.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';
import { decodeResult, encodeResult } from './result-codec.js';
import type { ConnectionCall, SqliteBackend } from './sqlite-backend.js';
import type { SqliteConnection } from './sqlite-connection.js';
import type { SqliteWorkerData, SqliteWorkerReply, SqliteWorkerRequest } from './sqlite-worker.js';

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: AssayError) => void;
}

/**
 * The connection in a thread of its own: the main thread only copies results over (structured clone, a fifth
 * of the time that storing them takes). The thread keeps the process running only while there is work.
 */
export class WorkerThreadBackend implements SqliteBackend {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #ended: AssayError | undefined;

  constructor(data: SqliteWorkerData) {
    this.#worker = new Worker(new URL('./sqlite-worker.js', import.meta.url), {
      workerData: data,
      // None of the host's flags: `--input-type` and a debugger's port cannot be inherited, `--max-old-space-size`
      // and others of V8 cannot be passed on, and this thread needs no loader.
      execArgv: [],
    });
    this.#worker.on('message', (reply: SqliteWorkerReply) => this.#settle(reply));
    this.#worker.on('error', (error) => this.#end(messageOf(error)));
    this.#worker.on('exit', (code) => this.#end(`it ended with code ${code}`));
    this.#worker.unref();
  }

  async call<Name extends ConnectionCall>(
    name: Name,
    ...parameters: Parameters<SqliteConnection[Name]>
  ): Promise<ReturnType<SqliteConnection[Name]>> {
    try {
      return await this.#request(name, parameters);
    } catch (error) {
      if (name !== 'append' || (error as Error | undefined)?.name !== 'DataCloneError') throw error;
      // Something in a host's metadata cannot be copied between threads; its stored form can.
      const [appends] = parameters as unknown as [readonly (readonly CaseResult[])[]];
      const plain = appends.map((results) => results.map((result) => decodeResult(encodeResult(result))));
      return this.#request(name, [plain]);
    }
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

  #request<Value>(name: SqliteWorkerRequest['name'], parameters: readonly unknown[]): Promise<Value> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#worker.postMessage({ id, name, parameters } satisfies SqliteWorkerRequest);
      if (this.#waiting.size === 0) this.#worker.ref();
      this.#waiting.set(id, { resolve, reject });
    });
  }

  #settle({ id, value, error }: SqliteWorkerReply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if (error === undefined) waiting?.resolve(value as never);
    else waiting?.reject(new AssayError(error.code, error.message, { retryable: error.retryable }));
  }

  #end(why: string): void {
    if (this.#ended !== undefined) return;
    const error = new AssayError('ASSAY_WORKER_CRASHED', `The thread of the SqliteResultStore died: ${why}`, {
      retryable: true, // the store starts another one
    });
    this.#ended = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
