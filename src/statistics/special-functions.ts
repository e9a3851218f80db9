import { AssayError } from '../errors.js';
import { show } from '../foundation/options.js';

const HALF_LOG_TWO_PI = 0.9189385332046728;
const EPSILON = 2 ** -52;

// Lanczos approximation with g = 7 and 9 terms (coefficients of P. Godfrey); relative error about 1e-15.
const LANCZOS = [
  0.9999999999998099, 676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406,
  12.507343278686905, -0.13857109526572012, 0.000009984369578019572, 1.5056327351493116e-7,
] as const;

/** Natural logarithm of the gamma function for x > 0. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const z = x - 1;
  let series: number = LANCZOS[0];
  for (let i = 1; i < LANCZOS.length; i++) series += (LANCZOS[i] as number) / (z + i);
  const base = z + 7.5;
  return HALF_LOG_TWO_PI + (z + 0.5) * Math.log(base) - base + Math.log(series);
}

/** What Stirling's formula lacks: log Γ(x+1) - (x + 1/2) log x + x - log √(2π) (Loader 2000). */
export function stirlingError(x: number): number {
  if (x < 16) return logGamma(x + 1) - (x + 0.5) * Math.log(x) + x - HALF_LOG_TWO_PI;
  const square = x * x;
  return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square) / square) / square) / x;
}

/** x log(x/m) + m - x without cancellation near x = m (Loader 2000, `bd0`). */
function deviancePart(x: number, m: number): number {
  if (Math.abs(x - m) >= 0.1 * (x + m)) return x * Math.log(x / m) + m - x;
  const v = (x - m) / (x + m);
  let sum = (x - m) * v;
  let term = 2 * x * v;
  for (let j = 1; j < 1000; j++) {
    term *= v * v;
    const next = sum + term / (2 * j + 1);
    if (next === sum) break;
    sum = next;
  }
  return sum;
}

/** x^a · y^b / B(a, b) for x + y = 1, by Loader's saddle point: as exact for a of 1e6 as for a of 2. */
function betaPower(a: number, b: number, x: number, y: number): number {
  if (x === 0 || y === 0) return 0;
  return Math.sqrt((a * b) / (2 * Math.PI * (a + b))) * Math.exp(betaExponent(a, b, x, y));
}

function betaExponent(a: number, b: number, x: number, y: number): number {
  const n = a + b;
  return (
    stirlingError(n) - stirlingError(a) - stirlingError(b) - deviancePart(a, n * x) - deviancePart(b, n * y)
  );
}

/** Natural logarithm of x^a · y^b / B(a, b) for x + y = 1: where {@link betaPower} underflows, too. */
export function logBetaPower(a: number, b: number, x: number, y: number): number {
  if (x === 0 || y === 0) return Number.NEGATIVE_INFINITY;
  return Math.log((a * b) / (2 * Math.PI * (a + b))) / 2 + betaExponent(a, b, x, y);
}

/**
 * Regularised incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22, evaluated with
 * Lentz's method) on the side where that converges fast. `y` is 1 - x, given apart so that neither tail loses
 * digits. Relative error about 1e-14.
 */
export function incompleteBeta(a: number, b: number, x: number, y = 1 - x): number {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  if (isRare(b, a, y) || (x > (a + 1) / (a + b + 2) && !isRare(a, b, x))) {
    return 1 - (betaPower(b, a, y, x) * betaFraction(b, a, y)) / b;
  }
  return (betaPower(a, b, x, y) * betaFraction(a, b, x)) / a;
}

/**
 * Whether `x` is so near 0 that its distance from 1 has lost digits that the fraction on the other side would need, while
 * the chance of less is not yet so near 1 that it loses them itself.
 */
function isRare(a: number, b: number, x: number): boolean {
  return x < 1e-6 && (a + b) * x < a + 5 * Math.sqrt(a) + 5;
}

