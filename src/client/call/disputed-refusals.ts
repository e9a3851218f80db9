import type { Endpoint } from '../balancing/endpoint.js';
import type { EndpointError } from '../endpoint-error.js';
import type { Attempt } from './attempt.js';

/**
 * Endpoints that called a call's request bad and were not believed. When another one answers it, that was their own
 * failure; when another one says the same, they were right.
 */
export class DisputedRefusals {
  readonly #refusals: { readonly attempt: Attempt; readonly error: EndpointError }[] = [];

  /** An endpoint refused the request, and another one is asked. */
  add(attempt: Attempt, error: EndpointError): void {
    this.#refusals.push({ attempt, error });
  }

  /** Another endpoint refused the request, too. */
  confirm(by: Endpoint, now: number): void {
    for (const { attempt } of this.#refusals) attempt.connection.endpoint.record.refusalConfirmed(now);
    by.record.refusalConfirmed(now);
  }

  /** The request was answered: tells of those who refused it. */
  disprove(tell: (attempt: Attempt, error: EndpointError) => void): void {
    for (const { attempt, error } of this.#refusals) tell(attempt, error);
  }
}
