import type { Scorer, ScorerArguments } from '../evaluation/evaluation-types.js';
import { checkOptions } from '../foundation/options.js';
import { conventionText, defineScorer } from './define-scorer.js';
import { textComparison, textComparisonChecks, type TextComparisonOptions } from './text-comparison.js';
import { acceptedTexts, NO_REFERENCE, type TextReference } from './text-reference.js';

/** Options of {@link exactMatch}. */
export type ExactMatchOptions = TextComparisonOptions;

/**
 * 1 when the answer equals the expected text (any one of them when there are several), else 0. Only white space at
 * the ends is ignored by default. Unscored when the case has no expected answer.
 */
export function exactMatch(options: ExactMatchOptions = {}): Scorer<unknown, TextReference> {
  const checked = checkOptions('exactMatch', options, textComparisonChecks);
  const comparison = textComparison(checked);
  const convention = conventionText('exact-match', comparison.convention);
  const score = ({ output, expected }: ScorerArguments<unknown, TextReference>) => {
    const accepted = acceptedTexts(expected);
    if (accepted === undefined) return NO_REFERENCE;
    const answer = comparison.normalized(output);
    return accepted.some((text) => comparison.equal(answer, comparison.normalized(text)));
  };
  return defineScorer({ convention, version: '2' }, score, checked);
}
