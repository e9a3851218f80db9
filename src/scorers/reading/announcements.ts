import {
  ANSWER_NOUN,
  ANSWER_NOUN_ASCII,
  FIELD_TAIL,
  HEADING_TAIL,
  nounKind,
  SENTENCE_TAIL,
  SINGLED_OUT,
  SUPPOSED,
  type NounKind,
} from './answer-words.js';

/** A place where an answer is announced. */
export interface Announcement {
  /** How: as a labelled field (`Answer: …`, `"answer": …`), in a sentence (`the answer is …`), or in `\boxed{…}`. */
  readonly tier: 'field' | 'sentence' | 'boxed' | 'direct';
  readonly noun: NounKind;
  /** Where the announcement begins. */
  readonly from: number;
  /** Where the value may begin. */
  readonly start: number;
  /** Where it must end, as far as that is known: the closing brace of a box. */
  readonly end?: number;
  /** The value stands on the lines below when the rest of this one is empty. */
  readonly mayWrap: boolean;
}

const BEYOND_ASCII = /[^\x00-\x7f]/;
const WINDOW = 1_500;
const LONGEST_NOUN = 24; // one that begins before the window's end is read whole

/**
 * All places where an answer is announced, the last one first. Texts are read from their end, window by window, as far
 * as is needed. Linear: what stands around a noun is looked at up to a fixed length.
 */
export function* announcements(text: string): Generator<Announcement> {
  const nouns = BEYOND_ASCII.test(text) ? ANSWER_NOUN : ANSWER_NOUN_ASCII;
  let end = text.length;
  while (end > 0) {
    const start = end <= WINDOW * 1.5 ? 0 : end - WINDOW;
    const found = [...boxesIn(text, start, end), ...announcedIn(text, nouns, start, end)];
    yield* found.sort((a, b) => b.start - a.start);
    end = start;
  }
}

function announcedIn(text: string, nouns: RegExp, start: number, end: number): Announcement[] {
  const places: Announcement[] = [];
  for (const found of text.slice(start, end + LONGEST_NOUN).matchAll(nouns)) {
    const noun = found[0];
    const at = start + found.index;
    if (at >= end) break;
    const place = standsAlone(text, at, noun) ? placeAfter(text, at, noun) : undefined;
    if (place !== undefined && !isSupposed(text, place) && meansTheAnswer(text, place)) places.push(place);
  }
  return places;
}

const LETTER = /[\p{L}\p{N}]/u;
const UNSPACED = /[\u0600-\u06ff\u0900-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0590-\u05ff]/;

/** Within a longer word a noun announces nothing; scripts without spaces have no such thing. */
function standsAlone(text: string, at: number, noun: string): boolean {
  if (UNSPACED.test(noun[0]!)) return true;
  const before = text[at - 1];
  if (before !== undefined && (LETTER.test(before) || before === '/')) return false;
  const after = text[at + noun.length];
  return (
    after === undefined ||
    !LETTER.test(after) ||
    (after === 's' && !LETTER.test(text[at + noun.length + 1] ?? ''))
  );
}

function placeAfter(text: string, at: number, noun: string): Announcement | undefined {
  const end = at + noun.length;
  const common = { from: at, noun: nounKind(noun) } as const;
  const field = tailAt(FIELD_TAIL, text, end);
  if (field !== undefined && closesWhatItOpened(text, at, field - 1))
    return { ...common, tier: 'field', start: field, mayWrap: true };
  const heading = tailAt(HEADING_TAIL, text, end);
  if (heading !== undefined && isHeading(text, at))
    return { ...common, tier: 'field', start: heading, mayWrap: true };
  // languages with the verb at the end
  if (UNSPACED.test(noun[0]!) && / {1,2}[\d(*A-Za-z]/y.test(text.slice(end, end + 3)))
    return { ...common, tier: 'sentence', start: end, mayWrap: false };
  const sentence = tailAt(SENTENCE_TAIL, text, end);
  if (sentence !== undefined) {
    const colon = /[*_ ]{0,4}[:：]/y;
    const after = tailAt(colon, text, sentence);
    return { ...common, tier: 'sentence', start: after ?? sentence, mayWrap: after !== undefined };
  }
  return { ...common, tier: 'direct', start: end, mayWrap: false };
}

function tailAt(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  return found === null ? undefined : at + found[0].length;
}

const OPENINGS: Readonly<Record<string, string>> = { ']': '[', '】': '【', '>': '<' };

/** `[Answer]` and `<answer>` are labels, `answer]` is not. */
function closesWhatItOpened(text: string, at: number, last: number): boolean {
  const opening = OPENINGS[text[last]!];
  if (opening === undefined) return true;
  if (text[last] === '>' && (text[last - 1] === '-' || text[last - 1] === '=')) return true;
  const before = text.slice(Math.max(0, at - 24), at);
  const opened = before.lastIndexOf(opening);
  return opened >= 0 && !before.includes('\n', opened) && before[opened + 1] !== '/';
}

function isHeading(text: string, at: number): boolean {
  const lineStart = text.lastIndexOf('\n', at) + 1;
  if (at - lineStart > 40) return false;
  const before = text.slice(lineStart, at);
  return /^[ \t]*(?:#{1,6}|\*\*|__|>>|\d{1,2}[.)])?[ \t]*(?:[\p{L}]{1,12} ?){0,3}[*_]{0,3}$/u.test(before);
}

function isSupposed(text: string, { from, tier }: Announcement): boolean {
  return tier !== 'boxed' && SUPPOSED.test(text.slice(Math.max(0, from - 60), from));
}

/** Options are spoken of all the time: a noun for one announces only the correct, best or chosen one, or as a label. */
function meansTheAnswer(text: string, { from, noun, tier }: Announcement): boolean {
  if (noun !== 'option' || tier === 'direct') return true;
  return SINGLED_OUT.test(text.slice(Math.max(0, from - 24), from));
}

/** Complete boxes, the content between their braces. An opening that nothing closes is none. */
export function boxesIn(text: string, start = 0, end = text.length): Announcement[] {
  const places: Announcement[] = [];
  for (const found of text.slice(start, end + LONGEST_NOUN).matchAll(/\\?(?:boxed|fbox)\s{0,8}\{/g)) {
    const from = start + found.index;
    if (from >= end) break;
    const inner = from + found[0].length;
    const close = closingBrace(text, inner);
    if (close === undefined) continue;
    places.push({ tier: 'boxed', noun: 'answer', from, start: inner, end: close, mayWrap: true });
  }
  return places;
}

const LONGEST_BOX = 2_000;

/** The brace that closes what was opened before `from`; `undefined` when none does within 2,000 characters. */
export function closingBrace(text: string, from: number): number | undefined {
  let depth = 1;
  const end = Math.min(text.length, from + LONGEST_BOX);
  for (let i = from; i < end; i++) {
    const character = text[i];
    if (character === '\\') i++;
    else if (character === '{') depth++;
    else if (character === '}' && --depth === 0) return i;
  }
  return undefined;
}
