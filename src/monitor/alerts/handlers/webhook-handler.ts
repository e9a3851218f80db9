import { callable, checkOptions, object, text } from '../../../foundation/options.js';
import type { Alert } from '../alert.js';
import type { AlertHandler } from '../alert-handler.js';
import { httpUrl, jsonHeaders, postJson, type WebhookUrl } from './post-json.js';

/** What {@link webhookHandler} posts. New members may be added; `version` changes when one is taken away. */
export interface WebhookPayload {
  /** Version of this shape. */
  readonly version: 1;
  /** Whether it began or is over. */
  readonly status: 'firing' | 'resolved';
  /** Name of the rule. */
  readonly rule: string;
  /** How bad it is. */
  readonly severity: Alert['severity'];
  /** The rule's message. */
  readonly message: string;
  /** The manager's `source`. */
  readonly source: string;
  /** The same for all alerts of one rule of one source. */
  readonly dedupKey: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** ISO 8601. */
  readonly at: string;
  /** How long the condition has held, milliseconds. */
  readonly durationMs: number;
  /** The numbers of the snapshot; `null`: not known. */
  readonly metrics: Alert['metrics'];
}

/** Options of {@link webhookHandler}. */
export interface WebhookHandlerOptions {
  /** Shown in events about the delivery. @default 'webhook' */
  readonly name?: string | undefined;
  /** Further headers, for example `authorization`. They stand in no event. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Makes the JSON body. @default webhookPayload */
  readonly format?: ((alert: Alert) => unknown) | undefined;
}

/** The body that {@link webhookHandler} posts for an alert. */
export function webhookPayload(alert: Alert): WebhookPayload {
  return {
    version: 1,
    status: alert.status === 'resolved' ? 'resolved' : 'firing',
    rule: alert.rule,
    severity: alert.severity,
    message: alert.message,
    source: alert.source,
    dedupKey: alert.dedupKey,
    startedAt: new Date(alert.startedAt).toISOString(),
    at: new Date(alert.at).toISOString(),
    durationMs: Math.round(alert.durationMs),
    metrics: alert.metrics,
  };
}

/**
 * Posts alerts as JSON to a URL (or to what a function returns, asked for at each alert). 408, 429 (honouring
 * Retry-After) and 5xx are tried again; redirects are refused.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`
 */
export function webhookHandler(url: WebhookUrl, options: WebhookHandlerOptions = {}): AlertHandler {
  const {
    name = 'webhook',
    headers: own,
    format = webhookPayload,
  } = checkOptions('webhookHandler', options, {
    name: text,
    headers: object,
    format: callable,
  });
  if (typeof url !== 'function') httpUrl(name, url);
  const headers = jsonHeaders(name, own);
  return { name, send: (alert, { signal }) => postJson(name, url, { body: format(alert), headers, signal }) };
}
