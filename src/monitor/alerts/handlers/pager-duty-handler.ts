import { checkOptions, requireOptions, text } from '../../../foundation/options.js';
import type { Alert } from '../alert.js';
import type { AlertHandler } from '../alert-handler.js';
import { cutText } from './cut-text.js';
import { httpUrl, jsonHeaders, postJson } from './post-json.js';

/** An event of PagerDuty's Events API v2 (https://developer.pagerduty.com/docs/send-alert-event). */
export interface PagerDutyEvent {
  /** Integration key of the service. */
  readonly routing_key: string;
  /** Opens an incident, or ends it. */
  readonly event_action: 'trigger' | 'resolve';
  /** The same for opening and ending. */
  readonly dedup_key: string;
  /** Who reports. */
  readonly client?: string;
  /** What is wrong; only when it opens an incident. */
  readonly payload?: {
    /** The alert's message, cut to 1,024 characters. */
    readonly summary: string;
    /** The alert's `source`: who reports. */
    readonly source: string;
    /** The alert's severity, which is never `error`. */
    readonly severity: 'critical' | 'error' | 'warning' | 'info';
    /** When the alert was said, ISO 8601. */
    readonly timestamp: string;
    /** Always `assaykit`. */
    readonly component: string;
    /** Name of the rule. */
    readonly class: string;
    /** The snapshot's metrics by name; `null` where not known. */
    readonly custom_details: Readonly<Record<string, number | string | null>>;
  };
}

const MOST_SUMMARY = 1024;

/** The PagerDuty event for an alert: `trigger`, or `resolve` with the same key. */
export function pagerDutyEvent(alert: Alert, routingKey: string): PagerDutyEvent {
  const address = { routing_key: routingKey, dedup_key: alert.dedupKey };
  if (alert.status === 'resolved') return { ...address, event_action: 'resolve' };
  return {
    ...address,
    event_action: 'trigger',
    client: 'assaykit',
    payload: {
      summary: cutText(alert.message, MOST_SUMMARY),
      source: alert.source,
      severity: alert.severity,
      timestamp: new Date(alert.at).toISOString(),
      component: 'assaykit',
      class: alert.rule,
      custom_details: alert.metrics,
    },
  };
}

/** Options of {@link pagerDutyHandler}. */
export interface PagerDutyHandlerOptions {
  /** Integration key of a service (Events API v2), or where to get it. A secret: it stands in no error or event. */
  readonly routingKey: string | (() => string | Promise<string>);
  /** @default 'https://events.pagerduty.com/v2/enqueue' */
  readonly url?: string | undefined;
  /** Shown in events about the delivery. @default 'pagerduty' */
  readonly name?: string | undefined;
}

/**
 * Opens an incident when an alert fires and resolves the same one when it is over.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`
 */
export function pagerDutyHandler(options: PagerDutyHandlerOptions): AlertHandler {
  const given = checkOptions('pagerDutyHandler', options, {
    routingKey: (value) =>
      (typeof value === 'string' && value !== '') || typeof value === 'function'
        ? undefined
        : 'an integration key or a function',
    url: text,
    name: text,
  });
  requireOptions('pagerDutyHandler', given, ['routingKey']);
  const { routingKey, name = 'pagerduty', url = 'https://events.pagerduty.com/v2/enqueue' } = given;
  httpUrl(name, url);
  return {
    name,
    async send(alert, { signal }) {
      const key = typeof routingKey === 'function' ? await routingKey() : routingKey;
      await postJson(name, url, { body: pagerDutyEvent(alert, key), headers: jsonHeaders(name), signal });
    },
  };
}
