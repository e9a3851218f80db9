import type { AssayErrorCode } from '../../errors.js';
import { SILENT, type Attempt } from './attempt.js';
import type { CallSettings } from './call-settings.js';
import { EMPTY, FIRST_BYTE_TIMEOUT, MISSING_DEPENDENCY, NO_KEY, type Failure } from '../http/failure.js';
import type { AttemptOutcome } from '../balancing/endpoint.js';
import type { Waiter } from '../balancing/waiting-room.js';
import type { AttemptFault } from './attempt-answer.js';
import type { HealthChange } from '../balancing/outlier-ejection.js';
import { EndpointError, type AttemptRecord } from '../endpoint-error.js';
import type { EndpointSelector } from '../balancing/endpoint-selector.js';
import type { ModelRequest } from '../model-client.js';
import type { ProtocolReply } from '../protocols/protocol.js';

const TURNED_AWAY = 3;
const OF_OUR_CLOCK: ReadonlySet<AssayErrorCode> = new Set([
  'ASSAY_CONNECT_TIMEOUT',
  'ASSAY_FIRST_BYTE_TIMEOUT',
  'ASSAY_IDLE_TIMEOUT',
  'ASSAY_ATTEMPT_TIMEOUT',
]);

/** How an attempt ended that gave no answer, and how long it took. */
export interface AttemptEnd {
  readonly code: AssayErrorCode;
  readonly durationMs: number;
}

/** An attempt as the error of its call tells it. */
export function attemptRecord(attempt: Attempt, { code, durationMs }: AttemptEnd): AttemptRecord {
  const { connection, status, usage, receivedCharacters } = attempt;
  return {
    endpoint: connection.endpoint.id,
    code,
    status: status === 0 ? null : status,
    durationMs,
    ...(usage === null ? {} : { usage }),
    ...(receivedCharacters === 0 ? {} : { receivedCharacters }),
  };
}

/** An attempt that was answered, and its call. */
export interface AnsweredAttempt {
  readonly attempt: Attempt;
  readonly reply: ProtocolReply;
  readonly call: Pick<Waiter, 'tried'> & { readonly attempts: number };
  readonly now: number;
}

/**
 * Tells the endpoint, the selection and the limits that an attempt was answered. Returns why the answer is not taken for one:
 * there is not a word in it, nearly all others have words, and one of those can be asked.
 */
export function recordAnswer(
  settings: CallSettings,
  { attempt, reply, call, now }: AnsweredAttempt,
): AttemptFault | undefined {
  const { work, hedge, reporter, selector, retry } = settings;
  const { endpoint } = attempt.connection;
  const { ticket } = attempt;
  const emptiness = holdsNothing(reply) ? selector.answeredEmpty(endpoint, now) : 'usual';
  if (emptiness === 'alone' && call.attempts <= retry.maxRetries) {
    if (selector.othersServe(endpoint, { barred: call.tried }, now)) return withoutWords(attempt);
  }
  const hollow = emptiness !== 'usual';
  const units = work.unitsOf(reply, ticket.work);
  const tokens = work.tokensUsed(reply, ticket.tokens);
  const change = endpoint.succeeded(ticket, { work: units, tokens, hollow }, now);
  if (!hollow) hedge?.observe(now - ticket.begunAt, units);
  learnLimits(settings, attempt);
  if (change === 'restored') reporter.restored(endpoint, now);
  return undefined;
}

function holdsNothing({ text, toolCalls }: ProtocolReply): boolean {
  return toolCalls === undefined && text.trim() === '';
}

function withoutWords({ connection, status, headers: { requestId } }: Attempt): AttemptFault {
  const { id } = connection.endpoint;
  const error = new EndpointError(
    EMPTY.code,
    `${id}: there is not a word in its answer, as in most of its answers`,
    {
      retryable: EMPTY.retryable,
      endpoint: id,
      status,
      requestId: requestId === undefined ? undefined : connection.redact(requestId),
    },
  );
  return { failure: EMPTY, error };
}

/** An attempt that failed, and of which request. */
export interface FailedAttempt {
  readonly attempt: Attempt;
  readonly failure: Failure;
  readonly error: EndpointError;
  readonly request: ModelRequest;
}

/**
 * Tells the endpoint, the selection and the limits that an attempt failed: it may be ejected, paused or
 * quarantined, and whoever waits for it chooses again.
 */
export function recordFailure(settings: CallSettings, failed: FailedAttempt): void {
  const { clock, reporter, room } = settings;
  const { attempt, error } = failed;
  const { endpoint } = attempt.connection;
  const now = clock.now();
  const quarantine = deservesQuarantine(settings.selector, failed);
  const outcome = quarantine ? 'useless' : outcomeOf(settings.selector, failed);
  const change = endpoint.failed(
    attempt.ticket,
    { outcome, retryAfterMs: error.retryAfterMs ?? undefined, unheard: OF_OUR_CLOCK.has(error.code) },
    now,
  );
  learnLimits(settings, attempt);
  noteHealth(settings, { attempt, error, change });
  if (outcome === 'rate-limited' || outcome === 'overloaded')
    reporter.limited(endpoint, { reason: outcome, now });
  if (quarantine) {
    endpoint.quarantine(error, now);
    reporter.quarantined(endpoint, error);
    settings.keyWatch.watch(attempt);
  }
  if (!endpoint.health.available(now) || now < endpoint.limit.pausedUntil)
    room.endpointHeldBack(endpoint, now);
}

