import { isModelClient } from '../client/model-client.js';
import type { ClientEvents } from '../client/client-events.js';
import type { Clock } from '../foundation/clock.js';
import type { BatchEvents, EventPort } from './batch-events.js';

/** Emits an event of a run; its payload is built only if somebody listens. */
export type Announce = <Name extends keyof BatchEvents & string>(
  event: Name,
  payload: () => Omit<BatchEvents[Name], 'at' | 'runId'> & { readonly at?: number },
) => void;

/** What tells of one run, with its id and the time. */
export function runAnnouncer(
  port: EventPort,
  { runId, clock }: { readonly runId: string; readonly clock: Clock },
): Announce {
  return (event, payload) => {
    if (!port.wants(event)) return;
    port.emit(event, { at: clock.wallTime(), runId, ...payload() } as BatchEvents[typeof event]);
  };
}

/**
 * Passes on what a client that retries by itself tells of its failed attempts: a case that it goes on trying has no outcome
 * for minutes. Returns what ends it.
 */
export function followRetries(target: unknown, announce: Announce): () => void {
  const client = isModelClient(target) && target.retriesItself === true ? target : undefined;
  const { on } = (client ?? {}) as {
    on?: (event: 'call:retry', listener: (retry: ClientEvents['call:retry']) => void) => () => void;
  };
  if (typeof on !== 'function') return () => {};
  return on.call(client, 'call:retry', ({ endpoint, attempt, delayMs, error }) =>
    announce('target:retry', () => ({ caseId: null, endpoint, attempt: attempt - 1, delayMs, error })),
  );
}
