import { answerParter, mayHoldReasoning, type ReasoningHandling } from '../../foundation/reasoning-trace.js';
import type { Clock } from '../../foundation/clock.js';
import type { Attempt } from './attempt.js';
import type { ClientEvents } from '../client-events.js';
import type { Endpoint } from '../balancing/endpoint.js';
import type { EndpointError } from '../endpoint-error.js';
import type { ModelParameters, ModelRequest, ModelResponse, TokenUsage } from '../model-client.js';
import type { HealthCheckOutcome } from '../http/health-checker.js';
import type { HealthChange } from '../balancing/outlier-ejection.js';
import { notSent } from '../not-sent.js';
import { costOf, type PriceTable } from '../price-table.js';
import type { ProtocolReply } from '../protocols/protocol.js';
import { sumSpending, type Spending } from '../spending.js';

/** What is told of a call. */
export interface ReportedCall {
  readonly id: number;
  readonly begunAt: number;
  readonly attempts: number;
  readonly request: ModelRequest;
}

/** How a call ended: with one of the two. */
export interface CallOutcome {
  readonly response?: ModelResponse;
  readonly error?: EndpointError;
}

/** How an attempt ended. */
export interface EndedAttempt {
  readonly attempt: Attempt;
  readonly outcome: 'ok' | 'error' | 'cancelled';
  readonly durationMs: number;
  readonly error?: EndpointError;
}

/** What a response is made from. */
export interface AnsweredCall {
  readonly attempt: Attempt;
  readonly reply: ProtocolReply;
  readonly raw: unknown;
  readonly latencyMs: number;
  /** What attempts without an answer have used. */
  readonly spent: Spending | undefined;
}

/** What a {@link CallReporter} is made from. */
export interface CallReporterSettings {
  readonly clock: Clock;
  readonly model: string | undefined;
  readonly prices: PriceTable | undefined;
  /** Parameters of every call. */
  readonly parameters: ModelParameters | undefined;
  readonly includeRaw: boolean;
  readonly reasoning: ReasoningHandling;
  readonly wants: (event: keyof ClientEvents & string) => boolean;
  readonly emit: <Name extends keyof ClientEvents & string>(event: Name, payload: ClientEvents[Name]) => void;
}

/**
 * Tells what happens to calls and endpoints: events (built only when somebody listens) and responses. Nothing it
 * builds holds a key, a header or a prompt.
 */
export class CallReporter {
  readonly #settings: CallReporterSettings;
  readonly #apart: ReturnType<typeof answerParter>;

  constructor(settings: CallReporterSettings) {
    this.#settings = settings;
    this.#apart = answerParter(settings.reasoning);
  }

