import type { RandomSource } from '../../foundation/seeded-random.js';
import { AdaptiveConcurrency, type AdaptiveConcurrencySettings } from './adaptive-concurrency.js';
import type { EndpointError } from '../endpoint-error.js';
import { LatencyEstimate, Ticket } from './latency-estimate.js';
import { OutlierEjection, type HealthChange, type OutlierEjectionSettings } from './outlier-ejection.js';
import type { EndpointCandidate } from './endpoint-policy.js';
import { RateLimit, type EndpointRateLimit } from './rate-limit.js';
import { TrackRecord } from './track-record.js';

/** What an {@link Endpoint} is made from. */
export interface EndpointSettings {
  readonly id: string;
  readonly index: number;
  readonly weight: number;
  readonly priority: number;
  readonly concurrency: number;
  readonly rateLimit: EndpointRateLimit;
  readonly ejection: OutlierEjectionSettings;
  readonly adaptive: AdaptiveConcurrencySettings | undefined;
  /** Most that a failure counts for, milliseconds: the attempt's time limit. */
  readonly penaltyCapMs: number;
  /** Longest pause that a server may ask for, milliseconds; after it one call probes. */
  readonly maxPauseMs: number;
  /** Calls that may be out before its first answer. */
  readonly firstWave: number;
  readonly random: RandomSource;
}

/**
 * How an attempt ended, for selection and limits. `refused`: the server finds the request bad; `useless`: it replied,
 * and with nothing that can be used.
 */
export type AttemptOutcome =
  'ok' | 'failed' | 'unreachable' | 'rate-limited' | 'overloaded' | 'cancelled' | 'refused' | 'useless';

/** How an attempt failed. */
export interface AttemptFailure {
  readonly outcome: Exclude<AttemptOutcome, 'ok'>;
  /** How long the server asked to wait, milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** Whether nothing said so but our own clock: it has made no sign. */
  readonly unheard?: boolean | undefined;
}

/** What an answer really took. */
export interface AnswerCost {
  /** Units of work. */
  readonly work: number;
  readonly tokens: number;
  /** Whether there was not a word in it although others have words: neither speed nor a proof that it can answer. */
  readonly hollow?: boolean | undefined;
}

const STALE_MS = 30_000;
const QUIET_OVERLOAD_MS = 5000;
const MAX_OVERLOADS_IN_ROW = 5;
const SILENT_AFTER_MS = 1000;
const SILENT_UNPROVEN_MS = 200;
const SILENT_FACTOR = 3;

/** Counts of one endpoint since the client was made. */
export interface EndpointCounts {
  /** Attempts begun, those in flight included. */
  attempts: number;
  /** Attempts that were answered. */
  succeeded: number;
  /** Attempts that failed in any other way than the following; refused requests (a 400) included. */
  failed: number;
  /** Attempts that were refused as too many (`ASSAY_RATE_LIMITED`). */
  rateLimited: number;
  /** Attempts that were refused for overload (`ASSAY_OVERLOADED`). */
  overloaded: number;
  /** Attempts without a verdict: given up, or sent into a connection that the server had closed. */
  cancelled: number;
}

/**
 * Everything that is known of one endpoint: its speed, its health, its limits and who waits for it. Holds no
 * connection, no key and no clock, so that a simulator can drive the same code.
 */
export class Endpoint implements EndpointCandidate {
  readonly id: string;
  readonly index: number;
  readonly weight: number;
  readonly priority: number;
  readonly latency = new LatencyEstimate();
  readonly health: OutlierEjection;
  readonly limit: RateLimit;
  readonly adaptive: AdaptiveConcurrency | undefined;
  readonly record = new TrackRecord();
  /** Calls that wait for room here; the waiting room counts them. */
  waiting = 0;
  readonly counts: EndpointCounts = {
    attempts: 0,
    succeeded: 0,
    failed: 0,
    rateLimited: 0,
    overloaded: 0,
    cancelled: 0,
  };
  /** Average latency of answered attempts, milliseconds, weighted towards the last twenty; `NaN` before the first. */
  averageLatencyMs = Number.NaN;
  /** Share of successes, weighted towards the last twenty outcomes. */
  successRate = 1;
  /** When the last outcome came, monotonic milliseconds; `-Infinity` before the first. */
  lastOutcomeAt = Number.NEGATIVE_INFINITY;
  #refusal: EndpointError | undefined;
  readonly #concurrency: number;
  readonly #penaltyCapMs: number;
  readonly #firstWave: number;
  #lastSampleRequestAt = Number.NEGATIVE_INFINITY;
  #lastSuccessAt = Number.NEGATIVE_INFINITY;
  #lastSignAt = Number.NEGATIVE_INFINITY;
  #overloadsInRow = 0;

