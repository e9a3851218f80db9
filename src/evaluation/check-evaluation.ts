import { AssayError } from '../errors.js';
import { show } from '../foundation/options.js';
import { shareError } from './dimension-result.js';
import type { DimensionResult, Evaluation } from './evaluation-types.js';

/**
 * Checks what an evaluator of the host's own returned, so that one that is wrong makes its case errored and nothing
 * else. Costs a few property reads: it runs for every case.
 *
 * @throws AssayError `ASSAY_EVALUATOR_FAILED` for something that is no evaluation, `ASSAY_INVALID_SCORE` with the
 * value for a score, a confidence or a cultural relevance outside 0..1.
 */
export function checkEvaluation(evaluation: Evaluation): void {
  if (typeof evaluation !== 'object' || evaluation === null || !Array.isArray(evaluation.dimensions)) {
    throw failed('the evaluator to return an evaluation with `overallScore` and `dimensions`', evaluation);
  }
  const { overallScore, dimensions } = evaluation;
  if (!isScore(overallScore)) throw outOfRange('`overallScore`', overallScore);
  for (const dimension of dimensions as readonly (DimensionResult | null)[]) {
    const name: unknown = dimension?.name;
    if (typeof name !== 'string' || name === '') {
      throw failed('each dimension of an evaluation to be an object with a `name`', dimension);
    }
    const { score, outcome, confidence, culturalRelevance } = dimension as DimensionResult;
    if (!isScore(score)) throw outOfRange(`\`score\` of dimension ${show(name)}`, score);
    if (!OUTCOMES.has(outcome) || (outcome === 'scored') !== (score !== null)) {
      throw failed(
        `\`outcome\` of dimension ${show(name)} to be 'scored' with a score, 'unscored' or 'errored' without`,
        outcome,
      );
    }
    const wrong =
      shareError(name, { member: 'confidence', value: confidence }) ??
      shareError(name, { member: 'culturalRelevance', value: culturalRelevance });
    if (wrong !== undefined) throw wrong;
  }
}

const OUTCOMES: ReadonlySet<unknown> = new Set<DimensionResult['outcome']>(['scored', 'unscored', 'errored']);

function isScore(value: unknown): boolean {
  return value === null || (typeof value === 'number' && value >= 0 && value <= 1);
}

function outOfRange(name: string, got: unknown): AssayError {
  return new AssayError(
    'ASSAY_INVALID_SCORE',
    `Expected ${name} to be a number in 0..1 or null, got ${show(got)}`,
  );
}

function failed(expectation: string, got: unknown): AssayError {
  return new AssayError('ASSAY_EVALUATOR_FAILED', `Expected ${expectation}, got ${show(got)}`);
}
