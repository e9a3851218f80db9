import type { Clock } from '../foundation/clock.js';

const MINUTE_MS = 60_000;
const TOLERANCE = 1e-9; // refilling in parts adds up to a hair less than refilling at once

/** A bucket of one minute's worth that refills evenly; may be overdrawn by what is only known afterwards. */
class MinuteBucket {
  readonly limit: number;
  #level: number;
  #at: number;

  constructor(limit: number, now: number) {
    this.limit = limit;
    this.#level = limit;
    this.#at = now;
  }

  refill(now: number): number {
    this.#level = Math.min(this.limit, this.#level + ((now - this.#at) * this.limit) / MINUTE_MS);
    this.#at = now;
    return this.#level;
  }

  take(amount: number): void {
    this.#level -= amount;
  }

  /** Milliseconds until `amount` is there (until the bucket is full, if it holds less). */
  waitFor(amount: number): number {
    const waitMs = ((Math.min(amount, this.limit) - this.#level) * MINUTE_MS) / this.limit;
    return Math.max(0, Math.round(waitMs * 1000) / 1000); // so that rounding up does not see 1000.0000001
  }

  headers(kind: 'requests' | 'tokens'): Record<string, string> {
    return {
      [`x-ratelimit-limit-${kind}`]: String(Math.floor(this.limit)),
      [`x-ratelimit-remaining-${kind}`]: String(Math.max(0, Math.floor(this.#level))),
      [`x-ratelimit-reset-${kind}`]: duration(this.waitFor(this.limit)),
    };
  }
}

/** The declared limits of an endpoint, enforced, with the headers that OpenAI's servers send. */
export class FakeRateLimit {
  readonly #clock: Clock;
  readonly #requests: MinuteBucket | undefined;
  readonly #tokens: MinuteBucket | undefined;

  constructor(
    {
      requestsPerMinute,
      tokensPerMinute,
    }: { readonly requestsPerMinute: number | undefined; readonly tokensPerMinute: number | undefined },
    clock: Clock,
  ) {
    this.#clock = clock;
    const now = clock.now();
    if (requestsPerMinute !== undefined) this.#requests = new MinuteBucket(requestsPerMinute, now);
    if (tokensPerMinute !== undefined) this.#tokens = new MinuteBucket(tokensPerMinute, now);
  }

  /** Takes one request and its prompt's tokens; or returns how many milliseconds to wait, and takes nothing. */
  admit(promptTokens: number): number | undefined {
    const now = this.#clock.now();
    const needed = Math.min(promptTokens, this.#tokens?.limit ?? 0);
    const requestsOk = this.#requests === undefined || this.#requests.refill(now) >= 1 - TOLERANCE;
    const tokensOk = this.#tokens === undefined || this.#tokens.refill(now) >= needed - TOLERANCE;
    if (requestsOk && tokensOk) {
      this.#requests?.take(1);
      this.#tokens?.take(promptTokens);
      return undefined;
    }
    return Math.max(this.#requests?.waitFor(1) ?? 0, this.#tokens?.waitFor(needed) ?? 0);
  }

  /** Takes the tokens of an answer, which may overdraw the bucket. */
  charge(completionTokens: number): void {
    this.#tokens?.take(completionTokens);
  }

  /** `x-ratelimit-{limit,remaining,reset}-{requests,tokens}` as they stand. */
  headers(): Record<string, string> {
    return { ...this.#requests?.headers('requests'), ...this.#tokens?.headers('tokens') };
  }
}

/** A duration as OpenAI's headers spell it: `12ms`, `1.5s`, `6m0s`. */
function duration(ms: number): string {
  if (ms < 1000) return `${Math.ceil(ms)}ms`;
  const seconds = Math.ceil(ms / 100) / 10;
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${Math.floor(seconds % 60)}s`;
}