  callStarted(call: ReportedCall): void {
    const { wants, emit } = this.#settings;
    if (wants('call:start')) {
      emit('call:start', { at: this.#at(), callId: call.id, model: this.#model(call) });
    }
  }

  callEnded(call: ReportedCall, { response, error }: CallOutcome): void {
    const { wants, emit } = this.#settings;
    if (!wants('call:end')) return;
    emit('call:end', {
      at: this.#at(),
      callId: call.id,
      model: response?.model ?? this.#model(call),
      endpoint: response?.endpoint ?? error?.endpoint ?? null,
      attempts: call.attempts,
      durationMs: this.#settings.clock.now() - call.begunAt,
      latencyMs: response?.latencyMs ?? null,
      usage: response === undefined ? (error?.usage ?? null) : response.usage,
      cost: response === undefined ? (error?.cost ?? null) : response.cost,
      ...(error === undefined ? {} : { error: error.toRecord() }),
    });
  }

  attemptStarted(call: ReportedCall, attempt: Attempt): void {
    const { wants, emit } = this.#settings;
    if (!wants('attempt:start')) return;
    emit('attempt:start', {
      at: this.#at(),
      callId: call.id,
      attempt: attempt.number,
      endpoint: attempt.connection.endpoint.id,
      hedge: attempt.hedge,
    });
  }

  attemptEnded(call: ReportedCall, { attempt, outcome, durationMs, error }: EndedAttempt): void {
    const { wants, emit } = this.#settings;
    if (!wants('attempt:end')) return;
    emit('attempt:end', {
      at: this.#at(),
      callId: call.id,
      attempt: attempt.number,
      endpoint: attempt.connection.endpoint.id,
      durationMs,
      outcome,
      status: attempt.status === 0 ? null : attempt.status,
      ...(error === undefined ? {} : { error: error.toRecord() }),
    });
  }

  retrying(
    call: ReportedCall,
    { delayMs, error }: { readonly delayMs: number; readonly error: EndpointError },
  ): void {
    const { wants, emit } = this.#settings;
    if (!wants('call:retry')) return;
    emit('call:retry', {
      at: this.#at(),
      callId: call.id,
      attempt: call.attempts + 1,
      endpoint: error.endpoint ?? '',
      delayMs,
      error: error.toRecord(),
    });
  }

  firstToken(call: ReportedCall, attempt: Attempt): void {
    const { wants, emit } = this.#settings;
    if (!wants('stream:first-token')) return;
    emit('stream:first-token', {
      at: this.#at(),
      callId: call.id,
      endpoint: attempt.connection.endpoint.id,
      afterMs: attempt.firstTextAt - attempt.ticket.begunAt,
    });
  }

  healthChanged(
    endpoint: Endpoint,
    { change, error }: { readonly change: HealthChange; readonly error: EndpointError },
  ): void {
    if (change === 'restored') this.restored(endpoint, this.#settings.clock.now());
    if (change === 'ejected') this.#ejected(endpoint, { reason: endpoint.health.reason, error });
  }

  quarantined(endpoint: Endpoint, error: EndpointError): void {
    this.#ejected(endpoint, { reason: 'quarantine', error });
  }

  #ejected(
    endpoint: Endpoint,
    {
      reason,
      error,
    }: { readonly reason: ClientEvents['endpoint:eject']['reason']; readonly error: EndpointError },
  ): void {
    const { wants, emit, clock } = this.#settings;
    if (!wants('endpoint:eject')) return;
    emit('endpoint:eject', {
      at: this.#at(),
      endpoint: endpoint.id,
      reason,
      forMs: endpoint.health.until - clock.now(),
      error: error.toRecord(),
    });
  }

  probing(endpoint: Endpoint): void {
    const { wants, emit } = this.#settings;
    if (wants('endpoint:probe')) emit('endpoint:probe', { at: this.#at(), endpoint: endpoint.id });
  }

  checked(endpoint: Endpoint, outcome: HealthCheckOutcome): void {
    const { wants, emit } = this.#settings;
    if (wants('endpoint:check'))
      emit('endpoint:check', { at: this.#at(), endpoint: endpoint.id, ...outcome });
  }

  restored(endpoint: Endpoint, now: number): void {
    const { wants, emit } = this.#settings;
    if (!wants('endpoint:restore')) return;
    emit('endpoint:restore', {
      at: this.#at(),
      endpoint: endpoint.id,
      ejectedForMs: now - endpoint.health.since,
    });
  }

  limited(
    endpoint: Endpoint,
    { reason, now }: { readonly reason: ClientEvents['endpoint:limit']['reason']; readonly now: number },
  ): void {
    const { wants, emit } = this.#settings;
    if (!wants('endpoint:limit')) return;
    const held = endpoint.limit.pausedUntil - now;
    emit('endpoint:limit', {
      at: this.#at(),
      endpoint: endpoint.id,
      reason,
      requestsPerSecond: endpoint.limit.requestsPerSecond,
      concurrency: Number.isFinite(endpoint.concurrencyLimit) ? endpoint.concurrencyLimit : null,
      pausedUntil: held > 0 ? this.#at() + held : null,
    });
  }

  /** What `usage` of an attempt costs; `reported`: the model as the server names it. */
  costOf(
    call: ReportedCall,
    {
      attempt,
      reported,
      usage,
    }: {
      readonly attempt: Attempt;
      readonly reported?: string | undefined;
      readonly usage: TokenUsage | null;
    },
  ): number | null {
    const { prices, model } = this.#settings;
    if (prices === undefined || usage === null) return null;
    const asked = attempt.connection.modelFor(call.request.model, model);
    return costOf(prices, { reported: reported ?? asked, asked, usage });
  }

  /** The response of an answered call. */
  response(call: ReportedCall, { attempt, reply, raw, latencyMs, spent }: AnsweredCall): ModelResponse {
    const { includeRaw, model, parameters } = this.#settings;
    const asked = attempt.connection.modelFor(call.request.model, model);
    const id = attempt.headers.requestId ?? reply.id;
    const ownCost = this.costOf(call, { attempt, reported: reply.model, usage: reply.usage });
    const { usage, cost } =
      spent === undefined
        ? { usage: reply.usage, cost: ownCost }
        : sumSpending(spent, { usage: reply.usage, cost: ownCost });
    // One literal, without a spread: an object that begins as another's copy is a slow one ever after (30 us a call).
    const { text, reasoning } = holdsNoReasoning(reply) ? reply : this.#apart(reply.text, reply.reasoning);
    const response: { -readonly [Name in keyof ModelResponse]: ModelResponse[Name] } = {
      text,
      model: reply.model ?? asked,
      finishReason: reply.finishReason,
      usage,
      cost,
      endpoint: attempt.connection.endpoint.id,
      requestId: id === undefined ? null : attempt.connection.redact(id),
      attempts: call.attempts,
      latencyMs,
      timeToFirstTokenMs: Number.isNaN(attempt.firstTextAt)
        ? null
        : attempt.firstTextAt - attempt.ticket.begunAt,
    };
    if (reasoning !== undefined && reasoning !== '') response.reasoning = reasoning;
    if (reply.toolCalls !== undefined) response.toolCalls = reply.toolCalls;
    if (reply.logprobs !== undefined) response.logprobs = reply.logprobs;
    const { unsupported } = attempt.connection.protocol;
    if (unsupported !== undefined) {
      const warnings = notSent(attempt.connection.protocol.name, {
        unsupported,
        shared: parameters,
        own: call.request.parameters,
      });
      if (warnings.length > 0) response.warnings = warnings;
    }
    if (call.request.includeRaw ?? includeRaw) response.raw = raw;
    return response;
  }

  #model(call: ReportedCall): string {
    return call.request.model ?? this.#settings.model ?? '';
  }

  #at(): number {
    return this.#settings.clock.wallTime();
  }
}

// Nearly all answers.
function holdsNoReasoning({ text, reasoning }: ProtocolReply): boolean {
  const apart = reasoning !== undefined && reasoning !== '';
  return !apart && !mayHoldReasoning(text);
}
