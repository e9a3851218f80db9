import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Tinypool } from 'tinypool';
import { AssayError } from '../errors.js';
import { processExecArguments, threadExecArguments } from './exec-arguments.js';
import type { ResolvedPoolOptions } from './pool-options.js';
import { PROGRESS, type WorkerStartData } from './worker-protocol.js';

/** A worker that runs: a tinypool of one, so that it is known which worker has which message. */
export interface StartedWorker {
  readonly pool: Tinypool;
  /** Finds out why the worker ended, as far as that is to be known; gives `thrown` back where it says enough. */
  readonly explain: (thrown: unknown) => Promise<unknown>;
  /** What the worker tells of itself while it works; a process has no memory in common with the host. */
  readonly progress: Int32Array | undefined;
}

/** Starts one worker. */
export type WorkerStarter = () => StartedWorker;

/**
 * Loads tinypool, and answers with what starts workers as the options say.
 *
 * @throws AssayError `ASSAY_WORKER_UNAVAILABLE` where the runtime cannot start such workers
 */
export async function workerStarter(options: ResolvedPoolOptions): Promise<WorkerStarter> {
  const threads = options.runtime === 'threads';
  if (!threads) refuseProcesses(process.versions);
  const { Tinypool } = await import('tinypool');
  const common = {
    filename: fileURLToPath(new URL('./worker.js', import.meta.url)),
    minThreads: 1,
    maxThreads: 1,
    concurrentTasksPerWorker: 1,
    useAtomics: false,
    runtime: threads ? ('worker_threads' as const) : ('child_process' as const),
    ...limits(threads, options.memoryPerWorkerMb),
  };
  return () => {
    if (!threads) {
      const env = process.env as Record<string, string>;
      const pool = new Tinypool({ ...common, env, serialization: 'advanced' });
      return { pool, explain: watchProcess(pool), progress: undefined };
    }
    // Memory of its own for each worker: one that is being ended may still write into it.
    const memory = new SharedArrayBuffer(PROGRESS.size * Int32Array.BYTES_PER_ELEMENT);
    const workerData: WorkerStartData = { progress: memory };
    const pool = new Tinypool({ ...common, workerData });
    return { pool, explain: (thrown) => Promise.resolve(thrown), progress: new Int32Array(memory) };
  };
}

/**
 * Refuses processes on Bun: tinypool sends each a message port, which Bun cannot, and leaves the process behind, so that
 * the host would never end.
 */
export function refuseProcesses(versions: Readonly<Record<string, string | undefined>>): void {
  if (versions['bun'] === undefined) return;
  throw new AssayError(
    'ASSAY_WORKER_UNAVAILABLE',
    `Worker processes cannot be started on Bun ${versions['bun']}: use \`runtime: 'threads'\`, or run on Node`,
  );
}

const LAST_WORDS = 8192;
const PATIENCE_MS = 1000;

/**
 * Of a process that ran out of memory tinypool says that it exited unexpectedly; V8's own last words, on standard error,
 * say why. They may come after the exit.
 */
function watchProcess(pool: Tinypool): (thrown: unknown) => Promise<unknown> {
  const child = (pool.threads[0] as unknown as { readonly process?: ChildProcess } | undefined)?.process;
  if (child === undefined) return (thrown) => Promise.resolve(thrown);
  let lastWords = '';
  child.stderr?.on('data', (piece: Buffer) => {
    lastWords = (lastWords + piece.toString('latin1')).slice(-LAST_WORDS);
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return async (thrown) => {
    if (child.exitCode === null && child.signalCode === null) return thrown; // it lives: the message is to blame
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, PATIENCE_MS)));
    await Promise.race([closed, patience]);
    clearTimeout(timer);
    if (!/FATAL ERROR:[^\n]*out of memory|JavaScript heap out of memory/i.test(lastWords)) return thrown;
    return Object.assign(new Error('it ran out of memory'), { code: 'ERR_WORKER_OUT_OF_MEMORY' });
  };
}

function limits(threads: boolean, megabytes: number | undefined): object {
  if (!threads) {
    const execArgv = processExecArguments(process.execArgv);
    return {
      execArgv: megabytes === undefined ? execArgv : [...execArgv, `--max-old-space-size=${megabytes}`],
    };
  }
  const execArgv = threadExecArguments(process.execArgv);
  return {
    ...(execArgv === undefined ? {} : { execArgv }),
    ...(megabytes === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: megabytes } }),
  };
}
