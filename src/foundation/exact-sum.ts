import { AssayError } from '../errors.js';
import { show } from './options.js';

const LARGEST = 2 ** 970; // 2^53 numbers of this size still add up to a finite one
const SPLITTER = 2 ** 27 + 1;

/**
 * A sum of float64 numbers without any rounding: the same numbers give the same bits in whatever order, and
 * over whatever number of partial sums, they were added.
 *
 * What each addition loses to rounding is itself a float64 number (Knuth's two-sum) and is added to the next
 * of three fields; what the last of them loses goes to an expansion of numbers that do not overlap (Shewchuk
 * 1997, "Adaptive Precision Floating-Point Arithmetic"). Sums of fewer than 2^53 scores in 0..1 never leave the
 * first two fields: about 10 ns an addition. Nothing is rounded before {@link ExactSum.value} is read.
 */
export class ExactSum {
  #high = 0;
  #middle = 0;
  #low = 0;
  /** What the fields could not hold: ascending, not overlapping. */
  #spilled: number[] | undefined;

  /**
   * Adds one number.
   *
   * @throws AssayError `ASSAY_INVALID_INPUT` unless it is finite and its magnitude at most 2^970.
   */
  add(x: number): void {
    if (typeof x !== 'number' || !(Math.abs(x) <= LARGEST)) throw notSummable(x);
    this.#accumulate(x);
  }

  #accumulate(x: number): void {
    const high = this.#high;
    let sum = high + x;
    let virtual = sum - high;
    const highError = high - (sum - virtual) + (x - virtual);
    this.#high = sum;
    if (highError === 0) return;
    const middle = this.#middle;
    sum = middle + highError;
    virtual = sum - middle;
    const middleError = middle - (sum - virtual) + (highError - virtual);
    this.#middle = sum;
    if (middleError === 0) return;
    const low = this.#low;
    sum = low + middleError;
    virtual = sum - low;
    const lowError = low - (sum - virtual) + (middleError - virtual);
    this.#low = sum;
    if (lowError !== 0) growExpansion((this.#spilled ??= []), lowError);
  }

  /** Adds `a * b` without rounding (as long as no part of the product falls below 2^-1022). */
  addProduct(a: number, b: number): void {
    const product = a * b;
    this.add(product);
    const error = productError(a, b, product);
    if (error !== 0) this.add(error);
  }

  /** Adds `factor * other` without rounding. */
  addMultiple(other: ExactSum, factor: number): void {
    for (const part of other.#parts()) this.addProduct(part, factor);
  }

  /** Adds everything that `other` holds. */
  merge(other: ExactSum): void {
    for (const part of other.#parts()) this.#accumulate(part); // sums may be larger than what add takes
  }

  /** The sum, rounded once to the nearest float64 (ties to even). 0 when nothing was added. */
  get value(): number {
    if (this.#low === 0 && this.#spilled === undefined) return this.#high + this.#middle;
    return roundExpansion(this.#parts());
  }

  /** An independent copy. */
  copy(): ExactSum {
    const copy = new ExactSum();
    copy.merge(this);
    return copy;
  }

  /** The exact sum as a list of numbers, largest first; equal sums give equal lists. */
  toJSON(): number[] {
    const left = this.copy();
    const parts: number[] = [];
    for (let part = left.value; part !== 0; part = left.value) {
      parts.push(part);
      left.#accumulate(-part);
    }
    return parts;
  }

  /** The sum that {@link ExactSum.toJSON} wrote. */
  static fromJSON(parts: readonly number[]): ExactSum {
    const sum = new ExactSum();
    for (const part of parts) sum.#accumulate(part);
    return sum;
  }

  /** The sum as an ascending expansion; a new array, so that a sum can be merged into itself. */
  #parts(): number[] {
    const parts = this.#spilled === undefined ? [] : [...this.#spilled];
    growExpansion(parts, this.#low);
    growExpansion(parts, this.#middle);
    growExpansion(parts, this.#high);
    return parts;
  }
}

/** Adds `x` to an ascending expansion in place, without zeros (Shewchuk's grow-expansion). */
function growExpansion(parts: number[], x: number): void {
  let carried = x;
  let kept = 0;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as number;
    const sum = carried + part;
    const virtual = sum - carried;
    const error = carried - (sum - virtual) + (part - virtual);
    if (error !== 0) parts[kept++] = error;
    carried = sum;
  }
  parts.length = kept;
  if (carried !== 0) parts.push(carried);
}

/** Rounds an ascending expansion correctly; the last step resolves ties by what lies below them. */
function roundExpansion(parts: readonly number[]): number {
  let index = parts.length - 1;
  if (index < 0) return 0;
  let sum = parts[index] as number;
  let error = 0;
  while (index > 0) {
    const before = sum;
    const part = parts[--index] as number;
    sum = before + part;
    error = part - (sum - before);
    if (error !== 0) break;
  }
  const below = index > 0 ? (parts[index - 1] as number) : 0;
  if ((error > 0 && below > 0) || (error < 0 && below < 0)) {
    const doubled = error * 2;
    const moved = sum + doubled;
    if (moved - sum === doubled) return moved;
  }
  return sum;
}

/** What `product`, the rounded `a * b`, lacks to the exact one (Dekker 1971, with Veltkamp's splitting). */
function productError(a: number, b: number, product: number): number {
  const aScaled = SPLITTER * a;
  const aHigh = aScaled - (aScaled - a);
  const aLow = a - aHigh;
  const bScaled = SPLITTER * b;
  const bHigh = bScaled - (bScaled - b);
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

function notSummable(x: unknown): AssayError {
  return new AssayError(
    'ASSAY_INVALID_INPUT',
    `Expected a finite number of magnitude at most 2^970 to add, got ${show(x)}`,
  );
}
