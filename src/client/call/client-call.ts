import { AssayError, messageOf, type AssayErrorCode } from '../../errors.js';
import type { ClockTimer } from '../../foundation/clock.js';
import { Attempt, type AttemptOwner } from './attempt.js';
import { inOutage, recordAnswer, recordFailure } from './attempt-outcome.js';
import { CallLedger } from './call-ledger.js';
import { CallBounds, type Bounded } from './call-bounds.js';
import { type AbortableCall, type CallSettings, type CallSink } from './call-settings.js';
import type { Failure } from '../http/classify-failure.js';
import type { Endpoint, Waiter } from '../balancing/endpoint.js';
import type { EndpointConnection } from '../http/endpoint-connection.js';
import { EndpointError, withoutStack, type EndpointErrorOptions } from '../endpoint-error.js';
import type { Choice } from '../balancing/endpoint-selector.js';
import { ListNode } from '../../foundation/linked-list.js';
import { mergeParameters } from '../merge-parameters.js';
import type { CallOptions, ModelParameters, ModelRequest } from '../model-client.js';
import type { ProtocolReply } from '../protocols/protocol.js';
import { backoffMs } from './retry.js';

const NOBODY: readonly Endpoint[] = [];

/**
 * One call from `complete()` or `stream()` to its outcome: chooses an endpoint, waits where it must, sends
 * attempts and hedges, retries, and settles exactly once.
 */
export class ClientCall implements AbortableCall, AttemptOwner, Waiter, Bounded {
  readonly id: number;
  readonly begunAt: number;
  readonly request: ModelRequest;
  readonly work: number;
  tokens = 0;
  attempts = 0;
  tried: readonly Endpoint[] = NOBODY;
  place: ListNode<AbortableCall> | undefined = undefined;
  readonly #settings: CallSettings;
  readonly #sink: CallSink;
  readonly #stream: boolean;
  readonly #parameters: ModelParameters;
  readonly #bounds: CallBounds;
  #retries = 0;
  #settled = false;
  #usedFreeRetry = false;
  #textDelivered = false;
  #healthWaitOver = false;
  #ledger: CallLedger | undefined;
  #lastError: EndpointError | undefined;
  #live: Attempt | undefined;
  #hedge: Attempt | undefined;
  #place: ListNode<Waiter> | undefined;
  #timer: ClockTimer | undefined;
  #hedgeTimer: ClockTimer | undefined;
  #body: string | undefined;
  #bodyFor: EndpointConnection | undefined;

