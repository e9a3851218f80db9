import {
  distanceBetween,
  formatDecimal,
  multiplyDecimals,
  parseDecimal,
  sameDecimal,
  toleranceOf,
  compareMagnitudes,
  type Decimal,
} from '../../foundation/decimal.js';

/** A rational number, exactly: a decimal over a positive decimal. Not reduced: compared crosswise. */
export interface Rational {
  readonly top: Decimal;
  readonly bottom: Decimal;
}

const ONE: Decimal = parseDecimal('1')!;

/** A decimal as a rational. */
export const wholeRational = (top: Decimal): Rational => ({ top, bottom: ONE });

/** `top / bottom`; `undefined` when the bottom is 0. */
export function rationalOf(top: Decimal, bottom: Decimal): Rational | undefined {
  if (bottom.digits === '0') return undefined;
  if (!bottom.negative) return { top, bottom };
  return { top: negated(top), bottom: { ...bottom, negative: false } };
}

/** The number with the other sign. */
export const negative = ({ top, bottom }: Rational): Rational => ({ top: negated(top), bottom });

/** `whole` and a fraction of the same sign, as in `3 1/2`. */
export function mixed(whole: Decimal, { top, bottom }: Rational): Rational {
  const raised = multiplyDecimals(whole, bottom);
  const sum = distanceBetween(raised, negated(top));
  return { top: sum, bottom };
}

/** The number times ten to a power. */
export const timesPowerOfTen = ({ top, bottom }: Rational, power: number): Rational =>
  top.digits === '0' ? { top, bottom } : { top: { ...top, exponent: top.exponent + power }, bottom };

/** Whether two rationals are the same number. */
export function sameRational(a: Rational, b: Rational): boolean {
  if (a.bottom === b.bottom) return sameDecimal(a.top, b.top);
  return sameDecimal(multiplyDecimals(a.top, b.bottom), multiplyDecimals(b.top, a.bottom));
}

/** Whether |a - expected| <= max(absolute, relative x |expected|), without any rounding. */
export function withinTolerance(
  a: Rational,
  expected: Rational,
  { absolute, relative }: { readonly absolute: Decimal; readonly relative: Decimal },
): boolean {
  if (sameRational(a, expected)) return true;
  // all times both bottoms, so that nothing is divided
  const common = multiplyDecimals(a.bottom, expected.bottom);
  const raised = multiplyDecimals(expected.top, a.bottom);
  const distance = distanceBetween(multiplyDecimals(a.top, expected.bottom), raised);
  const limit = toleranceOf(raised, multiplyDecimals(absolute, common), relative);
  return compareMagnitudes(distance, limit) <= 0;
}

const LONGEST_REDUCED = 300;

/** A decimal where there is one, else the fraction in lowest terms: `0.5`, `-41/6`. */
export function formatRational({ top, bottom }: Rational): string {
  if (sameDecimal(bottom, ONE)) return formatDecimal(top);
  const scale = Math.min(top.exponent, bottom.exponent, 0);
  if (top.digits.length + bottom.digits.length + Math.abs(top.exponent - bottom.exponent) > LONGEST_REDUCED)
    return `${formatDecimal(top)}/${formatDecimal(bottom)}`;
  let [a, b] = [integer(top, scale), integer(bottom, scale)];
  const divisor = gcd(a, b);
  a /= divisor;
  b /= divisor;
  const places = decimalPlaces(b);
  const sign = top.negative ? '-' : '';
  if (places === undefined) return `${sign}${a}/${b}`;
  return formatDecimal(parseDecimal(`${sign}${(a * 10n ** BigInt(places)) / b}e-${places}`)!);
}

const negated = (decimal: Decimal): Decimal =>
  decimal.digits === '0' ? decimal : { ...decimal, negative: !decimal.negative };

const integer = ({ digits, exponent }: Decimal, scale: number): bigint =>
  BigInt(digits) * 10n ** BigInt(exponent - scale);

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x === 0n ? 1n : x;
}

/** Decimal places of 1/b; `undefined` when it does not end. */
function decimalPlaces(b: bigint): number | undefined {
  let rest = b;
  let twos = 0;
  let fives = 0;
  for (; rest % 2n === 0n; rest /= 2n) twos++;
  for (; rest % 5n === 0n; rest /= 5n) fives++;
  return rest === 1n ? Math.max(twos, fives) : undefined;
}
