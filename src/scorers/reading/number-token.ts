import { parseDecimal, type Decimal } from '../../foundation/decimal.js';
import { lineEnd } from './paragraphs.js';
import { mixed, negative, rationalOf, timesPowerOfTen, wholeRational, type Rational } from './rational.js';
import { hanAmount, scaleAfter, saysMinus } from './number-words.js';
import { writtenDigits, type DecimalMark, type WrittenDigits } from './written-digits.js';

/** A number with the other way in which the same words may give it: `1.5 million` is 1500000, or 1.5 where millions are asked for. */
export interface ReadRational extends Rational {
  readonly also?: Rational | undefined;
}

/** A number that stands in a text, or something made of digits that is none. */
export interface NumberToken {
  readonly start: number;
  readonly end: number;
  /** `undefined`: a ratio, a date, a root, a fraction of expressions. */
  readonly value: ReadRational | undefined;
  /** Part of an expression: an operator, a root or a letter for a quantity stands beside it. */
  readonly operand: boolean;
  /** Counts a place (`2nd`), a step or a list item, or cites (`[1]`): not an amount. */
  readonly ordinal: boolean;
  readonly percent: boolean;
  /** `1,2,3`: several numbers. */
  readonly listed: boolean;
}

const START =
  /\\[dtc]?frac(?![a-z])|[0-9]|[\u00bc-\u00be\u2150-\u215e]|\\sqrt(?![a-z])|√|∛|\\pi(?![a-z])|π|\\infty|∞/g;

/** All numbers of a stretch of text, in their order. Linear. */
export function numberTokens(
  text: string,
  mark: DecimalMark = 'auto',
  {
    from = 0,
    end = text.length,
  }: { readonly from?: number | undefined; readonly end?: number | undefined } = {},
): NumberToken[] {
  const part = from === 0 && end === text.length ? text : text.slice(0, end);
  const tokens: NumberToken[] = [];
  START.lastIndex = from;
  for (let found = START.exec(part); found !== null; found = START.exec(part)) {
    const token = tokenAt(part, found.index, { first: found[0], mark });
    START.lastIndex =
      token === undefined ? found.index + found[0].length : Math.max(token.end, found.index + 1);
    if (token !== undefined) tokens.push(token);
    else START.lastIndex = Math.max(START.lastIndex, endOfDigits(part, found.index));
  }
  return tokens;
}

interface Amount {
  readonly value: Rational | undefined;
  readonly end: number;
  readonly listed?: boolean | undefined;
}

function tokenAt(
  text: string,
  at: number,
  { first, mark }: { readonly first: string; readonly mark: DecimalMark },
): NumberToken | undefined {
  if (!/[0-9]/.test(first[0]!) && !/[\u00bc-\u215e\\]/.test(first[0]!)) return symbol(text, at, first.length);
  if (first.startsWith('\\') && !first.endsWith('frac')) return symbol(text, at, first.length);
  if (/[0-9]/.test(first) && isPartOfName(text, at)) return undefined;
  const begin =
    first !== '.' && text[at - 1] === '.' && !/[\p{L}\p{N})]/u.test(text[at - 2] ?? ' ') ? at - 1 : at;
  const amount = amountAt(text, begin, mark);
  if (amount === undefined) return undefined;
  const powered = withPower(text, amount);
  const isMoney = CURRENCY.test(text.slice(Math.max(0, begin - 12), begin));
  const scale = powered === amount ? scaleAfter(text, amount.end, isMoney) : undefined;
  const scaled = scale === undefined ? powered : { ...powered, end: scale.end };
  const sign = signBefore(text, begin);
  const isNegative = sign.negative || (!sign.operator && saysMinus(text, sign.start));
  const withSign = (value: Rational | undefined): Rational | undefined =>
    value !== undefined && isNegative ? negative(value) : value;
  const plain = withSign(scaled.value);
  const value =
    scale === undefined || plain === undefined
      ? plain
      : { ...timesPowerOfTen(plain, scale.power), also: plain };
  const percent = /^ ?(?:\\?%|٪|percent\b|per cent\b|prozent\b|por ciento\b|pour cent\b|процент)/i.exec(
    text.slice(scaled.end, scaled.end + 12),
  );
  return {
    start: sign.start,
    end: scaled.end + (percent?.[0].length ?? 0),
    value:
      isRatio(text, begin, scaled.end) || NAME_GOES_ON.test(text.slice(scaled.end, scaled.end + 6))
        ? undefined
        : value,
    operand: sign.operator || hasOperator(text, sign.start, scaled.end),
    ordinal: isOrdinal(text, sign.start, scaled.end),
    percent: percent !== null,
    listed: scaled.listed === true || isPair(text, begin, scaled.end),
  };
}

