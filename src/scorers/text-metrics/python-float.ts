import { stripWhiteSpace } from '../unicode-text.js';

/** Each text fits in one way only: a long run of digits must not be split at every place. */
const FLOAT =
  /^[+-]?(?:(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?|inf(?:inity)?|nan)$/i;
const SEPARATOR = /[\x1c-\x1f]/;
const DECIMAL_DIGIT = /\p{Nd}/gu;
const IS_DECIMAL_DIGIT = /^\p{Nd}$/u;

/** The number that Python's `float(text)` gives; `undefined` where it raises. */
export function pythonFloat(text: string): number | undefined {
  if (SEPARATOR.test(text)) return undefined; // of white space in ASCII it strips only what C calls so
  const plain = stripWhiteSpace(text).replace(DECIMAL_DIGIT, asciiDigit);
  if (!FLOAT.test(plain)) return undefined;
  const bare = plain.toLowerCase().replaceAll('_', '');
  if (bare.endsWith('nan')) return Number.NaN;
  if (bare.includes('inf')) return bare.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(bare);
}

/** What Python's `str(number)` writes: always with a fraction or exponent, the exponent from 1e16 and below 1e-4. */
export function pythonFloatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string];
  const power = Number(exponent);
  if (power >= -4 && power < 16) {
    const plain = String(value);
    return plain.includes('.') ? plain : `${plain}.0`;
  }
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** Decimal digits of all scripts stand in runs of ten from 0 to 9. */
function asciiDigit(digit: string): string {
  const code = digit.codePointAt(0)!;
  if (code < 0x80) return digit;
  let start = code;
  while (IS_DECIMAL_DIGIT.test(String.fromCodePoint(start - 1))) start--;
  return String((code - start) % 10);
}
