import { AssayError } from '../errors.js';
import { findRoot } from './find-root.js';
import { betweenZeroAndOne, checkOptions, show } from '../foundation/options.js';
import { betaQuantile, betaUpperQuantile, incompleteBeta, normalQuantile } from './special-functions.js';
import { studentQuantile } from './student.js';

/** How an {@link Interval} was made. */
export type IntervalMethod =
  | 't'
  | 'clustered-t'
  | 'wilson'
  | 'mid-p'
  | 'clopper-pearson'
  | 'jeffreys'
  | 'mid-gaffke'
  | 'clustered-mid-gaffke'
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
  /** n - 1 for independent samples, Satterthwaite's for clustered ones, rarely an integer; > 0. */
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
  return proportionInterval(proportion, { level, method: 'clopper-pearson' }, (successes, failures, tail) => [
    successes === 0 ? 0 : betaQuantile(tail, successes, failures + 1),
    betaUpperQuantile(tail, successes + 1, failures),
  ]);
}

/**
 * The mid-p interval of a proportion: each end leaves (1 - level)/2 to the more extreme counts and half of the count
 * itself (Lancaster 1961). One-sided it errs at most 5.0 % at level 0.95 where Wilson's reaches 16.8 %, and it is
 * narrower than Clopper and Pearson's. It is what the mid-Gaffke interval is for 0/1 scores. `null` for n = 0.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` unless 0 <= successes <= n are integers.
 */
export function midPInterval(proportion: Proportion, options: IntervalOptions = {}): Interval | null {
  const level = checkLevel('midPInterval', options);
  return proportionInterval(proportion, { level, method: 'mid-p' }, (successes, failures, tail) => [
    successes === 0 ? 0 : midPEnd(successes, failures, tail),
    midPUpperEnd(successes, failures, tail),
  ]);
}

/** The p at which P(X > successes) + P(X = successes) / 2 is `tail`; some trials failed. */
function midPEnd(successes: number, failures: number, tail: number): number {
  // P(X >= k) is I_p(k, n - k + 1).
  const excess = (p: number): number =>
    (incompleteBeta(successes, failures + 1, p) + incompleteBeta(successes + 1, failures, p)) / 2 - tail;
  return findRoot(excess, [0, 1]);
}

/** The p at which P(X < successes) + P(X = successes) / 2 is `tail`; some trials failed. */
function midPUpperEnd(successes: number, failures: number, tail: number): number {
  const excess = (p: number): number => {
    const atMost = incompleteBeta(failures, successes + 1, 1 - p, p);
    const fewer = successes === 0 ? 0 : incompleteBeta(failures + 1, successes, 1 - p, p);
    return (atMost + fewer) / 2 - tail;
  };
  return findRoot(excess, [0, 1]);
}

/**
 * Jeffreys' interval of a proportion: equal tails of Beta(successes + 1/2, n - successes + 1/2), with the ends
 * 0 and 1 at 0 and n successes (Brown, Cai and DasGupta 2001). `null` for n = 0.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` unless 0 <= successes <= n are integers.
 */
export function jeffreysInterval(proportion: Proportion, options: IntervalOptions = {}): Interval | null {
  const level = checkLevel('jeffreysInterval', options);
  return proportionInterval(proportion, { level, method: 'jeffreys' }, (successes, failures, tail) => [
    successes === 0 ? 0 : betaQuantile(tail, successes + 0.5, failures + 0.5),
    betaUpperQuantile(tail, successes + 0.5, failures + 0.5),
  ]);
}

/**
 * Takes the ends for the rarer of successes and failures and mirrors them where that is the failures: near 1 an end has
 * lost the digits that it has near 0. `null` without trials.
 */
function proportionInterval(
  proportion: Proportion,
  of: Pick<Interval, 'level' | 'method'>,
  ends: (successes: number, failures: number, tail: number) => readonly [low: number, high: number],
): Interval | null {
  const { successes, n } = checkProportion(proportion);
  if (n === 0) return null;
  const failures = n - successes;
  const tail = (1 - of.level) / 2;
  if (successes > failures) {
    const [low, high] = ends(failures, successes, tail);
    return { low: 1 - high, high: 1 - low, ...of };
  }
  const [low, high] = ends(successes, failures, tail);
  return { low, high, ...of };
}

/**
 * The level that was asked for, 0.95 if none.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION` for a level that is none, naming `owner`.
 */
export function checkLevel(owner: string, options: IntervalOptions): number {
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