/** Natural logarithm of {@link incompleteBeta}: tails keep their digits where the function itself underflows. */
export function logIncompleteBeta(a: number, b: number, x: number, y = 1 - x): number {
  if (x <= 0) return Number.NEGATIVE_INFINITY;
  if (y <= 0) return 0;
  if (x > (a + 1) / (a + b + 2)) return Math.log1p(-(betaPower(b, a, y, x) * betaFraction(b, a, y)) / b);
  return logBetaPower(a, b, x, y) + Math.log(betaFraction(a, b, x) / a);
}

function betaFraction(a: number, b: number, x: number): number {
  const tiny = 1e-300;
  const guard = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / guard(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  const limit = 1000 + 10 * Math.sqrt(Math.max(a, b)); // it needs O(sqrt(max(a, b))) steps
  for (let m = 1; m < limit; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / guard(1 + even * d);
    c = guard(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / guard(1 + odd * d);
    c = guard(1 + odd / c);
    const step = d * c;
    fraction *= step;
    if (Math.abs(step - 1) <= EPSILON) break;
  }
  return fraction;
}

/** Logarithm of P(X = x) of Binomial(n, p), 0 <= x <= n and 0 < p < 1, by Loader's saddle point (2000). */
export function logBinomialChance(x: number, n: number, p: number): number {
  if (x === 0) return n * Math.log1p(-p);
  if (x === n) return n * Math.log(p);
  const rest = n - x;
  return (
    stirlingError(n) -
    stirlingError(x) -
    stirlingError(rest) -
    deviancePart(x, n * p) -
    deviancePart(rest, n * (1 - p)) +
    Math.log(n / (2 * Math.PI * x * rest)) / 2
  );
}

/** Complementary error function, from the incomplete gamma function Q(1/2, x²) (DLMF 8.7.1 and 8.9.2). */
function complementaryError(x: number): number {
  if (x < 0) return 2 - complementaryError(-x);
  const square = x * x;
  if (x < 1.5) {
    let term = x;
    let sum = x;
    for (let k = 1; Math.abs(term) > EPSILON * sum; k++) {
      term *= square / (k + 0.5);
      sum += term;
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum * Math.exp(-square);
  }
  if (x > 27.5) return 0;
  let denominator = square + 0.5;
  let c = 1e300;
  let d = 1 / denominator;
  let fraction = d;
  for (let k = 1; k < 1000; k++) {
    const numerator = -k * (k - 0.5);
    denominator += 2;
    d = 1 / (numerator * d + denominator);
    c = denominator + numerator / c;
    fraction *= d * c;
    if (Math.abs(d * c - 1) <= EPSILON) break;
  }
  return (x * Math.exp(-square) * fraction) / Math.sqrt(Math.PI);
}

/**
 * P(Z <= z) of the standard normal distribution.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for NaN.
 */
export function normalCdf(z: number): number {
  checkArgument(z);
  return complementaryError(-z / Math.SQRT2) / 2;
}

// Rational approximations of Wichura 1988, "Algorithm AS 241", routine PPND16: relative error about 1e-16.
const CENTRAL = [
  [
    2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987, 13731.69376550946,
    1971.5909503065513, 133.14166789178438, 3.3871328727963665,
  ],
  [
    5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597, 5394.196021424751,
    687.1870074920579, 42.31333070160091, 1,
  ],
] as const;
const MIDDLE = [
  [
    0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684, 3.6478483247632045,
    5.769497221460691, 4.630337846156546, 1.4234371107496835,
  ],
  [
    1.0507500716444169e-9, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008, 0.6897673349851,
    1.6763848301838038, 2.053191626637759, 1,
  ],
] as const;
const TAIL = [
  [
    2.0103343992922881e-7, 0.000027115555687434876, 0.0012426609473880784, 0.026532189526576124,
    0.29656057182850487, 1.7848265399172913, 5.463784911164114, 6.657904643501103,
  ],
  [
    2.0442631033899397e-15, 1.421511758316446e-7, 0.000018463183175100548, 0.0007868691311456133,
    0.014875361290850615, 0.1369298809227358, 0.599832206555888, 1,
  ],
] as const;

function ratio(coefficients: readonly [readonly number[], readonly number[]], x: number): number {
  const horner = (of: readonly number[]): number => of.reduce((sum, coefficient) => sum * x + coefficient, 0);
  return horner(coefficients[0]) / horner(coefficients[1]);
}

/**
 * The z with P(Z <= z) = `p`, for 0 < p < 1 (Wichura 1988, AS 241).
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for another `p`.
 */
export function normalQuantile(p: number): number {
  checkProbability(p);
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) return q * ratio(CENTRAL, 0.180625 - q * q);
  const r = Math.sqrt(-Math.log(q < 0 ? p : 1 - p));
  const z = r <= 5 ? ratio(MIDDLE, r - 1.6) : ratio(TAIL, r - 5);
  return q < 0 ? -z : z;
}

/**
 * P(X <= x) of the beta distribution with shapes `a`, `b` > 0.
 *
 * Relative error about 1e-13 for shapes up to 1e6; it grows with the shapes, to about 1e-7 at 1e15.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for NaN or shapes that are not positive or above 1e16.
 */
export function betaCdf(x: number, a: number, b: number): number {
  checkArgument(x);
  checkShapes(a, b);
  return incompleteBeta(a, b, x);
}

/**
 * The x with P(X <= x) = `p` of the beta distribution with shapes `a`, `b` > 0; safeguarded Newton steps.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` unless 0 < p < 1 and both shapes are positive and at most 1e16.
 */
export function betaQuantile(p: number, a: number, b: number): number {
  checkProbability(p);
  checkShapes(a, b);
  return invertBeta((x) => incompleteBeta(a, b, x) - p, a, b);
}

/** The x with P(X >= x) = `tail`: small tails keep their digits, and so does an x near 0. */
export function betaUpperQuantile(tail: number, a: number, b: number): number {
  return invertBeta((x) => tail - incompleteBeta(b, a, 1 - x, x), a, b);
}

/** The root of a function that rises as the distribution of Beta(a, b) does. */
function invertBeta(excess: (x: number) => number, a: number, b: number): number {
  let low = 0;
  let high = 1;
  let x = a / (a + b);
  for (let step = 0; step < 1100; step++) {
    const found = excess(x);
    if (found === 0) break;
    if (found < 0) low = x;
    else high = x;
    const density = betaPower(a, b, x, 1 - x) / (x * (1 - x));
    let next = x - found / density;
    if (!(next > low && next < high)) {
      // Halving by ratio near 0: the quantile may lie at 1e-200.
      next = low === 0 ? (high > 1e-3 ? high / 2 : high * high) : (low + high) / 2;
      if (next === 0) next = Number.MIN_VALUE;
    }
    if (Math.abs(next - x) <= EPSILON * x) break;
    x = next;
  }
  return x;
}

/** The continued fraction takes some sqrt(shape) steps: here a tenth of a second. */
const LARGEST_SHAPE = 1e16;

function checkShapes(a: number, b: number): void {
  if (a > 0 && b > 0 && a <= LARGEST_SHAPE && b <= LARGEST_SHAPE) return;
  throw new AssayError(
    'ASSAY_INVALID_INPUT',
    `Expected shapes > 0 and at most 1e16, got ${show(a)} and ${show(b)}`,
  );
}

/**
 * Throws for what is no number.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT`
 */
export function checkArgument(x: number): void {
  if (typeof x === 'number' && !Number.isNaN(x)) return;
  throw new AssayError('ASSAY_INVALID_INPUT', `Expected a number, got ${show(x)}`);
}

/**
 * Throws unless 0 < p < 1.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT`
 */
export function checkProbability(p: number): void {
  if (!(p > 0 && p < 1)) {
    throw new AssayError('ASSAY_INVALID_INPUT', `Expected a probability between 0 and 1, got ${show(p)}`);
  }
}
