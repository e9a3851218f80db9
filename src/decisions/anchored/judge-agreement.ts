import { normalQuantile } from '../../statistics/special-functions.js';
import { midPInterval, type Interval } from '../../statistics/intervals.js';
import { ClusteredMoments } from '../../statistics/clustered.js';
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

/**
 * Agreement of 0/1 labels and scores, with mid-p intervals, or those of clusters where labels come in some; kappa's by its
 * large-sample error (Fleiss, Cohen and Everitt 1969), or from the interval of the agreement where that error is 0 or
 * labels come in clusters.
 */
export function judgeAgreement(
  labels: readonly number[],
  judge: readonly number[],
  { level, clusters }: { readonly level: number; readonly clusters: readonly string[] | null },
): JudgeAgreement {
  const all = [...labels.keys()];
  const agrees = (i: number): boolean => labels[i] === judge[i];
  const share = (of: readonly number[]): Figure | null => {
    if (of.length === 0) return null;
    const hits = of.filter(agrees).length;
    return { value: hits / of.length, interval: endsOf(of), n: of.length };
  };
  const endsOf = (of: readonly number[]): Ends => {
    const hits = of.filter(agrees).length;
    if (clusters === null) {
      const { low, high } = midPInterval({ successes: hits, n: of.length }, { level }) as Interval;
      return [low, high];
    }
    return clusteredEnds(
      of.map((i) => Number(agrees(i))),
      of.map((i) => clusters[i] as string),
      { level, range: [0, 1] },
    );
  };
  const [right, wrong] = [all.filter((i) => labels[i] === 1), all.filter((i) => labels[i] === 0)];
  const agreement = share(all) as Figure;
  const counts = {
    both: right.filter(agrees).length,
    onlyLabel: right.filter((i) => !agrees(i)).length,
    onlyJudge: wrong.filter((i) => !agrees(i)).length,
    neither: wrong.filter(agrees).length,
  };
  return {
    agreement,
    kappa: kappaOf(counts, { level, agreement, isClustered: clusters !== null }),
    truePositiveRate: share(right),
    trueNegativeRate: share(wrong),
  };
}

/** The interval of a mean over clusters; the whole range where they are too few for one. */
export function clusteredEnds(
  values: readonly number[],
  clusters: readonly string[],
  options: { readonly level: number; readonly range: Ends },
): Ends {
  const moments = new ClusteredMoments();
  values.forEach((value, i) => moments.add(value, clusters[i] as string));
  const found = moments.interval(options);
  return found === null ? options.range : [found.low, found.high];
}

function kappaOf(
  counts: Readonly<Record<'both' | 'onlyLabel' | 'onlyJudge' | 'neither', number>>,
  options: { readonly level: number; readonly agreement: Figure; readonly isClustered: boolean },
): Figure | null {
  const { level, agreement, isClustered } = options;
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
  const low = Math.max(-1, value - margin);
  const high = Math.min(1, value + margin);
  if (!isClustered && high - low > 1e-9) return { value, interval: [low, high], n };
  // no spread is left to estimate, or it is not that of independent labels: the interval of the agreement stands in
  const kappaAt = (share: number): number => Math.min(1, Math.max(-1, (share - chance) / (1 - chance)));
  return { value, interval: [kappaAt(agreement.interval[0]), kappaAt(agreement.interval[1])], n };
}
