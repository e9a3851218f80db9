import { AssayError } from '../errors.js';
import {
  callable,
  checkOptions,
  integer,
  number,
  type OptionChecks,
  show,
  signal,
} from '../foundation/options.js';
import { isRounding, withoutRounding } from '../foundation/rounding.js';
import { midRanks } from './correlation.js';
import { checkMeanEstimate, type MeanEstimate } from './intervals.js';
import { magnitudeOf } from './mean-interval.js';
import type { Moments } from './moments.js';
import { sortedNumbers } from './quantiles.js';
import { resample, type ResamplingOptions, threadsCheck } from './resample.js';
import { incompleteBeta, normalCdf } from './special-functions.js';
import { studentTail } from './student.js';

/** A t statistic with its two-sided p-value. */
export interface TTest {
  /** Mean / standard error. */
  readonly t: number;
  /** Of Student's distribution, > 0; for Welch's test rarely an integer. */
  readonly degreesOfFreedom: number;
  /** Two-sided, 0..1: the chance of a t at least as far from 0 when the mean is 0. */
  readonly pValue: number;
}

/** What {@link mcnemarTest} finds. */
export interface McnemarTest {
  /** Two-sided exact (binomial) p-value; the same as the sign test's. */
  readonly pValue: number;
  /** Chi-square with continuity correction (Edwards 1948), 1 degree of freedom; `null` without discordant pairs. */
  readonly chiSquare: number | null;
  /** p-value of `chiSquare`: an approximation, for comparison with other tools. */
  readonly chiSquarePValue: number | null;
}

/** A p-value that was enumerated, or drawn with a seed. */
export interface PermutationTest {
  /** Two-sided. */
  readonly pValue: number;
  /** Whether all possibilities were counted. */
  readonly exact: boolean;
  /** Possibilities counted, or draws made. */
  readonly resamples: number;
}

/** Options of tests that are given differences of scores. */
export interface DifferenceOptions {
  /**
   * Magnitude of the scores that the differences come from, >= 0. Differences within rounding of it (16 units in the last
   * place) count as 0, and as equal to each other. @default 16 times the largest difference
   */
  readonly magnitude?: number | undefined;
}

/** Options of {@link signFlipTest}. */
export interface SignFlipOptions extends ResamplingOptions, DifferenceOptions {
  /** Draws when there are too many possibilities to count, >= 100. @default 10_000 */
  readonly resamples?: number | undefined;
  /** Seed, 0 to 4294967295. @default 0 */
  readonly seed?: number | undefined;
}

/** Checks of {@link SignFlipOptions}. */
export const signFlipChecks: OptionChecks<SignFlipOptions> = {
  resamples: integer(100),
  seed: integer(0, 0xffff_ffff),
  magnitude: number(0),
  threads: threadsCheck,
  onFallback: callable,
  signal,
};

/**
 * t test that the mean is 0, given a mean of differences with its standard error. `null` for an error of 0.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for a mean, error or degrees of freedom that are no numbers in their range.
 */
export function tTest(estimate: MeanEstimate): TTest | null {
  checkMeanEstimate(estimate);
  const { mean, standardError, degreesOfFreedom } = estimate;
  if (standardError === 0) return null;
  const t = mean / standardError;
  return { t, degreesOfFreedom, pValue: Math.min(1, 2 * studentTail(Math.abs(t), degreesOfFreedom)) };
}

/**
 * Welch's t test of two independent samples (Welch 1947, degrees of freedom after Satterthwaite). Paired
 * samples deserve a paired test: this one throws away what the pairs have in common. `null` when a sample has
 * fewer than 2 values or both have no spread but for rounding. For values of magnitudes from 1e-130 to 1e130, or 0.
 */
export function welchTest(a: Moments, b: Moments): TTest | null {
  if (a.n < 2 || b.n < 2) return null;
  const [partA, partB] = [(a.variance as number) / a.n, (b.variance as number) / b.n];
  const variance = partA + partB;
  if (isRounding(Math.sqrt(variance), Math.max(magnitudeOf(a), magnitudeOf(b)))) return null;
  const [shareA, shareB] = [partA / variance, partB / variance]; // squares of variances may be no numbers
  return tTest({
    mean: (a.mean as number) - (b.mean as number),
    standardError: Math.sqrt(variance),
    degreesOfFreedom: 1 / (shareA ** 2 / (a.n - 1) + shareB ** 2 / (b.n - 1)),
  });
}

/**
 * McNemar's test of paired 0/1 scores, exact: given the discordant pairs, each side wins half of them (McNemar
 * 1947). It is also the sign test for other scores. Without discordant pairs the p-value is 1.
 *
 * @param wins Pairs in which only the first succeeded.
 * @param losses Pairs in which only the second succeeded.
 * @throws AssayError `ASSAY_INVALID_INPUT` unless both are integers >= 0.
 */
