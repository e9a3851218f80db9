import { boundedMeanInterval } from './bounded-mean.js';
import { checkLevel, type Interval, type IntervalOptions, tInterval, wilsonInterval } from './intervals.js';
import type { Moments } from './moments.js';
import { isRounding } from '../foundation/rounding.js';
import { ScoreCounts } from './score-counts.js';

/**
 * The default interval of a mean of independent values.
 *
 * - Scores in 0..1 ({@link ScoreCounts}): Wilson's where every score is 0 or 1, else mid-Gaffke's, at every n. It never
 *   leaves 0..1 and is never without width.
 * - Quantities without known bounds ({@link Moments}): Wilson's where every value was 0 or 1, else Student's t.
 *
 * `null` when it is not defined: no values; without bounds also a single value, or values that differ by rounding alone,
 * since no spread was seen then.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION` for a bad level.
 */
export function meanInterval(values: ScoreCounts | Moments, options: IntervalOptions = {}): Interval | null {
  checkLevel('meanInterval', options);
  if (values instanceof ScoreCounts) {
    return values.binary
      ? wilsonInterval({ successes: values.ones, n: values.n }, options)
      : boundedMeanInterval(values, options);
  }
  if (values.binary) return wilsonInterval({ successes: values.sum, n: values.n }, options);
  const { mean, standardError, n } = values;
  if (mean === null || standardError === null) return null;
  if (isRounding(standardError, magnitudeOf(values))) return null;
  return tInterval({ mean, standardError, degreesOfFreedom: n - 1 }, options);
}

/** Largest magnitude that was added; 0 when empty. */
export function magnitudeOf({ min, max }: Pick<Moments, 'min' | 'max'>): number {
  return Math.max(Math.abs(min ?? 0), Math.abs(max ?? 0));
}