/** `(2,3)`, `\\{1,2\\}`: a comma between brackets parts two numbers. */
const isPair = (text: string, start: number, end: number): boolean =>
  /[([{]$/.test(text.slice(start - 1, start)) &&
  (text[start - 1] !== '{' || text[start - 2] === '\\') &&
  /^\\?[)\]}]/.test(text.slice(end, end + 2)) &&
  /^\d+,(?!\d{3}(?!\d))\d+$/.test(text.slice(start, end));

/** A root or a constant: whatever stands there is an expression. */
const symbol = (_text: string, at: number, length: number): NumberToken => ({
  start: at,
  end: at + length,
  value: undefined,
  operand: true,
  ordinal: false,
  percent: false,
  listed: false,
});

/** `2AB2CD`: letters and digits in turn are a name, or an expression. */
const NAME_GOES_ON = /^[A-Z]{1,4}\d/;

const CURRENCY_WORD =
  /(?:^|[^A-Za-z])(?:rs|usd|eur|gbp|inr|cad|aud|chf|jpy|cny|rmb|us|r|a|c|hk|nt|kr|rm|rp|tsh|ksh|no|nr|approx|ca)[.$]? ?$/i;

/** `x2`, `H2O`, `v1`, `x_2`, `10^2`, `\alpha1`: the digits of a name or a power are no number of their own. */
function isPartOfName(text: string, at: number): boolean {
  const before = text[at - 1];
  if (before === undefined) return false;
  if (before === '^' || (before === '_' && /[A-Za-z0-9]/.test(text[at - 2] ?? ''))) return true;
  if (before === '{' && (text[at - 2] === '^' || text[at - 2] === '_')) return true;
  if (
    (before === '-' || before === '+') &&
    (text[at - 2] === '^' || (text[at - 2] === '{' && text[at - 3] === '^'))
  )
    return true;
  if (before === '.' && text[at - 2] === '.') return false;
  return /[A-Za-z]/.test(before) && !CURRENCY_WORD.test(text.slice(Math.max(0, at - 8), at));
}

function endOfDigits(text: string, at: number): number {
  let end = at;
  while (/[0-9]/.test(text[end] ?? '')) end++;
  return end;
}

function amountAt(text: string, at: number, mark: DecimalMark): Amount | undefined {
  if (text[at] === '\\') return latexFraction(text, at);
  if (text[at] === '.') {
    const end = endOfDigits(text, at + 1);
    return { value: asRational(parseDecimal(text.slice(at, end))), end };
  }
  const vulgar = vulgarFraction(text, at);
  if (vulgar !== undefined) return vulgar;
  const summed = hanAmount(text, at);
  if (summed !== undefined) return summed;
  const digits = writtenDigits(text, at, mark);
  if (digits === undefined) return undefined;
  const end = at + digits.length;
  return (
    (digits.plain ? fractionFrom(text, digits, end) : undefined) ??
    divided(text, end) ?? {
      value: asRational(digits.value),
      listed: digits.listed,
      end,
    }
  );
}

const asRational = (value: Decimal | undefined): Rational | undefined =>
  value === undefined ? undefined : wholeRational(value);

