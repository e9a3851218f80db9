const WAIT_MS = 200;
const STEP_MS = 300;
const GROWTH = 1.5;
const FEW_CALLS = 8;
const SETTLE_MS = 50;

/**
 * The first moments with an endpoint whose limits nobody knows. Only so many calls go out before its first answer:
 * alone it gets 64, and all others after 200 ms; beside others it gets fewer, and half as many again every 300 ms,
 * since it may be one that never answers. After the first answer calls wait for half as long again as that took, at
 * most 50 ms: refusals of the first wave must arrive before the next one leaves. Else the answers that come first let
 * out calls that are refused as well. When all of the first wave are answered, nothing is waited for.
 */
export class FirstWave {
  readonly #alone: boolean;
  #allowed: number;
  #sent = 0;
  #growsAt = Number.POSITIVE_INFINITY;
  #heldUntil = Number.NEGATIVE_INFINITY;
  #answers = 0;

  constructor(calls: number) {
    this.#allowed = calls;
    this.#alone = calls >= ALONE;
  }

  /**
   * Calls that each of so many endpoints gets before it has answered: of `share`, the calls that may be in flight for each of its
   * kind, no more than that, so that one that never answers leaves room for the others.
   */
  static callsOf(endpoints: number, share = Number.POSITIVE_INFINITY): number {
    const calls = Math.max(FEW_CALLS, Math.floor(ALONE / endpoints));
    return endpoints === 1 ? calls : Math.min(calls, Math.max(1, Math.ceil(share)));
  }

  /** A call goes out. */
  sent(now: number): void {
    if (this.#sent++ === 0) this.#growsAt = now + (this.#alone ? WAIT_MS : STEP_MS);
  }

  /** A call was answered. */
  answered(sentAt: number, now: number): void {
    this.#answers++;
    if (this.#answers === this.#sent || (this.#answers === 1 && this.#sent < FEW_CALLS))
      this.#heldUntil = now;
    else if (this.#answers === 1) this.#heldUntil = now + Math.min(SETTLE_MS, (now - sentAt) / 2);
  }

  /** Milliseconds until the next call may go. */
  waitMs(now: number): number {
    if (this.#answers > 0) return Math.max(0, this.#heldUntil - now);
    if (this.#sent < this.#allowed) return 0;
    if (now >= this.#growsAt) {
      // One step, however late: the time in which we could not read answers was ours.
      this.#allowed = this.#alone ? Number.POSITIVE_INFINITY : this.#allowed * GROWTH;
      this.#growsAt = now + STEP_MS;
    }
    return this.#sent < this.#allowed ? 0 : this.#growsAt - now;
  }

  /** Whether it holds nothing back any more. */
  isOver(now: number): boolean {
    return this.#answers > 0 && now >= this.#heldUntil;
  }
}

const ALONE = 64;
