import { ExactSum } from '../foundation/exact-sum.js';
import { divideExactly } from './moments.js';

/**
 * Standard error of the mean of samples whose clusters come complete, such as all answers to one question: as
 * {@link ClusteredMoments} computes it, but in constant memory, since no cluster has to be kept.
 */
export class CompleteClusters {
  #clusters = 0;
  #samples = 0;
  #sizesSquared = 0;
  readonly #total = new ExactSum();
  readonly #sumsSquared = new ExactSum();
  readonly #sumsTimesSizes = new ExactSum();

  /** Adds a cluster: the sum of its samples, and how many they are (>= 1). */
  add(sum: number, size: number): void {
    this.#clusters += 1;
    this.#samples += size;
    this.#sizesSquared += size * size;
    this.#total.add(sum);
    this.#sumsSquared.addProduct(sum, sum);
    this.#sumsTimesSizes.addProduct(sum, size);
  }

  /** How many clusters were added. */
  get clusters(): number {
    return this.#clusters;
  }

  /** sqrt(C/(C-1) · Σ over clusters (Σ of deviations)²) / n; `null` with fewer than 2 clusters. */
  get standardError(): number | null {
    const count = this.#clusters;
    if (count < 2) return null;
    const mean = divideExactly(this.#total, this.#samples);
    // Σ(S - n m)² = ΣS² - 2m ΣSn + m² Σn², without rounding before the end
    const linear = new ExactSum();
    linear.addMultiple(this.#sumsTimesSizes, -2);
    linear.addProduct(mean, this.#sizesSquared);
    const squares = new ExactSum();
    squares.merge(this.#sumsSquared);
    squares.addMultiple(linear, mean);
    return Math.sqrt((count / (count - 1)) * Math.max(0, squares.value)) / this.#samples;
  }
}
