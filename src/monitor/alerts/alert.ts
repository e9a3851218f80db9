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
  /** The same for all alerts of one rule of one source, at most 255 characters. */
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

/** The numbers of a snapshot. */
export function metricsOf(snapshot: PerformanceSnapshot): Readonly<Record<MetricName, number | null>> {
  const metrics = {} as Record<MetricName, number | null>;
  for (const name of METRIC_NAMES) metrics[name] = snapshot[name];
  return Object.freeze(metrics);
}
