/**
 * A token bucket: fills at a rate up to its burst; a charge may take it below zero, and what comes after waits
 * until it is above again. Time is passed in, in milliseconds.
 */
export class TokenBucket {
  #perSecond: number;
  #burst: number;
  #level: number;
  #at: number;

  /** Begins full (or with `level`). */
  constructor(
    {
      perSecond,
      burst,
      level = burst,
    }: { readonly perSecond: number; readonly burst: number; readonly level?: number | undefined },
    now: number,
  ) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#level = level;
    this.#at = now;
  }

  /** Rate at which it fills, a second. */
  get perSecond(): number {
    return this.#perSecond;
  }

  /** What is in it at `now`; negative while it owes. */
  level(now: number): number {
    if (now > this.#at) {
      this.#level = Math.min(this.#burst, this.#level + ((now - this.#at) * this.#perSecond) / 1000);
      this.#at = now;
    }
    return this.#level;
  }

  /** Milliseconds until `amount` can be charged; an amount above the burst needs a full bucket. */
  waitMs(amount: number, now: number): number {
    const missing = Math.min(amount, this.#burst) - this.level(now);
    // Rounding must not make a waiter wake a hair too early for ever.
    return missing <= 1e-9 ? 0 : (missing / this.#perSecond) * 1000 + 0.001;
  }

  /** Takes `amount` out. */
  charge(amount: number, now: number): void {
    this.#level = this.level(now) - amount;
  }

  /** Puts back what was charged too much (a negative amount: charges what was missing). */
  refund(amount: number, now: number): void {
    this.#level = Math.min(this.#burst, this.level(now) + amount);
  }

  /** Changes the rate and the burst from `now` on. */
  adjust({ perSecond, burst }: { readonly perSecond: number; readonly burst: number }, now: number): void {
    this.level(now);
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#level = Math.min(this.#level, burst);
  }

  /** Lowers the level to at most `level`: the server says that this is what is left. */
  lowerTo(level: number, now: number): void {
    this.#level = Math.min(this.level(now), level);
  }
}
