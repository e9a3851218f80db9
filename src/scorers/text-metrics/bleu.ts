import { reasoningHandling } from '../../foundation/reasoning-trace.js';
import type { ReasoningOptions } from '../visible-output.js';
import { boolean, checkOptions, integer, oneOf, positive } from '../../foundation/options.js';
import { bleuTokenizers, type BleuTokenizer } from './bleu-tokenizers.js';
import { withCorpusMetric, type CorpusMetric, type CorpusScorer } from '../../evaluation/corpus-metric.js';
import { conventionText, defineScorer } from '../define-scorer.js';
import { ReferenceCounts } from './reference-counts.js';
import {
  acceptedTexts,
  checkReferences,
  checkText,
  NO_REFERENCE,
  type TextReference,
} from '../text-reference.js';

/** Options of {@link bleu}; the defaults are sacreBLEU's. */
export interface BleuOptions extends ReasoningOptions {
  /**
   * How text is split: mteval-v13a's rules, the international ones of mteval-v14 (`intl`), Chinese characters each by
   * itself (`zh`), into characters, or at white space only (`none`). @default '13a'
   */
  readonly tokenize?: BleuTokenizer | undefined;
  /** Whether everything is lower-cased first. @default false */
  readonly lowercase?: boolean | undefined;
  /** What becomes of n-gram orders without a match. @default 'exp' */
  readonly smoothing?: 'exp' | 'floor' | 'add-k' | 'none' | undefined;
  /** Value for `floor` (default 0.1) and `add-k` (default 1), > 0. */
  readonly smoothingValue?: number | undefined;
  /** Longest n-gram, >= 1. @default 4 */
  readonly maxOrder?: number | undefined;
  /** Whether the corpus figure leaves out orders that no answer is long enough for. @default false */
  readonly effectiveOrder?: boolean | undefined;
}

/** BLEU with what it is made of. */
export interface BleuScore {
  /** 0..100 (rounding may add 1e-14). */
  readonly score: number;
  /** Matching n-grams by order, clipped. */
  readonly counts: readonly number[];
  /** All n-grams of the answers by order. */
  readonly totals: readonly number[];
  /** Precision in per cent by order, smoothed. */
  readonly precisions: readonly number[];
  /** 0..1; 1 when the answers are at least as long as the references. */
  readonly brevityPenalty: number;
  /** Tokens of the answers. */
  readonly systemLength: number;
  /** Tokens of the references that are closest in length. */
  readonly referenceLength: number;
}

/**
 * BLEU as sacreBLEU computes it. The dimension's score is sentence BLEU / 100 with effective order (without it a
 * short answer could score nothing); its mean is *not* BLEU: the figure of the field is the corpus BLEU of the
 * run, which the scorer's `corpus` metric makes of the summed counts, with a signature in sacreBLEU's form.
 *
 * `expected` holds one or more references; empty ones are left out. Unscored when none remains. On 10,000 characters
 * it takes five to ten milliseconds: run it in `workerEvaluator` for long texts.
 */
export function bleu(options: BleuOptions = {}): CorpusScorer<unknown, TextReference> {
  const settings = bleuSettings(options);
  const convention = conventionText('bleu', {
    tok: settings.tokenize,
    case: settings.lowercase ? 'lc' : 'mixed',
    smooth: smoothingText(settings),
    order: settings.maxOrder,
    corpusEff: settings.effectiveOrder,
  });
  const scorer = defineScorer<unknown, TextReference>(
    { convention, version: '2' },
    ({ output, expected }) => {
      const accepted = acceptedTexts(expected)?.filter((reference) => reference !== '');
      if (accepted === undefined || accepted.length === 0) return NO_REFERENCE;
      const statistics = segmentStatistics(output, accepted, settings);
      const { score, brevityPenalty } = bleuOf(statistics, settings, true);
      const references = accepted.length;
      return {
        score: Math.min(score / 100, 1),
        metadata: {
          bleu: score,
          brevityPenalty,
          corpus: [...statistics, 1, references, references * references],
        },
      };
    },
    options,
  );
  return withCorpusMetric(scorer, corpusBleu(settings));
}

/**
 * Sentence BLEU of one answer (effective order on), the pure form of {@link bleu}.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for what is no text, or without a list of references; `ASSAY_INVALID_OPTION`.
 */
export function sentenceBleu(
  answer: string,
  references: readonly string[],
  options: BleuOptions = {},
): BleuScore {
  const settings = bleuSettings(options);
  checkText('the answer', answer);
  checkReferences(references);
  return bleuOf(segmentStatistics(answer, references, settings), settings, true);
}

interface BleuSettings {
  readonly tokenize: BleuTokenizer;
  readonly lowercase: boolean;
  readonly smoothing: 'exp' | 'floor' | 'add-k' | 'none';
  readonly smoothingValue: number;
  readonly maxOrder: number;
  readonly effectiveOrder: boolean;
}

function bleuSettings(options: BleuOptions): BleuSettings {
  const checked = checkOptions('bleu', options, {
    reasoning: reasoningHandling,
    tokenize: oneOf('13a', 'intl', 'zh', 'char', 'none'),
    lowercase: boolean,
    smoothing: oneOf('exp', 'floor', 'add-k', 'none'),
    smoothingValue: positive,
    maxOrder: integer(1, 20),
    effectiveOrder: boolean,
  });
  const smoothing = checked.smoothing ?? 'exp';
  return {
    tokenize: checked.tokenize ?? '13a',
    lowercase: checked.lowercase ?? false,
    smoothing,
    smoothingValue: checked.smoothingValue ?? (smoothing === 'floor' ? 0.1 : 1),
    maxOrder: checked.maxOrder ?? 4,
    effectiveOrder: checked.effectiveOrder ?? false,
  };
}

