import { parseDecimal } from '../foundation/decimal.js';
import { globalPattern } from './host-pattern.js';
import { boxesIn } from './reading/announcements.js';
import { wholeRational, type Rational } from './reading/rational.js';
import { firstNumber, numberInBox } from './reading/read-number.js';
import type { Reading } from './reading/reading.js';
import type { DecimalMark } from './reading/written-digits.js';

/**
 * What a number looks like in running text: an optional sign (not when a word or closing bracket stands before it:
 * the 3 of `5-3` is 3), an optional currency sign, digits with an optional fraction and exponent. Commas, apostrophes,
 * underscores and narrow spaces group only in threes, and commas as in `12,34,567` (lakh and crore).
 */
const NUMBER = new RegExp(
  '(?<sign>(?<![\\p{L}\\p{N}_)\\]}])[-+\\u2212])?' +
    '(?:(?:US)?[$\u20ac\u00a3\u00a5\u20b9]\\s?(?<inner>[-+\\u2212])?)?' +
    "(?<digits>(?:\\d{1,2}(?:,\\d{2}){1,12},\\d{3}(?![,\\d])|\\d{1,3}(?:(?:,\\d{3})+|(?:_\\d{3})+|(?:[\\u00a0\\u2009\\u202f]\\d{3})+|(?:['\\u2019]\\d{3})+)(?!\\d)|\\d+)(?:\\.\\d+)?|(?<![\\d.])\\.\\d+)" +
    '(?<exponent>[eE][+-]?\\d{1,4}(?!\\d|\\.\\d))?',
  'gu',
);
const GROUPING = /[,_'\u2019\u00a0\u2009\u202f]/g;

/** The last number of a text. A fraction (`1/5`) in its place is no decimal and gives no number. */
export function lastNumber(text: string): Reading<Rational> {
  let last: RegExpExecArray | undefined;
  for (const found of text.matchAll(NUMBER)) last = found;
  if (last === undefined) return { reason: 'the answer holds no number' };
  const end = last.index + last[0].length;
  const before = text.slice(Math.max(0, last.index - 2), last.index);
  if (/\d\/$/.test(before) || FRACTION_AFTER.test(text.slice(end, end + MIXED_LENGTH)))
    return { reason: 'a fraction stands where the number should' };
  const { sign, inner, digits, exponent } = last.groups!;
  const negative = isMinus(sign) !== isMinus(inner);
  const value = parseDecimal(`${negative ? '-' : ''}${digits!.replace(GROUPING, '')}${exponent ?? ''}`)!;
  return { value: wholeRational(value), tier: 'last', start: last.index, end };
}

const isMinus = (sign: string | undefined): boolean => sign === '-' || sign === '\u2212';

const MIXED_LENGTH = 12;
/** `/2` of `1/2`, ` 1/2` of `3 1/2`, and `½` of `3½`. */
const FRACTION_AFTER = /^(?:\/\d|[ \u00a0]?(?:\d{1,4}\/\d|[\u00bc-\u00be\u2150-\u215e]))/;

/** The first number after the last place where the marker stands, on the same line. */
export function numberAfter(text: string, marker: string | RegExp, mark: DecimalMark): Reading<Rational> {
  const from = typeof marker === 'string' ? endOfLastText(text, marker) : endOfLastMatch(text, marker);
  if (from < 0) return { reason: `the answer does not hold the marker ${String(marker)}` };
  const lineEnd = text.indexOf('\n', from);
  const found = firstNumber(text, mark, { from, end: lineEnd < 0 ? text.length : lineEnd });
  return found ?? { reason: `no number follows the marker ${String(marker)}` };
}

/**
 * The one number in the last `\boxed{…}`, with its unit or without; none when there are several, as in a pair, or when
 * it is a part of an expression.
 */
export function boxedNumber(text: string, mark: DecimalMark): Reading<Rational> {
  const box = boxesIn(text).at(-1);
  return box === undefined ? { reason: 'the answer holds no \\boxed{…}' } : numberInBox(text, box, mark);
}

function endOfLastText(text: string, marker: string): number {
  const start = text.lastIndexOf(marker);
  return start < 0 ? -1 : start + marker.length;
}

function endOfLastMatch(text: string, marker: RegExp): number {
  let end = -1;
  for (const found of text.matchAll(globalPattern(marker))) end = found.index + found[0].length;
  return end;
}
