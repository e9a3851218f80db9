import { AssayError } from '../errors.js';
import { ExactSum } from '../foundation/exact-sum.js';
import { betweenZeroAndOne, checkOptions, show } from '../foundation/options.js';
import { ClusterMeans } from './cluster-means.js';
import { type ClusterWeights, clusterWeights } from './cluster-robust.js';
import {
  clusteredBoundedInterval,
  clusteredScoreInterval,
  type ClusteredEstimate,
  clusteredTInterval,
} from './clustered-interval.js';
import type { Interval, IntervalOptions } from './intervals.js';
import { magnitudeOf } from './mean-interval.js';
import { divideExactly } from './moments.js';
import { checkRange, fromUnit, toUnit, type ValueRange } from './value-range.js';

/** Plain-data form of {@link ClusteredMoments}: clusters sorted by id. */
export interface ClusteredMomentsRecord {
  /** Each cluster that numbers came from. */
  readonly clusters: readonly {
    /** What the samples called it. */
    readonly id: string;
    /** How many numbers, >= 1. */
    readonly n: number;
    /** Their exact sum, see {@link ExactSum.toJSON}. */
    readonly sum: readonly number[];
  }[];
  /** Smallest number; `null` when empty. */
  readonly min: number | null;
  /** Largest number; `null` when empty. */
  readonly max: number | null;
}

/** Options of {@link ClusteredMoments.interval}. */
export interface ClusteredIntervalOptions extends IntervalOptions {
  /** Lowest and highest value that is possible; a known range gives the bounded interval. @default unbounded: t */
  readonly range?: ValueRange | undefined;
}

/** Forms of a cluster-robust standard error, by their correction for few clusters. */
export type ClusterRobustForm = 'cr0' | 'cr1' | 'cr2';

/**
 * Throws unless a sample names its cluster.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT`
 */
export function checkClusterId(cluster: unknown): void {
  if (typeof cluster === 'string') return;
  throw new AssayError(
    'ASSAY_INVALID_INPUT',
    `Expected every sample to name its cluster, got ${show(cluster)}: clustered errors need all of them`,
  );
}

interface Cluster {
  n: number;
  readonly sum: ExactSum;
}

/**
 * Mean with a standard error for samples that come in clusters (questions about one document, several answers
 * to one question): samples of a cluster are not independent, and the naive error is too small (7.9 times on
 * MMLU-Pro's 14 categories).
 *
 * Memory grows with the number of clusters (about 200 bytes each), not of samples. Sums are exact, so any order
 * of additions and merges gives the same bits.
 */
