import { reasoningHandling } from '../../foundation/reasoning-trace.js';
import type { ReasoningOptions } from '../visible-output.js';
import { boolean, checkOptions, integer, positive } from '../../foundation/options.js';
import { oneUnitEach } from './code-units.js';
import { withCorpusMetric, type CorpusMetric, type CorpusScorer } from '../../evaluation/corpus-metric.js';
import { conventionText, defineScorer } from '../define-scorer.js';
import {
  acceptedTexts,
  checkReferences,
  checkText,
  NO_REFERENCE,
  type TextReference,
} from '../text-reference.js';
import { codePointLength, splitWhiteSpace } from '../unicode-text.js';

/** Options of {@link chrf}; the defaults are sacreBLEU's chrF2. */
export interface ChrfOptions extends ReasoningOptions {
  /** Longest character n-gram, >= 1. @default 6 */
  readonly charOrder?: number | undefined;
  /** Longest word n-gram; 2 makes chrF++. @default 0 */
  readonly wordOrder?: number | undefined;
  /** How many times as much recall counts as precision, > 0. @default 2 */
  readonly beta?: number | undefined;
  /** Whether everything is lower-cased first. @default false */
  readonly lowercase?: boolean | undefined;
  /** Whether white space is part of character n-grams. @default false */
  readonly whiteSpace?: boolean | undefined;
}

/**
 * Character n-gram F-score (Popovic 2015) as sacreBLEU computes it: chrF2, or chrF++ with `wordOrder: 2`. The
 * dimension's score is the sentence's chrF / 100; the figure of the field is the corpus chrF of the run, which the
 * scorer's `corpus` metric makes of the summed counts.
 *
 * `expected` holds one or more references, of which the best counts; empty ones are left out. Unscored when none
 * remains. Takes about a millisecond per 1,000 characters: run it in `workerEvaluator` for long texts.
 */
export function chrf(options: ChrfOptions = {}): CorpusScorer<unknown, TextReference> {
  const settings = chrfSettings(options);
  const convention = conventionText('chrf', {
    charOrder: settings.charOrder,
    wordOrder: settings.wordOrder,
    beta: settings.beta,
    case: settings.lowercase ? 'lc' : 'mixed',
    space: settings.whiteSpace,
  });
  const scorer = defineScorer<unknown, TextReference>(
    { convention, version: '2' },
    ({ output, expected }) => {
      const accepted = acceptedTexts(expected)?.filter((reference) => reference !== '');
      if (accepted === undefined || accepted.length === 0) return NO_REFERENCE;
      const statistics = bestStatistics(output, accepted, settings);
      const score = chrfOf(statistics, settings);
      const references = accepted.length;
      return {
        score: Math.min(score / 100, 1),
        metadata: { chrf: score, corpus: [...statistics, 1, references, references * references] },
      };
    },
    options,
  );
  return withCorpusMetric(scorer, corpusChrf(settings));
}

/**
 * chrF of one answer, 0..100: the pure form of {@link chrf}.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for what is no text, or without a list of references; `ASSAY_INVALID_OPTION`.
 */
export function sentenceChrf(
  answer: string,
  references: readonly string[],
  options: ChrfOptions = {},
): number {
  const settings = chrfSettings(options);
  checkText('the answer', answer);
  checkReferences(references);
  return chrfOf(bestStatistics(answer, references, settings), settings);
}

interface ChrfSettings {
  readonly charOrder: number;
  readonly wordOrder: number;
  readonly beta: number;
  readonly lowercase: boolean;
  readonly whiteSpace: boolean;
}

function chrfSettings(options: ChrfOptions): ChrfSettings {
  const checked = checkOptions('chrf', options, {
    reasoning: reasoningHandling,
    charOrder: integer(1, 20),
    wordOrder: integer(0, 20),
    beta: positive,
    lowercase: boolean,
    whiteSpace: boolean,
  });
  return {
    charOrder: checked.charOrder ?? 6,
    wordOrder: checked.wordOrder ?? 0,
    beta: checked.beta ?? 2,
    lowercase: checked.lowercase ?? false,
    whiteSpace: checked.whiteSpace ?? false,
  };
}

/** One text, ready for counting: its characters one unit each, and its words. */
interface Prepared {
  readonly characters: string;
  readonly words: readonly string[];
}

/** [n-grams of the answer, of the reference, in both] by order, for the reference with the best score. */
function bestStatistics(answer: string, references: readonly string[], settings: ChrfSettings): number[] {
  const [prepared, ...others] = prepare([answer, ...references], settings);
  let best: number[] | undefined;
  let bestScore = -1;
  for (const reference of others) {
    const statistics = statisticsOf(prepared!, reference, settings);
    const score = chrfOf(statistics, settings);
    if (score > bestScore) {
      best = statistics;
      bestScore = score;
    }
  }
  return best!;
}

