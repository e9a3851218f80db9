import type { Clock } from '../../foundation/clock.js';
import type { BaseEventMap } from '../../foundation/event-source.js';
import type { Alert } from './alert.js';
import type { AlertDeliveryContext, AlertHandler } from './alert-handler.js';
import type { AlertRule } from './alert-rule.js';
import type { MonitorEvents } from '../monitor-options.js';

/** Events of an AlertManager. `at` is wall-clock time in milliseconds since the epoch. */
export interface AlertEvents extends BaseEventMap {
  /** A condition holds, but not for long enough yet, or the rule is cooling down. */
  'alert:pending': {
    /** Same as `alert.at`. */
    readonly at: number;
    /** What may fire; its status is `pending`. */
    readonly alert: Alert;
  };
  /** Something is wrong; handlers are told. */
  'alert:firing': {
    /** Same as `alert.at`. */
    readonly at: number;
    /** What handlers are told; again after the rule's `repeatMs`. */
    readonly alert: Alert;
  };
  /** It is over; handlers are told. */
  'alert:resolved': {
    /** Same as `alert.at`. */
    readonly at: number;
    /** What handlers are told, with the message of the firing. */
    readonly alert: Alert;
  };
  /** A handler could not be told, after all attempts or because the manager was closed meanwhile. */
  'alert:undelivered': {
    /** When it was given up. */
    readonly at: number;
    /** Name of the handler. */
    readonly handler: string;
    /** What it was not told. */
    readonly alert: Alert;
    /** What the last try threw or rejected with. */
    readonly error: unknown;
    /** Tries that were made, >= 1; fewer than the option after an error that is not `retryable`, and at a close. */
    readonly attempts: number;
  };
  /** A handler's queue was full, or the manager was closed before its turn; `dropped` counts all for this handler. */
  'alert:dropped': {
    /** When it was dropped. */
    readonly at: number;
    /** Name of the handler. */
    readonly handler: string;
    /** The one that was dropped: the oldest that waited. */
    readonly alert: Alert;
    /** All that were dropped for this handler so far, >= 1. */
    readonly dropped: number;
  };
  /** A function of a rule threw; reported once a rule. */
  'alert:error': {
    /** When it was reported. */
    readonly at: number;
    /** Name of the rule. */
    readonly rule: string;
    /** What was thrown; an AssayError for a promise, or a message that is no text. */
    readonly error: unknown;
  };
}

/** A handler, or just its function. */
export type AlertReceiver =
  AlertHandler | ((alert: Alert, context: AlertDeliveryContext) => void | Promise<void>);

/** Options of an AlertManager. */
export interface AlertManagerOptions {
  /** @default defaultAlertRules() */
  readonly rules?: readonly AlertRule[] | undefined;
  /** Who is told. @default nobody: only events */
  readonly handlers?: readonly AlertReceiver[] | undefined;
  /** Who tells, shown to receivers: a host, a job. Part of the key of an alert. @default 'assaykit' */
  readonly source?: string | undefined;
  /** Longest time for one try of a handler, milliseconds; `Infinity`: none. @default 10000 */
  readonly timeoutMs?: number | undefined;
  /** Tries of a handler for one alert, >= 1. @default 4 */
  readonly attempts?: number | undefined;
  /** Wait before the second try, milliseconds; doubles with each. A receiver's Retry-After wins. @default 1000 */
  readonly retryDelayMs?: number | undefined;
  /** Alerts that may wait for one handler, >= 1; beyond that the oldest is dropped. @default 100 */
  readonly queueSize?: number | undefined;
  /** Where time comes from. @default the machine's clock */
  readonly clock?: Clock | undefined;
}

/** Where snapshots come from: a RealTimeMonitor. */
export interface SnapshotSource {
  /** Calls `listener` at every snapshot; returns the unsubscribe. */
  on(event: 'snapshot', listener: (payload: MonitorEvents['snapshot']) => void): () => void;
}

/** How a rule stands. */
export interface AlertState {
  /** Name of the rule. */
  readonly rule: string;
  /** Pending: the condition holds, but not for long enough yet, or the rule is cooling down. */
  readonly state: 'inactive' | 'pending' | 'firing';
  /** Since when the condition holds, wall clock, milliseconds since the epoch; `null` when inactive. */
  readonly since: number | null;
}