  constructor(settings: EndpointSettings, now: number) {
    this.id = settings.id;
    this.index = settings.index;
    this.weight = settings.weight;
    this.priority = settings.priority;
    this.health = new OutlierEjection(settings.ejection, settings.random);
    this.limit = new RateLimit(settings, now);
    this.adaptive = settings.adaptive === undefined ? undefined : new AdaptiveConcurrency(settings.adaptive);
    this.#concurrency = settings.concurrency;
    this.#penaltyCapMs = settings.penaltyCapMs;
    this.#firstWave = settings.firstWave;
  }

  get inFlight(): number {
    return this.latency.inFlight;
  }

  /** Calls that may be in flight now. */
  get concurrencyLimit(): number {
    return this.adaptive === undefined ? this.#concurrency : Math.min(this.#concurrency, this.adaptive.limit);
  }

  /** Whether a call can be sent there now, without waiting. */
  usable(tokens: number, now: number): boolean {
    return (
      this.waiting === 0 &&
      this.latency.inFlight < this.concurrencyLimit &&
      this.health.available(now) &&
      now >= this.limit.pausedUntil &&
      (this.limit.open || this.limit.waitMs(tokens, now) === 0)
    );
  }

  /** Whether the first of its waiters can be let through now; an endpoint on probation takes one at a time. */
  hasRoom(tokens: number, now: number): boolean {
    return (
      this.latency.inFlight < this.concurrencyLimit &&
      this.health.available(now) &&
      this.limit.waitMs(tokens, now) === 0
    );
  }

  /**
   * Milliseconds until a call that joins its queue now can be sent, as far as rate and pauses go; 0 when only
   * concurrency holds it back, which nobody can tell.
   */
  waitMs(tokens: number, now: number): number {
    return this.limit.waitMs(tokens, now, this.waiting);
  }

  /** {@link Endpoint.waitMs} for the last of those who wait there. */
  lastWaitMs(tokens: number, now: number): number {
    return this.limit.waitMs(tokens, now, Math.max(0, this.waiting - 1));
  }

  /** {@link Endpoint.waitMs} without what a rate that is still being learned would add. */
  sureWaitMs(tokens: number, now: number): number {
    return this.limit.sureWaitMs(tokens, now, this.waiting);
  }

  /** Milliseconds until it takes calls, as far as its health, rate and pauses tell; a probe under way counts as 0. */
  dueMs(tokens: number, now: number): number {
    return Math.max(this.health.until - now, this.waitMs(tokens, now));
  }

  /** Milliseconds until the first of those who wait may go, as far as time alone decides; a probe under way is none. */
  readyMs(tokens: number, now: number): number {
    return Math.max(this.health.until - now, this.limit.waitMs(tokens, now));
  }

  estimateAt(now: number): number {
    return this.latency.at(now);
  }

  floorAt(now: number): number {
    return this.latency.floor(now);
  }

  wantsSample(now: number): boolean {
    return (
      this.latency.inFlight === 0 &&
      now - this.latency.updatedAt >= STALE_MS &&
      now - this.#lastSampleRequestAt > STALE_MS
    );
  }

