import { gaffkeInterval } from './bounded-mean.js';
import type { ClusterMeans } from './cluster-means.js';
import { type Interval, type IntervalOptions, tInterval, wilsonInterval } from './intervals.js';
import { isRounding } from '../foundation/rounding.js';

/** A mean of samples that come in clusters, as {@link ClusteredMoments} has it. */
export interface ClusteredEstimate {
  /** Mean over all samples; `null` when empty. */
  readonly mean: number | null;
  /** Clustered error of the mean; `null` with fewer than 2 clusters. */
  readonly standardError: number | null;
  /** Satterthwaite's; `null` with fewer than 2 clusters. */
  readonly degreesOfFreedom: number | null;
  /** How many clusters there are. */
  readonly clusters: number;
}

/** t interval of a clustered mean; `null` with fewer than 2 clusters, and where clusters differ by rounding alone. */
export function clusteredTInterval(
  { mean, standardError, degreesOfFreedom }: ClusteredEstimate,
  options: IntervalOptions & { readonly magnitude: number },
): Interval | null {
  if (mean === null || standardError === null || degreesOfFreedom === null) return null;
  if (isRounding(standardError, options.magnitude)) return null;
  const { level } = options;
  return { ...tInterval({ mean, standardError, degreesOfFreedom }, { level }), method: 'clustered-t' };
}

/**
 * Interval of the mean of clustered values on 0..1, whatever their size: {@link boundedMeanInterval}'s distribution over
 * the means of the clusters, each with the weight of its size; the extra value stands for a cluster of the size that the
 * average sample lies in. For clusters of one sample it is that interval itself. `null` with fewer than 2 clusters.
 */
export function clusteredBoundedInterval(means: ClusterMeans, level: number): Interval | null {
  if (means.clusters < 2) return null;
  const options = { level, method: 'mid-gaffke', extraSize: means.effectiveSize } as const;
  const found = gaffkeInterval({ below: means.below(), above: means.above() }, options);
  return { ...found, method: 'clustered-mid-gaffke' };
}

/**
 * Interval of the mean of clustered scores in 0..1: {@link clusteredBoundedInterval}; where all scores are 0, or all 1,
 * Wilson's with each cluster as one trial, as for 0/1 scores without clusters. `null` with fewer than 2 clusters.
 */
export function clusteredScoreInterval(means: ClusterMeans, level: number): Interval | null {
  const n = means.clusters;
  if (n < 2) return null;
  const { values } = means.above();
  if (values.length === 1 && values[0] === 0) return wilsonInterval({ successes: 0, n }, { level });
  if (means.below().values[0] === 1) return wilsonInterval({ successes: n, n }, { level });
  return clusteredBoundedInterval(means, level);
}
