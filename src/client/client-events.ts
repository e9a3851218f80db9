import type { ErrorRecord } from '../errors.js';
import type { BaseEventMap } from '../foundation/event-source.js';
import type { TokenUsage } from './model-client.js';

/**
 * Events of a LoadBalancedClient. No payload holds a key, a header, a prompt or an answer. `callId` ties the
 * events of one call together; it counts from 1 within the client. `at` is wall-clock time in milliseconds.
 */
export interface ClientEvents extends BaseEventMap {
  /** A call came in. */
  'call:start': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** Number of the call within the client, from 1. */
    readonly callId: number;
    /** The model that the call, else the client, asks for; empty when neither names one. */
    readonly model: string;
  };
  /** A call was answered or failed for good. */
  'call:end': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** Number of the call within the client, from 1. */
    readonly callId: number;
    /** The model that answered, as the response names it; of a failed call the one of `call:start`. */
    readonly model: string;
    /** Id of the endpoint that answered, or that the error names; `null` when it names none. */
    readonly endpoint: string | null;
    /** Attempts made, hedges included; 0 when the call ended before the first. */
    readonly attempts: number;
    /** From `call:start` to now, milliseconds. */
    readonly durationMs: number;
    /** Duration of the attempt that answered; `null` when the call failed. */
    readonly latencyMs: number | null;
    /** Tokens of all attempts, as servers reported them, also of a call that failed; `null` when none did. */
    readonly usage: TokenUsage | null;
    /** Money for `usage`, in the unit of the host's price table; `null` without usage or price. */
    readonly cost: number | null;
    /** Why the call failed; absent when it was answered. */
    readonly error?: ErrorRecord;
  };
  /** An attempt was sent to an endpoint. */
  'attempt:start': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** Number of the call within the client, from 1. */
    readonly callId: number;
    /** Number of the attempt within its call, from 1; hedges count. */
    readonly attempt: number;
    /** Id of the endpoint. */
    readonly endpoint: string;
    /** Whether it is the second request of a call that is slow. */
    readonly hedge: boolean;
  };
  /** An attempt was answered, failed or was given up. */
  'attempt:end': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** Number of the call within the client, from 1. */
    readonly callId: number;
    /** Number of the attempt within its call, from 1; hedges count. */
    readonly attempt: number;
    /** Id of the endpoint. */
    readonly endpoint: string;
    /** From `attempt:start` to now, milliseconds. */
    readonly durationMs: number;
    /** `cancelled`: its call was answered by another attempt, or ended without an answer. */
    readonly outcome: 'ok' | 'error' | 'cancelled';
    /** HTTP status of the reply; `null` when none had come. */
    readonly status: number | null;
    /** Why it failed; absent for the outcomes `ok` and `cancelled`. */
    readonly error?: ErrorRecord;
  };
  /** A call will be tried again. */
  'call:retry': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** Number of the call within the client, from 1. */
    readonly callId: number;
    /** Number that the next attempt will have, 2 or more. */
    readonly attempt: number;
    /** Id of the endpoint that failed. */
    readonly endpoint: string;
    /** Backoff from now on, milliseconds; 0: none. Waiting for room at an endpoint comes on top. */
    readonly delayMs: number;
    /** Why the last attempt failed. */
    readonly error: ErrorRecord;
  };
  /** An endpoint gets no more calls for a while: it failed too often, or turns every call away (`quarantine`). */
  'endpoint:eject': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** Id of the endpoint. */
    readonly endpoint: string;
    /** What put it out; `failure-rate`: the share of failures in the window. */
    readonly reason: 'consecutive-failures' | 'failure-rate' | 'quarantine' | 'probe-failed';
    /** Milliseconds until the next probe. */
    readonly forMs: number;
    /** The failure that decided it. */
    readonly error?: ErrorRecord;
  };
  /** An ejected endpoint gets one call to see whether it is back. */
  'endpoint:probe': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** Id of the endpoint. */
    readonly endpoint: string;
  };
  /** An active check of an ejected endpoint ended; only with the client's `healthCheck` option. */
  'endpoint:check': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** Id of the endpoint. */
    readonly endpoint: string;
    /** Whether the health path answered with a 2xx in time; the endpoint then gets a probe at once. */
    readonly alive: boolean;
    /** HTTP status of the reply; `null` when none came. */
    readonly status: number | null;
    /** How long it took, milliseconds. */
    readonly durationMs: number;
    /** Why there was no reply; absent when there was one. */
    readonly reason?: string;
  };
  /** An ejected endpoint is back. */
  'endpoint:restore': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** Id of the endpoint. */
    readonly endpoint: string;
    /** How long it was out, from its first ejection on and over failed probes, milliseconds. */
    readonly ejectedForMs: number;
  };
  /** An endpoint is held back, or a limit of it became known: after a 429 or 503, or from a reply's headers. */
  'endpoint:limit': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** Id of the endpoint. */
    readonly endpoint: string;
    /** What told of the limit: a refused attempt (`ASSAY_RATE_LIMITED`, `ASSAY_OVERLOADED`), or headers. */
    readonly reason: 'rate-limited' | 'overloaded' | 'headers';
    /** `null`: no limit known. */
    readonly requestsPerSecond: number | null;
    /** Calls that may be in flight there now; `null`: no limit. */
    readonly concurrency: number | null;
    /** Calls are held back until then, wall-clock milliseconds; `null`: not held back. */
    readonly pausedUntil: number | null;
  };
  /** A streamed answer began. */
  'stream:first-token': {
    /** Wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** Number of the call within the client, from 1. */
    readonly callId: number;
    /** Id of the endpoint that answers. */
    readonly endpoint: string;
    /** From the start of its attempt to its first text, milliseconds. */
    readonly afterMs: number;
  };
}
