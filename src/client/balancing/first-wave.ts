const CALLS = 64;
const WAIT_MS = 200;
const FEW_CALLS = 8;
const SETTLE_MS = 50;

/**
 * The first moments with an endpoint whose limits nobody knows. Calls beyond the first 64 wait until its first answer,
 * at most 200 ms, and then half as long again as that took, at most 50 ms: refusals of the first wave must arrive
 * before the next one leaves. Else the answers that come first let out calls that are refused as well. When all of the
 * first wave are answered, nothing is waited for. A batch of 64 is not held back at all.
 */
export class Opening {
  #calls = 0;
  #begunAt = 0;
  #heldUntil = Number.NEGATIVE_INFINITY;
  #answers = 0;

  /** A call goes out. */
  sent(now: number): void {
    if (this.#calls === 0) this.#begunAt = now;
    if (++this.#calls === CALLS && this.#answers === 0) this.#heldUntil = this.#begunAt + WAIT_MS;
  }

  /** A call was answered. */
  answered(sentAt: number, now: number): void {
    this.#answers++;
    if (this.#answers === this.#calls || (this.#answers === 1 && this.#calls < FEW_CALLS))
      this.#heldUntil = now;
    else if (this.#answers === 1) this.#heldUntil = now + Math.min(SETTLE_MS, (now - sentAt) / 2);
  }

  /** Milliseconds until the next call may go. */
  waitMs(now: number): number {
    return Math.max(0, this.#heldUntil - now);
  }

  /** Whether it holds nothing back any more. */
  over(now: number): boolean {
    return this.#answers > 0 && now >= this.#heldUntil;
  }
}