  /**
   * Whether it has a call out, and nothing has come from there for much longer than that should take.
   * `elsewhere` is what a call takes at others, milliseconds, for an endpoint that has never answered.
   */
  silent(now: number, elsewhere: () => number): boolean {
    const { oldest, sampled } = this.latency;
    if (oldest === undefined) return false;
    const quiet = now - Math.max(oldest.begunAt, this.#lastSignAt);
    if (this.record.proven) return quiet > SILENT_AFTER_MS + SILENT_FACTOR * sampled * oldest.work;
    return quiet > SILENT_UNPROVEN_MS && quiet > SILENT_FACTOR * elsewhere();
  }

  /** Whether it has all the calls that one gets before its first answer. */
  get onTrial(): boolean {
    return !this.record.proven && this.latency.inFlight >= this.#firstWave;
  }

  /** It turns every call away with this error: gives it none but probes until it answers. */
  quarantine(error: EndpointError, now: number): void {
    this.#refusal = error;
    this.health.quarantine(now);
  }

  /** Why it is quarantined; `undefined` when it is not. */
  get refusal(): EndpointError | undefined {
    return this.health.state === 'quarantined' ? this.#refusal : undefined;
  }

  /** A call is sent there. */
  started(work: number, tokens: number, now: number): Ticket {
    if (this.latency.inFlight === 0 && now - this.latency.updatedAt >= STALE_MS) {
      this.#lastSampleRequestAt = now;
    }
    const probe = this.health.started();
    const ticket = new Ticket({ begunAt: now, work, tokens, epoch: this.health.epoch, probe });
    this.latency.started(ticket);
    this.limit.admit(tokens, now);
    this.counts.attempts++;
    return ticket;
  }

  /** A call was answered. */
  succeeded(ticket: Ticket, { work, tokens, hollow }: AnswerCost, now: number): HealthChange {
    const latencyMs = now - ticket.begunAt;
    this.adaptive?.succeeded(this.latency.inFlight);
    if (hollow) this.latency.answeredEmpty(ticket, work, now);
    else this.latency.succeeded(ticket, work, now);
    this.limit.correctTokens(ticket.tokens, tokens, now);
    if (hollow) this.record.failed(now);
    else {
      this.limit.succeeded(ticket.begunAt, now);
      this.record.answered(now);
    }
    this.#overloadsInRow = 0;
    this.#lastSuccessAt = this.#lastSignAt = now;
    this.counts.succeeded++;
    this.averageLatencyMs = Number.isNaN(this.averageLatencyMs)
      ? latencyMs
      : this.averageLatencyMs * 0.95 + latencyMs * 0.05;
    this.#outcome(1, now);
    const change = this.health.succeeded(now, ticket.epoch);
    if (change === 'restored' && !hollow) this.latency.reset(latencyMs / work, now);
    return change;
  }

  /** A call failed. */
  failed(ticket: Ticket, { outcome, retryAfterMs, unheard }: AttemptFailure, now: number): HealthChange {
    const { inFlight } = this.latency;
    if (outcome !== 'cancelled' && unheard !== true) this.#lastSignAt = now;
    if (outcome !== 'failed') this.limit.correctTokens(ticket.tokens, 0, now);
    switch (outcome) {
      case 'cancelled':
        this.counts.cancelled++;
        this.latency.cancelled(ticket, now);
        if (ticket.probe) this.health.probeToldNothing(ticket.epoch);
        return 'none';
      case 'refused':
      case 'useless':
        this.latency.ended(ticket);
        this.counts.failed++;
        if (outcome === 'refused') this.record.refusedRequest(now);
        else this.record.failed(now);
        this.#outcome(outcome === 'refused' ? 1 : 0, now);
        if (ticket.probe) this.health.probeToldNothing(ticket.epoch);
        return 'none';
      case 'rate-limited':
        this.latency.ended(ticket);
        this.counts.rateLimited++;
        this.limit.rateLimited({ retryAfterMs, sentAt: ticket.begunAt, inFlight }, now);
        this.adaptive?.overloaded(inFlight, now);
        // A 429 says that the server is alive, so an ejection ends; the pause holds calls back.
        return ticket.probe ? this.health.succeeded(now, ticket.epoch) : 'none';
      case 'overloaded':
        this.latency.ended(ticket);
        this.counts.overloaded++;
        this.limit.overloaded(retryAfterMs, now);
        this.adaptive?.overloaded(inFlight, now);
        return this.#overloaded(ticket, now);
      case 'failed':
      case 'unreachable':
        this.latency.failed(ticket, this.#penaltyCapMs, now);
        this.counts.failed++;
        this.record.failed(now);
        this.#outcome(0, now);
        return this.health.failed(now, ticket.epoch, outcome === 'unreachable');
    }
  }

  /** It refused a request as bad that another endpoint then answered: that was its own failure. */
  refusalDisproved(ticket: Ticket, now: number): HealthChange {
    this.#outcome(0, now);
    return this.health.failed(now, ticket.epoch, false);
  }

  // An overloaded server answers some calls; one that has said 503 for seconds on end is down behind its proxy.
  #overloaded(ticket: Ticket, now: number): HealthChange {
    this.#overloadsInRow++;
    this.#outcome(0, now);
    const down =
      this.#overloadsInRow >= MAX_OVERLOADS_IN_ROW && now - this.#lastSuccessAt > QUIET_OVERLOAD_MS;
    return ticket.probe || down ? this.health.failed(now, ticket.epoch, false) : 'none';
  }

  #outcome(value: number, now: number): void {
    this.successRate = this.successRate * 0.95 + value * 0.05;
    this.lastOutcomeAt = now;
  }
}
