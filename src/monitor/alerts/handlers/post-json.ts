import { AssayError } from '../../../errors.js';
import { systemClock } from '../../../foundation/clock.js';

/** Where a handler posts to. Often a secret: it stands in no error and no event. */
export type WebhookUrl = string | URL | (() => string | URL | Promise<string | URL>);

/** A receiver that refused; `retryAfterMs` when it said how long to wait. */
class ReceiverError extends AssayError {
  readonly status: number;
  readonly retryAfterMs: number | undefined;

  constructor(receiver: string, status: number, retryAfterMs: number | undefined) {
    const retryable = status === 408 || status === 429 || status >= 500;
    super('ASSAY_SERVER', `${receiver} answered ${status}`, { retryable });
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What {@link postJson} sends. */
export interface JsonPost {
  readonly body: unknown;
  readonly headers: Headers;
  readonly signal: AbortSignal;
}

/**
 * Posts JSON and expects a 2xx. Redirects are refused: a body with a routing key must not follow one.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION` (not a URL), `ASSAY_REDIRECT_REFUSED`, `ASSAY_CONNECT` (retryable),
 * `ASSAY_SERVER` with status (retryable for 408, 429 and 5xx)
 */
export async function postJson(
  receiver: string,
  url: WebhookUrl,
  { body, headers, signal }: JsonPost,
): Promise<void> {
  const target = httpUrl(receiver, typeof url === 'function' ? await url() : url);
  const text = JSON.stringify(body); // what cannot be written is no fault of the receiver
  let response: Response;
  try {
    response = await fetch(target, {
      method: 'POST',
      headers,
      body: text,
      redirect: 'manual',
      signal,
    });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    // The error of fetch may hold the URL; its code is enough.
    const code = ((error as Error).cause as { code?: unknown } | undefined)?.code;
    const why = typeof code === 'string' ? ` (${code})` : '';
    throw new AssayError('ASSAY_CONNECT', `${receiver} cannot be reached${why}`, { retryable: true });
  }
  await response.body?.cancel();
  if (response.status >= 300 && response.status < 400) {
    throw new AssayError('ASSAY_REDIRECT_REFUSED', `${receiver} answered with a redirect`);
  }
  if (!response.ok) throw new ReceiverError(receiver, response.status, retryAfter(response));
}

/** `application/json` and the host's own headers, which win. */
export function jsonHeaders(receiver: string, own: Readonly<Record<string, string>> = {}): Headers {
  try {
    const headers = new Headers(own);
    if (!headers.has('content-type')) headers.set('content-type', 'application/json');
    return headers;
  } catch {
    // Said without the value: it may be a key.
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected \`headers\` of ${receiver} to be valid HTTP headers`,
    );
  }
}

/** Checks that it is an http or https URL; the message never shows it. */
export function httpUrl(receiver: string, url: string | URL): URL {
  const parsed = URL.canParse(String(url)) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected the URL of ${receiver} to begin with https:// or http://`,
    );
  }
  if (parsed.username === '' && parsed.password === '') return parsed;
  throw new AssayError(
    'ASSAY_INVALID_OPTION',
    `Expected the URL of ${receiver} without user and password: fetch refuses them; use a header`,
  );
}

function retryAfter(response: Response): number | undefined {
  const header = response.headers.get('retry-after');
  if (header === null) return undefined;
  const seconds = /^\d+$/.test(header.trim())
    ? Number(header) * 1000
    : Date.parse(header) - systemClock.wallTime();
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}
