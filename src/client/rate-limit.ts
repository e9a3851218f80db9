import { checkOptions, positive, number } from '../foundation/options.js';
import type { RandomSource } from '../foundation/seeded-random.js';
import { readLimitHeaders, type LimitHeaders } from './rate-limit-headers.js';
import type { ResponseHeaders } from './retry-after.js';
import { RollingCount } from './rolling-count.js';
import { TokenBucket } from './token-bucket.js';

/** What an endpoint allows a minute. The client stays at 98 % of it. */
export interface EndpointRateLimit {
  /** Requests a minute, > 0. */
  readonly requestsPerMinute?: number | undefined;
  /** Tokens a minute, > 0: the prompt's and those that may be generated, corrected by what was used. */
  readonly tokensPerMinute?: number | undefined;
  /**
   * Requests that may go at once after a pause, >= 1; tokens get the same time's worth. Default: a quarter
   * of a second's worth, at least 1.
   */
  readonly burst?: number | undefined;
  /** This process' share of the limit, 0..1, where several processes use one quota. Default 1. */
  readonly share?: number | undefined;
}

/** Checks a declared limit. */
export function rateLimitOptions(options: EndpointRateLimit): EndpointRateLimit {
  return checkOptions('rateLimit', options, {
    requestsPerMinute: positive,
    tokensPerMinute: positive,
    burst: number(1),
    share: number(0.000_001, 1),
  });
}

const HEADROOM = 0.98;
const DEFAULT_PAUSE_MS = 1000;
const MEASURE_MS = 10_000; // long enough that a server's own burst does not look like its rate
const RECENT_MS = 2000;
const MIN_MEASURE_MS = 1000; // the burst at the start is not a rate
const MIN_RATE = 0.2;
const FIRST_SHARE = 0.95;
const NEAR = 0.98;
const SEARCH_GROWTH = 1.6; // a second
const LEAST_AFTER_SEARCH = 0.65;
const LEAST_SOON = 0.85;
const LEAST_LATER = 0.95;
const SOON_MS = 5000;
const CLEAR_REFUSALS = 3;
const CLEAR_SHARE = 0.1;

/** What was known when the rate was cut. */
interface Cut {
  readonly at: number;
  /** The rate until then; `null` when there was none. */
  readonly rateBefore: number | null;
  /** Share of it that is kept at least. */
  readonly least: number;
  /** Calls that the server let through since the cut before, within the last {@link MEASURE_MS}. */
  through: number;
  /** How long that was. */
  readonly measuredMs: number;
}

/**
 * What may be sent to one endpoint, and when. Three things hold calls back: a pause (the server said
 * Retry-After), a bucket of requests and one of tokens. Limits are declared, read from response headers, or
 * learned from 429s.
 *
 * Learning follows TCP in shape. The first refusals come from a burst, which tells a server's bucket and not its
 * rate, so the rate is searched from there as in slow start, growing by the second until it is refused. From then
 * on as in CUBIC (RFC 9438): a 429 gives the ceiling, the rate falls below it, returns to it quickly, stays just
 * under it for long, and then probes beyond it faster and faster. AIMD alone either wastes a third of the limit
 * after every cut or runs into it every few seconds.
 */
export class RateLimit {
  readonly #random: RandomSource;
  readonly #share: number;
  readonly #declared: EndpointRateLimit;
  readonly #through = new RollingCount(20, MEASURE_MS / 20);
  readonly #sent = new RollingCount(10, RECENT_MS / 10);
  readonly #refused = new RollingCount(10, RECENT_MS / 10);
  #requests: TokenBucket | undefined;
  #tokens: TokenBucket | undefined;
  #learned = false;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #known = Number.POSITIVE_INFINITY; // requests a second, declared or from headers; learning stays below it
  #ceiling = 0;
  #searching = false;
  #cut: Cut | undefined;
  #grownAt = 0;
  #headerRequests = 0;
  #headerTokens = 0;
  #overloads = 0;
  #firstAdmittedAt = Number.NaN;

