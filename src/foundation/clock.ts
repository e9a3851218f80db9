/** A pending timer of a {@link Clock}. */
export interface ClockTimer {
  /** Stops the timer; harmless when it has fired. */
  cancel(): void;
}

/** Where time comes from. Replace it in tests and simulations; durations always use `now()`. */
export interface Clock {
  /** Monotonic time in milliseconds; only differences mean something. */
  now(): number;
  /** Wall-clock time in milliseconds since the epoch; only for time stamps. */
  wallTime(): number;
  /**
   * Calls `callback` once, `delayMs` from now. With `keepAlive: false` the timer does not keep the process
   * running (default `true`).
   */
  schedule(callback: () => void, delayMs: number, options?: { readonly keepAlive?: boolean }): ClockTimer;
}

const MAX_DELAY_MS = 2_147_483_647; // setTimeout treats a longer delay as 1 ms

/** The machine's clock: `performance.now()`, `Date.now()` and `setTimeout`. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  schedule: (callback, delayMs, options) => new SystemTimer(callback, delayMs, options?.keepAlive ?? true),
};

class SystemTimer implements ClockTimer {
  readonly #timeout: NodeJS.Timeout;

  constructor(callback: () => void, delayMs: number, keepAlive: boolean) {
    // Whole milliseconds, up: Node cuts them off, and a deadline must not pass before its time.
    this.#timeout = setTimeout(callback, Math.min(Math.max(Math.ceil(delayMs), 0), MAX_DELAY_MS));
    if (!keepAlive) this.#timeout.unref();
  }

  cancel(): void {
    clearTimeout(this.#timeout);
  }
}

/**
 * A duration in milliseconds, to the microsecond and never below 0. Further digits are noise, and they make every
 * stored result longer and slower to write.
 */
export function roundDuration(durationMs: number): number {
  return durationMs > 0 ? Math.round(durationMs * 1000) / 1000 : 0;
}
