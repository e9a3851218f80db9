import {
  areJoined,
  areParallel,
  isBeside,
  isCompound,
  isShareOf,
  isTail,
  saysTheSame,
} from './number-pairs.js';
import { numberInBold, onlyNumberInWords } from './number-words.js';
import { numberTokens, type NumberToken, type ReadRational } from './number-token.js';
import { sentenceEnd, type Stretch } from './paragraphs.js';
import { sameRational, type Rational } from './rational.js';
import type { Reading } from './reading.js';
import type { DecimalMark } from './written-digits.js';

/** Why there is no number. */
export const REASONS = Object.freeze({
  nothing: Object.freeze({ reason: 'the answer holds no number' }),
  several: Object.freeze({ reason: 'several numbers stand where the answer should' }),
  none: Object.freeze({
    reason: 'no number stands where the answer should, or one that is part of an expression',
  }),
});

/** `1/3 ≈ 0.333` says both: what is rounded, and what it is exactly. */
export function withExact(text: string, tokens: readonly NumberToken[], chosen: NumberToken): ReadRational {
  const value = chosen.value!;
  const exact = tokens[tokens.indexOf(chosen) - 1];
  if (exact?.value === undefined || exact.operand || chosen.start - exact.end > 20) return value;
  if (!/^[\s$]*(?:≈|≃|~|\\approx|\\simeq)[\s$]*$/.test(text.slice(exact.end, chosen.start))) return value;
  return { ...value, also: exact.value };
}

const COMPUTED = 4_000;

/** Of several numbers in a sentence the one that the last equation, or a program's output, before it gave. */
export function computedOf(text: string, tokens: readonly NumberToken[]): NumberToken | undefined {
  const before = text.slice(Math.max(0, tokens[0]!.start - COMPUTED), tokens[0]!.start);
  const shown = OUTPUT.exec(before)?.[1];
  if (shown !== undefined) return withValue(tokens, numberTokens(shown)[0]);
  for (let at = before.lastIndexOf('='); at > 0; at = before.lastIndexOf('=', at - 1)) {
    const result = /^= ?[^\d\n=]{0,6}(?=[\d-])/.exec(before.slice(at, at + 12));
    if (result === null) continue;
    const start = at + result[0].length;
    const given = numberTokens(before, 'auto', { from: start, end: Math.min(before.length, start + 40) })[0];
    if (given?.value === undefined || given.operand) continue;
    return withValue(tokens, given);
  }
  return undefined;
}

/** What a program printed, right before the sentence. */
const OUTPUT = /```output\s*\n\s*(-?[\d.,]{1,40})\s*\n\s*```\s{0,9}$/;

const withValue = (
  tokens: readonly NumberToken[],
  given: NumberToken | undefined,
): NumberToken | undefined =>
  given?.value === undefined
    ? undefined
    : tokens.find(({ value }) => value !== undefined && sameRational(value, given.value!));

const LONGEST_SENTENCE = 600;

const LONGEST_REFUSAL = 1_500;
/** From the last number on the model says that it has no answer. */
const REFUSES =
  /\b(?:(?:can ?not|can['’]t|could ?n[o'’]t|unable to|not possible to|impossible to|not able to|insufficient (?:information|data)[^.\n]{0,20} to|not (?:provide |have |given )?(?:enough|sufficient) (?:information|data|details?|context)[^.\n]{0,20} to)(?: (?:be|accurately|definitively|exactly|precisely|directly|possibly|uniquely)){0,2} (?:determined?|provided?|given?|answer(?:ed)?|find|found|solved?|calculated?|computed?|conclude)(?! (?:it|this|that) (?:by|with|using))|appears? to be (?:incomplete|missing|cut off)|(?:question|problem|statement) is (?:incomplete|missing|unclear)|please (?:provide|share|specify|clarify|supply) (?:more|the|full|further|additional|all|your|missing|me|us|complete))/i;

/** The number of the last sentence that has one: of its main clause the one that was computed, else the last. */
export function lastSentenceNumber(text: string, mark: DecimalMark): Reading<Rational> {
  let limit = text.length;
  for (let tries = 0; tries < 6; tries++) {
    const last = lastDigit(text, limit);
    if (last < 0) break;
    const { start, end } = sentenceWith(text, last);
    const tokens = numberTokens(text, mark, { from: start, end }).filter(({ ordinal }) => !ordinal);
    const sentence = text.slice(start, end + 2);
    const isAside = start > 0 && (text[end] === '?' || /^\s*\(\p{L}[^()]*\)?\.?\)?\s*$/u.test(sentence));
    if (tokens.length > 0 && REFUSES.test(text.slice(start, start + LONGEST_REFUSAL))) return REASONS.nothing;
    if (tokens.length > 0 && !isAside)
      return chosenAtEnd(
        text,
        isSubject(text, tokens[0]!, { start, end }) ? [tokens[0]!] : mainClause(text, tokens, { start, end }),
      );
    limit = start;
    if (limit <= 0) break;
  }
  const word =
    text.length < 2_000 && lastDigit(text, text.length) < 0
      ? (numberInBold(text) ?? onlyNumberInWords(text))
      : undefined;
  return word === undefined
    ? REASONS.nothing
    : { value: word, tier: 'last sentence', start: 0, end: text.length };
}

