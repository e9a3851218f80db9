/**
 * A decimal number, exactly: `negative`, then `digits` (no leading or trailing zeros; `0` for zero) times ten to
 * the `exponent`. Equal numbers have equal members, so 18, 18.0 and 1.8e1 are the same and 0.1 is not a float.
 */
export interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  readonly exponent: number;
}

const FORM = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,15}))?$/;

/** Parses plain or scientific notation (an exponent of up to 15 digits); `undefined` for anything else. */
export function parseDecimal(text: string): Decimal | undefined {
  const parts = FORM.exec(text);
  if (parts === null) return undefined;
  const whole = parts[2]!;
  const fraction = parts[3] ?? '';
  if (whole === '' && fraction === '') return undefined;
  const all = whole + fraction;
  let start = 0;
  while (start < all.length && all[start] === '0') start++;
  if (start === all.length) return ZERO;
  let end = all.length;
  while (all[end - 1] === '0') end--;
  const exponent = Number(parts[4] ?? 0) - fraction.length + (all.length - end);
  return { negative: parts[1] === '-', digits: all.slice(start, end), exponent };
}

const ZERO: Decimal = Object.freeze({ negative: false, digits: '0', exponent: 0 });

/** Whether two decimals are the same number. */
export function sameDecimal(a: Decimal, b: Decimal): boolean {
  return a.exponent === b.exponent && a.negative === b.negative && a.digits === b.digits;
}

/** The product of two decimals. */
export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  if (a.digits === '0' || b.digits === '0') return ZERO;
  const digits = String(BigInt(a.digits) * BigInt(b.digits));
  return parseDecimal(`${a.negative === b.negative ? '' : '-'}${digits}e${a.exponent + b.exponent}`)!;
}

/** The difference of two decimals, without sign. Beyond 100,000 places between them the smaller one is dropped. */
export function distanceBetween(a: Decimal, b: Decimal): Decimal {
  if (a.digits === '0') return positive(b);
  if (b.digits === '0') return positive(a);
  const lowest = Math.min(a.exponent, b.exponent);
  const [smaller, larger] = compareMagnitudes(a, b) < 0 ? [a, b] : [b, a];
  if (firstPlace(larger) - lowest > MOST_PLACES && larger.exponent > firstPlace(smaller))
    return positive(larger);
  const difference = scaled(a, lowest) - scaled(b, lowest);
  return parseDecimal(`${difference < 0n ? -difference : difference}e${lowest}`)!;
}

const MOST_PLACES = 100_000; // `1e999999999` must not fill the memory

/** Below 0 when |a| < |b|, 0 when they are equal, else above 0. */
export function compareMagnitudes(a: Decimal, b: Decimal): number {
  const places = firstPlace(a) - firstPlace(b);
  if (places !== 0 && !Number.isNaN(places)) return places; // NaN: both are 0
  return a.digits < b.digits ? -1 : Number(a.digits > b.digits); // as long as digits have no trailing zeros
}

/** Whether |a - b| <= limit, without any rounding. */
export function withinDistance(a: Decimal, b: Decimal, limit: Decimal): boolean {
  if (sameDecimal(a, b)) return true;
  return limit.digits !== '0' && compareMagnitudes(distanceBetween(a, b), limit) <= 0;
}

/** The larger of `absolute` and `relative` x |expected|: how far an answer may be off. */
export function toleranceOf(expected: Decimal, absolute: Decimal, relative: Decimal): Decimal {
  const share = positive(multiplyDecimals(relative, expected));
  return compareMagnitudes(share, absolute) < 0 ? absolute : share;
}

/** Canonical text: plain notation for usual sizes, scientific beyond. */
export function formatDecimal({ negative, digits, exponent }: Decimal): string {
  const sign = negative ? '-' : '';
  const point = digits.length + exponent;
  if (point > 40 || point < -20) return `${sign}${digits}e${exponent}`;
  if (exponent >= 0) return sign + digits + '0'.repeat(exponent);
  if (point > 0) return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
  return `${sign}0.${'0'.repeat(-point)}${digits}`;
}

const firstPlace = ({ digits, exponent }: Decimal): number =>
  digits === '0' ? Number.NEGATIVE_INFINITY : digits.length + exponent;

const positive = (decimal: Decimal): Decimal => ({ ...decimal, negative: false });

const scaled = ({ negative, digits, exponent }: Decimal, scale: number): bigint => {
  const whole = BigInt(digits) * 10n ** BigInt(exponent - scale);
  return negative ? -whole : whole;
};
