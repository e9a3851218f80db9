import type { EndpointCounts } from './balancing/endpoint.js';
import type { EjectionReason, HealthState } from './balancing/outlier-ejection.js';
import type { CallSettings } from './call/call-settings.js';
import type { EndpointConnection } from './http/endpoint-connection.js';

/** Health, speed, limits and load of one endpoint at one moment. */
export interface EndpointSnapshot {
  /** Id of the endpoint, as in events and results. */
  readonly id: string;
  /** Without credentials and query. */
  readonly url: string;
  /** Name of its protocol. */
  readonly protocol: string;
  /** Where it stands; `probing`: one call at a time shows whether it is back. */
  readonly state: HealthState;
  /** Why it is not healthy; `null` when it is. */
  readonly reason: EjectionReason | 'quarantine' | null;
  /** When its ejection or quarantine ends and one call probes it, wall-clock milliseconds; `null` when it has none. */
  readonly ejectedUntil: number | null;
  /** Until when calls are held back, wall-clock milliseconds; `null` when they are not. */
  readonly pausedUntil: number | null;
  /** Attempts in flight there. */
  readonly inFlight: number;
  /** Calls that wait for its rate or its pause. */
  readonly waiting: number;
  /** Average latency of answered attempts, milliseconds; `null` before the first. */
  readonly latencyMs: number | null;
  /** Estimated milliseconds per unit of work (about one output token); `null` before the first answer. */
  readonly msPerUnit: number | null;
  /**
   * Share of successes among about the last twenty outcomes, 0..1, from 1 on: an average that forgets 5 % an outcome, so that
   * five failures at the start read 0.77. How many failed in a row is `consecutiveFailures`.
   */
  readonly successRate: number;
  /** Failures since the last success. */
  readonly consecutiveFailures: number;
  /** When the last outcome came, wall-clock milliseconds; `null` before the first. */
  readonly lastOutcomeAt: number | null;
  /** The last active check (`healthCheck`): when it ended, wall-clock milliseconds, and how; `null` before the first. */
  readonly lastCheck: {
    /** Wall-clock milliseconds. */
    readonly at: number;
    /** Whether it was a 2xx in time. */
    readonly alive: boolean;
    /** HTTP status; `null` when no reply came. */
    readonly status: number | null;
  } | null;
  /** Calls that may be in flight; `null` for no limit. */
  readonly concurrencyLimit: number | null;
  /** Rate that is let through; `null` when no limit is known. */
  readonly requestsPerSecond: number | null;
  /** Token rate that is let through; `null` when no limit is known. */
  readonly tokensPerSecond: number | null;
  /** Its attempts since the client was made, by outcome. */
  readonly counts: Readonly<EndpointCounts>;
}

/** State of a client at one moment: plain data, without keys. */
export interface ClientSnapshot {
  /** One for each endpoint, in the order of the client's `endpoints`. */
  readonly endpoints: readonly EndpointSnapshot[];
  /** Attempts in flight. */
  readonly inFlight: number;
  /** Calls that wait for an endpoint. */
  readonly waiting: number;
  /** Retries that the budget allows now; `null` when they are not budgeted. */
  readonly retriesLeft: number | null;
}

/** Reads the state of a client. */
export function snapshotClient({ clock, connections, selector, room, budget }: CallSettings): ClientSnapshot {
  const now = clock.now();
  const wallTime = clock.wallTime();
  return {
    endpoints: connections.map((each) => snapshotEndpoint(each, { now, wallTime })),
    inFlight: selector.inFlight,
    waiting: room.size,
    retriesLeft: budget === undefined ? null : Math.max(0, Math.floor(budget.available(now))),
  };
}

function snapshotEndpoint(
  connection: EndpointConnection,
  { now, wallTime }: { readonly now: number; readonly wallTime: number },
): EndpointSnapshot {
  const { endpoint } = connection;
  const { health, limit } = endpoint;
  const wallOf = (at: number): number | null =>
    Number.isFinite(at) ? Math.round(wallTime + at - now) : null;
  let reason: EndpointSnapshot['reason'] = health.reason;
  if (health.state === 'healthy') reason = null;
  else if (health.state === 'quarantined') reason = 'quarantine';
  return {
    id: endpoint.id,
    url: connection.address.shown,
    protocol: connection.protocol.name,
    state: health.state,
    reason,
    ejectedUntil: health.state === 'ejected' || health.state === 'quarantined' ? wallOf(health.until) : null,
    pausedUntil: limit.pausedUntil > now ? wallOf(limit.pausedUntil) : null,
    inFlight: endpoint.inFlight,
    waiting: endpoint.waiting,
    latencyMs: known(endpoint.averageLatencyMs),
    msPerUnit: known(endpoint.estimateAt(now)),
    successRate: endpoint.successRate,
    consecutiveFailures: health.consecutiveFailures,
    lastOutcomeAt: wallOf(endpoint.lastOutcomeAt),
    lastCheck: connection.lastCheck,
    concurrencyLimit: known(endpoint.concurrencyLimit),
    requestsPerSecond: limit.requestsPerSecond,
    tokensPerSecond: limit.tokensPerSecond,
    counts: { ...endpoint.counts },
  };
}

function known(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
