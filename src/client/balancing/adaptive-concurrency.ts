import { checkOptions, integer, number } from '../../foundation/options.js';

/** How an endpoint's concurrency is found. */
export interface AdaptiveConcurrencyOptions {
  /** Calls in flight at the start, integer >= 1. @default 20 */
  readonly initial?: number | undefined;
  /** Lowest limit, integer >= 1. @default 1 */
  readonly minimum?: number | undefined;
  /** Highest limit, integer >= 1. @default 1000 */
  readonly maximum?: number | undefined;
  /** What is left of the limit after a cut, 0.1..0.99. @default 0.9 */
  readonly backoffRatio?: number | undefined;
}

/** Checks the options and fills in the defaults. */
export function adaptiveConcurrencyOptions(options: AdaptiveConcurrencyOptions): AdaptiveConcurrencySettings {
  const checked = checkOptions('adaptiveConcurrency', options, {
    initial: integer(1),
    minimum: integer(1),
    maximum: integer(1),
    backoffRatio: number(0.1, 0.99),
  });
  const minimum = checked.minimum ?? 1;
  const maximum = Math.max(minimum, checked.maximum ?? 1000);
  return {
    minimum,
    maximum,
    initial: Math.min(maximum, Math.max(minimum, checked.initial ?? 20)),
    backoffRatio: checked.backoffRatio ?? 0.9,
  };
}

/** {@link AdaptiveConcurrencyOptions} with nothing left open. */
export interface AdaptiveConcurrencySettings {
  readonly initial: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly backoffRatio: number;
}

const CUT_INTERVAL_MS = 1000;

/**
 * Limit of calls in flight by slow start and AIMD (Chiu and Jain, 1989): every success adds one until the first
 * sign of overload, then each limit's worth of successes adds one; overload (429, 503, a timeout) multiplies by
 * 0.9, at most once a second. It grows only while at least half of it is used. Latency is not a signal: on
 * batching model servers latency grows while throughput still rises (limiters that use it lost up to 45 %).
 */
export class AdaptiveConcurrency {
  readonly #settings: AdaptiveConcurrencySettings;
  #limit: number;
  #slowStart = true;
  #lastCut = Number.NEGATIVE_INFINITY;

  constructor(settings: AdaptiveConcurrencySettings) {
    this.#settings = settings;
    this.#limit = settings.initial;
  }

  /** Calls that may be in flight now, an integer >= 1. */
  get limit(): number {
    return Math.max(1, Math.floor(this.#limit));
  }

  /** A call was answered while `inFlight` calls (with itself) were out. */
  succeeded(inFlight: number): void {
    if (inFlight * 2 < this.#limit) return;
    this.#limit = Math.min(this.#settings.maximum, this.#limit + (this.#slowStart ? 1 : 1 / this.#limit));
  }

  /** The endpoint showed overload; returns whether the limit was cut. */
  overloaded(inFlight: number, now: number): boolean {
    if (now - this.#lastCut <= CUT_INTERVAL_MS) return false;
    const from = this.#slowStart ? Math.min(this.#limit, inFlight) : this.#limit;
    this.#limit = Math.max(this.#settings.minimum, from * this.#settings.backoffRatio);
    this.#lastCut = now;
    this.#slowStart = false;
    return true;
  }
}