export function mcnemarTest(wins: number, losses: number): McnemarTest {
  if (!Number.isSafeInteger(wins) || !Number.isSafeInteger(losses) || wins < 0 || losses < 0) {
    throw new AssayError(
      'ASSAY_INVALID_INPUT',
      `Expected integers >= 0 as wins and losses, got ${show(wins)} and ${show(losses)}`,
    );
  }
  const discordant = wins + losses;
  if (discordant === 0) return { pValue: 1, chiSquare: null, chiSquarePValue: null };
  const fewer = Math.min(wins, losses);
  // P(X <= fewer) of Binomial(discordant, 1/2) is I_{1/2}(discordant - fewer, fewer + 1).
  const pValue = Math.min(1, 2 * incompleteBeta(discordant - fewer, fewer + 1, 0.5));
  const excess = Math.max(0, Math.abs(wins - losses) - 1);
  const chiSquare = (excess * excess) / discordant;
  return { pValue, chiSquare, chiSquarePValue: Math.min(1, 2 * normalCdf(-Math.sqrt(chiSquare))) };
}

/** Differences that are more than rounding, sorted. */
function nonZeroOf(
  differences: ArrayLike<number>,
  magnitude: number | undefined,
): { readonly nonZero: Float64Array; readonly scale: number } {
  const sorted = sortedNumbers(differences);
  const largest = Math.max(Math.abs(sorted[0] ?? 0), Math.abs(sorted.at(-1) ?? 0));
  const scale = magnitude ?? 16 * largest; // scores tend to be larger than their differences
  return { nonZero: sorted.filter((difference) => !isRounding(difference, scale)), scale };
}

const EXACT_WILCOXON = 200;

/**
 * Wilcoxon's signed-rank test of paired differences, zeros left out, ties by mid-ranks (Wilcoxon 1945). Up to
 * 200 differences the p-value is exact, also with ties; above it is the normal approximation with tie
 * correction and without continuity correction. `null` when every difference is 0.
 */
export function wilcoxonSignedRankTest(
  differences: ArrayLike<number>,
  options: DifferenceOptions = {},
): PermutationTest | null {
  const { magnitude } = checkOptions<DifferenceOptions>('wilcoxonSignedRankTest', options, {
    magnitude: number(0),
  });
  const { nonZero, scale } = nonZeroOf(differences, magnitude);
  const n = nonZero.length;
  if (n === 0) return null;
  const sizes = withoutRounding(nonZero.map(Math.abs), scale);
  const doubled = midRanks(sizes).map((rank) => 2 * rank); // integers, also for ties
  let positive = 0;
  doubled.forEach((rank, i) => (positive += (nonZero[i] as number) > 0 ? rank : 0));
  const total = n * (n + 1);
  const smaller = Math.min(positive, total - positive);
  if (n > EXACT_WILCOXON) {
    const variance = doubled.reduce((sum, rank) => sum + rank * rank, 0) / 4;
    const z = (smaller - total / 2) / Math.sqrt(variance);
    return { pValue: Math.min(1, 2 * normalCdf(z)), exact: false, resamples: 0 };
  }
  // Chance of each rank sum, adding one rank after the other.
  const chances = new Float64Array(total + 1);
  chances[0] = 1;
  let reached = 0;
  for (const rank of doubled) {
    for (let sum = reached; sum >= 0; sum--) {
      const half = (chances[sum] as number) / 2;
      chances[sum] = half;
      (chances[sum + rank] as number) += half;
    }
    reached += rank;
  }
  let tail = 0;
  for (let sum = 0; sum <= smaller; sum++) tail += chances[sum] as number;
  return { pValue: Math.min(1, 2 * tail), exact: true, resamples: 2 ** n };
}

const EXACT_FLIPS = 20;

/**
 * Permutation test of paired differences: under the null hypothesis each difference might as well have the
 * other sign (Fisher 1935). Up to 20 differences that are not 0 all possibilities are counted; above,
 * `resamples` are drawn and p = (1 + as extreme) / (1 + drawn) (Phipson and Smyth 2010). With clusters give the
 * sums over clusters: they flip as one.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`, or `ASSAY_ABORTED` when aborted.
 */
export async function signFlipTest(
  differences: ArrayLike<number>,
  options: SignFlipOptions = {},
): Promise<PermutationTest> {
  const checked = checkOptions<SignFlipOptions>('signFlipTest', options, signFlipChecks);
  const { resamples = 10_000, seed = 0 } = checked;
  const { nonZero: values } = nonZeroOf(differences, checked.magnitude);
  const size = values.reduce((sum, value) => sum + Math.abs(value), 0);
  const observed = Math.abs(values.reduce((sum, value) => sum + value, 0));
  // Sums that are equal on paper must count as equal, however they were rounded.
  const threshold = observed - 1e-12 * size;
  if (values.length <= EXACT_FLIPS) {
    const possibilities = 2 ** values.length;
    const count = countExtreme(values, threshold);
    return { pValue: count / possibilities, exact: true, resamples: possibilities };
  }
  const counts = await resample({ kind: 'sign-flip', values, threshold, seed, resamples }, checked);
  const extreme = counts.reduce((sum, chunk) => sum + (chunk[0] as number), 0);
  return { pValue: (1 + extreme) / (1 + resamples), exact: false, resamples };
}

/** Of all ways to choose the signs, how many have a sum at least that far from 0. */
function countExtreme(values: Float64Array, threshold: number): number {
  const from = (at: number, sum: number): number => {
    if (at === values.length) return Math.abs(sum) >= threshold ? 1 : 0;
    const value = values[at] as number;
    return from(at + 1, sum + value) + from(at + 1, sum - value);
  };
  return from(0, 0);
}
