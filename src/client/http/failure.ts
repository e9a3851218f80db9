import { messageOf, type AssayErrorCode } from '../../errors.js';

/** What a failure means for the call, for the endpoint and for the next attempt. */
export interface Failure {
  readonly code: AssayErrorCode;
  /** Whether the same request may succeed when sent again, also to the same endpoint. */
  readonly retryable: boolean;
  /** Whether another endpoint may do better although this one never will. */
  readonly elsewhere: boolean;
  /** Whether it counts against the endpoint's health. */
  readonly endpointAtFault: boolean;
  /** Whether the server says that the request is bad: believed as far as the endpoint can be believed. */
  readonly blamesRequest: boolean;
}

const failure = (code: AssayErrorCode, flags: string): Failure =>
  Object.freeze({
    code,
    retryable: flags.includes('r'),
    elsewhere: flags.includes('e') || flags.includes('r'),
    endpointAtFault: flags.includes('f'),
    blamesRequest: flags.includes('q'),
  });

// r: retryable, e: only elsewhere, f: the endpoint's fault, q: the request's fault, says the server

/** Too many calls for now. */
export const RATE_LIMITED: Failure = failure('ASSAY_RATE_LIMITED', 'r');
/** The account is empty, or its allowance of a day or longer is used up. */
export const QUOTA_EXCEEDED: Failure = failure('ASSAY_QUOTA_EXCEEDED', 'e');
/** The server has too much to do for now. */
export const OVERLOADED: Failure = failure('ASSAY_OVERLOADED', 'r');
/** The server failed. */
export const SERVER: Failure = failure('ASSAY_SERVER', 'rf');
/** The server answers with a status that says nothing to us: asking it again would not help. */
export const STRANGE_STATUS: Failure = failure('ASSAY_SERVER', 'ef');
/** The path or the model is not there. */
export const NOT_FOUND: Failure = failure('ASSAY_NOT_FOUND', 'ef');
/** The request is bad, says the server. */
export const BAD_REQUEST: Failure = failure('ASSAY_BAD_REQUEST', 'q');
/** Our own transport cannot send the request. */
export const UNSENDABLE: Failure = failure('ASSAY_BAD_REQUEST', '');
/** The request or its answer was filtered. */
export const CONTENT_FILTER: Failure = failure('ASSAY_CONTENT_FILTER', 'q');
/** The prompt is too long for the model. */
export const CONTEXT_LENGTH: Failure = failure('ASSAY_CONTEXT_LENGTH', 'q');
/** A redirect, which a key must not follow. */
export const REDIRECT_REFUSED: Failure = failure('ASSAY_REDIRECT_REFUSED', 'ef');
/** The key was refused, or there was none. */
export const AUTHENTICATION: Failure = failure('ASSAY_AUTHENTICATION', 'e');
/** The host's function gave no key for this endpoint. */
export const NO_KEY: Failure = failure('ASSAY_AUTHENTICATION', 'e');
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
/** The answer broke off: nothing says that it is complete. */
export const INCOMPLETE: Failure = failure('ASSAY_INCOMPLETE_RESPONSE', 'rf');
/** The reply came to its end without a sign that the answer is complete; it may be that server's way. */
export const UNSIGNED: Failure = failure('ASSAY_INCOMPLETE_RESPONSE', 'r');
/**
 * The reply was larger than allowed. Tried elsewhere, for it may be the server that babbles; not held against the
 * endpoint, for it may be the answer that is long.
 */
export const TOO_LARGE: Failure = failure('ASSAY_RESPONSE_TOO_LARGE', 'e');

// What undici's parser gives up at, by its own words.
const REFUSED_BY_UNDICI: ReadonlyMap<string, string> = new Map([
  ['bad response', 'the server said `100 Continue`, which nobody had asked for (undici: bad response)'],
  ['bad upgrade', 'the server changed the protocol, which nobody had asked for (undici: bad upgrade)'],
]);

/** Whether undici refused a reply that a server may send. */
export function isRefusedByUndici(error: unknown): boolean {
  return REFUSED_BY_UNDICI.has(messageOf(error));
}

/** What an error of the transport says, in words that tell what the server did. */
export function wordsOfTransport(error: unknown): string {
  const words = messageOf(error);
  return REFUSED_BY_UNDICI.get(words) ?? words;
}
