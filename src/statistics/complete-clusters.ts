import { ExactSum } from '../foundation/exact-sum.js';
import { ClusterMeans } from './cluster-means.js';
import { type ClusterWeights, clusterWeights } from './cluster-robust.js';
import type { ClusteredEstimate } from './clustered-interval.js';
import { divideExactly } from './moments.js';

interface SizeClass {
  clusters: number;
  readonly sums: ExactSum;
  readonly squares: ExactSum;
}

/**
 * Mean and standard error of scores in 0..1 whose clusters come complete, such as all answers to one question: as
 * {@link ClusteredMoments} computes them, but with a few numbers for each size that occurs, since no cluster has to be
 * kept.
 */
export class CompleteClusters implements ClusteredEstimate {
  readonly #sizes = new Map<number, SizeClass>();
  readonly #total = new ExactSum();
  readonly #means = new ClusterMeans();
  #samples = 0;

  /** Adds a cluster: the sum of its samples, and how many they are (>= 1). */
  add(sum: number, size: number): void {
    this.#samples += size;
    this.#total.add(sum);
    this.#means.add(sum / size, size);
    let found = this.#sizes.get(size);
    if (found === undefined) {
      this.#sizes.set(size, (found = { clusters: 0, sums: new ExactSum(), squares: new ExactSum() }));
    }
    found.clusters += 1;
    found.sums.add(sum);
    found.squares.addProduct(sum, sum);
  }

  /** How many clusters were added. */
  get clusters(): number {
    return this.#means.clusters;
  }

  /** The means of the clusters. */
  get means(): ClusterMeans {
    return this.#means;
  }

  /** Mean over all samples; `null` when empty. */
  get mean(): number | null {
    return this.#samples === 0 ? null : divideExactly(this.#total, this.#samples);
  }

  /** See {@link ClusteredMoments.standardError}. */
  get standardError(): number | null {
    const { mean } = this;
    if (mean === null || this.clusters < 2) return null;
    const squares = new ExactSum();
    for (const [size, { clusters, sums, squares: own }] of this.#sizes) {
      // Σ(S - size·m)² = ΣS² - 2·size·m·ΣS + clusters·size²·m², without rounding before the end
      const expected = size * mean;
      const deviations = own.copy();
      deviations.addMultiple(sums, -2 * expected);
      deviations.addProduct(clusters * expected, expected);
      squares.add(Math.max(0, deviations.value) * (this.#samples / (this.#samples - size)));
    }
    return Math.sqrt(squares.value) / this.#samples;
  }

  /** See {@link ClusteredMoments.degreesOfFreedom}. */
  get degreesOfFreedom(): number | null {
    return this.#weights?.degreesOfFreedom ?? null;
  }

  /** See {@link ClusteredMoments.effectiveClusters}. */
  get effectiveClusters(): number | null {
    return this.#weights?.effectiveClusters ?? null;
  }

  get #weights(): ClusterWeights | null {
    return clusterWeights(new Map(Array.from(this.#sizes, ([size, { clusters }]) => [size, clusters])));
  }
}