/** An attempt that was given up, and why. */
export interface CancelledAttempt {
  readonly attempt: Attempt;
  readonly code: AssayErrorCode;
  readonly request: ModelRequest;
  /** Whether its call was given to another endpoint since this one was silent. */
  readonly silent: boolean;
}

/**
 * Tells the endpoint that an attempt was given up. That is nobody's fault, unless nothing came from there while another one
 * answered the call, or until its time was up.
 */
export function recordCancelled(
  settings: CallSettings,
  { attempt, code, request, silent }: CancelledAttempt,
): void {
  const { endpoint } = attempt.connection;
  const now = settings.clock.now();
  const overdue = code === 'ASSAY_DEADLINE' && settings.selector.isSilent(endpoint, now);
  if (!overdue && !(silent && code === 'ASSAY_ABORTED')) {
    endpoint.failed(attempt.ticket, { outcome: 'cancelled' }, now);
    return;
  }
  const failure = FIRST_BYTE_TIMEOUT;
  const error = new EndpointError(failure.code, `${endpoint.id}: ${SILENT}`, {
    retryable: true,
    endpoint: endpoint.id,
    endpointAtFault: true,
  });
  recordFailure(settings, { attempt, failure, error, request });
}

/** What an attempt changed in its endpoint's health. */
export interface NotedHealth {
  readonly attempt: Attempt;
  readonly error: EndpointError;
  readonly change: HealthChange;
}

/** Tells of a change in an endpoint's health, and does what it asks for. */
export function noteHealth(settings: CallSettings, { attempt, error, change }: NotedHealth): void {
  const { connection } = attempt;
  const { endpoint, transport } = connection;
  settings.reporter.healthChanged(endpoint, { change, error });
  if (change !== 'ejected') return;
  transport.renew();
  settings.healthChecker?.watch(connection);
}

/**
 * Whether nothing works at present. That a call's own request fails everywhere (`records`) is no proof of it: it may
 * be the request.
 */
export function inOutage(
  selector: EndpointSelector,
  {
    attempt,
    records = [],
  }: { readonly attempt: Attempt; readonly records?: readonly AttemptRecord[] | undefined },
): boolean {
  return selector.endpoints.every(({ id, health }) => {
    const own = attempt.reached ? records.filter((record) => record.endpoint === id).length : 0;
    return health.state !== 'healthy' || health.consecutiveFailures > own;
  });
}

function learnLimits(settings: CallSettings, attempt: Attempt): void {
  if (!attempt.headers.tellsLimits) return;
  const { clock, reporter, work } = settings;
  const { endpoint } = attempt.connection;
  const now = clock.now();
  const told = { headers: attempt.headers.all, inFlight: endpoint.inFlight, wallTime: clock.wallTime() };
  if (!endpoint.limit.learn(told, now)) return;
  if (endpoint.limit.tokensPerSecond !== null) work.counted = true;
  reporter.limited(endpoint, { reason: 'headers', now });
}

// The endpoint will turn every call away: its key, its account or its model is not right. A refused key or an empty
// account says so at once. A 403 may be for one prompt and a 404 for a moment, so these have to come in a row. A model
// that only this call asked for says nothing about the endpoint.
function deservesQuarantine(
  selector: EndpointSelector,
  { attempt, failure, request }: FailedAttempt,
): boolean {
  const { connection, status, ticket } = attempt;
  const { endpoint } = connection;
  if (status === 0 || !endpoint.health.countsResultOf(ticket.epoch)) return false; // not for the host's key function
  if (!turnsAway(failure, request)) return false;
  const inARow = endpoint.record.turnedCallAway();
  if (ticket.probe) return true;
  if (!selector.hasLiveOther(endpoint)) return false;
  return (failure.code !== 'ASSAY_NOT_FOUND' && status !== 403) || inARow >= TURNED_AWAY;
}

function turnsAway({ code }: Failure, request: ModelRequest): boolean {
  return (
    code === 'ASSAY_AUTHENTICATION' ||
    code === 'ASSAY_QUOTA_EXCEEDED' ||
    (code === 'ASSAY_NOT_FOUND' && request.model === undefined)
  );
}

function outcomeOf(
  selector: EndpointSelector,
  { attempt, failure, request }: FailedAttempt,
): Exclude<AttemptOutcome, 'ok'> {
  const { code, endpointAtFault, retryable, blamesRequest } = failure;
  if (attempt.staleSocket || failure === MISSING_DEPENDENCY) return 'cancelled';
  // Not its fault, but it is of no use without a key: others that are get the calls until a probe finds one.
  if (failure === NO_KEY) return selector.hasLiveOther(attempt.connection.endpoint) ? 'failed' : 'cancelled';
  if (blamesRequest) return 'refused';
  if (code === 'ASSAY_CONNECT' || code === 'ASSAY_CONNECT_TIMEOUT') return 'unreachable';
  if (code === 'ASSAY_RATE_LIMITED') return 'rate-limited';
  if (code === 'ASSAY_OVERLOADED') return 'overloaded';
  if (code === 'ASSAY_NOT_FOUND' && request.model !== undefined) return 'useless';
  // What asking again would not mend is said at once by the only endpoint there is: waiting for it helps nobody.
  return endpointAtFault && (retryable || selector.hasLiveOther(attempt.connection.endpoint))
    ? 'failed'
    : 'useless';
}
