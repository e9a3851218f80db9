import type { Scorer, ScorerResult } from '../../src/evaluation/evaluation-types.js';
import { textResponse } from '../../src/evaluation/evaluator.js';

/** Calls a scorer for one answer, outside of any run. */
export function scoreWith<Expected>(
  scorer: Scorer<unknown, Expected>,
  output: string,
  expected: Expected,
  input: unknown = 'question',
): ScorerResult | Promise<ScorerResult> {
  return scorer({
    input,
    output,
    expected,
    metadata: {},
    response: textResponse(output),
    signal: new AbortController().signal,
  });
}
