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
  /** Whether the same operation may succeed when tried again. Default `false`. */
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

  /** Whether `value` is an error of this package, from whichever copy of it. */
  static is(value: unknown): value is AssayError {
    return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[BRAND] === true;
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

/**
 * Turns anything that was thrown into the plain-data form. Errors of this package keep their code; everything
 * else gets `fallbackCode` and only its message is kept (custom properties may hold headers or keys).
 */
export function toErrorRecord(thrown: unknown, fallbackCode: AssayErrorCode): ErrorRecord {
  if (AssayError.is(thrown)) return thrown.toRecord();
  return { code: fallbackCode, message: messageOf(thrown), retryable: false };
}

/** A readable message for anything that can be thrown. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) {
    if (thrown.message !== '') return thrown.message;
    // Of a host with several addresses Node tells what became of each, and nothing of the whole.
    const errors = thrown instanceof AggregateError ? (thrown.errors as readonly unknown[]) : [];
    return errors.length === 0 ? thrown.name : errors.map(messageOf).join('; ');
  }
  if (typeof thrown === 'string') return thrown;
  try {
    return String(thrown);
  } catch {
    return 'a value that cannot be shown was thrown';
  }
}
