/**
 * A decimal number, exactly: `negative`, then `digits` (no leading or trailing zeros; `0` for zero) times ten to
 * the `exponent`. Equal numbers have equal members, so 18, 18.0 and 1.8e1 are the same and 0.1 is not a float.
 */
export interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  readonly exponent: number;
}

const FORM = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;

/** Parses plain or scientific notation; `undefined` for anything else. */
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

/** Whether |a - b| <= max(absolute, relative x |b|), without any rounding. */
export function withinTolerance(a: Decimal, b: Decimal, absolute: Decimal, relative: Decimal): boolean {
  if (sameDecimal(a, b)) return true;
  const scale = Math.min(a.exponent, b.exponent, absolute.exponent, relative.exponent + b.exponent);
  const difference = magnitude(scaled(a, scale) - scaled(b, scale));
  if (difference <= scaled(absolute, scale)) return true;
  const share = magnitude(scaled(b, b.exponent)) * scaled(relative, relative.exponent);
  return difference <= share * 10n ** BigInt(b.exponent + relative.exponent - scale);
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

const scaled = ({ negative, digits, exponent }: Decimal, scale: number): bigint => {
  const whole = BigInt(digits) * 10n ** BigInt(exponent - scale);
  return negative ? -whole : whole;
};

const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);
