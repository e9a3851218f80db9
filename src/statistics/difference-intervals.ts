import { boundedMeanInterval } from './bounded-mean.js';
import { shareOfMostFrequent } from './cluster-means.js';
import type { ClusteredMoments } from './clustered.js';
import { clusteredBoundedInterval } from './clustered-interval.js';
import { type Interval, tInterval } from './intervals.js';
import { type PairedTable, tangoInterval } from './paired-table.js';
import type { ScoreCounts } from './score-counts.js';
import { fromUnit } from './value-range.js';

/** Intervals of the mean of paired differences, each `null` where it does not apply. */
export interface DifferenceIntervals {
  /** Student's t, clustered when there are clusters; `null` when no spread was seen. */
  readonly t: Interval | null;
  /** Tango's score interval (1998), for 0/1 scores without clusters. */
  readonly tango: Interval | null;
  /** Mid-Gaffke's within -1..1, for scores in 0..1: over the differences, or over the means of the clusters. */
  readonly midGaffke: Interval | null;
}

/** Mean of differences; `null` where it is not defined. */
export interface DifferenceEstimate {
  readonly mean: number | null;
  readonly standardError: number | null;
  readonly degreesOfFreedom: number | null;
}

/** Differences of scores in 0..1, as far as they are known to be. */
export interface BoundedDifferences {
  /** On 0..1; `undefined` when a score lay outside 0..1. */
  readonly counts: ScoreCounts | undefined;
  readonly clusters: ClusteredMoments | undefined;
}

const RANGE = [-1, 1] as const;

/** A difference that makes up more than this share of all leaves t too little to go by. */
const MOST_OF_ONE_KIND = 1 / 5;

/** All intervals that apply. */
export function differenceIntervals(
  sample: BoundedDifferences & {
    readonly estimate: DifferenceEstimate;
    /** The pairs as counts, where scores are 0/1 and pairs are independent. */
    readonly table: PairedTable | undefined;
  },
  level: number,
): DifferenceIntervals {
  return {
    t: tOf(sample.estimate, sample.clusters !== undefined, level),
    tango: sample.table === undefined ? null : tangoOf(sample.table, level),
    midGaffke: midGaffkeOf(sample, level),
  };
}

/** The one to quote, see {@link PairedComparison.interval}. */
export function quotedInterval(
  { t, tango, midGaffke }: DifferenceIntervals,
  { counts, clusters }: BoundedDifferences,
): Interval | null {
  if (tango !== null) return tango;
  if (counts === undefined || midGaffke === null) return t;
  if (t === null || t.low < -1 || t.high > 1) return midGaffke;
  const sample = clusters === undefined ? counts : clusters.means(RANGE);
  const independent = clusters?.clusters ?? counts.n;
  const trusted = shareOfMostFrequent(sample.below()) <= Math.max(MOST_OF_ONE_KIND, 1 / independent);
  return trusted ? t : midGaffke;
}

function tOf(estimate: DifferenceEstimate, clustered: boolean, level: number): Interval | null {
  const { mean, standardError, degreesOfFreedom } = estimate;
  if (mean === null || standardError === null || degreesOfFreedom === null || standardError === 0)
    return null;
  const found = tInterval({ mean, standardError, degreesOfFreedom }, { level });
  return clustered ? { ...found, method: 'clustered-t' } : found;
}

function tangoOf(table: PairedTable, level: number): Interval {
  const [low, high] = tangoInterval(table, { level });
  return { low, high, level, method: 'tango' };
}

function midGaffkeOf({ counts, clusters }: BoundedDifferences, level: number): Interval | null {
  if (counts === undefined) return null;
  const found =
    clusters === undefined
      ? boundedMeanInterval(counts, { level })
      : clusteredBoundedInterval(clusters.means(RANGE), level);
  return found === null ? null : fromUnit(found, RANGE);
}
