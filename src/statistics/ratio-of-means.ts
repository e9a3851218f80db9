import { studentQuantile } from './student.js';

/** Where a ratio may lie. */
export interface RatioInterval {
  /** Lower end, >= 0. */
  readonly low: number;
  /** Upper end. */
  readonly high: number;
  /** Nominal coverage. */
  readonly level: number;
}

/** The ratio of two means that were taken from the same units. */
export interface RatioOfMeans {
  /** Mean of y / mean of x; `null` when the mean of x is 0, and without units. */
  readonly ratio: number | null;
  /**
   * Fieller's interval (1954), from t with units - 1 degrees of freedom; `null` where the mean of x is not clearly above 0 at
   * this level: then no finite interval holds it.
   */
  readonly interval: RatioInterval | null;
}

/** Ratio of the mean of `y` to the mean of `x` over independent units; both are >= 0. */
export function ratioOfMeans(units: Iterable<readonly [x: number, y: number]>, level: number): RatioOfMeans {
  const pairs = [...units];
  const n = pairs.length;
  const mean = (of: 0 | 1): number => pairs.reduce((sum, pair) => sum + pair[of], 0) / n;
  const [meanX, meanY] = [mean(0), mean(1)];
  if (n === 0 || meanX === 0) return { ratio: null, interval: null };
  const ratio = meanY / meanX;
  if (n < 2) return { ratio, interval: null };
  let [xx, xy, yy] = [0, 0, 0];
  for (const [x, y] of pairs) {
    xx += (x - meanX) ** 2;
    xy += (x - meanX) * (y - meanY);
    yy += (y - meanY) ** 2;
  }
  const t = -studentQuantile((1 - level) / 2, n - 1);
  const scale = t ** 2 / (n * (n - 1)); // t² times the variance of a mean
  const a = meanX ** 2 - scale * xx;
  const b = meanX * meanY - scale * xy;
  const c = meanY ** 2 - scale * yy;
  if (a <= 0) return { ratio, interval: null };
  const half = Math.sqrt(Math.max(0, b ** 2 - a * c));
  return { ratio, interval: { low: Math.max(0, (b - half) / a), high: (b + half) / a, level } };
}
