import { AssayError } from '../../errors.js';
import type { Endpoint } from '../balancing/endpoint.js';
import type { EndpointError } from '../endpoint-error.js';
import type { Attempt } from './attempt.js';
import { inOutage, noteHealth, type AttemptEnd, type FailedAttempt } from './attempt-outcome.js';
import { CallLedger } from './call-ledger.js';
import type { ReportedCall } from './call-reporter.js';
import type { CallSettings } from './call-settings.js';
import { DisputedRefusals } from './disputed-refusals.js';
import { backoffMs } from './retry.js';

const MOST_STALE = 16;

/** How a call goes on after a failure. */
export interface NextTry {
  /** Time for which those who failed the call are left out, milliseconds. */
  readonly delayMs: number;
  /** Whether it goes on beyond its retries, since nothing works at present. */
  readonly inOutage: boolean;
}

/** A call that can be placed again. */
export interface RetriedCall extends ReportedCall {
  readonly work: number;
  readonly tokens: number;
}

/**
 * What became of a call's attempts so far, and what that means for the next one. Made when the first of them ends without an
 * answer: most calls need none.
 */
export class CallHistory {
  readonly ledger = new CallLedger();
  /** Endpoints that failed the call. */
  tried: readonly Endpoint[] = [];
  /** Those of them that would fail it again: they are not asked any more. */
  refused: readonly Endpoint[] = [];
  lastError: EndpointError | undefined = undefined;
  retries = 0;
  readonly #settings: CallSettings;
  readonly #call: RetriedCall;
  #disputed: DisputedRefusals | undefined;
  #staleSockets = 0;

  constructor(settings: CallSettings, call: RetriedCall) {
    this.#settings = settings;
    this.#call = call;
  }

  /** Notes an attempt that ended without an answer, and what it has used. */
  note(attempt: Attempt, { code, durationMs }: AttemptEnd): void {
    const { reporter } = this.#settings;
    this.ledger.note(attempt, { code, durationMs });
    this.ledger.book(attempt, (usage) => reporter.costOf(this.#call, { attempt, usage }));
  }

  /**
   * Whether an attempt costs no retry since the server had closed its connection. A proxy that forgets idle connections
   * resets each of them when it is used next; of a dispatcher of the host nobody knows whether a connection was kept.
   */
  isFree({ staleSocket, connection }: Attempt): boolean {
    return staleSocket && this.#staleSockets++ < (connection.transport.shared ? 1 : MOST_STALE);
  }

  /** Says how to go on after an attempt failed; `undefined`: not at all. `healthWaitOver`: it waited out an outage. */
  nextTry(failed: FailedAttempt, healthWaitOver: boolean): NextTry | undefined {
    const { attempt, failure } = failed;
    const { endpoint } = attempt.connection;
    const { clock, retry, selector, random } = this.#settings;
    const now = clock.now();
    if (retry.maxRetries === 0) return undefined;
    if (!failure.elsewhere && !this.#disputes(failed, now)) return undefined;
    if (!this.tried.includes(endpoint)) this.tried = [...this.tried, endpoint];
    if (!failure.retryable) {
      this.refused = [...this.refused, endpoint];
      if (!selector.anyLeft(this.refused)) return undefined;
    }
    const beyond = this.retries >= retry.maxRetries;
    if (beyond) {
      // A call may outlive an outage, but while others succeed it may not go on.
      if (
        !failure.endpointAtFault ||
        healthWaitOver ||
        !inOutage(selector, { attempt, records: this.ledger.records })
      )
        return undefined;
    }
    // Whoever is paced waits for the pause; a backoff on top would only waste its limit.
    const rests = failure.retryable && now >= endpoint.limit.pausedUntil && !this.canFailOver(now);
    return { delayMs: rests ? backoffMs(retry, { retry: this.retries, random }) : 0, inOutage: beyond };
  }

  /** Notes that an endpoint's protocol cannot carry the request; whether another endpoint, of another protocol, may. */
  mayBeWrittenElsewhere(endpoint: Endpoint, error: unknown): boolean {
    if (!this.tried.includes(endpoint)) this.tried = [...this.tried, endpoint];
    this.refused = [...this.refused, endpoint];
    return AssayError.is(error) && this.#settings.selector.anyLeft(this.refused);
  }

  /** Whether an endpoint that has not failed the call could take it now. */
  canFailOver(now: number): boolean {
    const { work, tokens } = this.#call;
    return this.#settings.selector.canFailOver(
      { work, tokens, tried: this.tried, barred: this.refused },
      now,
    );
  }

  /** The call was answered: who called its request bad was wrong. */
  answered(): void {
    this.#disputed?.disprove((refusal, error) => {
      const { endpoint } = refusal.connection;
      const change = endpoint.refusalDisproved(refusal.ticket, this.#settings.clock.now());
      noteHealth(this.#settings, { attempt: refusal, error, change });
    });
  }

  // Whether an endpoint that calls the request bad is not believed, and another one is asked.
  #disputes({ attempt, failure, error }: FailedAttempt, now: number): boolean {
    if (!failure.blamesRequest) return false;
    const { selector } = this.#settings;
    const { endpoint } = attempt.connection;
    if (this.#disputed !== undefined) {
      this.#disputed.confirm(endpoint, now);
      return false;
    }
    if (!selector.refusesTooMuch(endpoint, now) || selector.allDown([...this.refused, endpoint]))
      return false;
    this.#disputed = new DisputedRefusals();
    this.#disputed.add(attempt, error);
    return true;
  }
}
