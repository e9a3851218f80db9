import type { Scorer } from '../../evaluation/evaluation-types.js';
import { reasoningHandling } from '../../foundation/reasoning-trace.js';
import type { ReasoningOptions } from '../visible-output.js';
import { checkOptions, oneOf } from '../../foundation/options.js';
import { conventionText, defineScorer } from '../define-scorer.js';
import {
  acceptedTexts,
  checkReferences,
  checkText,
  NO_REFERENCE,
  type TextReference,
} from '../text-reference.js';
import { NO_WORD_AFTER, NO_WORD_BEFORE, isAscii, splitWhiteSpace } from '../unicode-text.js';

/** Options of {@link tokenF1}. */
export interface TokenF1Options extends ReasoningOptions {
  /** Which of SQuAD's two figures is the score; both stand in the metadata. @default 'f1' */
  readonly measure?: 'f1' | 'exactMatch' | undefined;
}

/** SQuAD's two figures for one answer, each 0..1 and each the best over the references. */
export interface SquadScores {
  /** Whether answer and a reference are equal after normalisation. */
  readonly exactMatch: 0 | 1;
  /** Overlap of the bags of words. */
  readonly f1: number;
}

/**
 * Word overlap with the expected answer as SQuAD v2.0 measures it (its evaluate-v2.0.py, Python's Unicode rules
 * included): both sides are lower-cased, ASCII punctuation and the articles a, an, the are dropped, and the rest is
 * compared as bags of words; F1 = 2PR/(P+R), best over all expected answers. Where one side normalises to
 * nothing, only nothing on the other side is right.
 *
 * Unscored when the case has no expected answer; an unanswerable question has the expected answer `''`. About a
 * millisecond for 10,000 characters, more when they are not ASCII: run longer texts in `workerEvaluator`.
 */
export function tokenF1(options: TokenF1Options = {}): Scorer<unknown, TextReference> {
  const checked = checkOptions('tokenF1', options, {
    measure: oneOf('f1', 'exactMatch'),
    reasoning: reasoningHandling,
  });
  const measure = checked.measure ?? 'f1';
  return defineScorer(
    { convention: conventionText('squad-v2', { measure }), version: '2' },
    ({ output, expected }) => {
      const accepted = acceptedTexts(expected);
      if (accepted === undefined) return NO_REFERENCE;
      const scores = squadScores(output, accepted);
      return { score: scores[measure], metadata: { exactMatch: scores.exactMatch, f1: scores.f1 } };
    },
    checked,
  );
}

/**
 * The pure form of {@link tokenF1}: both figures of an answer against one or more references.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for what is no text, or without a list of references; that of an unanswerable
 *   question is `''`.
 */
export function squadScores(answer: string, references: readonly string[]): SquadScores {
  checkText('the answer', answer);
  checkReferences(references);
  const normalizedAnswer = squadNormalize(answer);
  const answerTokens = tokensOf(normalizedAnswer);
  let exactMatch: 0 | 1 = 0;
  let f1 = 0;
  for (const reference of references.map(squadNormalize)) {
    if (reference === normalizedAnswer) exactMatch = 1;
    f1 = Math.max(f1, bagF1(answerTokens, tokensOf(reference)));
  }
  return { exactMatch, f1 };
}

const ASCII_PUNCTUATION = /[!-/:-@[-`{-~]/g;
const ASCII_ARTICLES = /\b(?:a|an|the)\b/g;
const ARTICLES = new RegExp(`${NO_WORD_BEFORE}(?:a|an|the)${NO_WORD_AFTER}`, 'gu');

/** SQuAD's normalised form: lower case, no ASCII punctuation, no English articles, single spaces. */
export function squadNormalize(text: string): string {
  const bare = text.toLowerCase().replace(ASCII_PUNCTUATION, '');
  return splitWhiteSpace(bare.replace(isAscii(bare) ? ASCII_ARTICLES : ARTICLES, ' ')).join(' ');
}

const tokensOf = (normalized: string): string[] => (normalized === '' ? [] : normalized.split(' '));

function bagF1(answer: readonly string[], reference: readonly string[]): number {
  if (answer.length === 0 || reference.length === 0) return answer.length === reference.length ? 1 : 0;
  const left = new Map<string, number>();
  for (const token of reference) left.set(token, (left.get(token) ?? 0) + 1);
  let same = 0;
  for (const token of answer) {
    const count = left.get(token);
    if (count === undefined || count === 0) continue;
    left.set(token, count - 1);
    same++;
  }
  if (same === 0) return 0;
  const precision = same / answer.length;
  const recall = same / reference.length;
  return (2 * precision * recall) / (precision + recall);
}
