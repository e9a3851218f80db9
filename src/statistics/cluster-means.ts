import type { WeighedValues } from './gaffke-distribution.js';
import { isRounding } from '../foundation/rounding.js';
import { ScoreCounts } from './score-counts.js';

/** Means of clusters on 0..1 with the sizes of the clusters, in flat memory for each size that occurs. */
export class ClusterMeans {
  readonly #bySize = new Map<number, ScoreCounts>();
  #clusters = 0;

  /** Adds a cluster: the mean of its samples, and how many they are. */
  add(mean: number, size: number): void {
    let counts = this.#bySize.get(size);
    if (counts === undefined) this.#bySize.set(size, (counts = new ScoreCounts()));
    counts.add(Math.min(1, Math.max(0, mean))); // the mean of numbers on 0..1 may be rounded beyond
    this.#clusters++;
  }

  /** How many clusters there are. */
  get clusters(): number {
    return this.#clusters;
  }

  /** Size of the cluster that the average sample lies in: Σ size² / Σ size. */
  get effectiveSize(): number {
    let [samples, squares] = [0, 0];
    for (const [size, { n }] of this.#bySize) {
      samples += size * n;
      squares += size * size * n;
    }
    return squares / samples;
  }

  /** Means, rounded down where they are in bins. */
  below(): WeighedValues {
    return this.#weighed((counts) => counts.below());
  }

  /** Means, rounded up where they are in bins. */
  above(): WeighedValues {
    return this.#weighed((counts) => counts.above());
  }

  #weighed(rounded: (counts: ScoreCounts) => WeighedValues): WeighedValues {
    const rows: [value: number, size: number, count: number][] = [];
    for (const [size, counts] of this.#bySize) {
      const { values, counts: each } = rounded(counts);
      values.forEach((value, i) => rows.push([value, size, each[i] as number]));
    }
    rows.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    return {
      values: Float64Array.from(rows, ([value]) => value),
      sizes: Float64Array.from(rows, ([, size]) => size),
      counts: Float64Array.from(rows, ([, , count]) => count),
    };
  }
}

/** Share of the most frequent value, 0..1; values that only rounding sets apart are one. */
export function shareOfMostFrequent({ values, counts }: WeighedValues): number {
  let [n, most, together, last] = [0, 0, 0, Number.NaN];
  values.forEach((value, i) => {
    const count = counts[i] as number;
    together = isRounding(value - last, 1) ? together + count : count;
    n += count;
    most = Math.max(most, together);
    last = value;
  });
  return n === 0 ? 0 : most / n;
}