function prepare(texts: readonly string[], settings: ChrfSettings): Prepared[] {
  const cased = settings.lowercase ? texts.map((text) => text.toLowerCase()) : texts;
  const characters = settings.whiteSpace ? cased : cased.map((text) => splitWhiteSpace(text).join(''));
  return oneUnitEach(characters).map((units, i) => ({
    characters: units,
    words: settings.wordOrder === 0 ? [] : separatePunctuation(cased[i]!),
  }));
}

const ASCII_PUNCTUATION = /[!-/:-@[-`{-~]/;

/** chrF++'s words: one punctuation mark is split off each word, at its end or else at its beginning. */
function separatePunctuation(text: string): string[] {
  return splitWhiteSpace(text).flatMap((word) => {
    if (codePointLength(word) === 1) return [word];
    if (ASCII_PUNCTUATION.test(word.at(-1)!)) return [word.slice(0, -1), word.at(-1)!];
    if (ASCII_PUNCTUATION.test(word[0]!)) return [word[0]!, word.slice(1)];
    return [word];
  });
}

function statisticsOf(answer: Prepared, reference: Prepared, settings: ChrfSettings): number[] {
  const statistics: number[] = [];
  for (let n = 1; n <= settings.charOrder; n++) {
    countMatches(
      statistics,
      {
        ofAnswer: (i) => answer.characters.substring(i, i + n),
        ofReference: (i) => reference.characters.substring(i, i + n),
      },
      { answerSize: answer.characters.length - n + 1, referenceSize: reference.characters.length - n + 1 },
    );
  }
  for (let n = 1; n <= settings.wordOrder; n++) {
    countMatches(
      statistics,
      {
        ofAnswer: (i) => answer.words.slice(i, i + n).join(' '),
        ofReference: (i) => reference.words.slice(i, i + n).join(' '),
      },
      { answerSize: answer.words.length - n + 1, referenceSize: reference.words.length - n + 1 },
    );
  }
  return statistics;
}

function countMatches(
  statistics: number[],
  grams: { readonly ofAnswer: (i: number) => string; readonly ofReference: (i: number) => string },
  { answerSize, referenceSize }: { readonly answerSize: number; readonly referenceSize: number },
): void {
  const left = new Map<string, number>();
  for (let i = 0; i < referenceSize; i++) {
    const gram = grams.ofReference(i);
    left.set(gram, (left.get(gram) ?? 0) + 1);
  }
  let matches = 0;
  for (let i = 0; i < answerSize; i++) {
    const gram = grams.ofAnswer(i);
    const count = left.get(gram);
    if (count === undefined || count === 0) continue;
    left.set(gram, count - 1);
    matches++;
  }
  // an order that the reference is too short for does not count against the answer
  statistics.push(referenceSize > 0 ? Math.max(answerSize, 0) : 0, Math.max(referenceSize, 0), matches);
}

function chrfOf(statistics: readonly number[], { charOrder, wordOrder, beta }: ChrfSettings): number {
  let precision = 0;
  let recall = 0;
  let orders = 0;
  for (let i = 0; i < charOrder + wordOrder; i++) {
    const inAnswer = statistics[3 * i]!;
    const inReference = statistics[3 * i + 1]!;
    if (inAnswer === 0 || inReference === 0) continue;
    precision += statistics[3 * i + 2]! / inAnswer;
    recall += statistics[3 * i + 2]! / inReference;
    orders++;
  }
  if (orders === 0 || precision + recall === 0) return 0;
  precision /= orders;
  recall /= orders;
  const factor = beta * beta;
  return (100 * ((1 + factor) * precision * recall)) / (factor * precision + recall);
}

function corpusChrf(settings: ChrfSettings): CorpusMetric {
  const used = 3 * (settings.charOrder + settings.wordOrder);
  return {
    name: 'chrf',
    size: used + 3,
    summarize(totals) {
      const [segments, references, squares] = totals.slice(used) as [number, number, number];
      if (segments === 0) return { score: null, details: {} };
      const value = chrfOf(totals, settings);
      const sameCount = segments * squares === references * references;
      return {
        score: Math.min(value / 100, 1),
        details: {
          chrf: value,
          signature: [
            `nrefs:${sameCount ? references / segments : 'var'}`,
            `case:${settings.lowercase ? 'lc' : 'mixed'}`,
            'eff:yes',
            `nc:${settings.charOrder}`,
            `nw:${settings.wordOrder}`,
            `space:${settings.whiteSpace ? 'yes' : 'no'}`,
            ...(settings.beta === 2 ? [] : [`beta:${settings.beta}`]),
            'impl:assaykit',
          ].join('|'),
        },
      };
    },
  };
}
