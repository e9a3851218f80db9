import type { AssayErrorCode } from '../../errors.js';
import type { ClockTimer } from '../../foundation/clock.js';
import type { ListNode } from '../../foundation/linked-list.js';
import type { Endpoint } from '../balancing/endpoint.js';
import type { Choice, PlacedCall } from '../balancing/endpoint-selector.js';
import type { SilenceListener } from '../balancing/latency-estimate.js';
import { Place, type Waiter } from '../balancing/waiting-room.js';
import { EndpointError, withoutStack } from '../endpoint-error.js';
import { mergeParameters } from '../merge-parameters.js';
import type { CallOptions, ModelParameters, ModelRequest } from '../model-client.js';
import { Attempt, type AttemptOwner } from './attempt.js';
import type { AttemptAnswer, AttemptFault } from './attempt-answer.js';
import { recordAnswer, recordCancelled, recordFailure } from './attempt-outcome.js';
import type { AttemptEnd, FailedAttempt } from './attempt-outcome.js';
import { CallBounds, type Bounded } from './call-bounds.js';
import * as errors from './call-errors.js';
import { CallHistory } from './call-history.js';
import { besideSilent, judgeWait, patienceMs } from './long-waits.js';
import { RequestBody } from './request-body.js';
import type { AbortableCall, AbortMessage, CallSettings, CallSink, NewCall } from './call-settings.js';

const NOBODY: readonly Endpoint[] = [];

/**
 * One call from `complete()` or `stream()` to its outcome: chooses an endpoint, waits where it must, sends
 * attempts and hedges, retries, and settles exactly once.
 */
export class ClientCall implements AbortableCall, AttemptOwner, Waiter, Bounded, SilenceListener {
  readonly id: number;
  readonly request: ModelRequest;
  readonly begunAt: number;
  readonly stream: boolean;
  readonly #settings: CallSettings;
  readonly #sink: CallSink;
  readonly #parameters: ModelParameters;
  readonly #body: RequestBody;
  readonly #bounds: CallBounds;
  attempts = 0;
  #settled = false;
  #textDelivered = false;
  #healthWaitOver = false;
  #history: CallHistory | undefined;
  #live: Attempt | undefined;
  #second: Attempt | undefined; // beside a live one that is slow, or whose endpoint is silent
  #silent: Attempt | undefined; // the one whose endpoint is
  #waitingPlace: Place | undefined;
  #timer: ClockTimer | undefined;
  #hedgeTimer: ClockTimer | undefined;