/** `12 is the greatest common divisor of 48 and 36`. */
const isSubject = (text: string, token: NumberToken, { start, end }: Stretch): boolean =>
  /^[\s*_$\\(]*$/.test(text.slice(start, token.start)) &&
  /^[*_$\\)]{0,3} (?:is|ist|est|es) (?:the|der|die|das|le|la|el) [^,;=]*$/i.test(text.slice(token.end, end));

const SUBORDINATE =
  /(?<![\p{L}])(?:after|because|since|given|considering|when|if|instead of|rather than|compared|assuming|provided|once|unless|(?<=, )(?:from|von)|nachdem|weil|wenn|après|parce|puisque|quand|después|porque|cuando|ya que|depois|quando|после|потому|если|когда)(?![\p{L}])/iu;

/** The numbers of a sentence but those of a clause that only says why or when and ends it: `$45 after 10 % off $50`. */
function mainClause(
  text: string,
  tokens: readonly NumberToken[],
  { start, end }: Stretch,
): readonly NumberToken[] {
  const sentence = text.slice(start, end);
  const first = SUBORDINATE.exec(sentence)?.index ?? end;
  if (/^[\s*_]*(?:(?:for|to|with) |$)/i.test(sentence.slice(0, first))) return tokens;
  for (const [i, token] of tokens.entries()) {
    const before = tokens[i - 1];
    if (before === undefined || !SUBORDINATE.test(text.slice(before.end, token.start))) continue;
    if (!/[,;:] |=/.test(text.slice(token.start, end)))
      return mainClause(text, tokens.slice(0, i), { start, end: before.end });
  }
  let last = tokens.length - 1;
  while (last > 0 && isTail(text, tokens[last - 1]!, tokens[last]!)) last--;
  return tokens.slice(0, last + 1);
}

function chosenAtEnd(text: string, all: readonly NumberToken[]): Reading<Rational> {
  const own = all.filter((token, i) => !isBeside(text, token, { before: all[i - 1], first: all[0]! }));
  const tokens = own.length === 0 ? all : own;
  const last = tokens.at(-1)!;
  const before = tokens.at(-2);
  const bold = tokens.filter((token) => isBold(text, token));
  if (before !== undefined && isCompound(text, before, last)) return REASONS.several;
  if (before !== undefined && saysTheSame(before, last)) return chosenAtEnd(text, tokens.slice(0, -1));
  const share = tokens.at(-3);
  if (share !== undefined && isShareOf(text, share, before!) && areJoined(text, before!, last))
    return chosenAtEnd(text, [last]); // `3 out of 8, or 3/8`
  if (before !== undefined && isShareOf(text, before, last))
    return text.slice(before.end, last.start) === ' in '
      ? REASONS.none
      : chosenAtEnd(text, tokens.slice(0, -1));
  const chosen =
    tokens.length === 1
      ? last
      : ((bold.length === 1 ? bold[0] : undefined) ??
        (followsEquals(text, last) ? last : (computedOf(text, tokens) ?? last)));
  if (chosen.value === undefined || chosen.operand || chosen.listed) return REASONS.none;
  if (
    chosen === last &&
    before !== undefined &&
    (areJoined(text, before, last) || areParallel(text, before, last))
  )
    return REASONS.several;
  return {
    value: withExact(text, tokens, chosen),
    tier: 'last sentence',
    start: chosen.start,
    end: chosen.end,
  };
}

const followsEquals = (text: string, { start }: NumberToken): boolean =>
  /[=≈]\s?[^\d\s]{0,3}$/.test(text.slice(Math.max(0, start - 8), start));

const isBold = (text: string, { start, end }: NumberToken): boolean =>
  /\*\*[^*\n]{0,30}$/.test(text.slice(Math.max(0, start - 34), start)) &&
  /^[^*\n]{0,40}\*\*/.test(text.slice(end, end + 44));

function lastDigit(text: string, before: number): number {
  let i = before - 1;
  while (i >= 0 && !isDigit(text.charCodeAt(i))) i--;
  return i;
}

const isDigit = (code: number): boolean =>
  (code >= 48 && code <= 57) ||
  (code >= 0xbc && code <= 0xbe) ||
  (code >= 0x2150 && code <= 0x215e) ||
  code === 0x221a ||
  code === 0x3c0;

/** The sentence around a place: from the end of the one before, or the line's beginning, to its own end. */
function sentenceWith(text: string, at: number): Stretch {
  const nearest = Math.max(0, at - LONGEST_SENTENCE);
  const from = nearest + text.slice(nearest, at).lastIndexOf('\n') + 1;
  const line = text.slice(from, at);
  let start = from;
  for (const found of line.matchAll(/[.!?](?=["'”’*_)\]]{0,4}\s+[\p{Lu}\p{Lo}*"'(\\$\d])|[。！？]/gu)) {
    if (
      !/(?:^|[\s($])(?:Rs|No|approx|ca|vs|[A-Z])$/.test(line.slice(Math.max(0, found.index - 8), found.index))
    )
      start = from + found.index + found[0].length;
  }
  return { start, end: Math.min(sentenceEnd(text, at, LONGEST_SENTENCE), at + LONGEST_SENTENCE) };
}