  constructor(
    settings: CallSettings,
    id: number,
    request: ModelRequest,
    sink: CallSink,
    stream: boolean,
    now: number,
  ) {
    this.#settings = settings;
    this.id = id;
    this.request = request;
    this.#sink = sink;
    this.#stream = stream;
    this.begunAt = now;
    this.#bounds = new CallBounds(this, settings, now);
    this.#parameters = mergeParameters(settings.parameters, request.parameters) ?? {};
    this.work = settings.work.expected(this.#parameters.maxTokens);
  }

  /** Begins. */
  start(options: CallOptions | undefined): void {
    const { begunAt: now } = this;
    const { budget, hedge, reporter, work } = this.#settings;
    budget?.deposit(now);
    hedge?.deposit();
    reporter.callStarted(this);
    if (work.counted) this.tokens = work.tokens(this.request.input, this.#parameters.maxTokens);
    this.#bounds.start(options, now);
    this.#route(now);
  }

  /** Settles the call and frees whatever it holds. */
  abort(reason: unknown, code: AssayErrorCode, message: string): void {
    const options = { cause: reason, endpoint: this.#lastEndpoint() };
    this.#giveUp(withoutStack(() => new EndpointError(code, message, options)));
  }

  /** Lets a paused stream go on. */
  resume(): void {
    this.#live?.resume();
  }

  aborted(reason: unknown): void {
    this.abort(reason, 'ASSAY_ABORTED', 'the call was aborted');
  }

  overdue(): void {
    this.#deadline(undefined);
  }

  healthAwaited(): void {
    this.#healthWaitOver = true;
    if (this.#live === undefined && this.#hedge === undefined) this.#noEndpoint();
  }

  admitted(endpoint: Endpoint): void {
    this.#place = undefined;
    const now = this.#settings.clock.now();
    if (!this.#bounds.over(now)) this.#send(endpoint, now, false);
  }

  rerouted(): void {
    this.#place = undefined;
    const now = this.#settings.clock.now();
    if (!this.#bounds.over(now)) this.#route(now);
  }

  streamed(attempt: Attempt, text: string): boolean {
    if (this.#sink.text === undefined || this.#settled) return true;
    if (!this.#textDelivered) {
      this.#textDelivered = true;
      this.#settings.reporter.firstToken(this, attempt);
    }
    return this.#sink.text(text);
  }

  answered(attempt: Attempt, reply: ProtocolReply, raw: unknown): void {
    const { clock, selector, reporter } = this.#settings;
    const now = clock.now();
    const latencyMs = now - attempt.ticket.begunAt;
    recordAnswer(this.#settings, attempt, reply, now);
    reporter.attemptEnded(this, attempt, 'ok', latencyMs, undefined);
    const other = attempt === this.#live ? this.#hedge : this.#live;
    if (other !== undefined) this.#cancel(other, now);
    this.#finish();
    const response = reporter.response(this, attempt, reply, raw, latencyMs, this.#ledger?.spent);
    reporter.callEnded(this, response, undefined, now);
    this.#sink.answered(response);
    selector.left();
    selector.offer(attempt.connection.endpoint, now);
  }

  failed(attempt: Attempt, failure: Failure, error: EndpointError): void {
    const { clock, selector, reporter, retry } = this.#settings;
    const { endpoint } = attempt.connection;
    const now = clock.now();
    const durationMs = now - attempt.ticket.begunAt;
    selector.left();
    if (attempt === this.#hedge) this.#hedge = undefined;
    else this.#live = undefined;
    this.#note(attempt, error.code, durationMs);
    this.#lastError = error;
    reporter.attemptEnded(this, attempt, 'error', durationMs, error);
    recordFailure(this.#settings, attempt, failure, error, this.request, now);
    // This call comes first at the slot that it leaves: it is older than those who wait.
    if (this.#live === undefined && this.#hedge === undefined && !this.#settled) {
      if (attempt.staleSocket && !this.#usedFreeRetry && retry.maxRetries > 0 && !this.#textDelivered) {
        this.#usedFreeRetry = true;
        reporter.retrying(this, 0, error);
        this.#route(now);
      } else {
        this.#retry(attempt, failure, error, now);
      }
    }
    selector.offer(endpoint, now);
  }

  #route(now: number): void {
    if (this.#settled) return;
    const { selector } = this.#settings;
    const choice = this.#choose(this.tried, now, false);
    if (choice === undefined) return;
    if (choice.kind === 'send') {
      this.#send(choice.endpoint, now, false);
      return;
    }
    if (choice.kind === 'queue') {
      if (!this.#mayWaitFor(choice.endpoint, now)) return;
      this.#place = new ListNode<Waiter>(this);
      selector.enqueue(choice.endpoint, this.#place, now);
      return;
    }
    if (selector.allDown) {
      if (this.#healthWaitOver) return this.#noEndpoint();
      this.#bounds.awaitHealth(now);
    }
    this.#place = new ListNode<Waiter>(this);
    selector.enterLobby(this.#place, now);
  }

  // A policy of the host that fails ends this call, and not the process whose timer asked for it.
  #choose(tried: readonly Endpoint[], now: number, hedge: boolean): Choice | undefined {
    try {
      return this.#settings.selector.choose(this.work, this.tokens, tried, now, hedge);
    } catch (error) {
      const message = `the policy failed: ${messageOf(error)}`;
      this.#giveUp(new EndpointError('ASSAY_INVALID_OPTION', message, { cause: error }));
      return undefined;
    }
  }

  #send(endpoint: Endpoint, now: number, hedge: boolean): void {
    const { selector, reporter, connections, attempts } = this.#settings;
    const connection = connections[endpoint.index]!;
    let body: string;
    try {
      body = this.#bodyOf(connection);
    } catch (error) {
      const why = AssayError.is(error) ? error.message : 'the request is not plain JSON';
      this.#giveUp(new EndpointError('ASSAY_BAD_REQUEST', why, { cause: error }));
      return;
    }
    const ticket = endpoint.started(this.work, this.tokens, now);
    selector.began();
    this.attempts++;
    if (ticket.probe) reporter.probing(endpoint);
    const attempt = new Attempt(this, attempts, connection, ticket, this.attempts, this.#stream, hedge);
    if (hedge) this.#hedge = attempt;
    else this.#live = attempt;
    reporter.attemptStarted(this, attempt);
    attempt.send(body, this.request.idempotencyKey, now);
    if (this.#settings.hedge !== undefined && this.attempts === 1) this.#planHedge();
  }

  #planHedge(): void {
    const { hedge, clock } = this.#settings;
    if (this.#settled || this.#sink.text !== undefined) return; // a reader must not get two answers' text
    const delay = hedge?.delayMs(this.work);
    if (delay !== undefined) this.#hedgeTimer = clock.schedule(() => this.#sendHedge(), delay);
  }

  #sendHedge(): void {
    const live = this.#live;
    const { hedge, clock } = this.#settings;
    if (this.#settled || live === undefined || hedge === undefined) return;
    const now = clock.now();
    const choice = this.#choose([live.connection.endpoint], now, true);
    if (choice?.kind === 'send' && hedge.withdraw()) this.#send(choice.endpoint, now, true);
  }

  #bodyOf(connection: EndpointConnection): string {
    const { model: fallback } = this.#settings;
    const model = connection.modelFor(this.request.model, fallback);
    const known = this.#bodyFor;
    if (known?.protocol === connection.protocol && known.modelFor(this.request.model, fallback) === model) {
      return this.#body!;
    }
    this.#bodyFor = connection;
    return (this.#body = connection.body(this.request.input, model, this.#parameters, this.#stream));
  }

  #retry(attempt: Attempt, failure: Failure, error: EndpointError, now: number): void {
    const { endpoint } = attempt.connection;
    const { retry, selector, random } = this.#settings;
    if (!failure.elsewhere || this.#textDelivered || retry.maxRetries === 0) return this.#giveUp(error);
    if (!this.tried.includes(endpoint)) this.tried = [...this.tried, endpoint];
    const untried = selector.hasUntried(this.tried);
    if (!failure.retryable && !untried) return this.#giveUp(error);
    if (this.#retries >= retry.maxRetries) {
      // A call may outlive an outage, but while others succeed it may not go on.
      if (
        !failure.endpointAtFault ||
        this.#healthWaitOver ||
        !inOutage(selector, attempt, this.#ledger?.records)
      )
        return this.#giveUp(error);
      this.#bounds.awaitHealth(now);
    }
    const paced = now < endpoint.limit.pausedUntil; // and not by a server that asks for a wait of 0
    const failover = untried && selector.hasOther(this.tokens, this.tried, now);
    // Whoever is paced waits in the endpoint's own queue; a backoff on top would only waste its limit.
    this.#later(failover || paced ? 0 : backoffMs(retry, this.#retries, random), error, now);
  }

  // Takes from the budget, waits for it while it is empty, then routes again.
  #later(delayMs: number, error: EndpointError, now: number): void {
    const { budget, clock, reporter, random } = this.#settings;
    const allowed = budget === undefined || budget.withdraw(now);
    const delay = allowed ? delayMs : Math.max(delayMs, budget.waitMs * (0.5 + random()));
    if (now + delay > this.#bounds.deadlineAt) return this.#deadline(delay);
    if (allowed) {
      this.#retries++;
      reporter.retrying(this, delay, error);
      if (delay === 0) return this.#route(now);
    }
    this.#timer = clock.schedule(() => {
      this.#timer = undefined;
      const later = clock.now();
      if (allowed) this.#route(later);
      else this.#later(0, error, later);
    }, delay);
  }

  // In the endpoint's queue it also gets what other endpoints have free meanwhile.
  #mayWaitFor(endpoint: Endpoint, now: number): boolean {
    const { retry, selector } = this.#settings;
    const wait = endpoint.sureWaitMs(this.tokens, now);
    const pause = endpoint.limit.pausedUntil - now;
    const left = this.#bounds.deadlineAt - now;
    if (wait <= left && pause <= retry.maxRetryAfterMs) return true;
    const sooner = selector.sooner(endpoint, Math.min(wait, left), this.tokens, now);
    if (sooner !== undefined && (sooner.health.state === 'healthy' || !this.#healthWaitOver)) {
      if (sooner.health.state !== 'healthy') this.#bounds.awaitHealth(now);
      return true;
    }
    if (wait > left) {
      this.#deadline(wait);
      return false;
    }
    const message = `${endpoint.id} asks to wait ${Math.ceil(pause / 1000)} s`;
    this.#giveUp(this.#error('ASSAY_RATE_LIMITED', message, { endpoint: endpoint.id, retryAfterMs: pause }));
    return false;
  }

  #noEndpoint(): void {
    const { selector, connections, clock } = this.#settings;
    const wait = selector.earliest(this.tokens, clock.now());
    const retryAfterMs = Number.isFinite(wait) ? wait : undefined;
    const refusals = connections.flatMap(({ endpoint }) => endpoint.refusal ?? []);
    const last = this.#lastError;
    const why = [
      ...refusals.map((each) => `; quarantined: ${each.message}`),
      ...(last === undefined || refusals.includes(last) ? [] : [`; the last failure: ${last.message}`]),
    ];
    const message = `no endpoint became available in time${why.join('')}`;
    const cause = last ?? refusals[0];
    this.#giveUp(this.#error('ASSAY_NO_ENDPOINT', message, { cause, endpointAtFault: true, retryAfterMs }));
  }

  // `wait`: how long it would have to wait, when that is past the deadline; else the deadline has passed.
  #deadline(wait: number | undefined): void {
    const waited = Math.round(this.#settings.clock.now() - this.begunAt);
    const message =
      wait === undefined
        ? `the call was not answered within ${waited} ms`
        : `the call would have to wait ${Math.ceil(wait)} ms, past its deadline`;
    const retryAfterMs = wait ?? this.#lastError?.retryAfterMs ?? undefined;
    this.#giveUp(withoutStack(() => this.#error('ASSAY_DEADLINE', message, { retryAfterMs })));
  }

  #error(code: AssayErrorCode, message: string, options: EndpointErrorOptions): EndpointError {
    return new EndpointError(code, message, {
      cause: this.#lastError,
      retryable: true,
      endpoint: this.#lastEndpoint(),
      status: this.#lastError?.status ?? null,
      requestId: this.#lastError?.requestId ?? undefined,
      ...options,
    });
  }

  #giveUp(error: EndpointError): void {
    if (this.#settled) return;
    const { clock, reporter } = this.#settings;
    const now = clock.now();
    this.#finish();
    for (const attempt of [this.#live, this.#hedge]) {
      if (attempt === undefined || attempt.settled) continue;
      this.#cancel(attempt, now, error.code);
    }
    this.#ledger?.close(error);
    reporter.callEnded(this, undefined, error, now);
    this.#sink.failed(error);
  }

  #cancel(attempt: Attempt, now: number, code: AssayErrorCode = 'ASSAY_ABORTED'): void {
    if (attempt.settled) return;
    this.#note(attempt, code, now - attempt.ticket.begunAt);
    const { selector, reporter } = this.#settings;
    const { endpoint } = attempt.connection;
    attempt.cancel();
    endpoint.failed(attempt.ticket, 'cancelled', undefined, now);
    reporter.attemptEnded(this, attempt, 'cancelled', now - attempt.ticket.begunAt, undefined);
    selector.left();
    selector.offer(endpoint, now);
  }

  #note(attempt: Attempt, code: AssayErrorCode, durationMs: number): void {
    const { reporter } = this.#settings;
    this.#ledger ??= new CallLedger();
    this.#ledger.note(attempt, code, durationMs);
    this.#ledger.book(attempt, (usage) => reporter.costOf(this, attempt, undefined, usage));
  }

  #finish(): void {
    this.#settled = true;
    this.#bounds.end();
    this.#timer?.cancel();
    this.#hedgeTimer?.cancel();
    const place = this.#place;
    if (place?.list !== undefined) place.list.remove(place);
    this.#settings.ended(this);
  }

  #lastEndpoint(): string | null {
    return (this.#live ?? this.#hedge)?.connection.endpoint.id ?? this.#lastError?.endpoint ?? null;
  }
}
