import { NO_BODY, type ErrorBody } from '../protocols/error-body.js';
import * as failures from './failure.js';
import type { Failure } from './failure.js';
import {
  contextIsTooLong,
  isAboveLimit,
  isFiltered,
  isLimit,
  isOverload,
  isQuota,
  refusesKey,
} from './refusal-words.js';

/** A reply with a status that is no answer. */
export interface RefusedReply {
  readonly status: number;
  readonly body: ErrorBody;
  /** The server's `x-should-retry` header. */
  readonly shouldRetry?: string | undefined;
  /** How long the server asked to wait, milliseconds, by its headers or its body. */
  readonly waitMs?: number | undefined;
}

/** What a reply with a status other than 2xx means. */
export function classifyStatus(reply: RefusedReply): Failure {
  const meant = byStatus(reply);
  const { shouldRetry, status } = reply;
  // The server's word counts where the status leaves it open; a refused key or request stays refused.
  // It speaks for itself: what is its own fault another one may do better.
  if (shouldRetry === 'false' && meant.retryable)
    return { ...meant, retryable: false, elsewhere: meant.endpointAtFault };
  if (shouldRetry === 'true' && meant === failures.STRANGE_STATUS) return failures.SERVER;
  return shouldRetry === 'true' && meant === failures.BAD_REQUEST && status !== 400 && status !== 422
    ? { ...meant, retryable: true, elsewhere: true }
    : meant;
}

/** What a reply of status 200 means whose body is an error (gateways send these). */
export function classifyErrorBody(body: ErrorBody, waitMs = body.waitMs): Failure {
  const status = Number(body.code);
  if (Number.isInteger(status) && status >= 400 && status <= 599) return byStatus({ status, body, waitMs });
  const kind = `${body.type} ${body.code}`;
  if (isLimit(body)) return byLimit(body, waitMs);
  if (isOverload(body)) return failures.OVERLOADED;
  if (/authentication|permission|unauthori[sz]ed|invalid_api_key/i.test(kind)) return failures.AUTHENTICATION;
  if (/insufficient_quota|billing|payment/i.test(kind)) return failures.QUOTA_EXCEEDED;
  if (/not_?found/i.test(kind)) return failures.NOT_FOUND;
  if (/invalid_(request|argument)|bad_?request|validation|content_filter|context_length/i.test(kind))
    return byRequest(body);
  return failures.SERVER;
}

function byStatus({ status, body, waitMs }: RefusedReply): Failure {
  if (status >= 300 && status < 400) return failures.REDIRECT_REFUSED;
  switch (status) {
    case 400:
    case 413:
    case 422:
      return byRequest(body, waitMs);
    case 401:
    case 407:
      return isQuota(body, { waitMs, limited: false }) ? failures.QUOTA_EXCEEDED : failures.AUTHENTICATION;
    case 403:
      return byPermission(body, waitMs);
    case 402:
      return failures.QUOTA_EXCEEDED;
    case 404:
    case 405:
    case 410:
      return failures.NOT_FOUND;
    case 408:
    case 409:
    case 421:
    case 423:
    case 424:
    case 425:
    case 449:
    case 499:
      return failures.SERVER;
    case 429:
      return byLimit(body, waitMs);
    case 503:
    case 529:
      return failures.OVERLOADED;
    default:
      if (status >= 500 || status < 300) return failures.SERVER;
      if (isQuota(body, { limited: false })) return failures.QUOTA_EXCEEDED;
      return isLimit(body) || isOverload(body) ? byLimit(body, waitMs) : failures.STRANGE_STATUS;
  }
}

function byLimit(body: ErrorBody, waitMs: number | undefined): Failure {
  if (isOverload(body)) return failures.OVERLOADED;
  if (isAboveLimit(body)) return failures.CONTEXT_LENGTH;
  return isQuota(body, { waitMs }) ? failures.QUOTA_EXCEEDED : failures.RATE_LIMITED;
}

// 403 is for keys and for prompts: OpenRouter and others answer so to one that their moderation refuses.
function byPermission(body: ErrorBody, waitMs: number | undefined): Failure {
  if (isFiltered(body)) return failures.CONTENT_FILTER;
  return isQuota(body, { waitMs, limited: false }) ? failures.QUOTA_EXCEEDED : failures.AUTHENTICATION;
}

function byRequest(body: ErrorBody, waitMs?: number): Failure {
  // Anthropic, OpenAI and LiteLLM refuse an empty account with 400 too.
  if (isQuota(body, { limited: false })) return failures.QUOTA_EXCEEDED;
  if (contextIsTooLong(body)) return failures.CONTEXT_LENGTH;
  // Gateways wrap what befell them behind it.
  if (isLimit(body) || isOverload(body)) return byLimit(body, waitMs);
  if (refusesKey(body)) return failures.AUTHENTICATION;
  return isFiltered(body) ? failures.CONTENT_FILTER : failures.BAD_REQUEST;
}

/** What an error of the transport means. */
export function classifyTransportError(error: unknown): Failure {
  const code = codeOf(error);
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') return failures.CONNECT_TIMEOUT;
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return failures.FIRST_BYTE_TIMEOUT;
  if (code === 'UND_ERR_BODY_TIMEOUT') return failures.IDLE_TIMEOUT;
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return failures.TOO_LARGE;
  if (/^(HPE_|Z_|ERR__ERROR_)/.test(code) || MALFORMED_CODES.has(code)) return failures.MALFORMED;
  if (error instanceof Error && error.name === 'HTTPParserError') return failures.MALFORMED; // has a code only sometimes
  if (code === 'UND_ERR_SOCKET' && failures.isRefusedByUndici(error)) return failures.MALFORMED;
  if (code.startsWith('UND_ERR_INVALID') || code === 'UND_ERR_NOT_SUPPORTED') return failures.UNSENDABLE;
  return failures.CONNECT;
}

const MALFORMED_CODES: ReadonlySet<string> = new Set([
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);

/** The `code` of anything thrown, or an empty string. */
export function codeOf(error: unknown): string {
  const code =
    typeof error === 'object' && error !== null ? (error as { readonly code?: unknown }).code : undefined;
  if (typeof code === 'number') return String(code);
  return typeof code === 'string' ? code : NO_BODY.code;
}
