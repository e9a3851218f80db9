import type { ErrorRecord } from '../errors.js';
import type { BaseEventMap } from '../foundation/event-source.js';
import type { TokenUsage } from './model-client.js';

/**
 * Events of a LoadBalancedClient. No payload holds a key, a header, a prompt or an answer. `callId` ties the
 * events of one call together; it counts from 1 within the client. `at` is wall-clock time in milliseconds.
 */
export interface ClientEvents extends BaseEventMap {
  /** A call came in. */
  'call:start': { readonly at: number; readonly callId: number; readonly model: string };
  /** A call was answered or failed for good. */
  'call:end': {
    readonly at: number;
    readonly callId: number;
    readonly model: string;
    readonly endpoint: string | null;
    readonly attempts: number;
    /** From `call:start` to now, milliseconds. */
    readonly durationMs: number;
    /** Duration of the attempt that answered; `null` when the call failed. */
    readonly latencyMs: number | null;
    readonly usage: TokenUsage | null;
    readonly cost: number | null;
    readonly error?: ErrorRecord;
  };
  /** An attempt was sent to an endpoint. */
  'attempt:start': {
    readonly at: number;
    readonly callId: number;
    readonly attempt: number;
    readonly endpoint: string;
    readonly hedge: boolean;
  };
  /** An attempt was answered, failed or lost against its hedge (`cancelled`). */
  'attempt:end': {
    readonly at: number;
    readonly callId: number;
    readonly attempt: number;
    readonly endpoint: string;
    readonly durationMs: number;
    readonly outcome: 'ok' | 'error' | 'cancelled';
    readonly status: number | null;
    readonly error?: ErrorRecord;
  };
  /** A call will be tried again. */
  'call:retry': {
    readonly at: number;
    readonly callId: number;
    readonly attempt: number;
    readonly delayMs: number;
    readonly error: ErrorRecord;
  };
  /** An endpoint gets no more calls for a while: it failed too often, or refuses the key (`quarantine`). */
  'endpoint:eject': {
    readonly at: number;
    readonly endpoint: string;
    readonly reason: 'consecutive-failures' | 'failure-rate' | 'quarantine' | 'probe-failed';
    /** Milliseconds until the next probe; `Infinity` for a quarantine. */
    readonly forMs: number;
    readonly error?: ErrorRecord;
  };
  /** An ejected endpoint gets one call to see whether it is back. */
  'endpoint:probe': { readonly at: number; readonly endpoint: string };
  /** An ejected endpoint is back. */
  'endpoint:restore': { readonly at: number; readonly endpoint: string; readonly ejectedForMs: number };
  /** An endpoint is held back, or a limit of it became known: after a 429 or 503, or from a reply's headers. */
  'endpoint:limit': {
    readonly at: number;
    readonly endpoint: string;
    readonly reason: 'rate-limited' | 'overloaded' | 'headers';
    /** `null`: no limit known. */
    readonly requestsPerSecond: number | null;
    readonly concurrency: number | null;
    /** Calls are held back until then, wall-clock milliseconds; `null`: not held back. */
    readonly pausedUntil: number | null;
  };
  /** A streamed answer began. */
  'stream:first-token': {
    readonly at: number;
    readonly callId: number;
    readonly endpoint: string;
    readonly afterMs: number;
  };
}
