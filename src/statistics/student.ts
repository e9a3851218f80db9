import { AssayError } from '../errors.js';
import { show } from '../foundation/options.js';
import {
  checkArgument,
  checkProbability,
  incompleteBeta,
  logGamma,
  normalCdf,
  normalQuantile,
} from './special-functions.js';

const EPSILON = 2 ** -52;

/** Logarithm of the density of Student's t at 0. */
const logStudentConstant = (degreesOfFreedom: number): number =>
  logGamma((degreesOfFreedom + 1) / 2) -
  logGamma(degreesOfFreedom / 2) -
  Math.log(degreesOfFreedom * Math.PI) / 2;

/** Above so many degrees of freedom Student's t is a normal deviate with a correction; below, a beta variable. */
const NEARLY_NORMAL = 1e5;

/** P(T >= t) of Student's t with `degreesOfFreedom` > 0: the upper tail keeps its digits far out. */
export function studentTail(t: number, degreesOfFreedom: number): number {
  if (degreesOfFreedom > NEARLY_NORMAL) return normalCdf(-normalDeviate(t, degreesOfFreedom));
  const square = t * t;
  if (square > 1e32 * degreesOfFreedom) {
    // a power of t so far out, whose square may be no number; relative error below 1e-32 times the degrees of freedom
    const constant =
      logStudentConstant(degreesOfFreedom) + ((degreesOfFreedom - 1) / 2) * Math.log(degreesOfFreedom);
    const tail = Math.exp(constant - degreesOfFreedom * Math.log(Math.abs(t)));
    return t > 0 ? tail : 1 - tail;
  }
  const total = degreesOfFreedom + square;
  const tail = incompleteBeta(degreesOfFreedom / 2, 0.5, degreesOfFreedom / total, square / total) / 2;
  return t >= 0 ? tail : 1 - tail;
}

/** The normal deviate with the tail of `t`: the inverse of {@link cornishFisher}, by Newton's method. */
function normalDeviate(t: number, degreesOfFreedom: number): number {
  if (degreesOfFreedom === Number.POSITIVE_INFINITY || Math.abs(t) > 60) return t; // beyond 60 both tails are 0
  let z = t;
  for (let step = 0; step < 4; step++) {
    const slope = 1 + (3 * z * z + 1) / (4 * degreesOfFreedom);
    z -= (cornishFisher(z, degreesOfFreedom) - t) / slope;
  }
  return z;
}

/** Student's quantile for that of the normal distribution, in powers of 1 / degrees of freedom (Abramowitz and Stegun 26.7.5). */
function cornishFisher(z: number, degreesOfFreedom: number): number {
  const square = z * z;
  const terms = [
    (square + 1) / 4,
    ((5 * square + 16) * square + 3) / 96,
    (((3 * square + 19) * square + 17) * square - 15) / 384,
    ((((79 * square + 776) * square + 1482) * square - 1920) * square - 945) / 92_160,
  ];
  return z * (1 + terms.reduceRight((sum, term) => (sum + term) / degreesOfFreedom, 0));
}

/**
 * P(T <= t) of Student's t with `degreesOfFreedom` > 0.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for NaN or not positive degrees of freedom.
 */
export function studentCdf(t: number, degreesOfFreedom: number): number {
  checkArgument(t);
  checkDegreesOfFreedom(degreesOfFreedom);
  return studentTail(-t, degreesOfFreedom);
}

/**
 * The t with P(T <= t) = `p`, for 0 < p < 1 and `degreesOfFreedom` > 0: through the quantile of the beta
 * distribution, since ν/(ν + T²) is Beta(ν/2, 1/2); above 1e5 degrees of freedom through the normal quantile. Infinite
 * where it lies beyond the largest number.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for another `p` or not positive degrees of freedom.
 */
export function studentQuantile(p: number, degreesOfFreedom: number): number {
  checkProbability(p);
  checkDegreesOfFreedom(degreesOfFreedom);
  if (p === 0.5) return 0;
  if (degreesOfFreedom > NEARLY_NORMAL) {
    return cornishFisher(normalQuantile(p), degreesOfFreedom);
  }
  const tail = Math.min(p, 1 - p);
  const constant = logStudentConstant(degreesOfFreedom);
  // Far out the tail is a power of t: beyond the largest number there is no quantile but infinity.
  const exponent = constant + ((degreesOfFreedom - 1) / 2) * Math.log(degreesOfFreedom) - Math.log(tail);
  if (exponent > degreesOfFreedom * Math.log(Number.MAX_VALUE)) return p < 0.5 ? -Infinity : Infinity;
  // Newton on log(tail) in log(t): both ends of the scale are nearly straight lines there.
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  let t = Math.max(1e-8, -normalQuantile(tail), Math.exp(exponent / degreesOfFreedom) / 2);
  for (let step = 0; step < 200; step++) {
    const found = studentTail(t, degreesOfFreedom);
    if (found === tail) break;
    if (found > tail) low = t;
    else high = t;
    const spread = Math.log(Math.hypot(1, t / Math.sqrt(degreesOfFreedom))); // half of log(1 + t²/ν), t² being too large
    const logDensity = constant - (degreesOfFreedom + 1) * spread;
    let next = t * Math.exp(Math.log(found / tail) * Math.exp(Math.log(found) - logDensity - Math.log(t)));
    if (!(next > low && next < high)) next = high === Number.POSITIVE_INFINITY ? t * 4 : (low + high) / 2;
    if (Math.abs(next - t) <= EPSILON * t) break;
    t = next;
  }
  return p < 0.5 ? -t : t;
}

function checkDegreesOfFreedom(degreesOfFreedom: number): void {
  if (degreesOfFreedom > 0) return;
  throw new AssayError(
    'ASSAY_INVALID_INPUT',
    `Expected degrees of freedom > 0, got ${show(degreesOfFreedom)}`,
  );
}
