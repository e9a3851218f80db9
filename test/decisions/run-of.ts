import type { CaseResult } from '../../src/evaluation/evaluation-types.js';
import { erroredResult, scoredResult } from '../../src/testing/sample-results.js';

/** Results of a run with one dimension, `accuracy`: a score for each case; `null`: the case errored. */
export function runOf(
  scores: readonly (number | null)[],
  options: {
    readonly runId?: string;
    readonly cluster?: (i: number) => string;
    readonly group?: (i: number) => string;
    readonly repetition?: number;
  } = {},
): CaseResult[] {
  const { runId = 'run', cluster, group, repetition = 0 } = options;
  return scores.map((score, i) => {
    const common = {
      runId,
      caseId: `case-${i}`,
      repetition,
      text: `answer ${i}`,
      ...(cluster === undefined ? {} : { cluster: cluster(i) }),
      ...(group === undefined ? {} : { group: group(i) }),
    };
    return score === null ? erroredResult(common) : scoredResult({ ...common, score });
  });
}

/** `ones` ones, then zeros, `n` together. */
export const onesOf = (ones: number, n: number): number[] =>
  Array.from({ length: n }, (_, i) => (i < ones ? 1 : 0));
