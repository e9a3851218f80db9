import {
  callable,
  checkOptions,
  either,
  milliseconds,
  number,
  oneOf,
  requireOptions,
  text,
  unknownOption,
} from '../../foundation/options.js';
import { METRIC_NAMES, type MetricName, type PerformanceSnapshot } from '../performance-snapshot.js';

/** How bad it is. */
export type AlertSeverity = 'info' | 'warning' | 'critical';

/** When to tell somebody. */
export interface AlertRule {
  /** Unique within a manager; part of the key by which receivers recognise an alert. */
  readonly name: string;
  /**
   * Whether something is wrong. Fields of a snapshot may be `null` (not known): `(snapshot.cpuPercent ?? 0) > 90`.
   * A condition that throws leaves the rule as it is and is reported once by `alert:error`. With `overMs` the second
   * argument is the snapshot of the latest interval alone.
   */
  readonly condition: (snapshot: PerformanceSnapshot, latest: PerformanceSnapshot) => boolean;
  /** How bad it is. */
  readonly severity: AlertSeverity;
  /**
   * What is said. In a text, `{cpuPercent}` stands for the metric of that name, `{cpuPercent:1}` for it with one
   * decimal, `{cacheHitRate:percent}` for a share in percent, `{at}` for the time (ISO 8601). `null` reads
   * "unknown".
   */
  readonly message: string | ((snapshot: PerformanceSnapshot) => string);
  /**
   * The time over which the rule looks, milliseconds: rates, shares and means of the snapshot that its functions and its
   * message get are then taken over this time (over what there is of it, since the work began that is going on), and
   * `storeErrors` is their number in it. What cannot be put together so (percentiles, ejected endpoints, the state of
   * the runs) is of the latest interval. Without it, what happens once in two seconds is a rate of 1 in one second and
   * of 0 in the next. @default 0: the latest interval alone
   */
  readonly overMs?: number | undefined;
  /** How long the condition must hold before the alert fires, milliseconds. @default 0 */
  readonly forMs?: number | undefined;
  /** Least time between two firings, milliseconds; until then the alert stays pending. @default 300000 */
  readonly cooldownMs?: number | undefined;
  /** Tells a firing alert again after this time, milliseconds. @default Infinity: never */
  readonly repeatMs?: number | undefined;
  /** Whether a firing alert is over. @default when the condition no longer holds */
  readonly resolve?: ((snapshot: PerformanceSnapshot, latest: PerformanceSnapshot) => boolean) | undefined;
}

/** A rule with its defaults filled in. */
export interface CheckedAlertRule extends AlertRule {
  readonly message: (snapshot: PerformanceSnapshot) => string;
  readonly overMs: number;
  readonly forMs: number;
  readonly cooldownMs: number;
  readonly repeatMs: number;
  readonly resolve: (snapshot: PerformanceSnapshot, latest: PerformanceSnapshot) => boolean;
}

/**
 * Checks a rule and fills in its defaults.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`, also for a placeholder that names no metric.
 */
export function checkAlertRule(rule: AlertRule): CheckedAlertRule {
  const given = checkOptions('AlertRule', rule, {
    name: text,
    condition: callable,
    severity: oneOf('info', 'warning', 'critical'),
    message: either(text, callable),
    overMs: number(0),
    forMs: milliseconds,
    cooldownMs: milliseconds,
    repeatMs: milliseconds,
    resolve: callable,
  });
  requireOptions('AlertRule', given, ['name', 'condition', 'severity', 'message']);
  return {
    ...given,
    message: typeof given.message === 'string' ? messageTemplate(given.message) : given.message,
    overMs: given.overMs ?? 0,
    forMs: given.forMs ?? 0,
    cooldownMs: given.cooldownMs ?? 300_000,
    repeatMs: given.repeatMs ?? Number.POSITIVE_INFINITY,
    resolve: given.resolve ?? ((snapshot, latest) => !given.condition(snapshot, latest)),
  };
}

/**
 * Turns a message text with `{metric}`, `{metric:decimals}`, `{metric:percent}` and `{at}` into a function.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION` for a placeholder that names no metric.
 */
export function messageTemplate(template: string): (snapshot: PerformanceSnapshot) => string {
  const placeholder = /\{(\w+)(?::(percent|\d{1,2}))?\}/g;
  for (const [, name] of template.matchAll(placeholder)) {
    if (name !== 'at' && !METRIC_NAMES.includes(name as MetricName)) {
      throw unknownOption('an alert message', name as string, [...METRIC_NAMES, 'at']);
    }
  }
  return (snapshot) =>
    template.replace(placeholder, (_match, name: MetricName | 'at', format: string | undefined) => {
      if (name === 'at') return new Date(snapshot.at).toISOString();
      const value = snapshot[name];
      if (value === null) return 'unknown';
      if (format === 'percent') return `${(value * 100).toFixed(1)}%`;
      if (format !== undefined) return value.toFixed(Number(format));
      return String(Math.round(value * 100) / 100);
    });
}
