import { bleu, sentenceBleu } from '../../dist/scorers/text-metrics/bleu.js';
import { chrf, sentenceChrf } from '../../dist/scorers/text-metrics/chrf.js';
import { CorpusTotal } from '../../dist/evaluation/corpus-metric.js';
import { dropScores } from '../../dist/scorers/text-metrics/drop-f1.js';
import { rougeScore } from '../../dist/scorers/text-metrics/rouge.js';
import { squadNormalize, squadScores } from '../../dist/scorers/text-metrics/token-f1.js';
import { readReference, Tally } from './tally.mjs';

const BLEU = {
  bleu_default: {},
  bleu_lc: { lowercase: true },
  bleu_none: { tokenize: 'none' },
  bleu_char: { tokenize: 'char' },
  bleu_floor: { smoothing: 'floor' },
  bleu_addk: { smoothing: 'add-k' },
  bleu_nosmooth: { smoothing: 'none' },
};
const CHRF = { chrf: {}, chrfpp: { wordOrder: 2 } };

export function textMetrics() {
  return [...squad(), ...drop(), ...rouge(), ...sentences(), ...corpora()];
}

function squad() {
  const { cases, tolerance } = readReference('squad_em_f1');
  const reference = 'SQuAD evaluate-v2.0.py';
  const exact = new Tally('SQuAD exact match', reference, 0);
  const f1 = new Tally('SQuAD token F1', reference, tolerance);
  const normalized = new Tally('SQuAD normalised text', reference, 0);
  for (const { id, pred, golds, em, f1: expected, normPred } of cases) {
    const found = squadScores(pred, golds);
    exact.compare(id, found.exactMatch, em);
    f1.compare(id, found.f1, expected);
    normalized.compare(id, squadNormalize(pred), normPred);
  }
  return [exact, f1, normalized];
}

function drop() {
  const { cases, tolerance } = readReference('drop_em_f1');
  const exact = new Tally('DROP exact match', 'simple-evals drop_eval.py', 0);
  const f1 = new Tally('DROP F1', 'simple-evals drop_eval.py', tolerance);
  const spans = (value) => (typeof value === 'string' ? [value] : value);
  for (const { id, pred, gold, em, f1: expected } of cases) {
    const found = dropScores(spans(pred), spans(gold));
    exact.compare(id, found.exactMatch, em);
    f1.compare(id, found.f1 * 100, expected);
  }
  return [exact, f1];
}

function rouge() {
  const { cases, tolerance } = readReference('rouge');
  const tallies = new Map();
  for (const { id, reference, candidate, stemmer, expected } of cases) {
    for (const [variant, figures] of Object.entries(expected)) {
      const name = `ROUGE-${variant.slice('rouge'.length)}${stemmer ? ', stemmed' : ''}`;
      if (!tallies.has(name)) tallies.set(name, new Tally(name, 'google-research rouge_score', tolerance));
      const found = rougeScore(candidate, reference, { variant, stem: stemmer });
      for (const [figure, value] of Object.entries(figures))
        tallies.get(name).compare(id, found[figure], value);
    }
  }
  return [...tallies.values()].sort((a, b) => a.metric.localeCompare(b.metric));
}

function sentences() {
  const { cases, tolerance } = readReference('bleu_chrf_ter_sentence');
  const tallies = [];
  for (const [name, options] of Object.entries(BLEU)) {
    const tally = new Tally(`sentence BLEU (${settings(options)})`, 'sacreBLEU', tolerance);
    for (const { id, hyp, refs, expected } of cases) {
      const found = sentenceBleu(hyp, refs, options);
      const wanted = expected[name];
      tally.compare(id, found.score, wanted.score);
      tally.compare(id, found.brevityPenalty, wanted.bp);
      tally.compare(id, found.systemLength, wanted.sysLen);
      tally.compare(id, found.referenceLength, wanted.refLen);
      tally.compare(id, [...found.counts, ...found.totals], [...wanted.counts, ...wanted.totals]);
    }
    tallies.push(tally);
  }
  for (const [name, options] of Object.entries(CHRF)) {
    const tally = new Tally(name === 'chrf' ? 'sentence chrF2' : 'sentence chrF++', 'sacreBLEU', tolerance);
    for (const { id, hyp, refs, expected } of cases)
      tally.compare(id, sentenceChrf(hyp, refs, options), expected[name]);
    tallies.push(tally);
  }
  return tallies;
}

function corpora() {
  const { cases, tolerance } = readReference('bleu_chrf_ter_corpus');
  const overRun = (scorer, { hyps, refStreams }) => {
    const total = new CorpusTotal(scorer.corpus);
    hyps.forEach((output, i) =>
      total.add(scorer({ output, expected: refStreams.map((stream) => stream[i]) })),
    );
    return total.summary().details;
  };
  const tallies = [];
  for (const [name, options] of Object.entries(BLEU)) {
    const tally = new Tally(`corpus BLEU (${settings(options)})`, 'sacreBLEU', tolerance);
    for (const each of cases) {
      const found = overRun(bleu(options), each);
      const wanted = each.expected[name];
      tally.compare(each.id, found.bleu, wanted.score);
      tally.compare(each.id, found.brevityPenalty, wanted.bp);
      tally.compare(each.id, found.systemLength, wanted.sysLen);
      tally.compare(each.id, found.referenceLength, wanted.refLen);
    }
    tallies.push(tally);
  }
  for (const [name, options] of Object.entries(CHRF)) {
    const tally = new Tally(name === 'chrf' ? 'corpus chrF2' : 'corpus chrF++', 'sacreBLEU', tolerance);
    for (const each of cases) tally.compare(each.id, overRun(chrf(options), each).chrf, each.expected[name]);
    tallies.push(tally);
  }
  return tallies;
}

const settings = (options) =>
  Object.entries(options)
    .map(([name, value]) => (value === true ? name : `${name} ${value}`))
    .join(', ') || 'defaults';
