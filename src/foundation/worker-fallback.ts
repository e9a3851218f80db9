import { messageOf } from '../errors.js';
import { systemClock } from './clock.js';

/** What mends a bundle that has left a file of the package behind, or cannot load a dependency. */
export const KEEP_EXTERNAL =
  "keep assaykit external in your bundler (esbuild `external`, rollup `external`, webpack and rspack `externals`, Vite `ssr.external`, Next.js `serverExternalPackages`: ['assaykit'])";

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
  { instead, error }: { readonly instead: string; readonly error: unknown },
): WorkerFallback {
  const message =
    `The ${worker} thread could not be started (${messageOf(error)}); its work is done ${instead}. ` +
    `In a bundle: ${KEEP_EXTERNAL}; see the guide "Bundle it"`;
  return { at: systemClock.wallTime(), worker, error, message };
}
