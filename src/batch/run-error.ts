import { AssayError, messageOf, type AssayErrorCode, type AssayErrorOptions } from '../errors.js';
import type { RunSummary, StopReason } from './summary/run-summary.js';

/** A run that ended before its input did, through an abort or a failing store. Says what is safe. */
export class RunError extends AssayError {
  /** How many results of this start are durable in the store (0 without a store). */
  readonly safe: number;
  /** What the run came to until then. */
  readonly summary: RunSummary;

  constructor(
    code: AssayErrorCode,
    message: string,
    options: AssayErrorOptions & { readonly safe: number; readonly summary: RunSummary },
  ) {
    super(code, message, options);
    this.safe = options.safe;
    this.summary = options.summary;
  }
}

/** What a run came to that did not come to the end of its input. */
export interface EndedRun {
  readonly cause: unknown;
  /** Results that are durable in the store. */
  readonly safe: number;
  readonly summary: RunSummary;
}

/** What a run that has ended for `stopReason` rejects with; `undefined` when it ended without an error. */
export function runError(stopReason: StopReason, ended: EndedRun): unknown {
  if (stopReason === 'aborted') return abortedError(ended);
  if (stopReason === 'store-error') return storeFailedError(ended);
  return ended.cause; // of the input, or what a function of the host threw
}

/** What a host's function threw, told from nothing: a run that it ended must not look as if it ended well. */
export const thrown = (error: unknown): unknown => error ?? new Error(`${String(error)} was thrown`);

function abortedError({ cause, safe, summary }: EndedRun): RunError {
  return new RunError(
    'ASSAY_ABORTED',
    `The run was aborted: ${messageOf(cause)}; ${safe} results are stored`,
    {
      cause,
      safe,
      summary,
    },
  );
}

function storeFailedError({ cause, safe, summary }: EndedRun): RunError {
  const results = summary.scored + summary.unscored + summary.errored;
  return new RunError(
    AssayError.is(cause) ? cause.code : 'ASSAY_STORE_FAILED',
    `The store failed: ${messageOf(cause)}; ${safe} of ${results} results of this start are safe`,
    { cause, safe, summary, retryable: true },
  );
}

/** What a case in flight ends with when its run is aborted. */
export function caseAborted(reason: unknown): AssayError {
  return new AssayError('ASSAY_ABORTED', 'The run was aborted before the case was done', {
    cause: reason,
    retryable: true,
  });
}

/** What a case ends with whose time is up. */
export function caseTimeout(timeoutMs: number, cause?: unknown): AssayError {
  return new AssayError('ASSAY_CASE_TIMEOUT', `The case was not done within ${timeoutMs} ms`, { cause });
}

/** What a case in flight ends with when draining takes too long. */
export function drainTimeout(timeoutMs: number): AssayError {
  return new AssayError('ASSAY_ABORTED', `The case was not done ${timeoutMs} ms after the run was drained`, {
    retryable: true,
  });
}