const SLASHED = / ?\/ ?(\d+)(?![\d]*[.,]?\d*\s?\/ ?\d)(?![.,]\d)(?!\d)(?![A-Za-z_^(])/y;
const MIXED =
  /(?: |\u00a0| and | und | et | y |-)(?=\d{1,9} ?\/ ?\d|[\u00bc-\u00be\u2150-\u215e])|(?=[\u00bc-\u00be\u2150-\u215e])| ?(?=\\[dtc]?frac(?![a-z]))/y;

/** After a whole number: `/2`, ` 1/2`, `½`, `\frac{1}{2}`. */
function fractionFrom(text: string, digits: WrittenDigits, end: number): Amount | undefined {
  SLASHED.lastIndex = end;
  const slashed = SLASHED.exec(text);
  if (slashed !== null) {
    const value = rationalOf(digits.value!, parseDecimal(slashed[1]!)!);
    return { value, end: end + slashed[0].length };
  }
  MIXED.lastIndex = end;
  const link = MIXED.exec(text);
  if (link === null) return undefined;
  const part = fractionAlone(text, end + link[0].length);
  if (part?.value === undefined || !isProper(part.value)) return undefined;
  return { value: mixed(digits.value!, part.value), end: part.end };
}

const isProper = ({ top, bottom }: Rational): boolean =>
  !top.negative &&
  top.exponent >= 0 &&
  bottom.exponent >= 0 &&
  Number(top.digits) * 10 ** top.exponent < Number(bottom.digits) * 10 ** bottom.exponent;

function fractionAlone(text: string, at: number): Amount | undefined {
  if (text[at] === '\\') return latexFraction(text, at);
  const vulgar = vulgarFraction(text, at);
  if (vulgar !== undefined) return vulgar;
  const end = endOfDigits(text, at);
  const top = parseDecimal(text.slice(at, end));
  SLASHED.lastIndex = end;
  const slashed = SLASHED.exec(text);
  if (top === undefined || slashed === null) return undefined;
  return { value: rationalOf(top, parseDecimal(slashed[1]!)!), end: end + slashed[0].length };
}

const DIVIDED = / ?\/ ?(?=[\d(\\√])[\d.,/]*/y;

/** A slash that makes no fraction of whole numbers: `12/31/2020`, `3/0.5`, `5/(2+1)`. */
function divided(text: string, end: number): Amount | undefined {
  DIVIDED.lastIndex = end;
  const found = DIVIDED.exec(text);
  return found === null ? undefined : { value: undefined, end: end + found[0].replace(/[.,]$/, '').length };
}

function vulgarFraction(text: string, at: number): Amount | undefined {
  if (!/[\u00bc-\u00be\u2150-\u215e]/.test(text[at] ?? '')) return undefined;
  const [top, bottom] = text[at]!.normalize('NFKC').split('\u2044');
  return { value: rationalOf(parseDecimal(top!)!, parseDecimal(bottom!)!), end: at + 1 };
}

const LATEX_FRACTION =
  /\\[dtc]?frac(?: ?\{\s{0,3}([-+]?\s{0,2}[\d.]+)\s{0,3}\}| ?(\d))(?: ?\{\s{0,3}([-+]?[\d.]+)\s{0,3}\}| ?(\d))/y;

function latexFraction(text: string, at: number): Amount {
  LATEX_FRACTION.lastIndex = at;
  const found = LATEX_FRACTION.exec(text);
  if (found === null) return { value: undefined, end: at + endOfCommand(text.slice(at, at + 400)) };
  const top = parseDecimal((found[1] ?? found[2]!).replace(/\s/g, ''));
  const bottom = parseDecimal(found[3] ?? found[4]!);
  const value = top === undefined || bottom === undefined ? undefined : rationalOf(top, bottom);
  return { value, end: at + found[0].length };
}

/** Past the arguments of a command, so that the 9 of `\frac{7}{\sqrt{9}}` is no number of its own. */
function endOfCommand(text: string): number {
  let depth = 0;
  let last = text.indexOf('frac') + 4;
  for (let i = last; i < text.length; i++) {
    if (text[i] === '{') depth++;
    else if (text[i] === '}' && --depth <= 0) {
      last = i + 1;
      if (text[last] !== '{') return last;
    } else if (depth === 0 && text[i] !== ' ') return last;
  }
  return last;
}

const POWER =
  / {0,3}(?:×|\\times|\\cdot|·|⋅|∙|x|X|\*{1,2}) {0,3}10 ?(?:\^ ?\{? ?([-+–]?\d{1,4}) ?\}?|\*\*\(?([-+–]?\d{1,4})\)?|([⁻⁺]?[⁰¹²³⁴-⁹]{1,4}))|[eE]([-+]?\d{1,4})(?![\d.]*\d|[A-Za-z])/y;
const SUPERSCRIPTS: Readonly<Record<string, string>> = {
  '⁻': '-',
  '⁺': '+',
  '⁰': '0',
  '¹': '1',
  '²': '2',
  '³': '3',
  '⁴': '4',
  '⁵': '5',
  '⁶': '6',
  '⁷': '7',
  '⁸': '8',
  '⁹': '9',
};

function withPower(text: string, amount: Amount): Amount {
  POWER.lastIndex = amount.end;
  const found = POWER.exec(text);
  if (found === null) return amount;
  const written = found.slice(1).find((group) => group !== undefined)!;
  const power = Number(
    written.replace('–', '-').replace(/[⁻⁺⁰¹²³⁴-⁹]/g, (each) => SUPERSCRIPTS[each] ?? each),
  );
  return {
    value: amount.value && timesPowerOfTen(amount.value, power),
    end: amount.end + found[0].length,
  };
}

const LONGEST_LINE = 200;

interface Sign {
  readonly negative: boolean;
  readonly start: number;
  /** It takes away from what stands before it. */
  readonly operator: boolean;
}

const CURRENCY = /(?:US|R|A|C|HK|NT)?\\?[$€£¥₹₽₩₪₫฿₱]\s?$|(?:Rs\.?|USD|EUR|GBP|INR) ?$/;

/** A minus of any kind before a number: `–5`, `- 5`, `-$5`, `$-5`; but not that of `5–10`, `x - 5` or of a list. */
function signBefore(text: string, at: number): Sign {
  let start = at;
  let minus = false;
  const window = text.slice(Math.max(0, at - 12), at);
  const direct = /[-–—+] ?$/.exec(window);
  let rest = direct === null ? window : window.slice(0, direct.index);
  if (direct === null) {
    const currency = CURRENCY.exec(window);
    if (currency === null) return { negative: false, start: at, operator: false };
    start = at - currency[0].length;
    rest = window.slice(0, currency.index);
    const outer = /[-–—+] ?$/.exec(rest);
    if (outer === null) return { negative: false, start, operator: false };
    return readSign(text, start, { sign: outer[0], before: rest.slice(0, outer.index) });
  }
  const read = readSign(text, at, { sign: direct[0], before: rest });
  start = read.start;
  minus = read.negative;
  const currency = minus ? CURRENCY.exec(rest) : null; // `$-5`
  return {
    negative: minus,
    start: currency === null ? start : start - currency[0].length,
    operator: read.operator,
  };
}

function readSign(
  text: string,
  at: number,
  { sign, before }: { readonly sign: string; readonly before: string },
): Sign {
  const start = at - sign.length;
  const spaced = sign.endsWith(' ');
  const minus = sign[0] !== '+';
  const last = before.trimEnd().at(-1);
  const gap = before !== '' && before.trimEnd() !== before;
  if (last !== undefined && !before.includes('\n', before.trimEnd().length)) {
    if (/[\p{N})\]}%°]/u.test(last) && !(gap && !spaced))
      return { negative: false, start: at, operator: true };
    if (gap && !spaced && /[\p{N})\]}]/u.test(last))
      return { negative: minus, start, operator: sign[0] === '-' };
    if (!gap && /[\p{L}_]/u.test(last)) return { negative: false, start: at, operator: false }; // `covid-19`
    if (spaced && /(?:^|[^\p{L}])\p{L}$/u.test(before.trimEnd()))
      return { negative: false, start: at, operator: true };
    if (spaced && gap && isDash(sign, before.trimEnd()))
      return { negative: false, start: at, operator: false };
    return { negative: minus, start, operator: false };
  }
  // at the beginning of a line: a list's mark, unless the number is all there is
  if (!spaced) return { negative: minus, start, operator: false };
  const line = text.slice(at, lineEnd(text, at, LONGEST_LINE));
  const alone = /^[\d.,'\s/]+[\s.%)$]*$/.test(line);
  return alone
    ? { negative: minus, start, operator: false }
    : { negative: false, start: at, operator: false };
}

