import type { ErrorRecord } from '../errors.js';
import type { Evaluation } from './evaluation-types.js';

/**
 * The error of an evaluation that failed as a whole: it has no overall score, it has dimensions, and every one of
 * them errored. Such a case is errored, not unscored. `undefined` for any other evaluation.
 */
export function evaluationFailure(evaluation: Evaluation): ErrorRecord | undefined {
  if (evaluation.overallScore !== null) return undefined;
  const first = evaluation.dimensions[0]?.error;
  if (first === undefined || evaluation.dimensions.some((dimension) => dimension.outcome !== 'errored')) {
    return undefined;
  }
  return evaluation.dimensions.length === 1
    ? first
    : { ...first, message: `every dimension errored, the first with: ${first.message}` };
}
