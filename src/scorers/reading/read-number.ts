import { toldNumbers } from './announced-sentence.js';
import type { Announcement } from './announcements.js';
import { NO_ANSWER } from './answer-words.js';
import { finalAnswer } from './final-answer.js';
import { areJoined, areListed, areParallel, isAside, isCompound, saysTheSame } from './number-pairs.js';
import { numberInWords } from './number-words.js';
import { computedOf, lastSentenceNumber, REASONS, withExact } from './last-sentence.js';
import { numberTokens, type NumberToken } from './number-token.js';
import {
  endsInBlock,
  endsInLoop,
  endsMidSentence,
  lineEnd,
  sentenceEnd,
  type Stretch,
} from './paragraphs.js';
import type { Rational } from './rational.js';
import { NONE, SEVERAL, UNREADABLE, type Found, type PlaceReading, type Reading } from './reading.js';
import type { DecimalMark } from './written-digits.js';

/** How numbers are read. */
export interface NumberReadingOptions {
  /** Which sign parts whole and fraction where a number alone does not tell: `1,234`. */
  readonly mark: DecimalMark;
  /** Whether the answer was cut off: then only what was announced counts. */
  readonly cut?: boolean | undefined;
}

/**
 * The number that an answer ends with. The first that finds one decides:
 *
 * 1. `whole`: the text is a number, with its unit or without, and nothing else.
 * 2. `boxed`, `field`, `sentence`: where an answer is announced, the last one. It alone decides: several numbers there,
 *    or an expression, and there is none.
 * 3. `first line`: the number that is the first line, or opens it in bold, when nothing after it concludes otherwise.
 * 4. `last sentence`: the last number of the last sentence that has one; of several, the one that was computed, and
 *    none of a subordinate clause (`$45 after a discount of $5`).
 */
export function readNumber(text: string, { mark: given, cut }: NumberReadingOptions): Reading<Rational> {
  const mark = given === 'auto' ? markUsed(text) : given;
  return finalAnswer<Rational>(text, {
    reasons: REASONS,
    whole: (own) => wholeNumberIn(own, mark),
    at: (own, place) => (place.noun === 'option' ? UNREADABLE : numberAtPlace(own, place, mark)),
    byPosition: (own) =>
      cut === true || endsInLoop(own) || breaksOff(own)
        ? undefined
        : (firstLineNumber(own, mark) ?? lastSentenceNumber(own, mark)),
  });
}

