import { AssayError } from '../errors.js';
import { betweenZeroAndOne, checkOptions, oneOf, show } from '../foundation/options.js';
import { findRoot } from './find-root.js';
import { gaffkeChances, isExact, type WeighedValues } from './gaffke-distribution.js';
import type { Interval, IntervalOptions } from './intervals.js';
import { ScoreCounts } from './score-counts.js';
import { checkRange, fromUnit, toUnit, type ValueRange } from './value-range.js';

/** Options of {@link boundedMeanInterval}. */
export interface BoundedMeanOptions extends IntervalOptions {
  /**
   * `mid-gaffke`: covers its level closely. `gaffke`: covers at least its level (a conjecture without a known
   * counterexample), so it is wider; each end alone errs with at most half of 1 - level. @default 'mid-gaffke'
   */
  readonly method?: 'mid-gaffke' | 'gaffke' | undefined;
  /** Lowest and highest value that is possible, not that was seen. @default [0, 1] */
  readonly range?: ValueRange | undefined;
}

/**
 * Interval of the mean of independent values in a known range, by Gaffke's distribution (Gaffke 2005; Learned-Miller
 * and Thomas 2019). Lower end: from P(Σ w_i z_i <= t) = (1 - level)/2, `z` being the values and one extra value, `w`
 * uniform on the simplex; upper end alike. `gaffke` puts the extra value at the end of the range that is looked at,
 * `mid-gaffke` takes the mean of both ends. On 0/1 values the two are Clopper-Pearson's and the mid-p interval.
 *
 * It never leaves the range and always has a width, however few or equal the values are: one of 0.3 gives 0.015 to
 * 0.965. Exact up to 300 values; above, by a saddle point whose ends err by at most 4e-5. `null` for no values.
 *
 * @param sample The values; or {@link ScoreCounts}, whose range is 0..1.
 * @throws AssayError `ASSAY_INVALID_INPUT` for a value outside the range, `ASSAY_INVALID_OPTION`.
 */
export function boundedMeanInterval(
  sample: ArrayLike<number> | ScoreCounts,
  options: BoundedMeanOptions = {},
): Interval | null {
  const checked = checkOptions<BoundedMeanOptions>('boundedMeanInterval', options, {
    level: betweenZeroAndOne,
    method: oneOf('mid-gaffke', 'gaffke'),
    range: checkRange,
  });
  const { level = 0.95, method = 'mid-gaffke', range = [0, 1] } = checked;
  const scores = sample instanceof ScoreCounts ? sample : countsOf(sample, range);
  if (scores.n === 0) return null;
  const found = gaffkeInterval({ below: scores.below(), above: scores.above() }, { level, method });
  return fromUnit(found, range);
}

function countsOf(values: ArrayLike<number>, range: ValueRange): ScoreCounts {
  const counts = new ScoreCounts();
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (typeof value !== 'number' || !(value >= range[0] && value <= range[1])) {
      throw new AssayError(
        'ASSAY_INVALID_INPUT',
        `Expected values from ${range[0]} to ${range[1]}, got ${show(value)} at ${i}`,
      );
    }
    counts.add(toUnit(value, range));
  }
  return counts;
}

/** What {@link gaffkeInterval} goes by. */
export interface GaffkeOptions {
  readonly level: number;
  readonly method: 'mid-gaffke' | 'gaffke';
  /** Size that the extra value stands for, where values have sizes. @default 1 */
  readonly extraSize?: number;
}

/** The interval on 0..1; `below` and `above` are the same values rounded down and up. */
export function gaffkeInterval(
  sample: { readonly below: WeighedValues; readonly above: WeighedValues },
  options: GaffkeOptions,
): Interval {
  const { level, method } = options;
  return { low: end(sample.below, 'low', options), high: end(sample.above, 'high', options), level, method };
}

function end(sample: WeighedValues, side: 'low' | 'high', options: GaffkeOptions): number {
  const { level, method, extraSize = 1 } = options;
  const { values } = sample;
  const [edge, farthest] = side === 'low' ? [0, values.at(-1) as number] : [1, values[0] as number];
  if (farthest === edge) return edge;
  const tail = (1 - level) / 2;
  const excess = (at: number): number => {
    const { near, far } = gaffkeChances(sample, { at, side, extraSize });
    return (method === 'gaffke' ? near : (near + far) / 2) - tail;
  };
  // The saddle point itself errs by 1e-5: no need for the last digits there.
  const precision = isExact(sample) ? 2 ** -52 : 1e-10;
  return findRoot(excess, [edge, farthest], precision);
}
