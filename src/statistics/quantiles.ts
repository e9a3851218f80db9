import { AssayError } from '../errors.js';
import { show } from '../foundation/options.js';
import { checkShare } from './check-share.js';

/** `type-7` interpolates (Hyndman and Fan 1996; numpy's and R's default); `nearest-rank` returns a value seen. */
export type QuantileMethod = 'type-7' | 'nearest-rank';

/**
 * The `p` quantile of `values` (0 the smallest, 1 the largest); `null` when there are none.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for a `p` outside 0..1 or a value that is no finite number,
 *   `ASSAY_INVALID_OPTION` for another method.
 */
export function quantile(
  values: ArrayLike<number>,
  p: number,
  method: QuantileMethod = 'type-7',
): number | null {
  return quantiles(values, [p], method)[0] as number | null;
}

/** Several quantiles of the same values, which are sorted once; `null` each when there are no values. */
export function quantiles(
  values: ArrayLike<number>,
  ps: readonly number[],
  method: QuantileMethod = 'type-7',
): (number | null)[] {
  if (method !== 'type-7' && method !== 'nearest-rank') {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected a quantile method: 'type-7' or 'nearest-rank', got ${show(method)}`,
    );
  }
  const sorted = sortedNumbers(values);
  return ps.map((p) => {
    checkShare('a quantile', p);
    return sorted.length === 0 ? null : quantileOfSorted(sorted, p, method);
  });
}

/** The median: the middle value, or the mean of the two middle ones; `null` when there are no values. */
export function median(values: ArrayLike<number>): number | null {
  return quantile(values, 0.5);
}

/** The `p` quantile, 0..1, of numbers that are sorted and at least one. */
export function quantileOfSorted(
  sorted: ArrayLike<number>,
  p: number,
  method: QuantileMethod = 'type-7',
): number {
  const last = sorted.length - 1;
  if (method === 'nearest-rank') {
    return sorted[Math.min(last, Math.max(0, Math.ceil(p * sorted.length) - 1))] as number;
  }
  const position = p * last;
  const below = Math.floor(position);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, last)] as number;
  const share = position - below;
  const range = high - low;
  return Number.isFinite(range) ? low + range * share : low * (1 - share) + high * share;
}

/**
 * A sorted copy.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for a value that is no finite number; `null` would count as 0 otherwise.
 */
export function sortedNumbers(values: ArrayLike<number>): Float64Array {
  const sorted = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!Number.isFinite(value)) {
      throw new AssayError('ASSAY_INVALID_INPUT', `Expected finite numbers, got ${show(value)}`);
    }
    sorted[i] = value;
  }
  return sorted.sort();
}
