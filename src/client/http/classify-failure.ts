import type { AssayErrorCode } from '../../errors.js';

/** What a failure means for the call, for the endpoint and for the next attempt. */
export interface Failure {
  readonly code: AssayErrorCode;
  /** Whether the same request may succeed when sent again, also to the same endpoint. */
  readonly retryable: boolean;
  /** Whether another endpoint may do better although this one never will. */
  readonly elsewhere: boolean;
  /** Whether it counts against the endpoint's health. */
  readonly endpointAtFault: boolean;
}

const failure = (code: AssayErrorCode, flags: string): Failure =>
  Object.freeze({
    code,
    retryable: flags.includes('r'),
    elsewhere: flags.includes('e') || flags.includes('r'),
    endpointAtFault: flags.includes('f'),
  });

// r: retryable, e: only elsewhere, f: the endpoint's fault
const RATE_LIMITED = failure('ASSAY_RATE_LIMITED', 'r');
const QUOTA_EXCEEDED = failure('ASSAY_QUOTA_EXCEEDED', '');
const OVERLOADED = failure('ASSAY_OVERLOADED', 'r');
const SERVER = failure('ASSAY_SERVER', 'rf');
const NOT_FOUND = failure('ASSAY_NOT_FOUND', 'e');
const BAD_REQUEST = failure('ASSAY_BAD_REQUEST', '');
const CONTENT_FILTER = failure('ASSAY_CONTENT_FILTER', '');
const CONTEXT_LENGTH = failure('ASSAY_CONTEXT_LENGTH', '');
const REDIRECT_REFUSED = failure('ASSAY_REDIRECT_REFUSED', 'ef');

/** The key was refused, or there was none. */
export const AUTHENTICATION: Failure = failure('ASSAY_AUTHENTICATION', '');
/** The HTTP library cannot be loaded: no endpoint's fault, and no other one would do better. */
export const MISSING_DEPENDENCY: Failure = failure('ASSAY_MISSING_DEPENDENCY', '');
/** The connection could not be made, or broke before the reply was complete. */
export const CONNECT: Failure = failure('ASSAY_CONNECT', 'rf');
/** The connection was not made in time. */
export const CONNECT_TIMEOUT: Failure = failure('ASSAY_CONNECT_TIMEOUT', 'rf');
/** No reply began in time. */
export const FIRST_BYTE_TIMEOUT: Failure = failure('ASSAY_FIRST_BYTE_TIMEOUT', 'rf');
/** The reply stopped coming. */
export const IDLE_TIMEOUT: Failure = failure('ASSAY_IDLE_TIMEOUT', 'rf');
/** The attempt took too long as a whole. */
export const ATTEMPT_TIMEOUT: Failure = failure('ASSAY_ATTEMPT_TIMEOUT', 'rf');
/** The reply was not what the protocol says. */
export const MALFORMED: Failure = failure('ASSAY_MALFORMED_RESPONSE', 'rf');
/** The reply was well formed and held no answer. */
export const EMPTY: Failure = failure('ASSAY_EMPTY_RESPONSE', 'r');
/**
 * The reply was larger than allowed. Tried elsewhere, for it may be the server that babbles; not held against the
 * endpoint, for it may be the answer that is long.
 */
export const TOO_LARGE: Failure = failure('ASSAY_RESPONSE_TOO_LARGE', 'e');

/** What a server said about a failure, taken from the usual places of an error body. */
export interface ErrorBody {
  readonly message: string;
  readonly type: string;
  readonly code: string;
}

const NO_BODY: ErrorBody = { message: '', type: '', code: '' };

/**
 * Reads the error out of a reply's body. Understands `{error: {message, type, code}}` (OpenAI, Anthropic, vLLM),
 * `{error: "…"}` (Ollama, TGI), `{message, type, code}` and `{detail}` (FastAPI), the first of a list (Gemini) or of
 * `{errors}` (Cloudflare); plain text becomes the message.
 */
export function readErrorBody(body: unknown): ErrorBody {
  if (typeof body === 'string') return { ...NO_BODY, message: body };
  if (typeof body !== 'object' || body === null) return NO_BODY;
  if (Array.isArray(body)) return readErrorBody(body[0]);
  const outer = body as Record<string, unknown>;
  const { errors } = outer;
  const inner = outer['error'] ?? (Array.isArray(errors) ? errors[0] : undefined) ?? outer;
  if (typeof inner === 'string') {
    return { message: inner, type: asText(outer['error_type']), code: asText(outer['code']) };
  }
  if (typeof inner !== 'object' || inner === null) return NO_BODY;
  const error = inner as Record<string, unknown>;
  return {
    message: asText(error['message'] ?? error['detail'] ?? outer['message'] ?? outer['detail']),
    type: asText(error['type'] ?? error['status']),
    code: asText(error['code'] ?? asRecord(error['innererror'])['code']),
  };
}

/**
 * Whether a reply of status 200 is an error. Gateways put one inside; FastChat and old releases of vLLM say
 * `object: 'error'`. `error: ''` or `false` is none.
 */
export function holdsError(message: unknown): boolean {
  if (typeof message !== 'object' || message === null) return false;
  const { error, object } = message as { readonly error?: unknown; readonly object?: unknown };
  return Boolean(error) || object === 'error';
}

