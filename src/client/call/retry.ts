import { checkOptions, integer, milliseconds } from '../../foundation/options.js';
import type { RandomSource } from '../../foundation/seeded-random.js';

/** How a failed call is tried again. */
export interface RetryOptions {
  /**
   * Most retries of a call, integer >= 0; 0 means none.
   * @default two more than there are endpoints, at least 3, so that one live endpoint is always reached and a moment
   * passes before a call fails everywhere
   */
  readonly maxRetries?: number | undefined;
  /** Upper bound of the first wait, milliseconds; doubles with each retry. @default 500 */
  readonly initialBackoffMs?: number | undefined;
  /** Upper bound of every wait that we choose ourselves, milliseconds. @default 8000 */
  readonly maxBackoffMs?: number | undefined;
  /** A call does not wait longer than this at a server's request; it fails, with `retryAfterMs`. @default 120000 */
  readonly maxRetryAfterMs?: number | undefined;
}

/** {@link RetryOptions} with nothing left open. */
export type RetrySettings = { readonly [Name in keyof RetryOptions]-?: number };

/** Checks the options and fills in the defaults. */
export function retryOptions(options: RetryOptions, endpoints: number): RetrySettings {
  const checked = checkOptions('retry', options, {
    maxRetries: integer(0),
    initialBackoffMs: milliseconds,
    maxBackoffMs: milliseconds,
    maxRetryAfterMs: milliseconds,
  });
  return {
    maxRetries: checked.maxRetries ?? Math.max(3, endpoints + 2),
    initialBackoffMs: checked.initialBackoffMs ?? 500,
    maxBackoffMs: checked.maxBackoffMs ?? 8000,
    maxRetryAfterMs: checked.maxRetryAfterMs ?? 120_000,
  };
}

/**
 * Wait before retry number `retry` (0-based) to an endpoint that failed before: "full jitter", uniform between
 * 0 and `initialBackoffMs` x 2^retry, capped (Brooker, Exponential Backoff And Jitter, 2015).
 */
export function backoffMs(
  settings: RetrySettings,
  { retry, random }: { readonly retry: number; readonly random: RandomSource },
): number {
  const bound = Math.min(settings.maxBackoffMs, settings.initialBackoffMs * 2 ** Math.min(retry, 30));
  return bound * random();
}
