import { distance } from 'fastest-levenshtein';
import type { Scorer } from '../../evaluation/evaluation-types.js';
import { checkOptions } from '../../foundation/options.js';
import { tooLong } from './comparable-length.js';
import { oneUnitEach } from './code-units.js';
import { conventionText, defineScorer } from '../define-scorer.js';
import { textComparison, textComparisonChecks, type TextComparisonOptions } from '../text-comparison.js';
import { acceptedTexts, NO_REFERENCE, type TextReference } from '../text-reference.js';

/** Options of {@link editSimilarity}. */
export type EditSimilarityOptions = Omit<TextComparisonOptions, 'ignoreFinalPeriod'>;

const { ignoreFinalPeriod: _, ...comparisonChecks } = textComparisonChecks;

/**
 * 1 - d / max(length), d being the Levenshtein distance, both by code points (an emoji is one character); 1 when both
 * texts are empty. The most similar expected text counts. Unscored when the case has no expected answer.
 *
 * Cost grows with the product of the lengths: 10,000 against 10,000 characters take about 30 ms, so run long texts
 * in `workerEvaluator`; past 4 billion pairs of characters (some 63,000 against 63,000) the answer is unscored.
 */
export function editSimilarity(options: EditSimilarityOptions = {}): Scorer<unknown, TextReference> {
  const checked = checkOptions('editSimilarity', options, comparisonChecks);
  const comparison = textComparison(checked);
  return defineScorer(
    { convention: conventionText('edit-similarity', comparison.convention), version: '2' },
    ({ output, expected }) => {
      const accepted = acceptedTexts(expected);
      if (accepted === undefined) return NO_REFERENCE;
      const answer = comparison.normalized(output);
      const texts = accepted.map((text) => comparison.normalized(text));
      if (texts.some((text) => text.length * answer.length > MOST_PAIRS)) return TOO_LONG;
      return texts.reduce((best, text) => Math.max(best, textSimilarity(answer, text)), 0);
    },
    checked,
  );
}

const MOST_PAIRS = 4e9; // a second or two
const TOO_LONG = tooLong('characters', MOST_PAIRS);

/** The pure form of {@link editSimilarity}: 0..1 for two texts as they are. */
export function textSimilarity(a: string, b: string): number {
  const [left, right] = oneUnitEach([a, b]) as [string, string];
  const longest = Math.max(left.length, right.length);
  return longest === 0 ? 1 : 1 - distance(left, right) / longest;
}
