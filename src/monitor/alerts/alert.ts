import type { AlertSeverity } from './alert-rule.js';
import { METRIC_NAMES, type MetricName, type PerformanceSnapshot } from '../performance-snapshot.js';

/** What is told: numbers, names of rules and the rule's message. No text of a case, a model or an error. */
export interface Alert {
  /** Whether it may begin, began or is over. */
  readonly status: 'pending' | 'firing' | 'resolved';
  /** Name of the rule. */
  readonly rule: string;
  /** How bad it is. */
  readonly severity: AlertSeverity;
  /** The rule's message when it fired. */
  readonly message: string;
  /** Who tells: the manager's `source` option. */
  readonly source: string;
  /** The same for all tellings of one rule of one source, at most 255 characters. */
  readonly dedupKey: string;
  /** When the condition began to hold, wall clock, milliseconds since the epoch. */
  readonly startedAt: number;
  /** When this was said, wall clock, milliseconds since the epoch. */
  readonly at: number;
  /** How long the condition has held, measured, milliseconds. */
  readonly durationMs: number;
  /** The numbers of the snapshot. */
  readonly metrics: Readonly<Record<MetricName, number | null>>;
}

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
  /** Least time between two tellings, milliseconds. @default 0 */
  readonly minIntervalMs?: number | undefined;
}

/** The numbers of a snapshot. */
export function metricsOf(snapshot: PerformanceSnapshot): Readonly<Record<MetricName, number | null>> {
  const metrics = {} as Record<MetricName, number | null>;
  for (const name of METRIC_NAMES) metrics[name] = snapshot[name];
  return Object.freeze(metrics);
}
