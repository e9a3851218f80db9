import { normalQuantile } from '../../statistics/special-functions.js';
import { midPInterval } from '../../statistics/intervals.js';
import type { Ends } from '../../statistics/paired-table.js';

/** A figure with its interval. */
export interface Figure {
  /** The figure. */
  readonly value: number;
  /** Its interval, at the level that was asked for. */
  readonly interval: Ends;
  /** Labels that it rests on. */
  readonly n: number;
}

/** How often judge and labels say the same, for 0/1 scores. */
export interface JudgeAgreement {
  /** Share of labels that the judge agrees with. */
  readonly agreement: Figure;
  /** Cohen's kappa: agreement beyond chance; `null` where one of both says the same of everything. */
  readonly kappa: Figure | null;
  /** Share of the labels of 1 that the judge gives a 1; `null` without any. */
  readonly truePositiveRate: Figure | null;
  /** Share of the labels of 0 that the judge gives a 0; `null` without any. */
  readonly trueNegativeRate: Figure | null;
}

/** Agreement of 0/1 labels and scores, with mid-p intervals; kappa's by its large-sample error (Fleiss, Cohen and Everitt 1969). */
export function judgeAgreement(
  labels: readonly number[],
  judge: readonly number[],
  level: number,
): JudgeAgreement {
  let [both, onlyLabel, onlyJudge, neither] = [0, 0, 0, 0];
  for (const [i, label] of labels.entries()) {
    const passed = judge[i] === 1;
    if (label === 1 && passed) both++;
    else if (label === 1) onlyLabel++;
    else if (passed) onlyJudge++;
    else neither++;
  }
  const share = (successes: number, n: number): Figure | null => {
    const interval = midPInterval({ successes, n }, { level });
    return interval === null ? null : { value: successes / n, interval: [interval.low, interval.high], n };
  };
  return {
    agreement: share(both + neither, labels.length) as Figure,
    kappa: kappaOf({ both, onlyLabel, onlyJudge, neither }, level),
    truePositiveRate: share(both, both + onlyLabel),
    trueNegativeRate: share(neither, neither + onlyJudge),
  };
}

function kappaOf(
  counts: Readonly<Record<'both' | 'onlyLabel' | 'onlyJudge' | 'neither', number>>,
  level: number,
): Figure | null {
  const n = counts.both + counts.onlyLabel + counts.onlyJudge + counts.neither;
  const [p11, p10, p01, p00] = [counts.both, counts.onlyLabel, counts.onlyJudge, counts.neither].map(
    (count) => count / n,
  ) as [number, number, number, number];
  const [label, judge] = [p11 + p10, p11 + p01];
  const observed = p11 + p00;
  const chance = label * judge + (1 - label) * (1 - judge);
  if (chance >= 1) return null;
  const value = (observed - chance) / (1 - chance);
  const agreeing =
    p11 * (1 - chance - (label + judge) * (1 - observed)) ** 2 +
    p00 * (1 - chance - (2 - label - judge) * (1 - observed)) ** 2;
  const differing = (1 - observed) ** 2 * (p10 * (judge + 1 - label) ** 2 + p01 * (1 - judge + label) ** 2);
  const variance =
    (agreeing + differing - (observed * chance - 2 * chance + observed) ** 2) / (n * (1 - chance) ** 4);
  const margin = -normalQuantile((1 - level) / 2) * Math.sqrt(Math.max(0, variance));
  return { value, interval: [Math.max(-1, value - margin), Math.min(1, value + margin)], n };
}
