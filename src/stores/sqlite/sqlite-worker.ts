import { parentPort, workerData } from 'node:worker_threads';
import { AssayError } from '../../errors.js';
import { systemClock } from '../../foundation/clock.js';
import { decodePart } from './encoded-parts.js';
import type { ConnectionCall, MainThreadBackend } from './sqlite-backend.js';
import type { SqliteAppend } from './sqlite-connection.js';
import type { KeptCase } from '../kept-case.js';
import type { RunLease } from '../run-lease.js';
import type { SqliteDriverName } from './sqlite-driver.js';
import { openBackend } from './sqlite-open.js';
import { toStoreError } from './sqlite-errors.js';

/** What the thread is started with. */
export interface SqliteWorkerData {
  readonly path: string;
  readonly durability: 'process' | 'power';
  readonly driver: SqliteDriverName;
  readonly lockTimeoutMs: number;
  readonly fileMode: number;
}

/** A call of a connection's method, an append with encoded parts instead of results; `close` ends the thread. */
export interface SqliteWorkerRequest {
  readonly id: number;
  readonly name: ConnectionCall | 'close';
  readonly parameters: readonly unknown[];
}

/** The answer to a request. */
export interface SqliteWorkerReply {
  readonly id: number;
  readonly value?: unknown;
  /** An AssayError loses its class and fields between threads: this is what makes it again. */
  readonly error?: {
    readonly code: AssayError['code'];
    readonly message: string;
    readonly retryable: boolean;
  };
}

const port = parentPort;
if (port === null) throw new AssayError('ASSAY_INVARIANT', 'sqlite-worker.js runs in a worker thread only');
const data = workerData as SqliteWorkerData;

let opening: Promise<MainThreadBackend> | undefined;
const opened = async (): Promise<MainThreadBackend> => {
  try {
    return await (opening ??= openBackend({ ...data, clock: systemClock }));
  } catch (error) {
    opening = undefined; // a later call may find the folder there, or space on the disk
    throw error;
  }
};

const answer = async ({ id, name, parameters }: SqliteWorkerRequest): Promise<SqliteWorkerReply> => {
  try {
    if (name === 'close') {
      await (await opening)?.close();
      return { id };
    }
    const backend = await opened();
    if (name === 'append') {
      const [parts, cases, leases] = parameters as [
        readonly Uint8Array[],
        readonly KeptCase[],
        readonly RunLease[],
      ];
      const appends: SqliteAppend[] = [
        ...leases.map((lease) => ({ results: [], cases: [], lease })),
        { results: parts.flatMap(decodePart), cases, lease: undefined },
      ];
      return { id, value: await backend.call(name, appends) };
    }
    return { id, value: await backend.call(name, ...(parameters as never)) };
  } catch (error) {
    const { code, message, retryable } = toStoreError(error, { what: `SQLite (${name})`, path: data.path });
    return { id, error: { code, message, retryable } };
  }
};

let last: Promise<void> = Promise.resolve();
port.on('message', (request: SqliteWorkerRequest) => {
  // In order: a summary must not overtake the results that it sums up.
  last = last.then(async () => {
    port.postMessage(await answer(request));
    if (request.name === 'close') port.close();
  });
});
