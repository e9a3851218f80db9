import { AssayError } from '../../errors.js';
import type { Score, Scorer } from '../../evaluation/evaluation-types.js';
import { reasoningHandling } from '../../foundation/reasoning-trace.js';
import type { ReasoningOptions } from '../visible-output.js';
import { boolean, checkOptions, oneOf, requireOptions, type OptionCheck } from '../../foundation/options.js';
import { conventionText, defineScorer } from '../define-scorer.js';
import { tooLong } from './comparable-length.js';
import { lcsLength, lcsPositions, TokenNumbers } from './longest-common-subsequence.js';
import { porterStem } from './porter-stem.js';
import { foldCase, isAscii } from '../unicode-text.js';
import { acceptedTexts, checkText, NO_REFERENCE, type TextReference } from '../text-reference.js';

/** A ROUGE variant: `rouge1` to `rouge9` (n-grams), `rougeL`, `rougeLsum` (sentences are lines). */
export type RougeVariant = `rouge${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9}` | 'rougeL' | 'rougeLsum';

/** Options of {@link rouge}. */
export interface RougeOptions extends ReasoningOptions {
  /** Which ROUGE. @default 'rougeL' */
  readonly variant?: RougeVariant | undefined;
  /** Which figure is the score. @default 'fmeasure' */
  readonly measure?: 'fmeasure' | 'precision' | 'recall' | undefined;
  /** Whether words longer than 3 letters are reduced to NLTK's Porter stem. @default false */
  readonly stem?: boolean | undefined;
  /**
   * What the words are: `ascii` are rouge_score's, runs of `[a-z0-9]`; `unicode` are runs of letters, marks and digits
   * of any script, and each character by itself of scripts that are written without spaces. Not with `stem`.
   * @default 'ascii'
   */
  readonly tokenizer?: 'ascii' | 'unicode' | undefined;
}

/** Precision, recall and F (beta 1) of one ROUGE variant, each 0..1. */
export interface RougeScore {
  /** Share of the answer that is in the reference. */
  readonly precision: number;
  /** Share of the reference that is in the answer. */
  readonly recall: number;
  /** Harmonic mean of both; 0 when both are 0. */
  readonly fmeasure: number;
}

const variantCheck: OptionCheck = (value) =>
  typeof value === 'string' && /^rouge([1-9]|L|Lsum)$/.test(value)
    ? undefined
    : "'rouge1' to 'rouge9', 'rougeL' or 'rougeLsum'";

const measureCheck: OptionCheck = (value) =>
  value === 'fmeasure' || value === 'precision' || value === 'recall'
    ? undefined
    : "'fmeasure', 'precision' or 'recall'";

/**
 * ROUGE as google-research's rouge_score computes it: lower case, runs of `[a-z0-9]` are the words (other scripts
 * have none, and a text that is mostly in one is unscored), F with beta 1; `rougeLsum` takes lines as sentences and the union of their common subsequences with
 * clipped counts. The reference with the best F counts. All three figures stand in the metadata.
 *
 * Unscored when the case has no expected answer. At 10,000 characters about a millisecond for `rouge1` and `rougeL`,
 * two for `rouge2`, some with `stem`, and tens for `rougeLsum`, which grows with the product of the lengths: run long
 * texts in `workerEvaluator`. Past 200 million pairs of words (some 14,000 against 14,000) an answer is unscored by
 * `rougeL` and `rougeLsum`.
 */
export function rouge(options: RougeOptions = {}): Scorer<unknown, TextReference> {
  const checked = checkOptions('rouge', options, {
    reasoning: reasoningHandling,
    variant: variantCheck,
    measure: measureCheck,
    stem: boolean,
    tokenizer: oneOf('ascii', 'unicode'),
  });
  if (checked.stem === true && checked.tokenizer === 'unicode') {
    throw new AssayError('ASSAY_INVALID_OPTION', "Expected `stem` of rouge only with the tokenizer 'ascii'");
  }
  const variant = checked.variant ?? 'rougeL';
  const measure = checked.measure ?? 'fmeasure';
  const stem = checked.stem ?? false;
  const tokenizer = checked.tokenizer ?? 'ascii';
  const words = tokenizer === 'ascii' ? asciiWords(stem) : unicodeWords;
  const convention = conventionText('rouge', {
    variant,
    measure,
    stem,
    tokenizer: tokenizer === 'ascii' ? undefined : tokenizer,
  });
  return defineScorer<unknown, TextReference>(
    { convention, version: '2' },
    ({ output, expected }) => {
      const accepted = acceptedTexts(expected);
      if (accepted === undefined) return NO_REFERENCE;
      if (tokenizer === 'ascii' && !accepted.some(isCovered)) return UNCOVERED;
      let best: RougeScore | undefined;
      for (const reference of accepted) {
        const score = rougeOf(output, reference, { variant, words });
        if (score === undefined) return TOO_LONG;
        if (best === undefined || score.fmeasure > best.fmeasure) best = score;
      }
      return { score: best![measure], metadata: { ...best } };
    },
    checked,
  );
}

/**
 * The pure form of {@link rouge}: one variant of a candidate against one reference.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`, `ASSAY_INVALID_INPUT` for what is no text or too long to compare.
 */
