/**
 * Every failure that this package reports: one class, told apart by a stable `code`.
 *
 * A failing case is a *value* (`CaseResult` with `outcome: 'errored'`), not a rejected run; what rejects is
 * a broken configuration, broken input or a broken store.
 */

/** Stable machine-readable code of an {@link AssayError}. New codes may be added in a minor version. */
export type AssayErrorCode =
  // configuration and input
  | 'ASSAY_INVALID_OPTION'
  | 'ASSAY_INVALID_CASE'
  | 'ASSAY_DUPLICATE_CASE'
  | 'ASSAY_EMPTY_INPUT'
  | 'ASSAY_INVALID_INPUT'
  | 'ASSAY_MISSING_DEPENDENCY'
  | 'ASSAY_CLOSED'
  | 'ASSAY_BUSY'
  | 'ASSAY_INVARIANT'
  // a case
  | 'ASSAY_CASE_TIMEOUT'
  | 'ASSAY_ABORTED'
  | 'ASSAY_TARGET_FAILED'
  | 'ASSAY_EMPTY_RESPONSE'
  | 'ASSAY_EVALUATOR_FAILED'
  | 'ASSAY_DIMENSION_TIMEOUT'
  | 'ASSAY_INVALID_SCORE'
  | 'ASSAY_JUDGE_FAILED'
  // a run
  | 'ASSAY_MANIFEST_MISMATCH'
  | 'ASSAY_RUN_ACTIVE'
  | 'ASSAY_LEASE_LOST'
  | 'ASSAY_COMPARISON_REFUSED'
  | 'ASSAY_GATE_NOT_PASSED'
  // a call to an endpoint
  | 'ASSAY_CONNECT'
  | 'ASSAY_CONNECT_TIMEOUT'
  | 'ASSAY_FIRST_BYTE_TIMEOUT'
  | 'ASSAY_IDLE_TIMEOUT'
  | 'ASSAY_ATTEMPT_TIMEOUT'
  | 'ASSAY_DEADLINE'
  | 'ASSAY_RATE_LIMITED'
  | 'ASSAY_QUOTA_EXCEEDED'
  | 'ASSAY_OVERLOADED'
  | 'ASSAY_SERVER'
  | 'ASSAY_AUTHENTICATION'
  | 'ASSAY_NOT_FOUND'
  | 'ASSAY_BAD_REQUEST'
  | 'ASSAY_CONTENT_FILTER'
  | 'ASSAY_CONTEXT_LENGTH'
  | 'ASSAY_MALFORMED_RESPONSE'
  | 'ASSAY_INCOMPLETE_RESPONSE'
  | 'ASSAY_RESPONSE_TOO_LARGE'
  | 'ASSAY_REDIRECT_REFUSED'
  | 'ASSAY_NO_ENDPOINT'
  // a store
  | 'ASSAY_STORE_FAILED'
  | 'ASSAY_STORE_LOCKED'
  | 'ASSAY_STORE_CORRUPT'
  // a worker thread or process
  | 'ASSAY_WORKER_CRASHED'
  | 'ASSAY_WORKER_TIMEOUT'
  | 'ASSAY_WORKER_OUT_OF_MEMORY'
  | 'ASSAY_WORKER_UNCLONEABLE'
  | 'ASSAY_WORKER_UNAVAILABLE';

/** What an {@link AssayError} is made from, beside its code and message. */
export interface AssayErrorOptions {
  /** The failure underneath, if there was one. */
  readonly cause?: unknown;
  /** Whether the same operation may succeed when tried again. @default false */
  readonly retryable?: boolean;
}

/** The plain-data form of an error, as it stands in results, in stores and in messages between threads. */
export interface ErrorRecord {
  /** Stable code of the failure. */
  readonly code: AssayErrorCode;
  /** What went wrong, for people; its wording may change. */
  readonly message: string;
  /** Whether the same operation may succeed when tried again. */
  readonly retryable: boolean;
  /** HTTP status of the last reply, for failures of an endpoint. */
  readonly status?: number;
  /** How long the endpoint asked to wait, in milliseconds. */
  readonly retryAfterMs?: number;
  /** The vendor's id of the failed request. */
  readonly requestId?: string;
}

const BRAND = Symbol.for('assaykit.error');

/**
 * Base class of all errors of this package. Recognise it with {@link AssayError.is}, which also accepts
 * errors of a second installed copy of the package; tell failures apart by `code`, never by `name`.
 *
 * It does not cover errors thrown by the host's own functions: those arrive as `cause`.
 */
export class AssayError extends Error {
  /** Stable code of the failure. */
  readonly code: AssayErrorCode;
  /** Whether the same operation may succeed when tried again. */
  readonly retryable: boolean;

  constructor(code: AssayErrorCode, message: string, options: AssayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
  }

  static {
    Object.defineProperty(AssayError.prototype, BRAND, { value: true });
    Object.defineProperty(AssayError.prototype, 'name', {
      value: 'AssayError',
      configurable: true,
      writable: true,
    });
  }

