import { checkOptions, positive, number } from '../../foundation/options.js';
import type { RandomSource } from '../../foundation/seeded-random.js';
import { FirstWave } from './first-wave.js';
import { readLimitHeaders, type LimitHeaders } from './rate-limit-headers.js';
import { RateSearch } from './rate-search.js';
import { Refusals } from './refusals.js';
import type { ResponseHeaders } from './retry-after.js';
import { RollingCount } from './rolling-count.js';
import { TokenBucket } from '../../foundation/token-bucket.js';

/** What an endpoint allows a minute. The client stays at 98 % of it. */
export interface EndpointRateLimit {
  /** Requests a minute, > 0. */
  readonly requestsPerMinute?: number | undefined;
  /** Tokens a minute, > 0: the prompt's and those that may be generated, corrected by what was used. */
  readonly tokensPerMinute?: number | undefined;
  /**
   * Requests that may go at once after a pause, >= 1; tokens get the same time's worth.
   * @default a quarter of a second's worth, at least 1
   */
  readonly burst?: number | undefined;
  /** This process' share of the limit, 0..1, where several processes use one quota. @default 1 */
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

/** What a {@link RateLimit} is made from. */
export interface RateLimitSettings {
  readonly rateLimit: EndpointRateLimit;
  readonly random: RandomSource;
  /** Longest pause that a server may ask for, milliseconds. */
  readonly maxPauseMs: number;
  /** Calls that may be out before the first answer. */
  readonly firstWave: number;
}

/** A reply that may tell of limits. */
export interface ToldLimits {
  readonly headers: ResponseHeaders;
  /** Calls still in flight. */
  readonly inFlight: number;
  readonly wallTime: number;
}

/** A call that was refused as one too many. */
export interface Refusal {
  /** How long the server asked to wait, milliseconds. */
  readonly retryAfterMs: number | undefined;
  readonly sentAt: number;
  /** Calls in flight, the refused one included. */
  readonly inFlight: number;
}

const HEADROOM = 0.98;
const DEFAULT_PAUSE_MS = 1000;
const PAUSE_GROWTH = 1.5;
const MAX_PAUSE_MS = 30_000;
const PROBE_ROUND_TRIPS = 1.5;
const MAX_PROBE_MS = 1000;

/**
 * What may be sent to one endpoint, and when. Three things hold calls back: a pause (the server said
 * Retry-After), a bucket of requests and one of tokens. Limits are declared, read from response headers, or
 * learned from 429s ({@link RateSearch}).
 */
export class RateLimit {
  readonly #random: RandomSource;
  readonly #share: number;
  readonly #declared: EndpointRateLimit;
  readonly #maxPauseMs: number;
  readonly #through = new RollingCount(256, 25); // by the time of sending, without those that were refused
  readonly #refusals = new Refusals();
  #requests: TokenBucket | undefined;
  #tokens: TokenBucket | undefined;
  #firstWave: FirstWave | undefined;
  #search: RateSearch | undefined;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #probing = false;
  #known = Number.POSITIVE_INFINITY; // requests a second, declared or from headers; learning stays below it
  #headerRequests = 0;
  #headerTokens = 0;
  #overloads = 0;

