import type { RollingCount } from './rolling-count.js';

const MIN_RATE = 0.2; // a second
const OPENING_MS = 1000;
const FIRST_SHARE = 0.95;
const NEAR = 0.98;
const SEARCH_GROWTH = 1.35; // for every bucket of calls
const BEYOND = 1.04;
const FAR_BELOW = 0.4;
const FAR_ABOVE = 1.2;
const CLOSE = 0.85;
const LEAST = 0.97;

/**
 * Learns the rate a server allows from what it lets through and what it refuses. Knows no clock and no pause.
 *
 * The first refusals come from a burst: what got through in the second before is taken for the server's bucket, and
 * for its rate a second. Servers with a bucket or window of a second are right there. Others are searched for, by
 * going faster with every call, until the next refusal. After that the rate stays just under its ceiling and probes
 * on, slowly at first and then faster, as CUBIC does (RFC 9438).
 */
export class RateSearch {
  readonly #sent: RollingCount;
  readonly #most: number;
  #rate = 0;
  #bucket = 1;
  #ceiling = 0;
  #disproven = 0; // above the ceiling, a rate that was refused though nothing was known against it
  #searching = true;
  #grownAt: number;
  #through = 0; // since the last cut

  // The last cut: what was let through from `since` to `at`, at which rate and below which ceiling.
  #since: number;
  #at: number;
  #cutThrough = 0;
  #cutRate = 0;
  #cutCeiling = 0;

  /**
   * @param sent - calls by the time they were sent, without those refused; kept up by the owner, before
   *   {@link RateSearch.refused} is called
   * @param most - rate that is never exceeded, a second
   */
  constructor(sent: RollingCount, { most, now }: { readonly most: number; readonly now: number }) {
    this.#sent = sent;
    this.#most = most;
    this.#since = now - OPENING_MS;
    this.#at = this.#grownAt = now;
    this.#guess();
  }

  /** Calls a second that may be sent. */
  get rate(): number {
    return this.#rate;
  }

  /** Calls that the server lets through at once after a pause, as far as known. */
  get bucket(): number {
    return this.#bucket;
  }

  /** A call was sent. Rates only grow by calls, so that one nobody uses does not. */
  sent(now: number): void {
    this.#through++;
    if (this.#searching) this.#raiseTo(this.#rate * SEARCH_GROWTH ** (1 / this.#bucket), now);
    else if (now - this.#grownAt >= 100) this.#probe(now);
  }

  /**
   * A call was refused. When nothing has come through since the last refusal, the server is closed for a while, which
   * says nothing about its rate. A call from before the last cut was counted there as let through.
   */
  refused(sentAt: number, now: number): void {
    if (sentAt < this.#since) return;
    if (sentAt < this.#at) {
      this.#cutThrough--;
    } else {
      this.#through--;
      if (this.#through <= 0) {
        if (!this.#searching) this.#rate = this.#ceiling * NEAR;
        return;
      }
      this.#cutThrough = this.#through;
      this.#cutRate = this.#rate;
      this.#cutCeiling = this.#ceiling;
      this.#since = this.#at;
      this.#at = this.#grownAt = now;
      this.#through = 0;
    }
    if (this.#cutRate === 0) this.#guess();
    else this.#settle();
  }

  #guess(): void {
    this.#bucket = Math.max(1, this.#sent.between(this.#since, this.#at));
    this.#ceiling = this.#bucket / (OPENING_MS / 1000);
    this.#rate = Math.min(this.#most, this.#ceiling * FIRST_SHARE);
  }

  // A refusal of a rate above the ceiling is no evidence against the ceiling, unless much less was measured. At the
  // ceiling it is, and what was measured holds; where both are close, it may be low by the pause that it includes.
  #settle(): void {
    const rate = this.#cutRate;
    const measured = Math.min(rate, this.#measured());
    const beyond = rate > BEYOND * this.#cutCeiling && measured > FAR_BELOW * this.#cutCeiling;
    this.#searching = false;
    if (beyond) {
      this.#disproven = measured > FAR_ABOVE * this.#cutCeiling ? rate : 0;
      this.#ceiling = Math.max(this.#cutCeiling, measured);
    } else {
      this.#disproven = rate;
      this.#ceiling = measured > CLOSE * rate ? Math.max(measured, LEAST * rate) : measured;
    }
    this.#rate = this.#ceiling * NEAR;
  }

  // The server's bucket was empty at the last cut and at this one, so what came through in between was its rate, or
  // less if the bucket ran over meanwhile. Then it was full at some time later, and what has come through since then,
  // without that bucket, was its rate: whichever time says most. Half a call more, as the refused one was too many.
  #measured(): number {
    let perMs = this.#cutThrough / (this.#at - this.#since);
    this.#sent.backwards(this.#since, this.#at, (through, from) => {
      const refilled = through - this.#bucket;
      if (refilled >= 1 && from > this.#since) perMs = Math.max(perMs, (refilled + 0.5) / (this.#at - from));
    });
    return Math.max(MIN_RATE, perMs * 1000);
  }

  #probe(now: number): void {
    const wide = Math.max(this.#ceiling, this.#disproven) / this.#ceiling - 1;
    let share = Math.min(0.02, (0.000_15 * (now - this.#at)) / 1000) + Math.min(0.05, 0.05 * wide);
    const beyond = this.#rate / this.#ceiling - BEYOND;
    if (beyond > BEYOND * wide) share = Math.max(share, Math.min(0.25, 0.02 + beyond * 0.2));
    this.#raiseTo(this.#rate + (this.#ceiling * share * Math.min(now - this.#grownAt, 1000)) / 1000, now);
  }

  #raiseTo(rate: number, now: number): void {
    this.#rate = Math.min(this.#most, rate);
    this.#grownAt = now;
  }
}
