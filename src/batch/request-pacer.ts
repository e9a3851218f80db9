import { TokenBucket } from '../foundation/token-bucket.js';
import type { Clock, ClockTimer } from '../foundation/clock.js';
import type { ProcessorRateLimit } from './batch-options.js';

/**
 * Lets cases go at the processor's own rate: first come, first served, one timer. Tokens are charged at the average
 * of the cases so far and corrected when the real number is known.
 */
export class RequestPacer {
  readonly #clock: Clock;
  readonly #requests: TokenBucket | undefined;
  readonly #tokens: TokenBucket | undefined;
  readonly #waiting: (() => void)[] = []; // at most one a lane
  #timer: ClockTimer | undefined;
  #closed = false;
  #used = 0;
  #cases = 0;

  constructor({ requestsPerSecond, tokensPerMinute, burst }: ProcessorRateLimit, clock: Clock) {
    this.#clock = clock;
    const now = clock.now();
    if (requestsPerSecond !== undefined) {
      this.#requests = new TokenBucket(
        { perSecond: requestsPerSecond, burst: burst ?? Math.max(1, requestsPerSecond) },
        now,
      );
    }
    if (tokensPerMinute !== undefined) {
      this.#tokens = new TokenBucket({ perSecond: tokensPerMinute / 60, burst: tokensPerMinute / 60 }, now);
    }
  }

  /** A turn for one case: at once, or a promise when it has to wait. */
  take(): Promise<void> | undefined {
    if (this.#closed) return undefined;
    if (this.#waiting.length === 0 && this.#waitMs() === 0) {
      this.#charge();
      return undefined;
    }
    const turn = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#schedule();
    return turn;
  }

  /** Notes what a case has really used. */
  used(tokens: number): void {
    this.#tokens?.refund(this.#average - tokens, this.#clock.now());
    this.#used += tokens;
    this.#cases++;
  }

  /** A case was answered without a request: gives back what it was charged. */
  refund(): void {
    const now = this.#clock.now();
    this.#requests?.refund(1, now);
    this.#tokens?.refund(this.#average, now);
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#admit();
  }

  /** Lets everybody who waits go, uncharged: the run has ended. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const go of this.#waiting.splice(0)) go();
  }

  get #average(): number {
    return this.#cases === 0 ? 0 : this.#used / this.#cases;
  }

  #waitMs(): number {
    const now = this.#clock.now();
    return Math.max(this.#requests?.waitMs(1, now) ?? 0, this.#tokens?.waitMs(this.#average, now) ?? 0);
  }

  #charge(): void {
    const now = this.#clock.now();
    this.#requests?.charge(1, now);
    this.#tokens?.charge(this.#average, now);
  }

  #admit(): void {
    while (this.#waiting.length > 0 && this.#waitMs() === 0) {
      this.#charge();
      this.#waiting.shift()!();
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#waiting.length === 0) return;
    this.#timer = this.#clock.schedule(() => {
      this.#timer = undefined;
      this.#admit();
    }, this.#waitMs());
  }
}
