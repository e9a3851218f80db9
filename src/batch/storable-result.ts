import { AssayError, messageOf, type AssayErrorCode } from '../errors.js';
import type { CaseResultBase, Evaluation, StoredResponse } from '../evaluation/evaluation-types.js';
import { isPlain, toTagged } from '../foundation/tagged-json.js';

/** The parts of a result in which a host may have put anything. */
export interface OpenParts {
  readonly metadata?: CaseResultBase['metadata'];
  readonly response?: StoredResponse;
  readonly evaluation?: Evaluation;
}

/** A part that no store can hold, and why. */
export interface UnstorablePart {
  readonly part: keyof OpenParts;
  readonly error: AssayError;
}

const BLAME = {
  metadata: ['ASSAY_INVALID_CASE', '`metadata` of the case'],
  response: ['ASSAY_TARGET_FAILED', "the target's answer"],
  evaluation: ['ASSAY_EVALUATOR_FAILED', 'the evaluation'],
} as const satisfies Record<keyof OpenParts, readonly [AssayErrorCode, string]>;

/**
 * The parts of a result that cannot be written down: those that contain themselves, are nested deeper than 1,000 levels
 * or throw when they are read. Found before the result counts as scored: a store would refuse its whole batch.
 */
export function unstorableParts(result: OpenParts): readonly UnstorablePart[] {
  if (isPlainPart(result.metadata) && isPlainPart(result.evaluation) && isPlainPart(result.response))
    return NONE;
  return (Object.keys(BLAME) as (keyof OpenParts)[]).flatMap((part) => {
    if (isPlainPart(result[part])) return [];
    try {
      toTagged({ [part]: result[part] });
      return [];
    } catch (cause) {
      const [code, what] = BLAME[part];
      return [
        { part, error: new AssayError(code, `${what} cannot be stored: ${messageOf(cause)}`, { cause }) },
      ];
    }
  });
}

const NONE: readonly UnstorablePart[] = [];

function isPlainPart(part: unknown): boolean {
  try {
    return part === undefined || isPlain(part);
  } catch {
    return false;
  }
}

const DEEPEST_LOOK = 64;

/**
 * Reads an evaluation through, so that one whose members throw is found while it can still be told whose it is. It
 * may contain itself: without a store nothing is written.
 *
 * @throws whatever a getter of it throws.
 */
export function checkReadable(evaluation: Evaluation): void {
  if (isPlainPart(evaluation)) return;
  const seen = new Set<unknown>();
  const readThrough = (value: unknown, depth: number): void => {
    if (typeof value !== 'object' || value === null || depth > DEEPEST_LOOK || seen.has(value)) return;
    seen.add(value);
    for (const name of Object.keys(value)) readThrough((value as Record<string, unknown>)[name], depth + 1);
  };
  readThrough(evaluation, 0);
}