  constructor(declared: EndpointRateLimit, random: RandomSource, now: number) {
    this.#declared = declared;
    this.#random = random;
    this.#share = declared.share ?? 1;
    const { requestsPerMinute, tokensPerMinute, burst } = declared;
    if (requestsPerMinute !== undefined) {
      const perSecond = (this.#known = (requestsPerMinute / 60) * HEADROOM * this.#share);
      this.#requests = new TokenBucket(perSecond, burst ?? defaultBurst(perSecond), now);
    }
    if (tokensPerMinute !== undefined) {
      const perSecond = (tokensPerMinute / 60) * HEADROOM * this.#share;
      this.#tokens = new TokenBucket(perSecond, this.#tokenBurst(perSecond), now);
    }
  }

  /** Calls are held back until then, monotonic milliseconds; in the past when they are not. */
  get pausedUntil(): number {
    return this.#pausedUntil;
  }

  /** Requests a second that are let through; `null` when no limit is known. */
  get requestsPerSecond(): number | null {
    return this.#requests?.perSecond ?? null;
  }

  /** Tokens a second that are let through; `null` when no limit is known. */
  get tokensPerSecond(): number | null {
    return this.#tokens?.perSecond ?? null;
  }

  /** Whether nothing ever holds a call back: the fast path. */
  get open(): boolean {
    return this.#requests === undefined && this.#tokens === undefined;
  }

  /** Milliseconds until a call with that many tokens may go, behind `ahead` calls that wait already. */
  waitMs(tokens: number, now: number, ahead = 0): number {
    let wait = 0;
    if (this.#requests !== undefined) {
      wait = this.#requests.waitMs(1, now);
      if (ahead > 0) wait += (ahead / this.#requests.perSecond) * 1000;
    }
    if (this.#tokens !== undefined) {
      let forTokens = this.#tokens.waitMs(tokens, now);
      if (ahead > 0) forTokens += ((ahead * tokens) / this.#tokens.perSecond) * 1000;
      wait = Math.max(wait, forTokens);
    }
    return now < this.#pausedUntil ? Math.max(wait, this.#pausedUntil - now) : wait;
  }

  /** A call goes out. */
  admit(tokens: number, now: number): void {
    this.#through.add(now);
    this.#sent.add(now);
    if (Number.isNaN(this.#firstAdmittedAt)) this.#firstAdmittedAt = now;
    this.#requests?.charge(1, now);
    this.#tokens?.charge(tokens, now);
    if (this.#learned) this.#grow(now);
  }

  /** A call that was charged `charged` tokens used `used`. */
  correct(charged: number, used: number, now: number): void {
    this.#tokens?.refund(charged - used, now);
  }

  /** The endpoint answered a call: overloads no longer count as in a row. */
  succeeded(): void {
    this.#overloads = 0;
  }

  /**
   * A 429: everything is held back for what the server asked for (a second if it did not say) and up to 10 %
   * more. A pause in force is only ever made longer. When refusals are many, the limit is learned from them, also
   * where one is known: others may use the same quota, and some vendors' headers speak of days. Calls that were
   * sent before the last cut say nothing new about it.
   */
  rateLimited(retryAfterMs: number | undefined, sentAt: number, now: number): void {
    this.#refused.add(now);
    this.#pause(retryAfterMs ?? DEFAULT_PAUSE_MS, now);
    if (this.#cut !== undefined && sentAt < this.#cut.at) {
      if (this.#grownAt > this.#cut.at) return;
      this.#cut.through--; // it was counted as let through when the limit was cut
      this.#settle(this.#cut, now);
      return;
    }
    this.#through.add(now, -1);
    const refused = this.#refused.total(now);
    const clear = refused >= CLEAR_REFUSALS && refused > CLEAR_SHARE * this.#sent.total(now);
    if (clear || this.#learned) this.#cutRate(now);
  }

  #cutRate(now: number): void {
    const since = this.#cut?.at ?? this.#firstAdmittedAt;
    const measuredMs = Math.min(MEASURE_MS, Math.max(MIN_MEASURE_MS, now - since));
    const rateBefore = this.#learned ? this.requestsPerSecond : null;
    let least = now - since < SOON_MS ? LEAST_SOON : LEAST_LATER;
    if (this.#searching) least = LEAST_AFTER_SEARCH;
    this.#searching = rateBefore === null && measuredMs < MEASURE_MS / 2;
    this.#learned = true;
    this.#cut = { at: now, rateBefore, least, through: this.#through.total(now), measuredMs };
    this.#settle(this.#cut, now);
    this.#through.clear();
    this.#refused.clear();
    this.#grownAt = now;
  }

  // The server's bucket was empty at this refusal and at the last one, so what was let through in between, pauses
  // included, is its rate; or less, where the bucket ran over in a pause, and then the rate before tells more. The
  // first refusal has none before it: what was let through until then is mostly the bucket.
  #settle({ through, measuredMs, rateBefore, least }: Cut, now: number): void {
    const measured = Math.max(MIN_RATE, (through / measuredMs) * 1000);
    this.#ceiling =
      rateBefore === null ? measured : Math.min(rateBefore, Math.max(measured, rateBefore * least));
    const rate = this.#ceiling * (rateBefore === null ? FIRST_SHARE : NEAR);
    // The pause must not fill the bucket: what goes out after it goes out evenly.
    const owed = (rate * (this.#pausedUntil - now)) / 1000;
    this.#requests = new TokenBucket(rate, this.#burstFor(rate), now, -owed);
  }

  /**
   * The endpoint has too much to do (503, 529): it is paused for what it asked for, else for a second that
   * doubles with each refusal in a row up to 30.
   */
  overloaded(retryAfterMs: number | undefined, now: number): void {
    if (now >= this.#pausedUntil) this.#overloads = Math.min(this.#overloads + 1, 6);
    this.#pause(retryAfterMs ?? Math.min(30_000, 500 * 2 ** this.#overloads), now);
  }

  /** Learns from the headers of a reply; returns whether a limit became known or changed. */
  learn(headers: ResponseHeaders, inFlight: number, wallTime: number, now: number): boolean {
    const seen = readLimitHeaders(headers, wallTime);
    if (seen === undefined) return false;
    const changed = this.#learnLimits(seen, now);
    // What is left is only a bound while little of it is left: other calls may have been counted meanwhile.
    if (seen.remainingRequests === 0 && seen.resetRequestsMs !== undefined && inFlight <= 1) {
      this.#requests?.lowerTo(0, now);
    }
    if (seen.remainingTokens !== undefined && seen.remainingTokens <= 0) this.#tokens?.lowerTo(0, now);
    return changed;
  }

  #learnLimits(seen: LimitHeaders, now: number): boolean {
    let changed = false;
    const requests = seen.requestsPerMinute;
    if (requests !== undefined && requests !== this.#headerRequests) {
      this.#headerRequests = requests;
      if (this.#declared.requestsPerMinute === undefined) {
        this.#learned = false;
        this.#cut = undefined;
        this.#known = (requests / 60) * HEADROOM * this.#share;
        this.#setRequestRate(this.#known, now);
        changed = true;
      }
    }
    const tokens = seen.tokensPerMinute;
    if (tokens !== undefined && tokens !== this.#headerTokens) {
      this.#headerTokens = tokens;
      if (this.#declared.tokensPerMinute === undefined) {
        const perSecond = (tokens / 60) * HEADROOM * this.#share;
        const burst = this.#tokenBurst(perSecond);
        if (this.#tokens === undefined) this.#tokens = new TokenBucket(perSecond, burst, now);
        else this.#tokens.adjust(perSecond, burst, now);
        changed = true;
      }
    }
    return changed;
  }

  #pause(forMs: number, now: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, now + forMs * (1 + 0.1 * this.#random()));
  }

  #setRequestRate(perSecond: number, now: number): void {
    const burst = this.#burstFor(perSecond);
    if (this.#requests === undefined) this.#requests = new TokenBucket(perSecond, burst, now);
    else this.#requests.adjust(perSecond, burst, now);
  }

  #burstFor(perSecond: number): number {
    return this.#declared.burst ?? (this.#learned ? Math.max(1, perSecond / 10) : defaultBurst(perSecond));
  }

  // Called while calls go out, so that a rate nobody uses does not grow.
  #grow(now: number): void {
    const elapsed = now - this.#grownAt;
    if (elapsed < 100 || this.#requests === undefined) return;
    this.#grownAt = now;
    const seconds = Math.min(elapsed, 1000) / 1000;
    const rate = this.#requests.perSecond;
    if (this.#searching) return this.#raiseTo(rate * SEARCH_GROWTH ** seconds, now);
    const distance = rate / this.#ceiling;
    let share = 0.003; // just under the ceiling, and just above it
    if (distance < NEAR) share = 0.12;
    else if (distance > 1.04) share = 0.02 + (distance - 1.04) * 0.2;
    this.#raiseTo(rate + this.#ceiling * Math.min(share, 0.25) * seconds, now);
  }

  #raiseTo(perSecond: number, now: number): void {
    this.#setRequestRate(Math.min(perSecond, this.#known), now);
  }

  #tokenBurst(perSecond: number): number {
    const burst = this.#declared.burst;
    const requests = this.#requests?.perSecond;
    return burst !== undefined && requests !== undefined
      ? Math.max(1, (burst / requests) * perSecond)
      : Math.max(1, perSecond / 4);
  }
}

function defaultBurst(perSecond: number): number {
  return Math.max(1, perSecond / 4);
}
