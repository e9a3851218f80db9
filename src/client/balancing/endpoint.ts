import type { RandomSource } from '../../foundation/seeded-random.js';
import { AdaptiveConcurrency, type AdaptiveConcurrencySettings } from './adaptive-concurrency.js';
import type { EndpointError } from '../endpoint-error.js';
import { LatencyEstimate, Ticket } from './latency-estimate.js';
import { LinkedList } from '../../foundation/linked-list.js';
import { OutlierEjection, type HealthChange, type OutlierEjectionSettings } from './outlier-ejection.js';
import type { EndpointCandidate } from './endpoint-policy.js';
import { RateLimit, type EndpointRateLimit } from './rate-limit.js';

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
  readonly random: RandomSource;
}

/** How an attempt ended, for selection and limits. */
export type AttemptOutcome =
  'ok' | 'failed' | 'unreachable' | 'rate-limited' | 'overloaded' | 'cancelled' | 'rejected';

/** Something that waits for room at an endpoint. */
export interface Waiter {
  /** Units of work that its call is expected to take. */
  readonly work: number;
  /** Tokens that its call is charged. */
  readonly tokens: number;
  /** Endpoints that failed its call already. */
  readonly tried: readonly Endpoint[];
  /** There is room there now; called once, after the waiter was taken out of its queue. */
  admitted(endpoint: Endpoint): void;
  /** The endpoint can no longer be waited for (ejected, paused for long): choose again. */
  rerouted(): void;
}

const STALE_MS = 30_000;
const QUIET_OVERLOAD_MS = 5000;
const MAX_OVERLOADS_IN_ROW = 5;

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
  /** Calls that wait for room here, first come first served. */
  readonly waiting = new LinkedList<Waiter>();
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
  #lastSampleRequestAt = Number.NEGATIVE_INFINITY;
  #lastSuccessAt = Number.NEGATIVE_INFINITY;
  #overloadsInRow = 0;

  constructor(settings: EndpointSettings, now: number) {
    this.id = settings.id;
    this.index = settings.index;
    this.weight = settings.weight;
    this.priority = settings.priority;
    this.health = new OutlierEjection(settings.ejection, settings.random);
    this.limit = new RateLimit(settings.rateLimit, settings.random, now);
    this.adaptive = settings.adaptive === undefined ? undefined : new AdaptiveConcurrency(settings.adaptive);
    this.#concurrency = settings.concurrency;
    this.#penaltyCapMs = settings.penaltyCapMs;
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
      this.waiting.size === 0 &&
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
    return this.limit.waitMs(tokens, now, this.waiting.size);
  }

  /** The same, without what a rate that is still being learned would add. */
  sureWaitMs(tokens: number, now: number): number {
    return this.limit.sureWaitMs(tokens, now, this.waiting.size);
  }

  /** Milliseconds until it takes calls, as far as its health, rate and pauses tell; a probe under way counts as 0. */
  dueMs(tokens: number, now: number): number {
    return Math.max(this.health.until - now, this.waitMs(tokens, now));
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

  /** It refuses every call with this error: gives it none until it is restored. */
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
    const ticket = new Ticket(now, work, tokens, this.health.epoch, probe);
    this.latency.started(ticket);
    this.limit.admit(tokens, now);
    this.counts.attempts++;
    return ticket;
  }

  /** A call was answered; `work` and `tokensUsed` are what it really took. */
  succeeded(ticket: Ticket, work: number, tokensUsed: number, now: number): HealthChange {
    const latencyMs = now - ticket.begunAt;
    this.adaptive?.succeeded(this.latency.inFlight);
    this.latency.succeeded(ticket, latencyMs, work, now);
    this.limit.correct(ticket.tokens, tokensUsed, now);
    this.limit.succeeded(ticket.begunAt, now);
    this.#overloadsInRow = 0;
    this.#lastSuccessAt = now;
    this.counts.succeeded++;
    this.averageLatencyMs = Number.isNaN(this.averageLatencyMs)
      ? latencyMs
      : this.averageLatencyMs * 0.95 + latencyMs * 0.05;
    this.#outcome(1, now);
    const change = this.health.succeeded(now, ticket.epoch);
    if (change === 'restored') this.latency.reset(latencyMs, work, now);
    return change;
  }

  /**
   * A call failed. `ok` does not come here; `rejected` is a failure that is not the endpoint's (a bad request):
   * it proves the endpoint alive.
   */
  failed(
    ticket: Ticket,
    outcome: Exclude<AttemptOutcome, 'ok'>,
    retryAfterMs: number | undefined,
    now: number,
  ): HealthChange {
    const latencyMs = now - ticket.begunAt;
    const inFlight = this.latency.inFlight;
    if (outcome !== 'failed') this.limit.correct(ticket.tokens, 0, now);
    switch (outcome) {
      case 'cancelled':
        this.counts.cancelled++;
        this.latency.cancelled(ticket, latencyMs, now);
        if (ticket.probe && ticket.epoch === this.health.epoch) this.health.probeCancelled();
        return 'none';
      case 'rejected':
        this.latency.ended(ticket);
        this.counts.failed++;
        this.#outcome(1, now);
        return this.health.succeeded(now, ticket.epoch);
      case 'rate-limited':
        this.latency.ended(ticket);
        this.counts.rateLimited++;
        this.limit.rateLimited(retryAfterMs, ticket.begunAt, inFlight, now);
        this.adaptive?.overloaded(inFlight, now);
        // A 429 says that the server is alive, so an ejection ends; the pause holds calls back.
        return ticket.probe ? this.health.succeeded(now, ticket.epoch) : 'none';
      case 'overloaded':
        this.latency.ended(ticket);
        this.counts.overloaded++;
        this.limit.overloaded(retryAfterMs, now);
        this.adaptive?.overloaded(inFlight, now);
        return this.#overloaded(ticket, now);
      default:
        this.latency.failed(ticket, latencyMs, this.#penaltyCapMs, now);
        this.counts.failed++;
        this.#outcome(0, now);
        return this.health.failed(now, ticket.epoch, outcome === 'unreachable');
    }
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