export function rougeScore(
  candidate: string,
  reference: string,
  options: { readonly variant: RougeVariant; readonly stem?: boolean | undefined },
): RougeScore {
  const { variant, stem = false } = checkOptions('rougeScore', options, {
    variant: variantCheck,
    stem: boolean,
  });
  requireOptions('rougeScore', options, ['variant']);
  checkText('the candidate', candidate);
  checkText('the reference', reference);
  const score = rougeOf(candidate, reference, { variant, words: asciiWords(stem) });
  if (score !== undefined) return score;
  throw new AssayError('ASSAY_INVALID_INPUT', `Expected texts that can be compared: ${TOO_LONG.reason}`);
}

const MOST_PAIRS = 2e8; // pairs of words: a second or two, and the memory of a table
const TOO_LONG = tooLong('words', MOST_PAIRS);

type Words = (text: string) => string[];

/** `undefined`: a common subsequence of texts so long is not looked for. */
function rougeOf(
  candidate: string,
  reference: string,
  { variant, words }: { readonly variant: RougeVariant; readonly words: Words },
): RougeScore | undefined {
  if (variant === 'rougeL') return longestSubsequence(words(candidate), words(reference));
  if (variant === 'rougeLsum') return summaryLevel(linesOf(candidate, words), linesOf(reference, words));
  return nGrams(words(candidate), words(reference), Number(variant.slice('rouge'.length)));
}

const asciiWords =
  (stem: boolean): Words =>
  (text) => {
    const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
    return stem ? words.map((word) => (word.length > 3 ? porterStem(word) : word)) : words;
  };

const UNICODE_WORD =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]\p{M}*|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}])[\p{L}\p{M}\p{N}])+/gu;

const unicodeWords: Words = (text) => foldCase(text.normalize('NFC')).match(UNICODE_WORD) ?? [];

const UNCOVERED: Score = Object.freeze({
  score: null,
  reason: "most of the expected text is in a script that ROUGE's words leave out: use tokenizer 'unicode'",
});

/** Whether at least half of the letters and digits of a text are in words of `[a-z0-9]`; so is a text without any. */
function isCovered(text: string): boolean {
  if (isAscii(text)) return true;
  const letters = text.match(/[\p{L}\p{N}]/gu)?.length ?? 0;
  return letters === 0 || 2 * (text.match(/[A-Za-z0-9]/g)?.length ?? 0) >= letters;
}

const linesOf = (text: string, words: (line: string) => string[]): string[][] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map(words);

function scoreOf(hits: number, candidateSize: number, referenceSize: number): RougeScore {
  const precision = hits / Math.max(candidateSize, 1);
  const recall = hits / Math.max(referenceSize, 1);
  const sum = precision + recall;
  return { precision, recall, fmeasure: sum > 0 ? (2 * precision * recall) / sum : 0 };
}

function nGrams(candidate: readonly string[], reference: readonly string[], n: number): RougeScore {
  const left = new Map<string, number>();
  const referenceSize = Math.max(reference.length - n + 1, 0);
  const candidateSize = Math.max(candidate.length - n + 1, 0);
  for (let i = 0; i < referenceSize; i++) {
    const gram = n === 1 ? reference[i]! : reference.slice(i, i + n).join(' ');
    left.set(gram, (left.get(gram) ?? 0) + 1);
  }
  let hits = 0;
  for (let i = 0; i < candidateSize; i++) {
    const gram = n === 1 ? candidate[i]! : candidate.slice(i, i + n).join(' ');
    const count = left.get(gram);
    if (count === undefined || count === 0) continue;
    left.set(gram, count - 1);
    hits++;
  }
  return scoreOf(hits, candidateSize, referenceSize);
}

function longestSubsequence(
  candidate: readonly string[],
  reference: readonly string[],
): RougeScore | undefined {
  if (candidate.length * reference.length > MOST_PAIRS) return undefined;
  const numbers = new TokenNumbers();
  const a = numbers.of(reference);
  const b = numbers.of(candidate);
  return scoreOf(lcsLength(a, b), candidate.length, reference.length);
}

function summaryLevel(
  candidate: readonly string[][],
  reference: readonly string[][],
): RougeScore | undefined {
  if (sizeOf(candidate) * sizeOf(reference) > MOST_PAIRS) return undefined;
  const numbers = new TokenNumbers();
  const referenceLines = reference.map((line) => numbers.of(line));
  const candidateLines = candidate.map((line) => numbers.of(line));
  const leftInReference = counts(referenceLines, numbers.size);
  const leftInCandidate = counts(candidateLines, numbers.size);
  let hits = 0;
  for (const line of referenceLines) {
    const union = new Set<number>();
    for (const other of candidateLines) for (const position of lcsPositions(line, other)) union.add(position);
    for (const position of [...union].sort((a, b) => a - b)) {
      const token = line[position]!;
      // a word that stands once must not count for two lines, as in ROUGE-1.5.5
      if (!leftInCandidate[token] || !leftInReference[token]) continue;
      leftInCandidate[token]!--;
      leftInReference[token]!--;
      hits++;
    }
  }
  return scoreOf(hits, sizeOf(candidateLines), sizeOf(referenceLines));
}

function counts(lines: readonly Int32Array[], size: number): Int32Array {
  const result = new Int32Array(size);
  for (const line of lines) for (const token of line) result[token]!++;
  return result;
}

const sizeOf = (lines: readonly { readonly length: number }[]): number =>
  lines.reduce((sum, line) => sum + line.length, 0);
