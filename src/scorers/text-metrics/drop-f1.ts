import type { Scorer } from '../../evaluation/evaluation-types.js';
import { reasoningHandling } from '../../foundation/reasoning-trace.js';
import type { ReasoningOptions } from '../visible-output.js';
import { callable, checkOptions, oneOf, text } from '../../foundation/options.js';
import { givenAtOnce } from '../../foundation/thenable.js';
import { conventionText, defineScorer } from '../define-scorer.js';
import { optimalAssignment } from './optimal-assignment.js';
import { pythonFloat, pythonFloatText } from './python-float.js';
import {
  acceptedTexts,
  checkReferences,
  checkTexts,
  NO_REFERENCE,
  type TextReference,
} from '../text-reference.js';
import { NO_WORD_AFTER, NO_WORD_BEFORE, splitWhiteSpace } from '../unicode-text.js';

/** Options of {@link dropF1}. */
export interface DropF1Options extends ReasoningOptions {
  /** Which of DROP's two figures is the score; both stand in the metadata. @default 'f1' */
  readonly measure?: 'f1' | 'exactMatch' | undefined;
  /** Splits an answer into its spans. @default the answer is one span */
  readonly spans?: ((output: string) => readonly string[]) | undefined;
  /** Names your own `spans` in the convention; change it with the function. */
  readonly spansName?: string | undefined;
}

/** DROP's two figures for one answer, each 0..1. */
export interface DropScores {
  /** Whether the spans are the same. */
  readonly exactMatch: 0 | 1;
  /** Rounded to 4 decimals, as the reference rounds its per cent to 2. */
  readonly f1: number;
}

/**
 * Discrete reasoning over paragraphs (DROP) as the reference implementation scores it: words are split at spaces and
 * hyphens, stripped of case, ASCII punctuation and articles, numbers are written as floats; spans are aligned one to
 * one so that the mean F1 over the longer side is largest, and a span whose expected numbers are missing scores 0.
 *
 * Several expected texts are the spans of *one* answer here, all of which are wanted, unlike with other scorers.
 * Unscored when the case has no expected answer.
 */
export function dropF1(options: DropF1Options = {}): Scorer<unknown, TextReference> {
  const checked = checkOptions('dropF1', options, {
    reasoning: reasoningHandling,
    measure: oneOf('f1', 'exactMatch'),
    spans: callable,
    spansName: text,
  });
  const measure = checked.measure ?? 'f1';
  const spans = checked.spans ?? ((output: string) => [output]);
  const convention = conventionText('drop', {
    measure,
    spans: checked.spans === undefined ? 'one' : (checked.spansName ?? 'custom'),
  });
  return defineScorer(
    { convention, version: '2' },
    ({ output, expected }) => {
      const accepted = acceptedTexts(expected);
      if (accepted === undefined) return NO_REFERENCE;
      const scores = dropScores(givenAtOnce('`spans` of dropF1', spans(output)), accepted);
      return { score: scores[measure], metadata: { exactMatch: scores.exactMatch, f1: scores.f1 } };
    },
    checked,
  );
}

/**
 * The pure form of {@link dropF1}: both figures for the spans of an answer against the expected spans.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for what is no list of texts, or without expected spans.
 */
export function dropScores(answer: readonly string[], expected: readonly string[]): DropScores {
  checkTexts('the spans of the answer', answer);
  checkReferences(expected);
  const answerSpans = answer.map(normalizeSpan);
  const expectedSpans = expected.map(normalizeSpan);
  const answerBags = answerSpans.map(bagOf);
  const worth = expectedSpans.map((span) => {
    const bag = bagOf(span);
    return answerBags.map((other) => (numbersAgree(bag, other) ? setF1(other, bag) : 0));
  });
  const sum = optimalAssignment(worth).reduce(
    (total, column, row) => total + (column < 0 ? 0 : worth[row]![column]!),
    0,
  );
  const percent = (100 * sum) / Math.max(answer.length, expected.length);
  return {
    exactMatch: sameSpans(answerSpans, expectedSpans) ? 1 : 0,
    f1: Math.min(roundHalfEven(percent * 100) / 10_000, 1),
  };
}

const ASCII_PUNCTUATION = /[!-/:-@[-`{-~]/g;
const ARTICLES = new RegExp(`${NO_WORD_BEFORE}(?:a|an|the)${NO_WORD_AFTER}`, 'gu');

function normalizeSpan(span: string): string {
  return span
    .split(/[ -]/)
    .map(normalizeToken)
    .filter((token) => token !== '')
    .join(' ');
}

function normalizeToken(token: string): string {
  const lower = token.toLowerCase();
  const bare = pythonFloat(lower) === undefined ? lower.replace(ASCII_PUNCTUATION, '') : lower;
  const value = pythonFloat(bare);
  const written = value === undefined ? bare : pythonFloatText(value);
  return splitWhiteSpace(written.replace(ARTICLES, ' ')).join(' ');
}

const bagOf = (span: string): ReadonlySet<string> => new Set(splitWhiteSpace(span));

/** Where numbers are expected, one of them must be there. */
function numbersAgree(expected: ReadonlySet<string>, answer: ReadonlySet<string>): boolean {
  const numbers = [...expected].filter((word) => pythonFloat(word) !== undefined);
  return numbers.length === 0 || numbers.some((word) => answer.has(word));
}

function setF1(answer: ReadonlySet<string>, expected: ReadonlySet<string>): number {
  let same = 0;
  for (const word of answer) if (expected.has(word)) same++;
  const precision = answer.size === 0 ? 1 : same / answer.size;
  const recall = expected.size === 0 ? 1 : same / expected.size;
  return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
}

function sameSpans(a: readonly string[], b: readonly string[]): boolean {
  const [left, right] = [new Set(a), new Set(b)];
  return a.length === b.length && left.size === right.size && [...left].every((span) => right.has(span));
}

/** As numpy's rint: halves go to the even neighbour. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
