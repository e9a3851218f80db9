import { AssayError } from '../errors.js';
import { ExactSum } from '../foundation/exact-sum.js';
import { show } from '../foundation/options.js';
import { isRounding, withoutRounding } from '../foundation/rounding.js';
import { crossDeviation } from './moments.js';
import { checkSameLength } from './paired-numbers.js';

/**
 * Pearson's product-moment correlation, from exact sums: the same bits in any order of the pairs. `null` for
 * fewer than 2 pairs or when one side is constant.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for lists of different lengths or values that are not finite.
 */
export function pearson(x: ArrayLike<number>, y: ArrayLike<number>): number | null {
  checkSameLength('x and y', x, y);
  const products = new CrossSums();
  const [scaleX, scaleY] = [scaleOf(x), scaleOf(y)];
  for (let i = 0; i < x.length; i++) products.add(scaleX * (x[i] as number), scaleY * (y[i] as number));
  return isConstant(x) || isConstant(y) ? null : products.correlation;
}

/** Whether values differ by rounding alone. */
function isConstant(values: ArrayLike<number>): boolean {
  let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    lowest = Math.min(lowest, values[i] as number);
    highest = Math.max(highest, values[i] as number);
  }
  return isRounding(highest - lowest, Math.max(Math.abs(highest), Math.abs(lowest)));
}

/** A power of two, which rounds nothing, that brings values near 1: squares of 1e-170 or 1e170 are no numbers. */
function scaleOf(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i] as number));
  if (largest === 0 || !Number.isFinite(largest)) return 1;
  return 2 ** Math.min(1023, -Math.floor(Math.log2(largest)));
}

/**
 * Spearman's rank correlation: Pearson's of mid-ranks (tied values share the mean of their ranks). `null` for
 * fewer than 2 pairs or when one side is constant.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for lists of different lengths or values that cannot be ranked.
 */
export function spearman(x: ArrayLike<number>, y: ArrayLike<number>): number | null {
  checkSameLength('x and y', x, y);
  return pearson(midRanks(x), midRanks(y));
}

/**
 * Kendall's tau-b, which corrects for ties (Kendall 1945), in O(n log n) (Knight 1966). `null` for fewer than
 * 2 pairs or when one side is constant.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for lists of different lengths or values that cannot be ranked.
 */
export function kendallTauB(x: ArrayLike<number>, y: ArrayLike<number>): number | null {
  checkSameLength('x and y', x, y);
  checkRankable(x);
  checkRankable(y);
  return tauB(withoutRounding(x), withoutRounding(y));
}

function tauB(x: Float64Array, y: Float64Array): number | null {
  const n = x.length;
  const order = Array.from({ length: n }, (_, i) => i).sort(
    (i, j) => (x[i] as number) - (x[j] as number) || (y[i] as number) - (y[j] as number),
  );
  const sortedX = Float64Array.from(order, (i) => x[i] as number);
  const byX = Float64Array.from(order, (i) => y[i] as number);
  const all = (n * (n - 1)) / 2;
  const tiedX = tiedPairs(n, (i) => sortedX[i] === sortedX[i - 1]);
  const tiedBoth = tiedPairs(n, (i) => sortedX[i] === sortedX[i - 1] && byX[i] === byX[i - 1]);
  const { sorted, swaps } = mergeSort(byX);
  const tiedY = tiedPairs(n, (i) => sorted[i] === sorted[i - 1]);
  if (all === tiedX || all === tiedY) return null;
  const agreeing = all - tiedX - tiedY + tiedBoth - 2 * swaps; // concordant less discordant pairs
  return agreeing / Math.sqrt((all - tiedX) * (all - tiedY));
}

/**
 * Ranks from 1, tied values sharing the mean of their ranks; so do values that only rounding sets apart (a few units in
 * the last place: 0.1 + 0.2 ties with 0.3). Infinities have their place.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for NaN, which has none.
 */
export function midRanks(values: ArrayLike<number>): Float64Array {
  checkRankable(values);
  return ranksOf(withoutRounding(values));
}

function ranksOf(values: Float64Array): Float64Array {
  const order = Array.from({ length: values.length }, (_, i) => i).sort(
    (i, j) => (values[i] as number) - (values[j] as number),
  );
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && values[order[end] as number] === values[order[start] as number]) end++;
    for (let i = start; i < end; i++) ranks[order[i] as number] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

/**
 * Throws unless all values are numbers that can be put in order.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT`
 */
export function checkRankable(values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    const value: unknown = values[i];
    if (typeof value === 'number' && !Number.isNaN(value)) continue;
    throw new AssayError('ASSAY_INVALID_INPUT', `Expected numbers to rank, got ${show(value)}`);
  }
}

/** Sums of pairs from which their correlation is read; order-independent to the bit. */
export class CrossSums {
  #n = 0;
  readonly #x = new ExactSum();
  readonly #y = new ExactSum();
  readonly #xx = new ExactSum();
  readonly #yy = new ExactSum();
  readonly #xy = new ExactSum();

  /** Adds one pair. */
  add(x: number, y: number): void {
    this.#n += 1;
    this.#x.add(x);
    this.#y.add(y);
    this.#xx.addProduct(x, x);
    this.#yy.addProduct(y, y);
    this.#xy.addProduct(x, y);
  }

  /** Pearson's correlation; `null` when it is not defined. */
  get correlation(): number | null {
    const spreadX = crossDeviation(this.#xx, { x: this.#x, y: this.#x, n: this.#n });
    const spreadY = crossDeviation(this.#yy, { x: this.#y, y: this.#y, n: this.#n });
    if (spreadX <= 0 || spreadY <= 0) return null;
    const r =
      crossDeviation(this.#xy, { x: this.#x, y: this.#y, n: this.#n }) /
      Math.sqrt(spreadX) /
      Math.sqrt(spreadY);
    return Math.min(1, Math.max(-1, r));
  }
}

/** Pairs within runs of equal neighbours; `tied(i)` tells whether item i equals the one before it. */
function tiedPairs(n: number, tied: (index: number) => boolean): number {
  let pairs = 0;
  let run = 0;
  for (let i = 1; i < n; i++) {
    run = tied(i) ? run + 1 : 0;
    pairs += run;
  }
  return pairs;
}

/** Bottom-up merge sort that counts the pairs standing in the wrong order. */
function mergeSort(values: Float64Array): { readonly sorted: Float64Array; readonly swaps: number } {
  let from = values.slice();
  let to = new Float64Array(values.length);
  let swaps = 0;
  for (let width = 1; width < from.length; width *= 2) {
    for (let start = 0; start < from.length; start += 2 * width) {
      const middle = Math.min(start + width, from.length);
      const end = Math.min(start + 2 * width, from.length);
      let left = start;
      let right = middle;
      for (let i = start; i < end; i++) {
        if (left < middle && (right >= end || (from[left] as number) <= (from[right] as number))) {
          to[i] = from[left++] as number;
        } else {
          swaps += middle - left;
          to[i] = from[right++] as number;
        }
      }
    }
    [from, to] = [to, from];
  }
  return { sorted: from, swaps };
}
