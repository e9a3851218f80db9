import { Cancellation } from '../foundation/cancellation.js';
import type { CallOptions } from './model-client.js';

/**
 * What a run gives the package's own client in place of plain options: the cancellation of the case itself. Whoever
 * reads `signal` gets an AbortSignal all the same, made at that moment (docs/decisions/cancellation-without-signals.md).
 */
export class CancellableCall implements CallOptions {
  readonly cancellation: Cancellation;
  readonly timeoutMs: number | undefined;

  constructor(cancellation: Cancellation, timeoutMs: number | undefined) {
    this.cancellation = cancellation;
    this.timeoutMs = timeoutMs;
  }

  get signal(): AbortSignal {
    return this.cancellation.signal;
  }
}

/** The cancellation that stands in for the signal; also of a copy that a host made of the options. */
export function cancellationOf(options: CallOptions): Cancellation | undefined {
  const { cancellation } = options as Partial<CancellableCall>;
  return cancellation instanceof Cancellation ? cancellation : undefined;
}

/** A signal that the caller gave, beside or in place of a cancellation. */
export function ownSignalOf(options: CallOptions): AbortSignal | undefined {
  return options instanceof CancellableCall ? undefined : options.signal;
}