const UNITS_ALONE =
  /^[\s*_"'`$)\]}.:\\%°。，!]*(?:\\?(?:text|mathrm|textrm|mbox) ?\{[^{}\d]{0,30}\})?(?:\^ ?\{? ?(?:\d|\\circ) ?\}?)?(?:[ ]?(?!(?:or|and|to|pi)\b)[\p{L}%°$€£¥²³]{1,14}(?:[ /^.]{1,2}[\p{L}%²³\d]{1,14}){0,2})?[\s*_"'`$)\]}.:\\。!]*(?:<[^<>]{0,12}>\s*)?$/u;

/** A text that is one number with what may stand around it. */
function wholeNumberIn(text: string, mark: DecimalMark, longest = 60): Found<Rational> | undefined {
  if (text.length > longest) return undefined;
  const tokens = numberTokens(text, mark);
  const only = tokens[0];
  if (tokens.length !== 1 || only?.value === undefined || only.operand || only.listed) return undefined;
  if (
    !/^[\s*_"'`$([{\\=≈~]*(?:Rs\.?|USD|EUR|approximately|about|ca\.?)?\s*$/i.test(text.slice(0, only.start))
  )
    return undefined;
  if (!UNITS_ALONE.test(text.slice(only.end))) return undefined;
  return { value: only.value, tier: 'whole', start: only.start, end: only.end };
}

/** The number that a text is, and nothing else but currency, grouping and white space. */
export function plainNumber(text: string, mark: DecimalMark): Found<Rational> | undefined {
  if (text.length > LONGEST_PLAIN) return undefined;
  const read = wholeNumberIn(text, mark, LONGEST_PLAIN);
  if (read === undefined) return undefined;
  return /^[^\p{L}]*(?:Rs\.?|USD|EUR)?\s*$/iu.test(text.slice(0, read.start)) ? read : undefined;
}

const LONGEST_PLAIN = 100_000;

/** The first number of a stretch; none when it is part of an expression. */
export function firstNumber(
  text: string,
  mark: DecimalMark,
  { from, end }: { readonly from: number; readonly end: number },
): Reading<Rational> | undefined {
  const [first] = numberTokens(text, mark, { from, end });
  if (first === undefined) return undefined;
  if (first.value === undefined || first.listed) return { reason: 'no plain number stands where it should' };
  return { value: first.value, tier: 'marker', start: first.start, end: first.end };
}

/** The one number of a box. */
export function numberInBox(text: string, box: Announcement, mark: DecimalMark): Reading<Rational> {
  const read = numberAtPlace(text, box, mark);
  if (read.kind === 'value') return { value: read.value, tier: 'boxed', start: read.start, end: read.end };
  return {
    reason:
      read.kind === 'several'
        ? '\\boxed{…} holds several numbers'
        : '\\boxed{…} holds no number, or an expression',
  };
}

const LONGEST_VALUE = 400;
/** `the answer is not 20`. */
const DENIED = /^[\s*_]*(?:not|nicht|pas|no es|non è|não é|не|不是)(?![\p{L}])/iu;

/** What is said about an answer that was told before: `our answer is right because`, `the answer is an approximation`. */
const COMMENT =
  /^[\s*_]{0,4}(?:indeed |therefore |thus |also |clearly |(?:only |just )?an? |the )?(?:right|correct|valid|verified|confirmed|reasonable|plausible|consistent|accurate|approximat\w+|estimat\w+|rounded|exact|based|derived|obtained|computed|calculated|final|in line|in agreement|assum\w+|for the|for an?)(?![\p{L}])/iu;

/** The number at a place where one was announced. */
function numberAtPlace(text: string, place: Announcement, mark: DecimalMark): PlaceReading<Rational> {
  const { start, end, exact } = valueStretch(text, place);
  const content = text.slice(start, end);
  if (content.trim() === '' || (!exact && DENIED.test(content))) return UNREADABLE;
  const written = numberTokens(text, mark, { from: start, end });
  const plain = written.filter(({ ordinal }) => !ordinal);
  const all = plain.length === 0 ? written : plain;
  if (all.length === 0 && content.trim() === 'null' && exact) return NONE;
  if (all.length === 0) {
    if (!exact && COMMENT.test(content)) return UNREADABLE;
    const word = numberInWords(content);
    if (word !== undefined) return { kind: 'value', value: word, start, end };
    return exact || NO_ANSWER.test(content.replace(/^[\s*_"'`$({[:]+/, '')) || place.noun === 'answer'
      ? NONE
      : UNREADABLE;
  }
  if (exact ? isOneOfBoxes(text, place) : isOneOfItems(text, start, end)) return SEVERAL;
  const tokens = afterLastEquals(text, exact ? all : withoutReasons(text, all), end);
  if (tokens === 'several') return SEVERAL;
  const told = exact ? tokens : toldNumbers(text, tokens, { start, end });
  const chosen = chosenOf(text, told, { start, exact });
  if (chosen === 'several') return SEVERAL;
  const factorial =
    text[chosen.end] === '!' && (exact || /^![.,;)}]/.test(text.slice(chosen.end, chosen.end + 2)));
  if (chosen.value === undefined || chosen.operand || chosen.listed || factorial) return NONE;
  return { kind: 'value', value: withExact(text, all, chosen), start: chosen.start, end: chosen.end };
}

/** `\\boxed{3}$ and $\\boxed{4}`. */
const isOneOfBoxes = (text: string, { from, tier }: Announcement): boolean =>
  tier === 'boxed' &&
  /boxed\s?\{[^\n]{1,60}\}[\s$\\()]{0,6}(?:,|and|or|und|oder|et|ou|y|o|e|和|或)[\s$\\()]{0,6}$/.test(
    text.slice(Math.max(0, from - 90), from),
  );

/** The first of several lines of a list that give a number each: `- area: 24`, `- perimeter: 20`. */
function isOneOfItems(text: string, start: number, end: number): boolean {
  const mark = ITEM.exec(text.slice(start, end))?.[0];
  if (mark === undefined) return false;
  const next = text.slice(end + 1, lineEnd(text, end + 1, LONGEST_VALUE)).trimStart();
  return next.startsWith(mark) && ITEM.test(next) && /\d/.test(next);
}

const ITEM = /^[-*•] (?=[*_]{0,2}\p{L}[^\d\n]{0,40}[:=])/u;

/** What is announced: a box up to its brace, a JSON string up to its quote, else a line or a sentence. */
function valueStretch(text: string, place: Announcement): Stretch & { readonly exact: boolean } {
  if (place.end !== undefined) return { start: place.start, end: place.end, exact: true };
  let start = place.start;
  if (place.mayWrap) start = firstContent(text, start);
  if (text[place.start - 1] !== undefined && text[start] === '"' && isKey(text, place)) {
    const close = closingQuote(text, start + 1);
    return { start: start + 1, end: close, exact: true };
  }
  if (isKey(text, place)) {
    const close = /[,}\n]/g;
    close.lastIndex = start;
    return {
      start,
      end: Math.min(close.exec(text)?.index ?? text.length, start + LONGEST_VALUE),
      exact: true,
    };
  }
  const end = lineEnd(text, start, LONGEST_VALUE);
  return { start, end: Math.min(end, sentenceEnd(text, start, LONGEST_VALUE)), exact: false };
}

/** `"answer":` of a JSON text. */
const isKey = (text: string, { start, from }: Announcement): boolean =>
  /["'] ?[:：]\s*$/.test(text.slice(Math.max(from, start - 12), start)) &&
  /["']\w*$/.test(text.slice(Math.max(0, from - 20), from));

function closingQuote(text: string, from: number): number {
  const end = Math.min(text.length, from + LONGEST_VALUE);
  for (let i = from; i < end; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"' || text[i] === '\n') return i;
  }
  return end;
}

/** Past line breaks, fences and quotation marks that stand alone on their lines. */
function firstContent(text: string, from: number): number {
  const nothing = /(?:[ \t:：]*(?:```[a-z]*|"""|'''|\$\$|\\\[|[*_]{2,3}|\[)?[ \t]*\r?\n){1,4}/iy;
  nothing.lastIndex = from;
  const found = nothing.exec(text);
  const at = from + (found?.[0].length ?? 0);
  const space = /[ \t]{0,20}/y;
  space.lastIndex = at;
  return at + (space.exec(text)?.[0].length ?? 0);
}

const REASON =
  /(?<![\p{L}])(?:since|because|weil|denn|puisque|parce|car|porque|ya que|потому|так как)(?![\p{L}])|因为/iu;

/** `12, since 12 × 12 = 144`: what only says why is left out. */
function withoutReasons(text: string, tokens: readonly NumberToken[]): readonly NumberToken[] {
  const reason = tokens.findIndex(
    (token, i) => i > 0 && REASON.test(text.slice(tokens[i - 1]!.end, token.start)),
  );
  return reason < 0 ? tokens : tokens.slice(0, reason);
}

/** Of `24/2 = 12` the 12; several when alternatives were set equal: `x = 3 or x = -3`. */
function afterLastEquals(
  text: string,
  tokens: readonly NumberToken[],
  end: number,
): readonly NumberToken[] | 'several' {
  const from = tokens[0]!.start;
  const part = text.slice(from, end);
  const within = Math.max(...['=', '≈', '\\approx', '\\simeq'].map((sign) => part.lastIndexOf(sign)));
  if (within < 0) return tokens;
  const last = from + within;
  if (/^[^=\n()]{0,24}\([^()\n]*=[^()\n]*$/.test(text.slice(tokens[0]!.end, last + 1))) return [tokens[0]!]; // `36 (= 6²)`
  const after = tokens.filter(({ start }) => start > last);
  if (after.length === 0) return tokens;
  const [only] = tokens;
  if (tokens.length === after.length + 1 && !only!.operand && after.every(({ operand }) => operand))
    return [only!]; // `14 = (3 + 4) × 2`
  const before = tokens[tokens.length - after.length - 1];
  if (
    before !== undefined &&
    before.value !== undefined &&
    !before.operand &&
    areJoined(text, before, after[0]!)
  ) {
    return 'several';
  }
  return after;
}

function chosenOf(
  text: string,
  tokens: readonly NumberToken[],
  { start, exact }: { readonly start: number; readonly exact: boolean },
): NumberToken | 'several' {
  const [first, second] = tokens as [NumberToken, NumberToken?];
  if (second === undefined) return first;
  if (areListed(text, first, second)) return 'several';
  if (saysTheSame(first, second)) return first;
  if (areJoined(text, first, second) || isCompound(text, first, second) || areParallel(text, first, second))
    return 'several';
  if (exact) return isAside(text, first, second) ? first : 'several';
  if (first.operand || first.value === undefined) return first;
  if (/^[\s*_"'`$({[\\]*$/.test(text.slice(start, first.start))) {
    const counted = /^[*_)\s]{0,4}(?:\p{L}+\s){1,2}(?:and|und|et|y|e|и)\s[*_]{0,3}$/u.test(
      text.slice(first.end, second.start),
    );
    return counted ? 'several' : first;
  }
  return computedOf(text, tokens) ?? first;
}

/** A sentence, a JSON answer or a code block that was never finished holds no conclusion. */
function breaksOff(text: string): boolean {
  if (endsInBlock(text) || endsMidSentence(text) || endsInFormula(text)) return true;
  const begin = text.trimStart();
  return (
    begin.startsWith('{') &&
    /^\{\s*"/.test(begin) &&
    !text.trimEnd().endsWith('}') &&
    !/"\s*\}/.test(text.slice(-400))
  );
}

/** The last line opens a formula that nothing closes: `$4`. */
function endsInFormula(text: string): boolean {
  const line = text.slice(Math.max(text.lastIndexOf('\n'), text.length - LONGEST_VALUE) + 1);
  const marks = line.match(/(?<!\\)\$(?!\d[\d.,]*(?![\d.,^_\\+*/=-]))/g) ?? [];
  return marks.length % 2 === 1 && /(?<!\\)\$[^$]*[\^\\_{][^$]*$/.test(line);
}

const FIRST_LINE = /^\s*(?:\*\*([^*\n]{1,60})\*\*|([^\n]{1,60}?)(?=\s*\n\s*\n))/;
/** Something comes to a conclusion of its own, or takes back what was said. */
const CONCLUDES =
  /(?:^|[.!?:\n])\s{0,3}[*_]{0,3}(?:so|thus|therefore|hence|altogether|in total|finally|wait|actually|however|correction|also|daher|donc|entonces|por lo tanto|portanto|quindi|итак|所以|因此|したがって|따라서)(?![\p{L}])/iu;

/** `**42**`, and then how it was found. */
function firstLineNumber(text: string, mark: DecimalMark): Found<Rational> | undefined {
  const line = FIRST_LINE.exec(text);
  const written = line?.[1] ?? line?.[2];
  if (written === undefined || /^\s*\d+[.)]?$/.test(text.slice(0, line![0].length))) return undefined;
  const read = wholeNumberIn(written, mark);
  const rest = text.slice(line![0].length);
  if (read === undefined || CONCLUDES.test(rest) || /^[ \t*_$]*[-\d.,]+[ \t*_$]*$/m.test(rest))
    return undefined;
  const from = line![0].lastIndexOf(written);
  return { value: read.value, tier: 'first line', start: from + read.start, end: from + read.end };
}

const COMMA_FRACTION = /\d,\d{1,2}(?![\d,])|\d\.\d{3},\d{1,2}(?!\d)/;
/** Words of languages that part fractions by a comma and group by points. */
const COMMA_LANGUAGE =
  /(?<![\p{L}])(?:der|und|ist|sind|bleiben|insgesamt|il|sono|della|não|são|het|een|adalah)(?![\p{L}])/iu;
const POINT_FRACTION = /\d\.\d{1,2}(?![\d.])|\d,\d{3}\.\d|\d\.\d{4,}/;

/** How a text writes its fractions, as far as its last 3,000 characters tell. */
function markUsed(text: string): DecimalMark {
  const tail = text.slice(-3_000);
  const comma = COMMA_FRACTION.test(tail) || COMMA_LANGUAGE.test(tail);
  return comma && !POINT_FRACTION.test(tail) ? 'comma' : 'auto';
}