  /**
   * Whether `value` is an error of this package, from whichever copy of it. Never throws, whatever `value` does when
   * it is looked at; something that only carries the mark is none.
   */
  static is(value: unknown): value is AssayError {
    if (typeof value !== 'object' || value === null) return false;
    try {
      if ((value as Record<symbol, unknown>)[BRAND] !== true) return false;
      const { code, toRecord } = value as Partial<AssayError>;
      return typeof code === 'string' && typeof toRecord === 'function';
    } catch {
      return false;
    }
  }

  /** The plain-data form: code, message, retryable and the allow-listed fields of subclasses; no cause, no stack. */
  toRecord(): ErrorRecord {
    return { code: this.code, message: this.message, retryable: this.retryable };
  }

  /** Same as {@link AssayError.toRecord}, so that `JSON.stringify` never leaks a cause. */
  toJSON(): ErrorRecord {
    return this.toRecord();
  }
}

/** Broken input: a file, a line or a case that cannot be used. Names where it stands. */
export class InputError extends AssayError {
  /** The file or source, if known. */
  readonly source: string | undefined;
  /** 1-based line, row or case number in the source, if known. */
  readonly row: number | undefined;

  constructor(
    code: 'ASSAY_INVALID_CASE' | 'ASSAY_DUPLICATE_CASE' | 'ASSAY_EMPTY_INPUT' | 'ASSAY_INVALID_INPUT',
    message: string,
    options: AssayErrorOptions & { readonly source?: string; readonly row?: number } = {},
  ) {
    super(code, message, options);
    this.source = options.source;
    this.row = options.row;
  }
}

/** Longest message that is taken over from a host's error, in UTF-16 units: a host may put a whole reply into it. */
const LONGEST_MESSAGE = 4096;
const MOST_ERRORS = 8;
const UNREADABLE = 'a value that cannot be shown was thrown';

/**
 * Turns anything that was thrown into the plain-data form. Errors of this package keep their code; everything
 * else gets `fallbackCode` and only its message is kept (custom properties may hold headers or keys). Never throws.
 */
export function toErrorRecord(thrown: unknown, fallbackCode: AssayErrorCode): ErrorRecord {
  if (AssayError.is(thrown)) {
    try {
      const record = checkedRecord(thrown.toRecord());
      if (record !== undefined) return record;
    } catch {
      // It only carries the mark of this package.
    }
  }
  return { code: fallbackCode, message: messageOf(thrown), retryable: false };
}

function checkedRecord(given: Partial<ErrorRecord>): ErrorRecord | undefined {
  const { code, message, retryable, status, retryAfterMs, requestId } = given;
  if (typeof code !== 'string' || !/^ASSAY_[A-Z_]{1,60}$/.test(code)) return undefined;
  if (typeof message !== 'string') return undefined;
  return {
    code,
    message: bounded(message),
    retryable: retryable === true,
    ...(typeof status === 'number' ? { status } : {}),
    ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
    ...(typeof requestId === 'string' ? { requestId: bounded(requestId) } : {}),
  };
}

/**
 * A readable message for anything that can be thrown, at most about 4,100 characters long. Never throws, and holds
 * on to nothing of what was thrown.
 */
export function messageOf(thrown: unknown): string {
  try {
    return bounded(readMessage(thrown, true));
  } catch {
    return UNREADABLE;
  }
}

function readMessage(thrown: unknown, whole: boolean): string {
  if (!(thrown instanceof Error)) return typeof thrown === 'string' ? thrown : shownAs(thrown);
  const message: unknown = thrown.message;
  if (typeof message === 'string' ? message !== '' : message !== undefined && message !== null) {
    return typeof message === 'string' ? message : shownAs(message);
  }
  // Of a host with several addresses Node tells what became of each, and nothing of the whole.
  const errors = whole && thrown instanceof AggregateError ? (thrown.errors as readonly unknown[]) : [];
  if (errors.length === 0) return String(thrown.name);
  const told = errors.slice(0, MOST_ERRORS).map((each) => {
    try {
      return bounded(readMessage(each, false)); // one level: it may hold itself
    } catch {
      return UNREADABLE;
    }
  });
  return told.join('; ') + (errors.length > MOST_ERRORS ? `; and ${errors.length - MOST_ERRORS} more` : '');
}

// `String` of an object without a text of its own says nothing; its members may.
function shownAs(value: unknown): string {
  const text = String(value);
  if (text !== '[object Object]') return text;
  const { message } = value as { readonly message?: unknown };
  return typeof message === 'string' && message !== '' ? message : text;
}

function bounded(message: string): string {
  if (message.length <= LONGEST_MESSAGE) return message;
  const cut = /[\ud800-\udbff]/.test(message.charAt(LONGEST_MESSAGE - 1))
    ? LONGEST_MESSAGE - 1
    : LONGEST_MESSAGE;
  // A copy: a slice would keep the whole text in memory.
  const kept = Buffer.from(message.slice(0, cut), 'utf16le').toString('utf16le');
  return `${kept}... (${message.length} characters)`;
}
