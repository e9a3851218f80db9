import { messageOf } from '../errors.js';

/**
 * Told once when a thread of the package could not be started and its work is done without it: slower for the host's
 * event loop, with the same results. Nearly always a bundler has left the thread's file behind.
 */
export interface WorkerFallback {
  /** Wall time, milliseconds since 1970. */
  readonly at: number;
  /** Whose thread it is. */
  readonly worker: 'gzip' | 'sqlite' | 'bootstrap';
  /** Why it could not be started. */
  readonly error: unknown;
  /** What happened and what mends it, for a person. */
  readonly message: string;
}

/** The payload for a thread that `error` kept from starting; `instead` says where its work is done now. */
export function workerFallback(
  worker: WorkerFallback['worker'],
  instead: string,
  error: unknown,
): WorkerFallback {
  const message =
    `The ${worker} thread could not be started (${messageOf(error)}); its work is done ${instead}. ` +
    'In a bundle: keep assaykit external in your bundler (esbuild, rspack and webpack `external`/`externals`, ' +
    "rollup `external`, Vite `ssr.external`, Next.js `serverExternalPackages`: ['assaykit'])";
  return { at: Date.now(), worker, error, message };
}
