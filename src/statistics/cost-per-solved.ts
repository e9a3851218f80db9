import { betweenZeroAndOne, checkOptions } from '../foundation/options.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';
import type { RunSource } from './compare-runs.js';
import { ratioOfMeans, type RatioInterval } from './ratio-of-means.js';

/** Options of {@link costPerSolved}. */
export interface CostPerSolvedOptions {
  /** Coverage of the interval, between 0 and 1. @default 0.95 */
  readonly level?: number | undefined;
}

/** What a solved case costs, those included that were paid for and not solved. */
export interface CostPerSolved {
  /** Money for all results / results that passed; `null` when none passed, and when nothing has a price. */
  readonly cost: number | null;
  /** Fieller's interval of it; `null` where `cost` is, and where too few passed for a finite one. */
  readonly interval: RatioInterval | null;
  /** Results that passed: as the evaluation says, else with a score of 1. */
  readonly solved: number;
  /** Results that were counted. */
  readonly results: number;
  /** Answers without a price, which are in none of these figures. */
  readonly unpriced: number;
}

/**
 * What a solved case costs in a run, in the unit of its prices: the money for all results, by those that passed. Failed
 * attempts and cases that errored cost what they cost and solve nothing; what judges cost is not in it. The interval is
 * Fieller's, with repetitions of a case, and cases of a cluster, taken together. Keeps about 100 bytes a case.
 *
 * @param run Where it is stored, or its results.
 * @throws AssayError `ASSAY_INVALID_OPTION`; whatever reading the run throws.
 */
export async function costPerSolved(
  run: RunSource,
  options: CostPerSolvedOptions = {},
): Promise<CostPerSolved> {
  const { level = 0.95 } = checkOptions<CostPerSolvedOptions>('costPerSolved', options, {
    level: betweenZeroAndOne,
  });
  const units = new Map<string, [solved: number, cost: number]>();
  let [solved, results, unpriced] = [0, 0, 0];
  for await (const result of 'store' in run ? run.store.query({ runId: run.runId }) : run) {
    if (result.cost === null && result.outcome !== 'errored') {
      unpriced++;
      continue;
    }
    const passed = hasPassed(result) ? 1 : 0;
    const name = result.cluster === undefined ? `case ${result.caseId}` : `cluster ${result.cluster}`;
    const unit = units.get(name);
    if (unit === undefined) units.set(name, [passed, result.cost ?? 0]);
    else {
      unit[0] += passed;
      unit[1] += result.cost ?? 0;
    }
    solved += passed;
    results++;
  }
  const { ratio, interval } = ratioOfMeans(units.values(), level);
  const priced = unpriced === 0 || results > 0;
  return { cost: priced ? ratio : null, interval: priced ? interval : null, solved, results, unpriced };
}

function hasPassed({ outcome, evaluation }: CaseResult): boolean {
  return outcome === 'scored' && (evaluation?.passed ?? evaluation?.overallScore === 1);
}
