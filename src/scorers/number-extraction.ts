import { parseDecimal, type Decimal } from '../foundation/decimal.js';
import { globalPattern } from './host-pattern.js';
import { stripWhiteSpace } from './unicode-text.js';

/**
 * What a number looks like in running text: an optional sign (not when a word or closing bracket stands before it:
 * the 3 of `5-3` is 3), an optional currency sign, digits with an optional fraction and exponent.
 * `strict` takes commas, apostrophes, underscores and narrow spaces as grouping only in threes, and commas as in
 * `12,34,567` (lakh and crore); `loose` drops every comma between digits, for places that are known to hold one number.
 */
const numberPattern = (grouping: 'strict' | 'loose'): string => {
  const sign = '(?<sign>(?<![\\p{L}\\p{N}_)\\]}])[-+\\u2212])?';
  const currency = '(?:(?:US)?[$\u20ac\u00a3\u00a5\u20b9]\\s?(?<inner>[-+\\u2212])?)?';
  const whole =
    grouping === 'strict'
      ? "\\d{1,2}(?:,\\d{2})+,\\d{3}(?![,\\d])|\\d{1,3}(?:(?:,\\d{3})+|(?:_\\d{3})+|(?:[\\u00a0\\u2009\\u202f]\\d{3})+|(?:['\\u2019]\\d{3})+)(?!\\d)|\\d+"
      : '\\d+(?:,+\\d+)*';
  return `${sign}${currency}(?<digits>(?:${whole})(?:\\.\\d+)?|(?<![\\d.])\\.\\d+)(?<exponent>[eE][+-]?\\d{1,4}(?!\\d|\\.\\d))?`;
};

const STRICT = new RegExp(numberPattern('strict'), 'gu');
const LOOSE = new RegExp(numberPattern('loose'), 'u');
const WHOLE = new RegExp(`^(?:${numberPattern('loose')})$`, 'u');
const GROUPING = /[,_'\u2019\u00a0\u2009\u202f]/g;

/** What was found in a text: the number, or why there is none. */
export type NumberFound = { readonly value: Decimal } | { readonly reason: string };

/** The number that a whole text is, with grouping and currency allowed; `undefined` when it is not one. */
export function wholeNumber(text: string): Decimal | undefined {
  const found = WHOLE.exec(stripWhiteSpace(text));
  return found === null ? undefined : decimalOf(found);
}

/** The last number of a text. A fraction (`1/5`) in its place is no decimal and gives no number. */
export function lastNumber(text: string): NumberFound {
  let last: RegExpExecArray | undefined;
  for (const found of text.matchAll(STRICT)) last = found;
  if (last === undefined) return { reason: 'the answer holds no number' };
  return fractionAware(text, last);
}

/** The first number after the last place where the marker stands, on the same line. */
export function numberAfter(text: string, marker: string | RegExp): NumberFound {
  const end = typeof marker === 'string' ? endOfLastText(text, marker) : endOfLastMatch(text, marker);
  if (end < 0) return { reason: `the answer does not hold the marker ${String(marker)}` };
  const lineEnd = text.indexOf('\n', end);
  const rest = text.slice(end, lineEnd < 0 ? undefined : lineEnd);
  const found = LOOSE.exec(rest);
  if (found === null) return { reason: `no number follows the marker ${String(marker)}` };
  return fractionAware(rest, found);
}

/** A unit in words, also with an exponent: `\text{ cm}^2`. */
const UNIT = /\\(?:text|textrm|mathrm|mbox)\s*\{[^{}\d]*\}(?:\s*\^\s*(?:\d|\{\s*\d\s*\}))?/g;
/** What makes another value of a number that stands beside it: a root, a power, pi; degrees (`^\circ`) do not. */
const EXPRESSION =
  /\\(?:sqrt|pi|[dtc]?frac|binom|log|ln|exp|sin|cos|tan|times|cdot|div|pm|mp|infty|leq?|geq?|neq?)(?![a-z])|\^(?!\s*\{?\s*\\circ)|\d\s*!|[<>]/i;

/**
 * The one number in the last `\boxed{…}`, with its unit or without; none when there are several, as in a pair or a
 * fraction, or when it is a part of an expression.
 */
export function boxedNumber(text: string): NumberFound {
  const content = lastBoxed(text);
  if (content === undefined) return { reason: 'the answer holds no \\boxed{…}' };
  const plain = content
    .replaceAll('{,}', ',')
    .replace(/\\[,!;:]/g, '')
    .replaceAll('\\$', '$')
    .replace(UNIT, ' ')
    .replace(/(^|=)\s*([-\u2212])\s+(?=\S)/, '$1$2');
  const all = [...plain.matchAll(STRICT)];
  if (all.length !== 1)
    return { reason: `\\boxed{…} holds ${all.length === 0 ? 'no number' : 'several numbers'}` };
  if (EXPRESSION.test(plain)) return { reason: '\\boxed{…} holds an expression' };
  return fractionAware(plain, all[0]!);
}

/** The content of the last complete `\boxed{…}`, braces counted. Linear: each stretch of text is read once. */
function lastBoxed(text: string): string | undefined {
  const openings = [...text.matchAll(/\\(?:boxed|fbox)\s*\{/g)].reverse();
  let end = text.length; // an opening that is still open at the next one, which nothing closes, is not closed either
  for (const opening of openings) {
    const start = opening.index + opening[0].length;
    const close = closingBrace(text, start, end);
    if (close !== undefined) return text.slice(start, close);
    end = opening.index;
  }
  return undefined;
}

function closingBrace(text: string, start: number, end: number): number | undefined {
  let depth = 1;
  for (let i = start; i < end; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '{') depth++;
    else if (text[i] === '}' && --depth === 0) return i;
  }
  return undefined;
}

function decimalOf(found: RegExpExecArray): Decimal | undefined {
  const { sign, inner, digits, exponent } = found.groups!;
  const negative = isMinus(sign) !== isMinus(inner);
  return parseDecimal(`${negative ? '-' : ''}${digits!.replace(GROUPING, '')}${exponent ?? ''}`);
}

const isMinus = (sign: string | undefined): boolean => sign === '-' || sign === '\u2212';

const MIXED_LENGTH = 12;
/** `/2` of `1/2`, ` 1/2` of `3 1/2`, and `½` of `3½`. */
const FRACTION_AFTER = /^(?:\/\d|[ \u00a0]?(?:\d{1,4}\/\d|[\u00bc-\u00be\u2150-\u215e]))/;

function fractionAware(text: string, found: RegExpExecArray): NumberFound {
  const before = text.slice(Math.max(0, found.index - 2), found.index);
  const after = text.slice(found.index + found[0].length, found.index + found[0].length + MIXED_LENGTH);
  if (/\d\/$/.test(before) || FRACTION_AFTER.test(after))
    return { reason: 'a fraction stands where the number should' };
  const value = decimalOf(found);
  return value === undefined ? { reason: 'the answer holds no number' } : { value };
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