export class ClusteredMoments implements ClusteredEstimate {
  #n = 0;
  readonly #total = new ExactSum();
  readonly #clusters = new Map<string, Cluster>();
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  /**
   * Adds one number of a cluster.
   *
   * @throws AssayError `ASSAY_INVALID_INPUT` without a cluster id, or for a number that is not finite.
   */
  add(x: number, cluster: string): void {
    checkClusterId(cluster);
    this.#total.add(x);
    this.#n += 1;
    const found = this.#cluster(cluster);
    found.n += 1;
    found.sum.add(x);
    if (x < this.#min) this.#min = x;
    if (x > this.#max) this.#max = x;
  }

  /** Adds everything that `other` has seen. */
  merge(other: ClusteredMoments): void {
    for (const [id, cluster] of Array.from(other.#clusters)) this.#addCluster(id, cluster.n, cluster.sum);
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  /** How many numbers were added. */
  get n(): number {
    return this.#n;
  }

  /** How many clusters they came from. */
  get clusters(): number {
    return this.#clusters.size;
  }

  /** Mean over all numbers (not over clusters); `null` when empty. */
  get mean(): number | null {
    return this.#n === 0 ? null : divideExactly(this.#total, this.#n);
  }

  /** Smallest number; `null` when empty. */
  get min(): number | null {
    return this.#n === 0 ? null : this.#min;
  }

  /** Largest number; `null` when empty. */
  get max(): number | null {
    return this.#n === 0 ? null : this.#max;
  }

  /**
   * Cluster-robust standard error of the mean, CR2 (Bell and McCaffrey 2002): sqrt(Σ S² / (1 - f)) / n, S being a
   * cluster's sum of deviations from the mean and f its share of the numbers. For clusters of equal size it is the
   * CR1-style error of Inspect AI and Miller 2024; where sizes differ that one is too small. `null` with fewer than 2
   * clusters.
   */
  get standardError(): number | null {
    return this.robustError('cr2');
  }

  /**
   * The clustered error in another form, for comparison with other tools: `cr0` without a correction for few clusters,
   * `cr1` with clusters / (clusters - 1) for all alike (Inspect AI; Miller 2024), `cr2` as
   * {@link ClusteredMoments.standardError}. `null` with fewer than 2 clusters.
   */
  robustError(form: ClusterRobustForm): number | null {
    const count = this.#clusters.size;
    if (count < 2) return null;
    const squares = new ExactSum();
    for (const cluster of this.#clusters.values()) {
      const deviation = new ExactSum(); // n times the cluster's sum of deviations, free of rounding
      deviation.addMultiple(cluster.sum, this.#n);
      deviation.addMultiple(this.#total, -cluster.n);
      const rounded = deviation.value / this.#n;
      squares.addProduct(rounded, form === 'cr2' ? rounded * (this.#n / (this.#n - cluster.n)) : rounded);
    }
    return Math.sqrt((form === 'cr1' ? count / (count - 1) : 1) * squares.value) / this.#n;
  }

  /**
   * Satterthwaite's degrees of freedom of {@link ClusteredMoments.standardError}, a real number: clusters - 1 for equal
   * sizes, fewer the more one cluster dominates. Below 4 the error says little. `null` with fewer than 2 clusters.
   */
  get degreesOfFreedom(): number | null {
    return this.#weights?.degreesOfFreedom ?? null;
  }

  /** n² / Σ size²: how many clusters of equal size would weigh alike; `null` with fewer than 2 clusters. */
  get effectiveClusters(): number | null {
    return this.#weights?.effectiveClusters ?? null;
  }

  /**
   * Interval of the mean. Without a `range` Student's t with {@link ClusteredMoments.degreesOfFreedom}; with one an
   * interval that stays within it and holds its level also for few clusters and for scores that pile up at an end.
   * Where clusters differ by rounding alone t would have no width: then the range is taken for 0..1 if all numbers lie in
   * it, and else there is no interval. `null` also with fewer than 2 clusters.
   *
   * @throws AssayError `ASSAY_INVALID_OPTION`; `ASSAY_INVALID_INPUT` for numbers outside the range.
   */
  interval(options: ClusteredIntervalOptions = {}): Interval | null {
    const { level = 0.95, range } = checkOptions<ClusteredIntervalOptions>(
      'ClusteredMoments.interval',
      options,
      {
        level: betweenZeroAndOne,
        range: checkRange,
      },
    );
    if (this.#clusters.size < 2) return null;
    if (range !== undefined) return this.#bounded(level, range);
    const found = clusteredTInterval(this, { level, magnitude: magnitudeOf(this) });
    return found ?? (this.#min >= 0 && this.#max <= 1 ? this.#bounded(level, [0, 1]) : null);
  }

  /** The means of the clusters, on the scale from 0 to 1 that `range` becomes. */
  means(range: ValueRange): ClusterMeans {
    if (this.#min < range[0] || this.#max > range[1]) {
      throw new AssayError(
        'ASSAY_INVALID_INPUT',
        `Expected numbers from ${range[0]} to ${range[1]}, got ${this.#min} to ${this.#max}`,
      );
    }
    const means = new ClusterMeans();
    for (const { n, sum } of this.#clusters.values()) means.add(toUnit(divideExactly(sum, n), range), n);
    return means;
  }

  get #weights(): ClusterWeights | null {
    const counts = new Map<number, number>();
    for (const { n } of this.#clusters.values()) counts.set(n, (counts.get(n) ?? 0) + 1);
    return clusterWeights(counts);
  }

  #bounded(level: number, range: ValueRange): Interval | null {
    const means = this.means(range);
    if (range[0] === 0 && range[1] === 1) return clusteredScoreInterval(means, level);
    const found = clusteredBoundedInterval(means, level);
    return found === null ? null : fromUnit(found, range);
  }

  /** Plain data for {@link ClusteredMoments.fromJSON}. */
  toJSON(): ClusteredMomentsRecord {
    const clusters = [...this.#clusters].map(([id, cluster]) => ({
      id,
      n: cluster.n,
      sum: cluster.sum.toJSON(),
    }));
    return { clusters: clusters.sort((a, b) => (a.id < b.id ? -1 : 1)), min: this.min, max: this.max };
  }

  /** What {@link ClusteredMoments.toJSON} wrote. */
  static fromJSON(record: ClusteredMomentsRecord): ClusteredMoments {
    const moments = new ClusteredMoments();
    for (const cluster of record.clusters) {
      moments.#addCluster(cluster.id, cluster.n, ExactSum.fromJSON(cluster.sum));
    }
    moments.#min = record.min ?? Number.POSITIVE_INFINITY;
    moments.#max = record.max ?? Number.NEGATIVE_INFINITY;
    return moments;
  }

  #addCluster(id: string, n: number, sum: ExactSum): void {
    this.#n += n;
    this.#total.merge(sum);
    const mine = this.#cluster(id);
    mine.n += n;
    mine.sum.merge(sum);
  }

  #cluster(id: string): Cluster {
    let found = this.#clusters.get(id);
    if (found === undefined) this.#clusters.set(id, (found = { n: 0, sum: new ExactSum() }));
    return found;
  }
}