  constructor(settings: CallSettings, { id, request, stream, sink }: NewCall) {
    this.#settings = settings;
    this.id = id;
    this.request = request;
    this.#sink = sink;
    this.stream = stream;
    this.begunAt = settings.clock.now();
    this.#bounds = new CallBounds(this, settings);
    const parameters = (this.#parameters = mergeParameters(settings.parameters, request.parameters) ?? {});
    this.#body = new RequestBody(this, parameters, settings.model);
    this.work = settings.work.expectedUnits(this.#parameters.maxTokens);
  }

  /** Starts the call's time and looks for its first endpoint. */
  start(options: CallOptions | undefined): void {
    const { begunAt: now } = this;
    const { budget, hedge, reporter, work } = this.#settings;
    budget?.deposit(now);
    hedge?.deposit();
    reporter.callStarted(this);
    if (work.counted) this.tokens = work.tokensToCharge(this.request.input, this.#parameters.maxTokens);
    this.#bounds.start(options, now);
    this.#route(now);
  }

  /** Lets a paused stream go on. */
  resume(): void {
    this.#live?.resume();
  }

  // AbortableCall

  entry: ListNode<AbortableCall> | undefined = undefined;

  /** Settles the call and frees whatever it holds. */
  abort(reason: unknown, { code, message }: AbortMessage): void {
    const options = { cause: reason, endpoint: this.#lastEndpoint() };
    this.#giveUp(withoutStack(() => new EndpointError(code, message, options)));
  }

  // Bounded

  aborted(reason: unknown): void {
    this.abort(reason, { code: 'ASSAY_ABORTED', message: 'the call was aborted' });
  }

  overdue(): void {
    this.#giveUp(errors.deadlinePassed(this.#soFar(), this.#settings.clock.now() - this.begunAt));
  }

  healthAwaited(): void {
    this.#healthWaitOver = true;
    if (this.#live === undefined && this.#second === undefined) this.#noEndpoint();
  }

  // Waiter

  readonly work: number;
  tokens = 0;

  get tried(): readonly Endpoint[] {
    return this.#history?.tried ?? NOBODY;
  }

  get barred(): readonly Endpoint[] {
    const history = this.#history;
    if (history === undefined) return NOBODY;
    return this.returns ? history.tried : history.refused; // who refused it is among those who were tried
  }

  get returns(): boolean {
    return this.#timer !== undefined;
  }

  admitted(endpoint: Endpoint): void {
    this.#waitingPlace = undefined;
    const now = this.#settings.clock.now();
    if (!this.#bounds.isOver(now)) this.#send(endpoint, { now });
  }

  rerouted(): void {
    this.#waitingPlace = undefined;
    const now = this.#settings.clock.now();
    if (!this.#bounds.isOver(now)) this.#route(now);
  }

  // AttemptOwner

  streamed(attempt: Attempt, text: string): boolean {
    if (this.#sink.text === undefined || this.#settled) return true;
    if (!this.#textDelivered) {
      this.#textDelivered = true;
      this.#settings.reporter.firstToken(this, attempt);
    }
    return this.#sink.text(text);
  }

  answered(attempt: Attempt, { reply, raw }: AttemptAnswer): void {
    const { clock, selector, reporter, room } = this.#settings;
    const now = clock.now();
    const latencyMs = now - attempt.ticket.begunAt;
    const fault = recordAnswer(this.#settings, { attempt, reply, call: this, now });
    if (fault !== undefined) return this.failed(attempt, fault);
    reporter.attemptEnded(this, { attempt, outcome: 'ok', durationMs: latencyMs });
    const other = attempt === this.#live ? this.#second : this.#live;
    if (other !== undefined) this.#cancel(other);
    this.#history?.answered();
    this.#finish();
    const spent = this.#history?.ledger.spent;
    const response = reporter.response(this, { attempt, reply, raw, latencyMs, spent });
    reporter.callEnded(this, { response });
    this.#sink.answered(response);
    selector.attemptEnded();
    room.serve(now);
  }

  failed(attempt: Attempt, { failure, error }: AttemptFault): void {
    const { clock, selector, reporter, retry, room } = this.#settings;
    const now = clock.now();
    const durationMs = now - attempt.ticket.begunAt;
    selector.attemptEnded();
    if (attempt === this.#second) this.#second = undefined;
    else this.#live = undefined;
    const history = this.#noteEnd(attempt, { code: error.code, durationMs });
    history.lastError = error;
    reporter.attemptEnded(this, { attempt, outcome: 'error', durationMs, error });
    const failed = { attempt, failure, error, request: this.request };
    recordFailure(this.#settings, failed);
    // This call comes first at the slot that it leaves: it is older than those who wait.
    if (this.#live === undefined && this.#second === undefined && !this.#settled) {
      if (this.#textDelivered) this.#giveUp(error);
      else if (retry.maxRetries > 0 && history.isFree(attempt)) {
        reporter.retrying(this, { delayMs: 0, error });
        this.#route(now);
      } else {
        this.#retry(history, failed);
      }
    }
    room.serve(now);
  }

  // SilenceListener

  /** Another endpoint gets the call, too; instead, where there is no room for both, or a reader who must not get two texts. */
  endpointSilent({ ageMs, typicalMs }: { readonly ageMs: number; readonly typicalMs: number }): void {
    const live = this.#live;
    const patience = patienceMs({ typicalMs, deadlineMs: this.#bounds.deadlineAt - this.begunAt });
    const { clock, selector, budget, retry } = this.#settings;
    if (!(ageMs >= patience) || this.#settled || this.#textDelivered) return;
    if (live === undefined || this.#second !== undefined) return;
    const history = (this.#history ??= new CallHistory(this.#settings, this));
    if (history.retries >= retry.maxRetries) return;
    const now = clock.now();
    const elsewhere = besideSilent(this.#settings, { call: this, live });
    if (!selector.canFailOver(elsewhere, now)) return;
    if (this.#sink.text !== undefined || selector.full) return live.giveUpSilent();
    if (budget?.withdraw(now) === false) return;
    history.retries++;
    this.#silent = live;
    const endpoint = this.#askPolicy(() => selector.chooseSecond(elsewhere, now));
    if (endpoint !== undefined) this.#send(endpoint, { now, beside: live });
  }

  #route(now: number): void {
    if (this.#settled) return;
    const { selector, room } = this.#settings;
    const choice = this.#askPolicy<Choice>(() => selector.choose(this, now));
    if (choice === undefined) return;
    if (choice.kind === 'send') return this.#send(choice.endpoint, { now });
    if (choice.kind === 'queue') {
      if (!this.#mayWaitFor(choice.endpoint, now)) return;
    } else if (selector.allDown(this.#history?.refused ?? NOBODY)) {
      if (this.#healthWaitOver) return this.#noEndpoint();
      this.#bounds.awaitHealth(now);
    }
    this.#waitingPlace = new Place(this);
    room.enter(this.#waitingPlace, choice, now);
  }

  // A policy of the host that fails ends this call, and not the process whose timer asked for it.
  #askPolicy<Asked>(choose: () => Asked): Asked | undefined {
    try {
      return choose();
    } catch (error) {
      this.#giveUp(errors.policyFailed(error));
      return undefined;
    }
  }

  // `beside`: the attempt that goes on meanwhile.
  #send(endpoint: Endpoint, { now, beside }: { now: number; beside?: Attempt }): void {
    const { selector, reporter, connections, attempts, silence } = this.#settings;
    const connection = connections[endpoint.index]!;
    let body: string;
    try {
      body = this.#body.textFor(connection);
    } catch (error) {
      const history = (this.#history ??= new CallHistory(this.#settings, this));
      const elsewhere = history.mayBeWrittenElsewhere(endpoint, error);
      if (beside !== undefined) return; // the attempt that goes on is the call's
      return elsewhere ? this.#route(now) : this.#giveUp(errors.unwritable(error));
    }
    this.#timer?.cancel();
    this.#timer = undefined;
    const ticket = endpoint.started(this.work, this.tokens, now);
    ticket.owner = this;
    selector.attemptStarted(endpoint);
    silence.watch();
    this.attempts++;
    if (ticket.probe) reporter.probing(endpoint);
    const hedge = beside !== undefined;
    const attempt = new Attempt(this, {
      settings: attempts,
      connection,
      ticket,
      number: this.attempts,
      hedge,
    });
    if (hedge) this.#second = attempt;
    else this.#live = attempt;
    reporter.attemptStarted(this, attempt);
    attempt.send(body, now);
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
    const { hedge, clock, selector } = this.#settings;
    if (this.#settled || live === undefined || this.#second !== undefined || hedge === undefined) return;
    const now = clock.now();
    const elsewhere = { ...this.#placed, tried: [live.connection.endpoint] };
    const endpoint = this.#askPolicy(() => selector.chooseSecond(elsewhere, now));
    if (endpoint !== undefined && hedge.withdraw()) this.#send(endpoint, { now, beside: live });
  }

  #retry(history: CallHistory, failed: FailedAttempt): void {
    const next = history.nextTry(failed, this.#healthWaitOver);
    if (next === undefined) return this.#giveUp(failed.error);
    if (next.inOutage) this.#bounds.awaitHealth(this.#settings.clock.now());
    this.#retryLater(history, next.delayMs);
  }

  // Takes from the budget, waits for it while it is empty, then looks for a place. Those who failed the call are left out
  // for the time of the backoff: meanwhile it goes where it has not been, if there is room.
  #retryLater(history: CallHistory, delayMs: number): void {
    const { budget, clock, reporter, random, selector } = this.#settings;
    const now = clock.now();
    const allowed = budget === undefined || budget.withdraw(now);
    const delay = allowed ? delayMs : Math.max(delayMs, budget.waitMs * (0.5 + random()));
    if (now + delay > this.#bounds.deadlineAt)
      return this.#giveUp(errors.deadlineTooNear(this.#soFar(), delay));
    if (allowed) {
      history.retries++;
      reporter.retrying(this, { delayMs: delay, error: history.lastError! });
      if (delay === 0) return this.#route(now);
    }
    this.#timer = clock.schedule(() => {
      this.#timer = undefined;
      if (!allowed) return this.#retryLater(history, 0);
      this.#leaveRoom();
      this.#route(clock.now());
    }, delay);
    if (allowed && this.barred.length < selector.endpoints.length) this.#route(now);
  }

  #mayWaitFor(endpoint: Endpoint, now: number): boolean {
    const call = { ...this.#placed, leftMs: this.#bounds.deadlineAt - now, soFar: this.#soFar() };
    const verdict = judgeWait(this.#settings, { call, endpoint });
    if (verdict === 'yes') return true;
    if (verdict === 'forHealth' && !this.#healthWaitOver) {
      this.#bounds.awaitHealth(now);
      return true;
    }
    if (this.returns) return false; // soon it may go where it may not go now
    if (verdict === 'forHealth') this.#noEndpoint();
    else this.#giveUp(verdict);
    return false;
  }

  #noEndpoint(): void {
    const { selector, clock } = this.#settings;
    const wait = selector.earliestMs(this, clock.now());
    this.#giveUp(errors.noEndpoint(this.#soFar(), { endpoints: selector.endpoints, waitMs: wait }));
  }

  #giveUp(error: EndpointError): void {
    if (this.#settled) return;
    this.#finish();
    for (const attempt of [this.#live, this.#second])
      if (attempt !== undefined) this.#cancel(attempt, error.code);
    this.#history?.ledger.close(error);
    this.#settings.reporter.callEnded(this, { error });
    this.#sink.failed(error);
  }

  #cancel(attempt: Attempt, code: AssayErrorCode = 'ASSAY_ABORTED'): void {
    if (attempt.settled) return;
    const { clock, selector, reporter, room } = this.#settings;
    const now = clock.now();
    const durationMs = now - attempt.ticket.begunAt;
    this.#noteEnd(attempt, { code, durationMs });
    attempt.cancel();
    const silent = attempt === this.#silent;
    recordCancelled(this.#settings, { attempt, code, request: this.request, silent });
    reporter.attemptEnded(this, { attempt, outcome: 'cancelled', durationMs });
    selector.attemptEnded();
    room.serve(now);
  }

  #noteEnd(attempt: Attempt, { code, durationMs }: AttemptEnd): CallHistory {
    const history = (this.#history ??= new CallHistory(this.#settings, this));
    history.note(attempt, { code, durationMs });
    return history;
  }

  #leaveRoom(): void {
    if (this.#waitingPlace !== undefined) this.#settings.room.leave(this.#waitingPlace);
    this.#waitingPlace = undefined;
  }

  #finish(): void {
    this.#settled = true;
    this.#bounds.end();
    this.#timer?.cancel();
    this.#hedgeTimer?.cancel();
    this.#leaveRoom();
    this.#settings.ended(this);
  }

  get #placed(): PlacedCall {
    const { work, tokens, tried, barred } = this;
    return { work, tokens, tried, barred };
  }

  #soFar(): errors.CallSoFar {
    return { lastError: this.#history?.lastError, endpoint: this.#lastEndpoint() };
  }

  #lastEndpoint(): string | null {
    return (this.#live ?? this.#second)?.connection.endpoint.id ?? this.#history?.lastError?.endpoint ?? null;
  }
}
