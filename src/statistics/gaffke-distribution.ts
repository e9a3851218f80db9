import { normalCdf } from './special-functions.js';

/** Values on 0..1 with how often each came, ascending: the order fixes every rounding. */
export interface WeighedValues {
  /** Distinct values in 0..1, ascending. */
  readonly values: Float64Array;
  /** How often each value came, > 0. */
  readonly counts: Float64Array;
  /** Size of what each value is the mean of; absent: 1 each. */
  readonly sizes?: Float64Array;
}

/** The most values whose distribution is computed exactly; above, by a saddle point. */
export const MOST_EXACT = 300;

/** What makes a random mean of values more or less likely to lie beyond a point. */
export interface GaffkePlace {
  /** The point, 0..1. */
  readonly at: number;
  /** `low`: the chance of a mean at or below `at`; `high`: of one at or above it. */
  readonly side: 'low' | 'high';
  /** Weight of the extra value; 1, or with `sizes` the size that it stands for. */
  readonly extraSize: number;
}

/** Chances of a random mean, with the extra value at either end of the scale. */
export interface GaffkeChances {
  /** The extra value lies at the end of the scale that is looked at: 0 for `low`, 1 for `high`. */
  readonly near: number;
  /** It lies at the other end. */
  readonly far: number;
}

/**
 * P(Σ w_i z_i <= t), `z` being the values and one extra one, `w` uniform on the simplex: n + 1 standard exponentials
 * divided by their sum (Gaffke 2005; Learned-Miller and Thomas 2019). Each side of `t` is a line of exponential
 * segments, and the chance is that of running out on one side before the other: exact, all terms positive, O(n²).
 * Above 300 values the saddle point approximation of Lugannani and Rice (1980), O(distinct values).
 */
export function gaffkeChances(sample: WeighedValues, place: GaffkePlace): GaffkeChances {
  const { at, side, extraSize } = place;
  const sign = side === 'low' ? 1 : -1;
  const extraNear = extraSize * (side === 'low' ? at : 1 - at);
  const extraFar = extraSize * (side === 'low' ? 1 - at : at);
  const { values, counts, sizes } = sample;
  const gaps = new Float64Array(values.length); // below 0: on the side that is looked at
  for (let i = 0; i < values.length; i++) {
    gaps[i] = sign * ((values[i] as number) - at) * (sizes === undefined ? 1 : (sizes[i] as number));
  }
  return isExact(sample)
    ? exactChances(gaps, counts, { extraNear, extraFar })
    : {
        near: saddlePoint(gaps, counts, -extraNear),
        far: saddlePoint(gaps, counts, extraFar),
      };
}

/** Whether there are so few values that their distribution is computed exactly. */
export function isExact({ counts }: WeighedValues): boolean {
  return counts.reduce((sum, count) => sum + count, 0) <= MOST_EXACT;
}

/** f(i, j) = (p_j f(i-1, j) + n_i f(i, j-1)) / (n_i + p_j), with f(0, j) = 0 and f(i, 0) = 1. */
function exactChances(
  gaps: Float64Array,
  counts: Float64Array,
  { extraNear, extraFar }: { readonly extraNear: number; readonly extraFar: number },
): GaffkeChances {
  const near: number[] = [];
  const far: number[] = [];
  gaps.forEach((gap, i) => {
    if (gap === 0) return; // on the point: it moves the sum to neither side
    for (let k = counts[i] as number; k > 0; k--) {
      if (gap < 0) near.push(-gap);
      else far.push(gap);
    }
  });
  const farGaps = Float64Array.from([...far, extraFar]);
  const row = new Float64Array(farGaps.length + 1);
  row[0] = 1;
  for (const gap of near) addSegment(row, gap, farGaps);
  // The extra value at the far end is the last segment of this row; at the near end it is one row more.
  const withFar = row[extraFar === 0 ? far.length : far.length + 1] as number;
  if (extraNear > 0) addSegment(row, extraNear, farGaps);
  return { near: row[far.length] as number, far: withFar };
}

function addSegment(row: Float64Array, gap: number, farGaps: Float64Array): void {
  let left = 1;
  for (let j = 1; j < row.length; j++) {
    const far = farGaps[j - 1] as number;
    left = (far * (row[j] as number) + gap * left) / (gap + far);
    row[j] = left;
  }
}

/** P(Σ E_i a_i <= 0) of standard exponentials E, `a` being the gaps with their counts and one more. */
function saddlePoint(gaps: Float64Array, counts: Float64Array, extra: number): number {
  let lowest = Math.min(0, extra);
  let highest = Math.max(0, extra);
  for (const gap of gaps) {
    if (gap < lowest) lowest = gap;
    else if (gap > highest) highest = gap;
  }
  if (highest === 0) return 1;
  if (lowest === 0) return 0;
  const { s, curvature, skewness } = tilt(gaps, counts, { extra, low: 1 / lowest, high: 1 / highest });
  let cumulant = -Math.log1p(-extra * s);
  for (let i = 0; i < gaps.length; i++) {
    cumulant -= (counts[i] as number) * Math.log1p(-(gaps[i] as number) * s);
  }
  const w = Math.sign(s) * Math.sqrt(Math.max(0, -2 * cumulant));
  const u = s * Math.sqrt(curvature);
  // Near the middle both reciprocals run away; their difference has a limit.
  const difference = Math.abs(u) < 1e-4 ? skewness / 6 : 1 / w - 1 / u;
  const chance = normalCdf(w) + (Math.exp((-w * w) / 2) / Math.sqrt(2 * Math.PI)) * difference;
  return Math.min(1, Math.max(0, chance));
}

/** The s with K'(s) = Σ c a / (1 - a s) = 0, by Newton within its bracket; K' only rises. */
function tilt(
  gaps: Float64Array,
  counts: Float64Array,
  { extra, low, high }: { readonly extra: number; low: number; high: number },
): { readonly s: number; readonly curvature: number; readonly skewness: number } {
  let s = 0;
  let curvature = 0;
  let third = 0;
  for (let step = 0; step < 200; step++) {
    const part = extra / (1 - extra * s);
    let slope = part;
    curvature = part * part;
    third = 2 * part * part * part;
    for (let i = 0; i < gaps.length; i++) {
      const gap = gaps[i] as number;
      const ratio = gap / (1 - gap * s);
      const count = counts[i] as number;
      slope += count * ratio;
      curvature += count * ratio * ratio;
      third += 2 * count * ratio * ratio * ratio;
    }
    if (slope === 0) break;
    if (slope > 0) high = s;
    else low = s;
    let next = s - slope / curvature;
    if (!(next > low && next < high)) next = low + (high - low) / 2;
    // The chance is flat around the saddle: a smaller step would not change a digit of it.
    if (Math.abs(next - s) * Math.sqrt(curvature) <= 1e-11 || next === s) break;
    s = next;
  }
  return { s, curvature, skewness: third / curvature ** 1.5 };
}