/** A dash in a sentence, and no minus: after `is`, `=` or a bracket it is one. */
const isDash = (sign: string, before: string): boolean =>
  /[\p{L}.,;!?"'”’*]$/u.test(before) &&
  !(
    sign[0] !== '—' &&
    sign[0] !== '+' &&
    /(?:^|[^\p{L}])(?:is|are|was|be|equals|ist|es|est|è|é|gives?)$/iu.test(before)
  );

const isRatio = (text: string, start: number, end: number): boolean =>
  /^ ?: ?\d/.test(text.slice(end, end + 4)) || /\d ?: ?$/.test(text.slice(Math.max(0, start - 4), start));

const BEFORE_OPERATOR =
  /(?:[\p{L}\p{N})\]}][ ]?\*[ ]?|[×·⋅÷√∛!±≤≥≠] ?| [<>] ?|\\(?:leq?|geq?|neq?|lt|gt) ?|[\p{L}\p{N})\]}$] ?[+/] ?|\\(?:times|cdot|div|sqrt|pm)[ {]{0,2}|[\p{L}\p{N})]\^\{?|[(\d] ?\^ ?\(?|\\sqrt(?:\[\d\])?\{[^{}]{0,20}|(?<![A-Za-z])sqrt\()$/u;
const AFTER_OPERATOR =
  /^(?:\}{0,2} ?(?:\\(?:times|cdot|div|sqrt|pi|pm|mp|log|ln|sin|cos|tan|exp|infty|binom)(?![a-z])|[×·⋅÷√π∞±])|[ ]?(?:\+|\^(?! ?\{?\\(?:circ|(?:text|mathrm|rm) ?\{?(?:th|st|nd|rd)))|[²³⁴-⁹]|\/ ?[\d(\\])|!(?=[ ]?[\d+*/)}-])| ?\*(?!\*) ?[\p{L}\d(\\]|\(\d| ?(?:pi|sqrt)(?![\p{L}])|[xyznkabt](?![\p{L}\p{N}])(?=[\s+\-=*/^).,;$}]|$)| [-–] ?(?:\d|\\|[a-z](?![\p{L}]))|[-–](?:\d|\\|[a-z](?![\p{L}])))/u;

function hasOperator(text: string, start: number, end: number): boolean {
  const before = text.slice(Math.max(0, start - 28), start);
  const after = text.slice(end, end + 14);
  if (AFTER_OPERATOR.test(after) && !/^ ?\*/.test(after)) return true;
  if (/^ ?\*/.test(after) && AFTER_OPERATOR.test(after) && !/[*_]$/.test(before)) return true;
  return BEFORE_OPERATOR.test(before) && !/(?:^|\n)[ \t]*[+*] $/.test(before);
}

const LIST_MARK =
  /(?:^|\n)[ \t>]*(?:#{1,6} ?)?(?:\*\*)?(?:step|schritt|étape|paso|passo|шаг|step no|part|case|question|problem|answer|q|option|section|chapter|figure|table|day|equation|eq|method|example|row|line|item|第)?[ #(]*$/i;

/** `2nd`; `Step 3:`, `1. First`, `2)` at the beginning of a line; `[1]` after a word. */
function isOrdinal(text: string, start: number, end: number): boolean {
  const after = text.slice(end, end + 6);
  if (/^(?:st|nd|rd|th|er|ère|ème|º|ª)(?![\p{L}])/u.test(after)) return true;
  const before = text.slice(Math.max(0, start - 24), start);
  if (before.endsWith('[') && after.startsWith(']') && !/^\s*\[?$/.test(before.slice(0, -1) + '['))
    return /[\p{L}\p{N}.,;)\]]\s?\[$/u.test(before);
  if (!/^(?:[.)](?: |\t|\*)|:(?!\d)|\.\*\*)/.test(after)) return false;
  if (!LIST_MARK.test(before)) return false;
  return /[\p{L}\p{N}]/u.test(text.slice(end, lineEnd(text, end, LONGEST_LINE)));
}
