import { rankByScore, rankingScores } from '../../dist/retrieval/ranking-scores.js';
import { readReference } from './tally.mjs';
import { Tallies } from './tallies.mjs';

const REFERENCE = 'trec_eval 10, own definitions in full digits';

/** Measures of rankings, of each query and as means over runs. */
export function retrieval() {
  const { cases } = readReference('retrieval');
  const measures = new Tallies(REFERENCE, 1e-12);
  for (const { id, kind, scores, grades, k, queries, expected } of cases) {
    if (kind === 'run') {
      compareRun(measures, { id, queries, expected });
      continue;
    }
    const order = rankByScore(Object.entries(scores));
    const linear = rankingScores(order, grades, { k });
    const exponential = rankingScores(order, grades, { k, gain: 'exponential' });
    for (const [name, wanted] of Object.entries(expected ?? { ndcg: null })) {
      const isExponential = name.startsWith('ndcgExponential');
      const [measure, cutoff] = name.replace('Exponential', '').split('@');
      const found = isExponential ? exponential : linear;
      const figure = cutoff === undefined ? found?.[measure] : found?.at[cutoff][measure];
      const metric = isExponential
        ? 'nDCG, exponential gain'
        : (NAMES[measure] ?? 'retrieval, counts and order');
      measures.compare(metric, id, name === 'order' ? order : figure, wanted);
    }
  }
  return measures.all();
}

const NAMES = {
  precision: 'precision@k',
  recall: 'recall@k',
  hit: 'hit@k',
  reciprocalRank: 'reciprocal rank (MRR)',
  averagePrecision: 'average precision (MAP)',
  ndcg: 'nDCG',
  rPrecision: 'R-precision',
};

const MEANS = 'retrieval, means over a run';

function compareRun(measures, { id, queries, expected }) {
  const scored = queries
    .map(({ ranked, grades }) => rankingScores(ranked, grades))
    .filter((each) => each !== null);
  measures.compare(MEANS, id, scored.length, expected.scored);
  for (const [name, wanted] of Object.entries(expected.mean)) {
    const [measure, cutoff] = name.split('@');
    const figures = scored.map((each) => (cutoff === undefined ? each[measure] : each.at[cutoff][measure]));
    measures.compare(MEANS, id, figures.reduce((sum, figure) => sum + figure, 0) / scored.length, wanted);
  }
}
