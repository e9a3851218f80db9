import { ExactSum } from '../foundation/exact-sum.js';

/** What the sizes of clusters make of them. */
export interface ClusterWeights {
  /** Satterthwaite's degrees of freedom of the clustered error of a mean: rarely an integer; clusters - 1 for equal sizes. */
  readonly degreesOfFreedom: number;
  /** n² / Σ size²: how many clusters of equal size would weigh alike. */
  readonly effectiveClusters: number;
}

/**
 * Degrees of freedom of the CR2 error of a mean (Bell and McCaffrey 2002), in closed form: with f = size / n and
 * h = f² / (1 - f), 1/df = Σf² + (Σh)² - Σh². `null` with fewer than 2 clusters.
 *
 * @param sizes How many clusters there are of each size, i.e. number of samples.
 */
export function clusterWeights(sizes: ReadonlyMap<number, number>): ClusterWeights | null {
  let [clusters, n, squared] = [0, 0, 0];
  for (const [size, count] of sizes) {
    clusters += count;
    n += size * count;
    squared += size * size * count;
  }
  if (clusters < 2) return null;
  const [squares, h, hSquares] = [new ExactSum(), new ExactSum(), new ExactSum()];
  for (const [size, count] of sizes) {
    const share = size / n;
    const pull = (share * size) / (n - size);
    squares.addProduct(share * share, count);
    h.addProduct(pull, count);
    hSquares.addProduct(pull * pull, count);
  }
  return {
    // of equal sizes just clusters - 1, without the rounding of the sums
    degreesOfFreedom: sizes.size === 1 ? clusters - 1 : 1 / (squares.value + (h.value ** 2 - hSquares.value)),
    effectiveClusters: (n * n) / squared,
  };
}

/** What a clustered metric says of its clusters. */
export interface ClusterFigures {
  /** How many there are; `null` where nothing is clustered. */
  readonly clusters: number | null;
  /** See {@link ClusterWeights}; `null` also with fewer than 2 clusters. */
  readonly effectiveClusters: number | null;
  /** See {@link ClusterWeights}; `null` also with fewer than 2 clusters. */
  readonly degreesOfFreedom: number | null;
}

/** Below so many degrees of freedom a clustered error says little. */
const FEW_DEGREES_OF_FREEDOM = 4;

/** Whether a clustered error has too few degrees of freedom to be trusted. */
export function hasFewClusters({ clusters, degreesOfFreedom }: ClusterFigures): boolean {
  return clusters !== null && clusters > 0 && (degreesOfFreedom ?? 0) < FEW_DEGREES_OF_FREEDOM;
}

/** A warning about metrics for which {@link hasFewClusters} holds. */
export function fewClustersWarning(metrics: readonly (ClusterFigures & { readonly name: string })[]): string {
  const each = metrics.map(({ name, clusters, effectiveClusters, degreesOfFreedom }) =>
    effectiveClusters === null || degreesOfFreedom === null
      ? `${name} has one cluster and no error`
      : `${name} has ${clusters} clusters, worth ${effectiveClusters.toFixed(1)} of equal size ` +
        `(${degreesOfFreedom.toFixed(1)} degrees of freedom)`,
  );
  return `too few clusters to trust the standard error: ${each.join('; ')}`;
}
