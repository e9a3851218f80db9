import type { RetrievedContext } from '../client/model-client.js';
import { InputError } from '../errors.js';
import type { AnyOutputScorer, Score } from '../evaluation/evaluation-types.js';
import { checkOptions, oneOf, show } from '../foundation/options.js';
import { conventionText } from '../scorers/define-scorer.js';
import { atPlace, placeInCase, type PlaceInCase } from '../scorers/place-in-case.js';
import { responseScorer } from '../scorers/response-scorer.js';
import { idOf, NO_CONTEXTS } from './contexts.js';
import {
  rankByScore,
  rankingChecks,
  rankingScores,
  type RankingScores,
  type RankingScoresOptions,
  type RelevanceGrades,
} from './ranking-scores.js';

/** Which figure is the score: those at a cutoff, or of the whole ranking. */
export type RetrievalMeasure =
  'ndcg' | 'recall' | 'precision' | 'hit' | 'reciprocalRank' | 'averagePrecision' | 'rPrecision';

/** Options of {@link retrieval}. */
export interface RetrievalOptions extends RankingScoresOptions {
  /** Which figure is the score, at the first cutoff of `k` (`rPrecision` has its own). All are in `metadata`. @default 'ndcg' */
  readonly measure?: RetrievalMeasure | undefined;
  /** Cutoffs: how many of the first passages count, each >= 1; the first is that of the score. @default 10 */
  readonly k?: number | readonly number[] | undefined;
  /**
   * Where in the case it stands what is relevant: a list of ids, or an object of ids with grades.
   * @default 'expected'
   */
  readonly expected?: PlaceInCase | undefined;
  /** The order of the ranking: as the target gives its `contexts`, or by their `score` as trec_eval orders. @default 'given' */
  readonly order?: 'given' | 'score' | undefined;
}

/**
 * Scores what a target retrieved (`contexts` of its answer, named by `id`, else by their text) against what the case calls
 * relevant. Measures are trec_eval's ({@link rankingScores}); the mean of `reciprocalRank` over a run is its MRR, that of
 * `averagePrecision` its MAP. A passage that comes again takes up its place and counts for nothing.
 *
 * Unscored where the case calls nothing relevant, and where the target does not tell what it retrieved; retrieving nothing
 * scores 0.
 *
 * @example
 * createEvaluator({ name: 'search', version: '1', dimensions: {
 *   recall: retrieval({ k: 5, measure: 'recall' }),
 *   ndcg: retrieval({ k: [10, 100] }),
 * } })
 * @throws AssayError `ASSAY_INVALID_OPTION`; the dimension errors with `ASSAY_INVALID_CASE` for an expectation that is none.
 */
export function retrieval(options: RetrievalOptions = {}): AnyOutputScorer {
  const checked = checkOptions<RetrievalOptions>('retrieval', options, {
    ...rankingChecks,
    measure: oneOf('ndcg', 'recall', 'precision', 'hit', 'reciprocalRank', 'averagePrecision', 'rPrecision'),
    expected: placeInCase,
    order: oneOf('given', 'score'),
  });
  const { measure = 'ndcg', expected: place = 'expected', order = 'given' } = checked;
  const { relevantFrom = 1, gain = 'linear' } = checked;
  const k = [checked.k ?? 10].flat();
  const convention = conventionText('retrieval', {
    measure,
    k: k.join('|'),
    relevantFrom,
    gain,
    expected: place,
    order,
  });
  return responseScorer({ convention, version: '1' }, (args) => {
    const grades = gradesAt(atPlace(args, place), place);
    if (grades === undefined)
      return { score: null, reason: `the case calls nothing relevant: it has no \`${place}\`` };
    const { contexts } = args.response;
    if (contexts === undefined) return { score: null, reason: NO_CONTEXTS };
    const scores = rankingScores(ranked(contexts, order), grades, { k, relevantFrom, gain });
    if (scores === null) return { score: null, reason: 'the case calls nothing relevant' };
    return scoreOf(scores, measure, k);
  });
}

/** @throws InputError `ASSAY_INVALID_CASE` */
function gradesAt(given: unknown, place: string): RelevanceGrades | undefined {
  if (given === undefined || given === null) return undefined;
  const listed = Array.isArray(given);
  const usable = listed
    ? given.every((id) => typeof id === 'string')
    : typeof given === 'object' && Object.values(given).every(Number.isFinite);
  if (!usable)
    throw new InputError(
      'ASSAY_INVALID_CASE',
      `Expected \`${place}\` of the case to be a list of ids, or an object of ids with grades, got ${show(given)}`,
    );
  return listed ? Object.fromEntries(given.map((id: string) => [id, 1])) : (given as RelevanceGrades);
}

function ranked(contexts: readonly RetrievedContext[], order: 'given' | 'score'): string[] {
  const ids = contexts.map(idOf);
  if (order === 'given') return ids;
  return rankByScore(
    contexts.map((context, i) => [
      ids[i]!,
      (typeof context === 'string' ? undefined : context.score) as number,
    ]),
  );
}

function scoreOf(scores: RankingScores, measure: RetrievalMeasure, k: readonly number[]): Score {
  const { at, ...whole } = scores;
  const byCutoff = k.flatMap((cutoff) =>
    Object.entries(at[cutoff]!).map(([name, value]) => [`${name}@${cutoff}`, value as number] as const),
  );
  const score = measure === 'rPrecision' ? scores.rPrecision : at[k[0]!]![measure];
  return { score, metadata: { ...whole, ...Object.fromEntries(byCutoff) } };
}
