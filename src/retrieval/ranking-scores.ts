import { InputError } from '../errors.js';
import { checkOptions, integer, number, oneOf, show, type OptionCheck } from '../foundation/options.js';

/** How relevant documents are, by id: a grade >= 0 (negative ones count as 0). What is not in it is not relevant. */
export type RelevanceGrades = Readonly<Record<string, number>>;

/** Options of {@link rankingScores}. */
export interface RankingScoresOptions {
  /** Cutoffs: how many of the first results count, each >= 1. @default [1, 5, 10] */
  readonly k?: number | readonly number[] | undefined;
  /** Grade from which a document is relevant, > 0; for everything but nDCG, which weighs grades. @default 1 */
  readonly relevantFrom?: number | undefined;
  /** What a grade is worth in nDCG: itself (as trec_eval has it), or 2^grade - 1. @default 'linear' */
  readonly gain?: 'linear' | 'exponential' | undefined;
}

/** What a ranking is worth at one cutoff. */
export interface ScoresAtCutoff {
  /** Share of k that is relevant, also when fewer were retrieved. */
  readonly precision: number;
  /** Share of all relevant documents that is among the first k. */
  readonly recall: number;
  /** 1 when a relevant document is among the first k, else 0. */
  readonly hit: number;
  /** 1 / place of the first relevant document; 0 when it is not among the first k. Its mean is the MRR. */
  readonly reciprocalRank: number;
  /** Mean precision at the places of relevant documents, over all relevant documents. Its mean is the MAP. */
  readonly averagePrecision: number;
  /** Discounted gain (1 / log2(place + 1)), of that of the best order of all judged documents. */
  readonly ndcg: number;
}

/** What a ranking is worth. */
export interface RankingScores extends Omit<ScoresAtCutoff, 'precision' | 'recall' | 'hit'> {
  /** Relevant documents in all. */
  readonly relevant: number;
  /** Results, repeated ones included. */
  readonly retrieved: number;
  /** Relevant documents among them. */
  readonly relevantRetrieved: number;
  /** Results that came before: they take up their places and count for nothing. */
  readonly repeated: number;
  /** Precision at as many results as there are relevant documents. */
  readonly rPrecision: number;
  /** By cutoff. */
  readonly at: Readonly<Record<number, ScoresAtCutoff>>;
}

const cutoffs: OptionCheck = (value) =>
  [value].flat().length > 0 && [value].flat().every((k) => integer(1)(k) === undefined)
    ? undefined
    : 'an integer >= 1, or a list of them';

/** Checks for {@link RankingScoresOptions}. */
export const rankingChecks = {
  k: cutoffs,
  relevantFrom: ((value) =>
    number(0)(value) === undefined && value !== 0 ? undefined : 'a number > 0') satisfies OptionCheck,
  gain: oneOf('linear', 'exponential'),
};

/**
 * Scores one ranking against graded judgements, as trec_eval defines its measures (Järvelin and Kekäläinen 2002 for nDCG).
 * Recall and average precision divide by all relevant documents, found or not; what was not judged is not relevant.
 * `null` when nothing is relevant: then there is nothing to find.
 *
 * @param ranked Ids of the results, the best first.
 * @throws InputError `ASSAY_INVALID_INPUT` for ids that are no texts and grades that are no numbers;
 *   AssayError `ASSAY_INVALID_OPTION`.
 */
