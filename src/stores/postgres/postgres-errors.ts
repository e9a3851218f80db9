import { AssayError, messageOf, type AssayErrorCode } from '../../errors.js';

// Codes of SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html).
const CONNECTION_CLASS = '08';
const GOES_BY_ITSELF: ReadonlySet<string> = new Set([
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '53300', // too_many_connections
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '57P05', // idle_session_timeout
  '25P03', // idle_in_transaction_session_timeout
  '25P04', // transaction_timeout
]);
const STATEMENT_TIMEOUT = '57014';
const LOCK_TIMEOUT = '55P03';
const DATA_CORRUPTED: ReadonlySet<string> = new Set(['XX001', 'XX002']);

/** What a person with the right to do so can mend while the run waits. */
const MAY_BE_MENDED: ReadonlySet<string> = new Set([
  '53100', // disk_full
  '53200', // out_of_memory
  '53400', // configuration_limit_exceeded
  '58030', // io_error
]);

const NETWORK: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
]);

// pg tells these by text alone.
const LOST_CONNECTION =
  /^(?:Connection terminated|Client was closed|Client has encountered a connection error)/;
const NO_FREE_CONNECTION = 'timeout exceeded when trying to connect';
const NO_ANSWER = 'Query read timeout';
// pgbouncer gives it the code of a lost connection.
const REFUSED_PARAMETER = /^unsupported startup parameter/;

/** The SQLSTATE or the system's code of whatever a driver threw. */
export function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

/** Whether the same statement, on another connection and a little later, may well succeed. */
export function isPassing(error: unknown): boolean {
  const code = codeOf(error);
  return isLost(error) || GOES_BY_ITSELF.has(code) || code.startsWith(CONNECTION_CLASS) || NETWORK.has(code);
}

/** Whether the connection of a failed statement is of no use any more. */
export function isLost(error: unknown): boolean {
  if (AssayError.is(error)) return false;
  const code = codeOf(error);
  if (code === '') {
    const message = messageOf(error);
    return LOST_CONNECTION.test(message) || message === NO_ANSWER;
  }
  return code.startsWith(CONNECTION_CLASS) || code.startsWith('57P') || code === '25P03' || NETWORK.has(code);
}

/** The error of this package for whatever the driver threw while doing `what`. It holds no values of rows, and no connection. */
export function toStoreError(error: unknown, what: string): AssayError {
  if (AssayError.is(error)) return error;
  const code = codeOf(error);
  const message = messageOf(error);
  let storeCode: AssayErrorCode = 'ASSAY_STORE_FAILED';
  if (code === LOCK_TIMEOUT || code === '40P01') storeCode = 'ASSAY_STORE_LOCKED';
  else if (DATA_CORRUPTED.has(code)) storeCode = 'ASSAY_STORE_CORRUPT';
  const retryable =
    storeCode === 'ASSAY_STORE_LOCKED' ||
    isPassing(error) ||
    MAY_BE_MENDED.has(code) ||
    code === STATEMENT_TIMEOUT ||
    message === NO_FREE_CONNECTION;
  return new AssayError(storeCode, `${what} failed in PostgreSQL: ${message}${hintOf(code, message)}`, {
    cause: plainCause(message, code),
    retryable,
  });
}

function hintOf(code: string, message: string): string {
  if (message === NO_FREE_CONNECTION)
    return ' (all connections were in use: raise `maxConnections`, or end queries that nobody reads)';
  if (REFUSED_PARAMETER.test(message))
    return ' (a pooler: name it in its `ignore_startup_parameters`, or set `statementTimeoutMs: Infinity`)';
  if (code === STATEMENT_TIMEOUT) return ' (`statementTimeoutMs`)';
  if (code === '25006') return ' (a standby, or a role that may only read)';
  return code === '' ? '' : ` (${code})`;
}

/** pg's own error carries the connection, and of some failures the values of the row: prompts and answers. */
function plainCause(message: string, code: string): Error {
  return Object.assign(new Error(message), code === '' ? {} : { code });
}
