import { fileURLToPath } from 'node:url';
import type { Tinypool } from 'tinypool';
import { processExecArguments, threadExecArguments } from './exec-arguments.js';
import type { ResolvedPoolOptions } from './pool-options.js';
import { PROGRESS, type WorkerStartData } from './worker-protocol.js';

/** A worker that runs: a tinypool of one, so that it is known which worker has which message. */
export interface StartedWorker {
  readonly pool: Tinypool;
  /** What the worker tells of itself while it works; a process has no memory in common with the host. */
  readonly progress: Int32Array | undefined;
}

/** Starts one worker. */
export type WorkerStarter = () => StartedWorker;

/** Loads tinypool, and answers with what starts workers as the options say. */
export async function workerStarter(options: ResolvedPoolOptions): Promise<WorkerStarter> {
  const { Tinypool } = await import('tinypool');
  const threads = options.runtime === 'threads';
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
      return { pool: new Tinypool({ ...common, env, serialization: 'advanced' }), progress: undefined };
    }
    // Memory of its own for each worker: one that is being ended may still write into it.
    const memory = new SharedArrayBuffer(PROGRESS.size * Int32Array.BYTES_PER_ELEMENT);
    const workerData: WorkerStartData = { progress: memory };
    return { pool: new Tinypool({ ...common, workerData }), progress: new Int32Array(memory) };
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