export function rankingScores(
  ranked: readonly string[],
  grades: RelevanceGrades,
  options: RankingScoresOptions = {},
): RankingScores | null {
  const {
    k = [1, 5, 10],
    relevantFrom = 1,
    gain = 'linear',
  } = checkOptions<RankingScoresOptions>('rankingScores', options, rankingChecks);
  const gradeOf = checkedGrades(grades);
  const gainOf = (grade: number): number => (gain === 'linear' ? grade : 2 ** grade - 1);
  const relevant = [...gradeOf.values()].filter((grade) => grade >= relevantFrom).length;
  if (relevant === 0) return null;
  const ideal = [...gradeOf.values()]
    .filter((grade) => grade > 0)
    .sort((a, b) => b - a)
    .map(gainOf);
  const seen = new Set<string>();
  const found = ranked.map((id): number => {
    if (typeof id !== 'string')
      throw new InputError('ASSAY_INVALID_INPUT', `Expected ids of results to be texts, got ${show(id)}`);
    if (seen.has(id)) return 0;
    seen.add(id);
    return gradeOf.get(id) ?? 0;
  });
  const hits = found.map((grade) => grade >= relevantFrom);
  const scoresAt = (cutoff: number): ScoresAtCutoff =>
    atCutoff({ hits, relevant, gains: found.map(gainOf), ideal }, cutoff);
  const { reciprocalRank, averagePrecision, ndcg } = scoresAt(Number.POSITIVE_INFINITY);
  return {
    relevant,
    retrieved: ranked.length,
    relevantRetrieved: hits.filter(Boolean).length,
    repeated: ranked.length - seen.size,
    reciprocalRank,
    averagePrecision,
    ndcg,
    rPrecision: scoresAt(relevant).precision,
    at: Object.fromEntries([k].flat().map((cutoff) => [cutoff, scoresAt(cutoff)])),
  };
}

/** Grades by id, negative ones as 0. A grade that is not above 0 makes nothing relevant and gains nothing. */
function checkedGrades(grades: RelevanceGrades): ReadonlyMap<string, number> {
  const checked = new Map<string, number>();
  for (const [id, grade] of Object.entries(grades)) {
    if (!Number.isFinite(grade))
      throw new InputError(
        'ASSAY_INVALID_INPUT',
        `Expected the grade of ${show(id)} to be a number, got ${show(grade)}`,
      );
    checked.set(id, Math.max(0, grade));
  }
  return checked;
}

interface Judged {
  readonly hits: readonly boolean[];
  readonly relevant: number;
  readonly gains: readonly number[];
  readonly ideal: readonly number[];
}

function atCutoff({ hits, relevant, gains, ideal }: Judged, k: number): ScoresAtCutoff {
  let found = 0;
  let precisions = 0;
  hits.slice(0, k).forEach((isRelevant, place) => {
    if (isRelevant) precisions += ++found / (place + 1);
  });
  const first = hits.indexOf(true);
  const best = discounted(ideal, k);
  return {
    precision: found / k,
    recall: found / relevant,
    hit: found > 0 ? 1 : 0,
    reciprocalRank: first >= 0 && first < k ? 1 / (first + 1) : 0,
    averagePrecision: precisions / relevant,
    ndcg: best === 0 ? 0 : Math.min(1, discounted(gains, k) / best),
  };
}

function discounted(gains: readonly number[], k: number): number {
  let sum = 0;
  for (let place = 0; place < Math.min(k, gains.length); place++) sum += gains[place]! / Math.log2(place + 2);
  return sum;
}

/**
 * Ids by their scores as trec_eval orders them: the highest first, of equals the one whose id is later in the order of
 * bytes.
 *
 * @param scores Pairs of id and score: a list, or a Map; of an object its `Object.entries`.
 * @throws InputError `ASSAY_INVALID_INPUT` for what holds no such pairs, and for a score that is no number.
 */
export function rankByScore(scores: Iterable<readonly [id: string, score: number]>): string[] {
  const entries: (readonly [id: string, score: number])[] = [];
  for (const entry of iterableOf(scores)) {
    const [id, score]: readonly unknown[] = Array.isArray(entry) ? entry : [];
    if (typeof id !== 'string')
      throw new InputError(
        'ASSAY_INVALID_INPUT',
        `Expected pairs of an id and a score, got ${show(entry)} as number ${entries.length + 1}`,
      );
    if (typeof score !== 'number' || Number.isNaN(score))
      throw new InputError(
        'ASSAY_INVALID_INPUT',
        `Expected the score of ${show(id)} to be a number, got ${show(score)}`,
      );
    entries.push([id, score]);
  }
  return entries
    .sort(([a, x], [b, y]) => y - x || Buffer.compare(Buffer.from(b), Buffer.from(a)))
    .map(([id]) => id);
}

function iterableOf(scores: unknown): Iterable<unknown> {
  if (typeof scores === 'object' && scores !== null && Symbol.iterator in scores)
    return scores as Iterable<unknown>;
  throw new InputError(
    'ASSAY_INVALID_INPUT',
    `Expected pairs of an id and a score, as a list or a Map, got ${show(scores)}`,
  );
}
