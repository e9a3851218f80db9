import type { Alert } from './alert.js';

/** What a handler gets beside the alert. */
export interface AlertDeliveryContext {
  /** Aborted when the handler's time is up or the manager is closed. */
  readonly signal: AbortSignal;
  /** 1 for the first try. */
  readonly attempt: number;
}

/** Somebody who is told. Rejecting means "try again", except for an AssayError that is not `retryable`. */
export interface AlertHandler {
  /** Shown in events about the delivery. */
  readonly name: string;
  /** Tells one alert; `pending` alerts are not told. */
  send(alert: Alert, context: AlertDeliveryContext): void | Promise<void>;
  /** Least time between two alerts that are sent, milliseconds. @default 0 */
  readonly minIntervalMs?: number | undefined;
}
