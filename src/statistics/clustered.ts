import { AssayError } from '../errors.js';
import { ExactSum } from '../foundation/exact-sum.js';
import { show } from '../foundation/options.js';
import { type Interval, type IntervalOptions, tInterval } from './intervals.js';
import { divideExactly } from './moments.js';

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
}

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
export class ClusteredMoments {
  #n = 0;
  readonly #total = new ExactSum();
  readonly #clusters = new Map<string, Cluster>();

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
  }

  /** Adds everything that `other` has seen. */
  merge(other: ClusteredMoments): void {
    for (const [id, cluster] of Array.from(other.#clusters)) this.#addCluster(id, cluster.n, cluster.sum);
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

  /**
   * Cluster-robust standard error of the mean: sqrt(C/(C-1) · Σ over clusters (Σ of deviations)²) / n, the
   * CR1-style estimator that Inspect AI uses (Miller 2024, "Adding Error Bars to Evals", with the small-sample
   * factor). `null` with fewer than 2 clusters.
   */
  get standardError(): number | null {
    const count = this.#clusters.size;
    if (count < 2) return null;
    const squares = new ExactSum();
    for (const cluster of this.#clusters.values()) {
      const deviation = new ExactSum(); // n times the cluster's sum of deviations, free of rounding
      deviation.addMultiple(cluster.sum, this.#n);
      deviation.addMultiple(this.#total, -cluster.n);
      const rounded = deviation.value / this.#n;
      squares.addProduct(rounded, rounded);
    }
    return Math.sqrt((count / (count - 1)) * squares.value) / this.#n;
  }

  /** t interval with C - 1 degrees of freedom; `null` with fewer than 2 clusters. */
  interval(options: IntervalOptions = {}): Interval | null {
    const { mean, standardError } = this;
    if (mean === null || standardError === null) return null;
    const found = tInterval({ mean, standardError, degreesOfFreedom: this.clusters - 1 }, options);
    return { ...found, method: 'clustered-t' };
  }

  /** Plain data for {@link ClusteredMoments.fromJSON}. */
  toJSON(): ClusteredMomentsRecord {
    const clusters = [...this.#clusters].map(([id, cluster]) => ({
      id,
      n: cluster.n,
      sum: cluster.sum.toJSON(),
    }));
    return { clusters: clusters.sort((a, b) => (a.id < b.id ? -1 : 1)) };
  }

  /** What {@link ClusteredMoments.toJSON} wrote. */
  static fromJSON(record: ClusteredMomentsRecord): ClusteredMoments {
    const moments = new ClusteredMoments();
    for (const cluster of record.clusters) {
      moments.#addCluster(cluster.id, cluster.n, ExactSum.fromJSON(cluster.sum));
    }
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
