import type { Endpoint } from '../balancing/endpoint.js';
import type { PlacedCall } from '../balancing/endpoint-selector.js';
import type { EndpointError } from '../endpoint-error.js';
import type { Attempt } from './attempt.js';
import * as errors from './call-errors.js';
import type { CallSettings } from './call-settings.js';

const TYPICAL_TIMES = 10;

/** A call that would wait for an endpoint. */
export interface WaitingCall extends PlacedCall {
  /** Milliseconds until its deadline. */
  readonly leftMs: number;
  readonly soFar: errors.CallSoFar;
}

/** Whether a call may wait for an endpoint: `yes`, `forHealth`: since another one may come back before, or why not. */
export type WaitVerdict = 'yes' | 'forHealth' | EndpointError;

/** Judges how long an endpoint's queue and pause are. In the queue a call also gets what other endpoints have free. */
export function judgeWait(
  settings: CallSettings,
  { call, endpoint }: { readonly call: WaitingCall; readonly endpoint: Endpoint },
): WaitVerdict {
  const { clock, retry, selector } = settings;
  const now = clock.now();
  const wait = endpoint.sureWaitMs(call.tokens, now);
  const pause = endpoint.limit.pausedUntil - now;
  const left = call.leftMs;
  if (wait <= left && pause <= retry.maxRetryAfterMs) return 'yes';
  const sooner = selector.soonerThan(endpoint, { call, withinMs: Math.min(wait, left), now });
  if (sooner !== undefined) return sooner.health.state === 'healthy' ? 'yes' : 'forHealth';
  return wait > left
    ? errors.deadlineTooNear(call.soFar, wait)
    : errors.pauseTooLong(call.soFar, { endpoint, pauseMs: pause });
}

/** How long others take, and how much time the call has in all, milliseconds. */
export interface SilenceBounds {
  readonly typicalMs: number;
  readonly deadlineMs: number;
}

/** How long an attempt may be silent before its call is given to another endpoint, too, milliseconds. */
export function patienceMs({ typicalMs, deadlineMs }: SilenceBounds): number {
  return Math.min(TYPICAL_TIMES * typicalMs, deadlineMs / 2);
}

/** The call as it looks for another endpoint beside a silent one: only for one that is known to answer. */
export function besideSilent(
  { selector, clock }: CallSettings,
  { call, live }: { readonly call: PlacedCall; readonly live: Attempt },
): PlacedCall {
  const now = clock.now();
  const unknown = selector.endpoints.filter((each) => !each.record.proven || selector.distrusts(each, now));
  const { work, tokens, tried } = call;
  return { work, tokens, tried, barred: [...unknown, ...call.barred, live.connection.endpoint] };
}