  constructor({ rateLimit: declared, random, maxPauseMs, firstWave }: RateLimitSettings, now: number) {
    this.#declared = declared;
    this.#random = random;
    this.#maxPauseMs = maxPauseMs;
    this.#share = declared.share ?? 1;
    const { requestsPerMinute, tokensPerMinute, burst } = declared;
    if (requestsPerMinute !== undefined) {
      const perSecond = (this.#known = (requestsPerMinute / 60) * HEADROOM * this.#share);
      this.#requests = new TokenBucket({ perSecond, burst: burst ?? defaultBurst(perSecond) }, now);
    }
    if (tokensPerMinute !== undefined) {
      const perSecond = (tokensPerMinute / 60) * HEADROOM * this.#share;
      this.#tokens = new TokenBucket({ perSecond, burst: this.#tokenBurst(perSecond) }, now);
    }
    if (this.#requests === undefined) this.#firstWave = new FirstWave(firstWave);
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
    return this.#requests === undefined && this.#tokens === undefined && this.#firstWave === undefined;
  }

  /** Milliseconds until a call with that many tokens may go, behind `ahead` calls that wait already. */
  waitMs(tokens: number, now: number, ahead = 0): number {
    let wait = this.#firstWave?.waitMs(now) ?? 0;
    if (this.#requests !== undefined) {
      wait = this.#requests.waitMs(1, now);
      if (ahead > 0) wait += (ahead / this.#requests.perSecond) * 1000;
    }
    if (this.#tokens !== undefined) wait = Math.max(wait, this.#tokenWaitMs(tokens, now, ahead));
    return now < this.#pausedUntil ? Math.max(wait, this.#pausedUntil - now) : wait;
  }

  /** The same as far as it is sure: a rate that is being learned may still be far too low. */
  sureWaitMs(tokens: number, now: number, ahead: number): number {
    return this.#search === undefined
      ? this.waitMs(tokens, now, ahead)
      : Math.max(0, this.#pausedUntil - now, this.#tokenWaitMs(tokens, now, ahead));
  }

  /** A call goes out. */
  admit(tokens: number, now: number): void {
    this.#through.add(now);
    if (this.#firstWave?.isOver(now) === true) this.#firstWave = undefined;
    this.#firstWave?.sent(now);
    this.#requests?.charge(1, now);
    this.#tokens?.charge(tokens, now);
    if (this.#search !== undefined) {
      this.#search.sent(now);
      this.#setRequestRate(this.#search.rate, now);
    }
    if (this.#probing) this.#holdBehindProbe(now);
  }

  /** A call that was charged `charged` tokens used `used`. */
  correctTokens(charged: number, used: number, now: number): void {
    this.#tokens?.refund(charged - used, now);
  }

  /** The endpoint answered a call: overloads and closed doors no longer count as in a row. */
  succeeded(sentAt: number, now: number): void {
    this.#overloads = 0;
    this.#refusals.answered(sentAt);
    this.#firstWave?.answered(sentAt, now);
  }

  /**
   * A 429: everything is held back for what the server asked for (else for a second, half as long again each time
   * in a row) and up to 10 % more. A pause in force is only ever made longer; after it one call goes first. When
   * refusals are many, the limit is learned from them, also where one is known: others may use the same quota, and
   * some vendors' headers speak of days.
   */
  rateLimited({ retryAfterMs, sentAt, inFlight }: Refusal, now: number): void {
    this.#firstWave = undefined;
    this.#through.add(sentAt, -1);
    this.#refusals.add(sentAt, inFlight, now);
    const untold = DEFAULT_PAUSE_MS * PAUSE_GROWTH ** (this.#refusals.inARow - 1);
    this.#pause(retryAfterMs ?? Math.min(MAX_PAUSE_MS, untold), now);
    this.#probing = true;
    if (this.#search !== undefined) this.#search.refused(sentAt, now);
    else if (this.#refusals.showLimit(this.#through, now))
      this.#search = new RateSearch(this.#through, { most: this.#known, now });
    if (this.#search === undefined) return;
    // The pause must not fill the bucket: what goes out after it goes out evenly.
    const { rate } = this.#search;
    const owed = (rate * (this.#pausedUntil - now)) / 1000;
    this.#requests = new TokenBucket({ perSecond: rate, burst: this.#burstFor(rate), level: 1 - owed }, now);
  }

  /**
   * The endpoint has too much to do (503, 529): it is paused for what it asked for, else for a second that
   * doubles with each refusal in a row up to 30.
   */
  overloaded(retryAfterMs: number | undefined, now: number): void {
    if (now >= this.#pausedUntil) this.#overloads = Math.min(this.#overloads + 1, 6);
    if (retryAfterMs !== undefined && retryAfterMs > this.#maxPauseMs) this.#probing = true;
    this.#pause(retryAfterMs ?? Math.min(30_000, 500 * 2 ** this.#overloads), now);
  }

  /** Learns from the headers of a reply; returns whether a limit became known or changed. */
  learn({ headers, inFlight, wallTime }: ToldLimits, now: number): boolean {
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
        this.#search = undefined;
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
        if (this.#tokens === undefined) this.#tokens = new TokenBucket({ perSecond, burst }, now);
        else this.#tokens.adjust({ perSecond, burst }, now);
        changed = true;
      }
    }
    return changed;
  }

  #tokenWaitMs(tokens: number, now: number, ahead: number): number {
    if (this.#tokens === undefined) return 0;
    return this.#tokens.waitMs(tokens, now) + ((ahead * tokens) / this.#tokens.perSecond) * 1000;
  }

  // A server that names a time which makes no sense (or years) is asked again by one call after the longest pause.
  #pause(forMs: number, now: number): void {
    this.#holdUntil(now + Math.min(forMs, this.#maxPauseMs) * (1 + 0.1 * this.#random()));
  }

  #holdUntil(time: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, time);
  }

  // The first call after a pause shows whether the server is open again: the others wait for its refusal.
  #holdBehindProbe(now: number): void {
    this.#probing = false;
    const forMs = Math.min(MAX_PROBE_MS, PROBE_ROUND_TRIPS * this.#refusals.fastestMs);
    this.#holdUntil(now + forMs);
    if (this.#search !== undefined) this.#requests?.lowerTo(1 - (this.#search.rate * forMs) / 1000, now);
  }

  #setRequestRate(perSecond: number, now: number): void {
    const burst = this.#burstFor(perSecond);
    if (this.#requests === undefined) this.#requests = new TokenBucket({ perSecond, burst }, now);
    else this.#requests.adjust({ perSecond, burst }, now);
  }

  #burstFor(perSecond: number): number {
    const { burst } = this.#declared;
    if (burst !== undefined) return burst;
    if (this.#search === undefined) return defaultBurst(perSecond);
    return Math.max(1, Math.min(perSecond / 10, this.#search.bucket / 2));
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
