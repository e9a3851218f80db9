import { AssayError } from '../errors.js';
import { betweenZeroAndOne, checkOptions, show } from '../foundation/options.js';
import type { Moments } from './moments.js';
import { betaQuantile, normalQuantile, studentQuantile } from './special-functions.js';

/** How an {@link Interval} was made. */
export type IntervalMethod =
  | 't'
  | 'clustered-t'
  | 'wilson'
  | 'mid-p'
  | 'clopper-pearson'
  | 'jeffreys'
  | 'mid-gaffke'
  | 'gaffke'
  | 'tango'
  | 'newcombe'
  | 'bootstrap-percentile';

/** A two-sided confidence interval. */
export interface Interval {
  /** Lower end, on the scale of the estimated figure. */
  readonly low: number;
  /** Upper end, likewise. */
  readonly high: number;
  /** Nominal coverage, e.g. 0.95. */
  readonly level: number;
  /** Which formula it comes from. */
  readonly method: IntervalMethod;
}

/** Options of every interval. */
export interface IntervalOptions {
  /** Nominal coverage, above 0 and below 1. @default 0.95 */
  readonly level?: number | undefined;
}

/** How many of how many trials succeeded. */
export interface Proportion {
  /** Integer, 0..n. */
  readonly successes: number;
  /** Integer >= 0. */
  readonly n: number;
}

/** A mean with its standard error. */
export interface MeanEstimate {
  /** The mean, finite; in a test, what is tested against 0. */
  readonly mean: number;
  /** Standard error of the mean, finite and >= 0. */
  readonly standardError: number;
  /** n - 1 for independent samples, clusters - 1 for clustered ones; > 0. */
  readonly degreesOfFreedom: number;
}

/**
 * Student's t interval of a mean: mean ± t · standard error.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION` for a bad level, `ASSAY_INVALID_INPUT` for a mean, error or degrees of
 *   freedom that are no numbers in their range.
 */
export function tInterval(estimate: MeanEstimate, options: IntervalOptions = {}): Interval {
  const level = checkLevel('tInterval', options);
  checkMeanEstimate(estimate);
  const margin = -studentQuantile((1 - level) / 2, estimate.degreesOfFreedom) * estimate.standardError;
  return { low: estimate.mean - margin, high: estimate.mean + margin, level, method: 't' };
}

/**
 * Wilson's score interval of a proportion (Wilson 1927): the default for 0/1 scores. Never leaves 0..1 and has
 * a width at 0 and n successes. `null` for n = 0.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` unless 0 <= successes <= n are integers.
 */
export function wilsonInterval(proportion: Proportion, options: IntervalOptions = {}): Interval | null {
  const level = checkLevel('wilsonInterval', options);
  const { successes, n } = checkProportion(proportion);
  if (n === 0) return null;
  const z = -normalQuantile((1 - level) / 2); // the lower tail: 1 + level is rounded, 1 - level is not
  const p = successes / n;
  const square = (z * z) / n;
  const centre = (p + square / 2) / (1 + square);
  const margin = (z / (1 + square)) * Math.sqrt((p * (1 - p)) / n + square / (4 * n));
  return {
    low: successes === 0 ? 0 : Math.max(0, centre - margin),
    high: successes === n ? 1 : Math.min(1, centre + margin),
    level,
    method: 'wilson',
  };
}

/**
 * The "exact" interval of a proportion (Clopper and Pearson 1934): covers at least `level`, so it is wide.
 * `null` for n = 0.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` unless 0 <= successes <= n are integers.
 */
export function clopperPearsonInterval(
  proportion: Proportion,
  options: IntervalOptions = {},
): Interval | null {
  const level = checkLevel('clopperPearsonInterval', options);
  const { successes, n } = checkProportion(proportion);
  if (n === 0) return null;
  const tail = (1 - level) / 2;
  return {
    low: successes === 0 ? 0 : betaQuantile(tail, successes, n - successes + 1),
    high: successes === n ? 1 : upperBetaQuantile(tail, successes + 1, n - successes),
    level,
    method: 'clopper-pearson',
  };
}

/**
 * Jeffreys' interval of a proportion: equal tails of Beta(successes + 1/2, n - successes + 1/2), with the ends
 * 0 and 1 at 0 and n successes (Brown, Cai and DasGupta 2001). `null` for n = 0.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` unless 0 <= successes <= n are integers.
 */
export function jeffreysInterval(proportion: Proportion, options: IntervalOptions = {}): Interval | null {
  const level = checkLevel('jeffreysInterval', options);
  const { successes, n } = checkProportion(proportion);
  if (n === 0) return null;
  const tail = (1 - level) / 2;
  const a = successes + 0.5;
  const b = n - successes + 0.5;
  return {
    low: successes === 0 ? 0 : betaQuantile(tail, a, b),
    high: successes === n ? 1 : upperBetaQuantile(tail, a, b),
    level,
    method: 'jeffreys',
  };
}

/**
 * The default interval of a mean score: Wilson where every score was 0 or 1, else Student's t. `null` when it
 * is not defined (no scores, or one score that is not 0 or 1).
 */
export function meanInterval(moments: Moments, options: IntervalOptions = {}): Interval | null {
  checkLevel('meanInterval', options);
  if (moments.binary) return wilsonInterval({ successes: moments.sum, n: moments.n }, options);
  const { mean, standardError } = moments;
  if (mean === null || standardError === null) return null;
  return tInterval({ mean, standardError, degreesOfFreedom: moments.n - 1 }, options);
}

/** Upper quantile taken from the other end, where small tails keep their digits. */
function upperBetaQuantile(tail: number, a: number, b: number): number {
  return 1 - betaQuantile(tail, b, a);
}

function checkLevel(owner: string, options: IntervalOptions): number {
  return checkOptions<IntervalOptions>(owner, options, { level: betweenZeroAndOne }).level ?? 0.95;
}

/**
 * Throws unless mean and error are finite, the error is not negative and the degrees of freedom are positive.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT`
 */
export function checkMeanEstimate({ mean, standardError, degreesOfFreedom }: MeanEstimate): void {
  if (Number.isFinite(mean) && Number.isFinite(standardError) && standardError >= 0 && degreesOfFreedom > 0)
    return;
  throw new AssayError(
    'ASSAY_INVALID_INPUT',
    'Expected a finite mean, a standard error >= 0 and degrees of freedom > 0, ' +
      `got ${show(mean)}, ${show(standardError)} and ${show(degreesOfFreedom)}`,
  );
}

function checkProportion(proportion: Proportion): Proportion {
  const { successes, n } = proportion;
  if (!Number.isSafeInteger(successes) || !Number.isSafeInteger(n) || successes < 0 || successes > n) {
    throw new AssayError(
      'ASSAY_INVALID_INPUT',
      `Expected integers with 0 <= successes <= n, got ${show(successes)} of ${show(n)}`,
    );
  }
  return proportion;
}
