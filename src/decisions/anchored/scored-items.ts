import { InputError } from '../../errors.js';
import type { CaseResult } from '../../evaluation/evaluation-types.js';
import { nextTurn } from '../../foundation/event-loop-turns.js';
import { show, unknownMetric } from '../../foundation/options.js';
import type { RunSource } from '../../statistics/compare-runs.js';

/** An answer with the judge's score, and its label where it has one. */
export interface ScoredItem {
  readonly caseId: string;
  readonly repetition: number;
  cluster: string | undefined;
  readonly score: number;
  readonly label: number | null;
  /** Chance with which it was drawn, where it has a label. */
  readonly probability: number | null;
}

/** Names an answer. */
export const keyOf = (caseId: string, repetition: number): string => `${repetition}:${caseId}`;

/** The scores of a run by answer. */
interface ScoresOfRun {
  readonly items: Map<string, ScoredItem>;
  /** Answers without a score of the metric. */
  readonly unscored: ReadonlySet<string>;
  readonly runId: string | undefined;
}

const RESULTS_A_TURN = 500;

/**
 * Reads the scores of a run. Answers without a score of the metric are named apart. Repetitions of a case depend on each
 * other: they share its cluster, or the case is one.
 *
 * @throws InputError `ASSAY_EMPTY_INPUT` for no score, `ASSAY_DUPLICATE_CASE`; AssayError `ASSAY_INVALID_OPTION` for a metric
 *   that no result has.
 */
export async function readScores(
  source: RunSource,
  { role, metric }: { readonly role: string; readonly metric: string },
): Promise<ScoresOfRun> {
  const items = new Map<string, ScoredItem>();
  const unscored = new Set<string>();
  const names = new Set(['overall']);
  const results: Iterable<CaseResult> | AsyncIterable<CaseResult> =
    'store' in source ? source.store.query({ runId: source.runId }) : source;
  let runId = 'store' in source ? source.runId : undefined;
  let repeated = false;
  let read = 0;
  for await (const result of results) {
    if (++read % RESULTS_A_TURN === 0) await nextTurn();
    const { caseId, repetition, cluster, evaluation } = result;
    runId ??= result.runId;
    for (const { name } of evaluation?.dimensions ?? []) names.add(name);
    const score =
      metric === 'overall'
        ? evaluation?.overallScore
        : evaluation?.dimensions.find(({ name }) => name === metric)?.score;
    const key = keyOf(caseId, repetition);
    if (items.has(key) || unscored.has(key))
      throw new InputError(
        'ASSAY_DUPLICATE_CASE',
        `Expected one result of ${role} for case ${show(caseId)}, repetition ${repetition}, got two`,
      );
    if (score === null || score === undefined) {
      unscored.add(key);
      continue;
    }
    if (repetition > 0) repeated = true;
    items.set(key, { caseId, repetition, cluster, score, label: null, probability: null });
  }
  if (!names.has(metric) && names.size > 1) throw unknownMetric('anchored', metric, [...names]);
  if (items.size === 0)
    throw new InputError(
      'ASSAY_EMPTY_INPUT',
      `Expected scores of ${show(metric)} in ${role}, found none in ${read} results`,
    );
  if (repeated) for (const item of items.values()) item.cluster ??= item.caseId;
  return { items, unscored, runId };
}
