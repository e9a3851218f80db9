import { AssayError } from '../errors.js';
import { ExactSum } from '../foundation/exact-sum.js';
import { show } from '../foundation/options.js';

const LARGEST = 1e130; // n^2 x^2 stays far from overflow

/** Plain-data form of {@link Moments}: equal samples give equal data, whatever their order. */
export interface MomentsRecord {
  /** How many numbers were added. */
  readonly n: number;
  /** Exact sum, see {@link ExactSum.toJSON}. */
  readonly sum: readonly number[];
  /** Exact sum of squares. */
  readonly sumOfSquares: readonly number[];
  /** Smallest number; `null` when empty. */
  readonly min: number | null;
  /** Largest number; `null` when empty. */
  readonly max: number | null;
}

/**
 * Mean, variance and standard error of a stream of numbers, in constant memory. Sums of x and x² are exact and
 * are rounded only when a figure is read: additions and merges in any order give the same bits, and nothing
 * cancels. What is not defined is `null`, never 0 or NaN.
 */
export class Moments {
  #n = 0;
  readonly #sum = new ExactSum();
  readonly #squares = new ExactSum();
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  /** The moments of all `values`. */
  static of(values: Iterable<number>): Moments {
    const moments = new Moments();
    for (const value of values) moments.add(value);
    return moments;
  }

  /**
   * Adds one number.
   *
   * @throws AssayError `ASSAY_INVALID_INPUT` unless it is finite and its magnitude at most 1e130.
   */
  add(x: number): void {
    if (typeof x !== 'number' || !(Math.abs(x) <= LARGEST)) {
      throw new AssayError(
        'ASSAY_INVALID_INPUT',
        `Expected a finite number of magnitude at most 1e130, got ${show(x)}`,
      );
    }
    this.#n += 1;
    this.#sum.add(x);
    this.#squares.addProduct(x, x);
    if (x < this.#min) this.#min = x;
    if (x > this.#max) this.#max = x;
  }

  /** Adds everything that `other` has seen. */
  merge(other: Moments): void {
    this.#n += other.#n;
    this.#sum.merge(other.#sum);
    this.#squares.merge(other.#squares);
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  /** How many numbers were added. */
  get n(): number {
    return this.#n;
  }

  /** Sum, rounded once; 0 when empty. */
  get sum(): number {
    return this.#sum.value;
  }

  /** Arithmetic mean; `null` when empty. */
  get mean(): number | null {
    return this.#n === 0 ? null : divideExactly(this.#sum, this.#n);
  }

  /** Sample variance, divisor n - 1; `null` for n < 2. */
  get variance(): number | null {
    const n = this.#n;
    if (n < 2) return null;
    // (sum of x² - (sum of x)²/n) / (n - 1)
    return Math.max(0, crossDeviation(this.#squares, { x: this.#sum, y: this.#sum, n })) / n / (n - 1);
  }

  /** Sample standard deviation; `null` for n < 2. */
  get standardDeviation(): number | null {
    const variance = this.variance;
    return variance === null ? null : Math.sqrt(variance);
  }

  /** Standard error of the mean, standard deviation / sqrt(n); `null` for n < 2. */
  get standardError(): number | null {
    const variance = this.variance;
    return variance === null ? null : Math.sqrt(variance / this.#n);
  }

  /** Smallest number; `null` when empty. */
  get min(): number | null {
    return this.#n === 0 ? null : this.#min;
  }

  /** Largest number; `null` when empty. */
  get max(): number | null {
    return this.#n === 0 ? null : this.#max;
  }

  /** Whether every number was 0 or 1 (and there was one): then the sum of x - x² over values in 0..1 is 0. */
  get binary(): boolean {
    if (this.#n === 0 || this.#min < 0 || this.#max > 1) return false;
    const spread = this.#sum.copy();
    spread.addMultiple(this.#squares, -1);
    return spread.value === 0;
  }

  /** Plain data for {@link Moments.fromJSON}. */
  toJSON(): MomentsRecord {
    return {
      n: this.#n,
      sum: this.#sum.toJSON(),
      sumOfSquares: this.#squares.toJSON(),
      min: this.min,
      max: this.max,
    };
  }

  /** The moments that {@link Moments.toJSON} wrote. */
  static fromJSON(record: MomentsRecord): Moments {
    const moments = new Moments();
    moments.#n = record.n;
    moments.#sum.merge(ExactSum.fromJSON(record.sum));
    moments.#squares.merge(ExactSum.fromJSON(record.sumOfSquares));
    moments.#min = record.min ?? Number.POSITIVE_INFINITY;
    moments.#max = record.max ?? Number.NEGATIVE_INFINITY;
    return moments;
  }
}

/** `sum / divisor`, corrected by its exact remainder so that a mean of equal numbers is that number. */
export function divideExactly(sum: ExactSum, divisor: number): number {
  const quotient = sum.value / divisor;
  const remainder = sum.copy();
  remainder.addProduct(quotient, -divisor);
  return quotient + remainder.value / divisor;
}

/** n·Σxy - Σx·Σy without rounding before the end: n² times the covariance, or n² times the variance for x = y. */
export function crossDeviation(
  products: ExactSum,
  { x, y, n }: { readonly x: ExactSum; readonly y: ExactSum; readonly n: number },
): number {
  const deviation = new ExactSum();
  deviation.addMultiple(products, n);
  for (const part of x.toJSON()) deviation.addMultiple(y, -part);
  return deviation.value;
}