/** Reads the error out of the bytes of a refusal. Proxies answer with HTML; its text is the best there is then. */
export function readErrorReply(bytes: Buffer | undefined): ErrorBody {
  const text = bytes === undefined ? '' : bytes.toString('utf8');
  try {
    return readErrorBody(JSON.parse(text));
  } catch {
    return readErrorBody(text);
  }
}

/** What a reply with a status other than 2xx means. `shouldRetry` is the server's `x-should-retry` header. */
export function classifyStatus(status: number, body: ErrorBody, shouldRetry: string | undefined): Failure {
  const meant = byStatus(status, body);
  // The server's word counts where the status leaves it open; a refused key or request stays refused.
  if (meant === SERVER || meant === OVERLOADED || meant === RATE_LIMITED) {
    return shouldRetry === 'false' ? { ...meant, retryable: false, elsewhere: false } : meant;
  }
  return meant === BAD_REQUEST && shouldRetry === 'true' && status !== 400 && status !== 422
    ? { ...meant, retryable: true, elsewhere: true }
    : meant;
}

function byStatus(status: number, body: ErrorBody): Failure {
  if (status >= 300 && status < 400) return REDIRECT_REFUSED;
  switch (status) {
    case 400:
    case 413:
    case 422:
      return byRequest(body);
    case 401:
    case 403:
      return AUTHENTICATION;
    case 402:
      return QUOTA_EXCEEDED;
    case 404:
      return NOT_FOUND;
    case 408:
    case 409:
    case 425:
      return SERVER;
    case 429:
      return isQuota(body) ? QUOTA_EXCEEDED : RATE_LIMITED;
    case 503:
    case 529:
      return OVERLOADED;
    default:
      return status >= 500 || status < 300 ? SERVER : BAD_REQUEST;
  }
}

function byRequest(body: ErrorBody): Failure {
  // Anthropic and OpenAI refuse an empty account with 400 too.
  if (/billing_hard_limit/i.test(body.code) || /credit balance is too low/i.test(body.message)) {
    return QUOTA_EXCEEDED;
  }
  if (
    /context_length_exceeded|exceed_context_size/.test(`${body.code} ${body.type}`) ||
    CONTEXT_LENGTH_WORDS.some((words) => words.test(body.message))
  ) {
    return CONTEXT_LENGTH;
  }
  if (
    /^content_filter|content_policy|responsibleai/i.test(body.code) ||
    /content[ _](filter|management policy|policy)|flagged by our moderation/i.test(body.message)
  ) {
    return CONTENT_FILTER;
  }
  return BAD_REQUEST;
}

// OpenAI and vLLM, Anthropic, TGI, llama.cpp and Gemini, in this order.
const CONTEXT_LENGTH_WORDS: readonly RegExp[] = [
  /context (length|window)|maximum (context|model) length/i,
  /prompt is too long|too many (input )?tokens/i,
  /must have less than \d+ tokens|max_total_tokens|`inputs` tokens \+ `max_new_tokens` must be <=/i,
  /available context size/i,
  /input token count .*exceeds/i,
];

// A limit of money or credit: waiting for the next minute does not help, so these are never tried again.
function isQuota(body: ErrorBody): boolean {
  if (/insufficient_quota|billing|credit|spend|payment/i.test(`${body.code} ${body.type}`)) return true;
  // One that is over soon: OpenAI's limit of a minute advertises the billing page, Gemini's is called a quota.
  if (/(retry|try again) (in|after) \d/i.test(body.message)) return false;
  return /insufficient[ _]quota|exceeded your current quota|billing|credit balance|(spend|spending|usage) (limit|cap)|monthly (limit|budget)/i.test(
    body.message,
  );
}

/** What a reply of status 200 means whose body is an error (gateways send these). */
export function classifyErrorBody(body: ErrorBody): Failure {
  const status = Number(body.code);
  if (Number.isInteger(status) && status >= 400 && status <= 599) return byStatus(status, body);
  if (/rate_limit/i.test(`${body.type} ${body.code}`)) return isQuota(body) ? QUOTA_EXCEEDED : RATE_LIMITED;
  if (/overloaded/i.test(`${body.type} ${body.code}`)) return OVERLOADED;
  if (/authentication|permission/i.test(body.type)) return AUTHENTICATION;
  if (/invalid_request/i.test(body.type)) return byRequest(body);
  return SERVER;
}

/** What an error of the transport means. */
export function classifyTransportError(error: unknown): Failure {
  const code = codeOf(error);
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') return CONNECT_TIMEOUT;
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return FIRST_BYTE_TIMEOUT;
  if (code === 'UND_ERR_BODY_TIMEOUT') return IDLE_TIMEOUT;
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return TOO_LARGE;
  if (/^(HPE_|Z_|ERR__ERROR_)/.test(code) || MALFORMED_CODES.has(code)) return MALFORMED;
  if (error instanceof Error && error.name === 'HTTPParserError') return MALFORMED; // has a code only sometimes
  if (code.startsWith('UND_ERR_INVALID') || code === 'UND_ERR_NOT_SUPPORTED') return BAD_REQUEST;
  return CONNECT;
}

const MALFORMED_CODES: ReadonlySet<string> = new Set([
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);

/** The `code` of anything thrown, or an empty string. */
export function codeOf(error: unknown): string {
  return asText(asRecord(error)['code']);
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  return Array.isArray(value) || (typeof value === 'object' && value !== null) ? JSON.stringify(value) : '';
}
