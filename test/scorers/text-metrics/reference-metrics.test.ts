import { describe, expect, it } from 'vitest';
import { bleu, sentenceBleu, type BleuOptions } from '../../../src/scorers/text-metrics/bleu.js';
import { chrf, sentenceChrf, type ChrfOptions } from '../../../src/scorers/text-metrics/chrf.js';
import { CorpusTotal, type CorpusScorer } from '../../../src/evaluation/corpus-metric.js';
import { rougeScore, type RougeScore, type RougeVariant } from '../../../src/scorers/text-metrics/rouge.js';
import { squadNormalize, squadScores } from '../../../src/scorers/text-metrics/token-f1.js';
import type { TextReference } from '../../../src/scorers/text-reference.js';
import { readReference } from '../../support/reference.js';
import { scoreWith } from '../../support/score-with.js';

interface BleuExpected {
  readonly score: number;
  readonly counts?: number[];
  readonly totals?: number[];
  readonly bp: number;
  readonly sysLen: number;
  readonly refLen: number;
}

interface Reference<Case> {
  readonly tolerance: number;
  readonly cases: readonly Case[];
}

const bleuSettings: Readonly<Record<string, BleuOptions>> = {
  bleu_default: {},
  bleu_lc: { lowercase: true },
  bleu_none: { tokenize: 'none' },
  bleu_char: { tokenize: 'char' },
  bleu_floor: { smoothing: 'floor' },
  bleu_addk: { smoothing: 'add-k' },
  bleu_nosmooth: { smoothing: 'none' },
};

const chrfSettings: Readonly<Record<string, ChrfOptions>> = { chrf: {}, chrfpp: { wordOrder: 2 } };

const within = (actual: number, expected: number, tolerance: number, what: string): void => {
  expect(Math.abs(actual - expected), `${what}: ${actual} for ${expected}`).toBeLessThanOrEqual(tolerance);
};

describe('metrics against their reference implementations', () => {
  it('sentence BLEU equals sacreBLEU with equal counts and lengths, in every setting', () => {
    const { tolerance, cases } =
      readReference<
        Reference<{ id: number; hyp: string; refs: string[]; expected: Record<string, BleuExpected> }>
      >('bleu_chrf_ter_sentence');
    for (const { id, hyp, refs, expected } of cases) {
      for (const [name, options] of Object.entries(bleuSettings)) {
        const found = sentenceBleu(hyp, refs, options);
        const wanted = expected[name]!;
        within(found.score, wanted.score, tolerance, `${id} ${name}`);
        within(found.brevityPenalty, wanted.bp, tolerance, `${id} ${name} bp`);
        expect([found.counts, found.totals, found.systemLength, found.referenceLength]).toEqual([
          wanted.counts,
          wanted.totals,
          wanted.sysLen,
          wanted.refLen,
        ]);
      }
    }
    expect(cases).toHaveLength(60);
  });

  it('sentence chrF2 and chrF++ equal sacreBLEU', () => {
    const { tolerance, cases } =
      readReference<Reference<{ id: number; hyp: string; refs: string[]; expected: Record<string, number> }>>(
        'bleu_chrf_ter_sentence',
      );
    for (const { id, hyp, refs, expected } of cases) {
      for (const [name, options] of Object.entries(chrfSettings)) {
        within(sentenceChrf(hyp, refs, options), expected[name]!, tolerance, `${id} ${name}`);
      }
    }
  });

  it('corpus BLEU and chrF are made of summed counts and equal sacreBLEU', () => {
    const { tolerance, cases } = readReference<
      Reference<{
        id: number;
        hyps: string[];
        refStreams: string[][];
        expected: Record<string, BleuExpected | number>;
      }>
    >('bleu_chrf_ter_corpus');
    for (const { id, hyps, refStreams, expected } of cases) {
      const overRun = (scorer: CorpusScorer<unknown, TextReference>) => {
        const totals = [new CorpusTotal(scorer.corpus), new CorpusTotal(scorer.corpus)];
        hyps.forEach((hyp, i) => {
          const score = scoreWith(
            scorer,
            hyp,
            refStreams.map((stream) => stream[i]!),
          );
          totals[i % 2]!.add(score as { metadata: Record<string, unknown> });
        });
        totals[0]!.merge(totals[1]!);
        expect(totals[0]!.results).toBe(hyps.length);
        return totals[0]!.summary();
      };
      for (const [name, options] of Object.entries(bleuSettings)) {
        const { score, details } = overRun(bleu(options));
        const wanted = expected[name] as BleuExpected;
        within(details['bleu'] as number, wanted.score, tolerance, `${id} ${name}`);
        within(details['brevityPenalty'] as number, wanted.bp, tolerance, `${id} ${name} bp`);
        expect([details['systemLength'], details['referenceLength']]).toEqual([wanted.sysLen, wanted.refLen]);
        within(score!, wanted.score / 100, tolerance, `${id} ${name} as a share`);
      }
      for (const [name, options] of Object.entries(chrfSettings)) {
        within(
          overRun(chrf(options)).details['chrf'] as number,
          expected[name] as number,
          tolerance,
          `${id} ${name}`,
        );
      }
    }
    expect(cases).toHaveLength(25);
  });

  it('ROUGE-1, 2, 3, L and Lsum equal rouge_score, stemmed and not', () => {
    const { tolerance, cases } = readReference<
      Reference<{
        id: number;
        reference: string;
        candidate: string;
        stemmer: boolean;
        expected: Record<RougeVariant, RougeScore>;
      }>
    >('rouge');
    for (const { id, reference, candidate, stemmer, expected } of cases) {
      for (const [variant, wanted] of Object.entries(expected)) {
        const found = rougeScore(candidate, reference, { variant: variant as RougeVariant, stem: stemmer });
        for (const figure of ['precision', 'recall', 'fmeasure'] as const) {
          within(found[figure], wanted[figure], tolerance, `${id} ${variant} ${figure} stem=${stemmer}`);
        }
      }
    }
    expect(cases).toHaveLength(60);
  });

  it('SQuAD exact match, F1 and normalised text equal evaluate-v2.0.py', () => {
    const { tolerance, cases } =
      readReference<
        Reference<{ id: string; pred: string; golds: string[]; em: number; f1: number; normPred: string }>
      >('squad_em_f1');
    for (const { id, pred, golds, em, f1, normPred } of cases) {
      expect(squadNormalize(pred), id).toBe(normPred);
      const found = squadScores(pred, golds);
      expect(found.exactMatch, id).toBe(em);
      within(found.f1, f1, tolerance, id);
    }
    expect(cases).toHaveLength(60);
  });
});
