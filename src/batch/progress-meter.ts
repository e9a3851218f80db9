const WINDOW = 32; // samples that the rate is taken over

/**
 * Rate and remaining time from a few samples of the past: results a second over the last samples, measured on the
 * monotonic clock.
 */
export class ProgressMeter {
  readonly #times: number[] = [];
  readonly #counts: number[] = [];

  constructor(now: number) {
    this.sample(now, 0);
  }

  /** Notes how many results there are now. */
  sample(now: number, done: number): void {
    this.#times.push(now);
    this.#counts.push(done);
    if (this.#times.length > WINDOW) {
      this.#times.shift();
      this.#counts.shift();
    }
  }

  /** Results a second over the window; 0 before the second sample. */
  get ratePerSecond(): number {
    const elapsed = this.#times[this.#times.length - 1]! - this.#times[0]!;
    return elapsed > 0 ? ((this.#counts[this.#counts.length - 1]! - this.#counts[0]!) / elapsed) * 1000 : 0;
  }

  /** Milliseconds until `left` results more are there; `null` while nothing moves. */
  etaMs(left: number): number | null {
    const rate = this.ratePerSecond;
    return rate > 0 ? (left / rate) * 1000 : left === 0 ? 0 : null;
  }
}