/** [system length, reference length, matches by order…, n-grams by order…] */
function segmentStatistics(answer: string, references: readonly string[], settings: BleuSettings): number[] {
  const split = bleuTokenizers[settings.tokenize];
  const tokensOf = (text: string): string[] => split(settings.lowercase ? text.toLowerCase() : text);
  const tokens = tokensOf(answer);
  const inReferences = new ReferenceCounts();
  let referenceLength = -1;
  for (const reference of references) {
    const referenceTokens = tokensOf(reference);
    inReferences.begin();
    for (let n = 1; n <= settings.maxOrder; n++) {
      for (let i = 0; i + n <= referenceTokens.length; i++) inReferences.add(nGram(referenceTokens, i, n));
    }
    if (referenceLength < 0 || closer(referenceTokens.length, referenceLength, tokens.length)) {
      referenceLength = referenceTokens.length;
    }
  }
  const statistics = [tokens.length, referenceLength];
  for (let n = 1; n <= settings.maxOrder; n++) {
    let matches = 0;
    for (let i = 0; i + n <= tokens.length; i++) if (inReferences.take(nGram(tokens, i, n))) matches++;
    statistics[1 + n] = matches;
    statistics[1 + settings.maxOrder + n] = Math.max(tokens.length - n + 1, 0);
  }
  return statistics;
}

/** Tokens hold no white space, so a space keeps n-grams of different orders and splits apart. */
function nGram(tokens: readonly string[], start: number, n: number): string {
  let gram = tokens[start]!;
  for (let i = start + 1; i < start + n; i++) gram += ` ${tokens[i]!}`;
  return gram;
}

const closer = (length: number, than: number, target: number): boolean => {
  const gain = Math.abs(than - target) - Math.abs(length - target);
  return gain > 0 || (gain === 0 && length < than);
};

function bleuOf(statistics: readonly number[], settings: BleuSettings, effectiveOrder: boolean): BleuScore {
  const { smoothing, smoothingValue, maxOrder } = settings;
  const systemLength = statistics[0]!;
  const referenceLength = statistics[1]!;
  const counts = statistics.slice(2, 2 + maxOrder);
  const totals = statistics.slice(2 + maxOrder, 2 + 2 * maxOrder);
  const precisions = counts.map(() => 0);
  let brevityPenalty = 1;
  if (systemLength < referenceLength) {
    brevityPenalty = systemLength > 0 ? Math.exp(1 - referenceLength / systemLength) : 0;
  }
  const parts = { counts, totals, precisions, brevityPenalty, systemLength, referenceLength };
  if (counts.every((count) => count === 0)) return { score: 0, ...parts };
  let order = maxOrder;
  let halvings = 1;
  for (let n = 0; n < maxOrder; n++) {
    if (smoothing === 'add-k' && n > 0) {
      counts[n]! += smoothingValue;
      totals[n]! += smoothingValue;
    }
    if (totals[n] === 0) break;
    if (effectiveOrder) order = n + 1;
    if (counts[n]! > 0) precisions[n] = (100 * counts[n]!) / totals[n]!;
    else if (smoothing === 'exp') precisions[n] = 100 / ((halvings *= 2) * totals[n]!);
    else if (smoothing === 'floor') precisions[n] = (100 * smoothingValue) / totals[n]!;
  }
  let logSum = 0;
  for (let n = 0; n < order; n++) logSum += Math.log(precisions[n]!); // of 0: -Infinity, so that the score is 0
  return { score: brevityPenalty * Math.exp(logSum / order), ...parts };
}

const smoothingText = ({ smoothing, smoothingValue }: BleuSettings): string =>
  smoothing === 'floor' || smoothing === 'add-k' ? `${smoothing}[${smoothingValue.toFixed(2)}]` : smoothing;

function corpusBleu(settings: BleuSettings): CorpusMetric {
  const used = 2 + 2 * settings.maxOrder;
  return {
    name: 'bleu',
    size: used + 3,
    summarize(totals) {
      const [segments, references, squares] = totals.slice(used) as [number, number, number];
      if (segments === 0) return { score: null, details: {} };
      const result = bleuOf(totals.slice(0, used), settings, settings.effectiveOrder);
      // all segments have the same number of references exactly when its variance is 0
      const sameCount = segments * squares === references * references;
      return {
        score: Math.min(result.score / 100, 1),
        details: {
          bleu: result.score,
          brevityPenalty: result.brevityPenalty,
          systemLength: result.systemLength,
          referenceLength: result.referenceLength,
          precisions: result.precisions.map((each) => each.toFixed(1)).join('/'),
          signature: [
            `nrefs:${sameCount ? references / segments : 'var'}`,
            `case:${settings.lowercase ? 'lc' : 'mixed'}`,
            `eff:${settings.effectiveOrder ? 'yes' : 'no'}`,
            `tok:${settings.tokenize}`,
            `smooth:${smoothingText(settings)}`,
            ...(settings.maxOrder === 4 ? [] : [`order:${settings.maxOrder}`]),
            'impl:assaykit',
          ].join('|'),
        },
      };
    },
  };
}
