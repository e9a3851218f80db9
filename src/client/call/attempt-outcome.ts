import type { AssayErrorCode } from '../../errors.js';
import type { Attempt } from './attempt.js';
import type { CallSettings } from './call-settings.js';
import type { Failure } from '../http/classify-failure.js';
import type { AttemptOutcome } from '../balancing/endpoint.js';
import type { AttemptRecord, EndpointError } from '../endpoint-error.js';
import type { EndpointSelector } from '../balancing/endpoint-selector.js';
import type { ModelRequest } from '../model-client.js';
import type { ProtocolReply } from '../protocols/protocol.js';

/** An attempt as the error of its call tells it. */
export function attemptRecord(attempt: Attempt, code: AssayErrorCode, durationMs: number): AttemptRecord {
  const { connection, status, usage } = attempt;
  return {
    endpoint: connection.endpoint.id,
    code,
    status: status === 0 ? null : status,
    durationMs,
    ...(usage === null ? {} : { usage }),
  };
}

/** Tells the endpoint, the selection and the limits that an attempt was answered. */
export function recordAnswer(
  settings: CallSettings,
  attempt: Attempt,
  reply: ProtocolReply,
  now: number,
): void {
  const { work, hedge, reporter } = settings;
  const { endpoint } = attempt.connection;
  const { ticket } = attempt;
  const units = work.done(reply, ticket.work);
  const change = endpoint.succeeded(ticket, units, work.tokensUsed(reply, ticket.tokens), now);
  hedge?.observe(now - ticket.begunAt, units);
  learnLimits(settings, attempt, now);
  if (change === 'restored') reporter.restored(endpoint, now);
}

/**
 * Tells the endpoint, the selection and the limits that an attempt failed: it may be ejected, paused or
 * quarantined, and whoever waits for it chooses again.
 */
export function recordFailure(
  settings: CallSettings,
  attempt: Attempt,
  failure: Failure,
  error: EndpointError,
  request: ModelRequest,
  now: number,
): void {
  const { reporter, healthChecker, selector } = settings;
  const { endpoint, transport } = attempt.connection;
  const outcome = attempt.staleSocket ? 'cancelled' : outcomeOf(failure);
  const change = endpoint.failed(attempt.ticket, outcome, error.retryAfterMs ?? undefined, now);
  learnLimits(settings, attempt, now);
  reporter.healthChanged(endpoint, change, error, now);
  if (change === 'ejected') {
    transport.renew();
    healthChecker?.watch(attempt.connection);
  }
  if (outcome === 'rate-limited' || outcome === 'overloaded') reporter.limited(endpoint, outcome, now);
  const refused = attempt.status > 0 && isRefusal(failure, request); // and not the host's key function
  if (refused && endpoint.health.state !== 'quarantined' && selector.hasLiveOther(endpoint)) {
    endpoint.quarantine(error, now);
    reporter.quarantined(endpoint, error);
  }
  if (!endpoint.health.available(now) || now < endpoint.limit.pausedUntil) selector.held(endpoint, now);
}

/**
 * Whether nothing works at present. That a call's own request fails everywhere (`records`) is no proof of it: it may
 * be the request.
 */
export function inOutage(
  selector: EndpointSelector,
  attempt: Attempt,
  records: readonly AttemptRecord[] = [],
): boolean {
  return selector.every(({ id, health }) => {
    const own = attempt.reached ? records.filter((record) => record.endpoint === id).length : 0;
    return health.state !== 'healthy' || health.consecutiveFailures > own;
  });
}

function learnLimits(settings: CallSettings, attempt: Attempt, now: number): void {
  if (!attempt.headers.tellsLimits) return;
  const { clock, reporter, work } = settings;
  const { endpoint } = attempt.connection;
  if (!endpoint.limit.learn(attempt.headers.all, endpoint.inFlight, clock.wallTime(), now)) return;
  if (endpoint.limit.tokensPerSecond !== null) work.counted = true;
  reporter.limited(endpoint, 'headers', now);
}

// The endpoint will refuse every call: its key, its account or its model is not right. A model that only this
// call asked for says nothing about the endpoint.
function isRefusal({ code }: Failure, request: ModelRequest): boolean {
  return (
    code === 'ASSAY_AUTHENTICATION' ||
    code === 'ASSAY_QUOTA_EXCEEDED' ||
    (code === 'ASSAY_NOT_FOUND' && request.model === undefined)
  );
}

function outcomeOf({ code, endpointAtFault }: Failure): Exclude<AttemptOutcome, 'ok'> {
  switch (code) {
    case 'ASSAY_CONNECT':
    case 'ASSAY_CONNECT_TIMEOUT':
      return 'unreachable';
    case 'ASSAY_RATE_LIMITED':
      return 'rate-limited';
    case 'ASSAY_OVERLOADED':
      return 'overloaded';
    default:
      return endpointAtFault ? 'failed' : 'rejected';
  }
}
