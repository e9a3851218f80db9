import {
  answerNounsFor,
  FIELD_TAIL,
  HEADING_TAIL,
  nounKind,
  SENTENCE_TAIL,
  SINGLED_OUT,
  SINGLED_OUT_AFTER,
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

const WINDOW = 1_500;
const MOST_PLACES = 30; // a text that announces answers all the time announces none
const LONGEST_NOUN = 24; // one that begins before the window's end is read whole

/** Whether a value may stand right after a noun that nothing links to it: `answer B`, `选项B`. */
export type MayFollow = (text: string, start: number) => boolean;

/**
 * All places where an answer is announced, the last one first; with `mayFollow` also nouns that the value follows
 * directly. Texts are read from their end, window by window, as far as is needed. Linear: what stands around a noun is
 * looked at up to a fixed length.
 */
export function* announcements(text: string, mayFollow?: MayFollow): Generator<Announcement> {
  const nouns = answerNounsFor(text);
  let end = text.length;
  let places = 0;
  while (end > 0 && places < MOST_PLACES) {
    const start = end <= WINDOW * 1.5 ? 0 : end - WINDOW;
    const found = boxesIn(text, start, end);
    for (const pattern of nouns) found.push(...announcedIn(text, pattern, { start, end, mayFollow }));
    found.sort((a, b) => b.start - a.start);
    for (const place of found) {
      if (place.tier !== 'boxed' && isSupposed(text, place)) continue;
      places++;
      yield place;
    }
    end = start;
  }
}

function announcedIn(
  text: string,
  nouns: RegExp,
  {
    start,
    end,
    mayFollow,
  }: { readonly start: number; readonly end: number; readonly mayFollow: MayFollow | undefined },
): Announcement[] {
  const places: Announcement[] = [];
  const part = text.slice(start, end + LONGEST_NOUN);
  nouns.lastIndex = 0;
  for (let found = nouns.exec(part); found !== null; found = nouns.exec(part)) {
    const noun = found[0];
    const at = start + found.index;
    if (at >= end) break;
    if (!standsAlone(text, at, noun)) continue;
    const place = placeAfter(text, { at, noun, mayFollow });
    if (place !== undefined) places.push(place);
  }
  return places;
}

const LETTER = /[\p{L}\p{N}]/u;
const UNSPACED = /[\u0590-\u06ff\u0900-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/;
const LAST_SPACED = 0x58f;

const isUnspaced = (noun: string): boolean => noun.charCodeAt(0) > LAST_SPACED && UNSPACED.test(noun[0]!);

/** Within a longer word a noun announces nothing; scripts without spaces have no such thing. */
function standsAlone(text: string, at: number, noun: string): boolean {
  if (isUnspaced(noun)) return true;
  const before = text[at - 1];
  if (before !== undefined && before !== ' ' && (LETTER.test(before) || before === '/')) return false;
  const after = text[at + noun.length];
  return (
    after === undefined ||
    after === ' ' ||
    !LETTER.test(after) ||
    (after === 's' && !LETTER.test(text[at + noun.length + 1] ?? ''))
  );
}

/** What may stand right after a noun that announces something, a cheap first look. */
const LINKS = ' s_(*`"\'”’»:：=-–—>→⇒】])\r\n\t应應是为為选選とはが은는이가คS';

function placeAfter(
  text: string,
  {
    at,
    noun,
    mayFollow,
  }: { readonly at: number; readonly noun: string; readonly mayFollow: MayFollow | undefined },
): Announcement | undefined {
  const end = at + noun.length;
  const kind = nounKind(noun);
  const announces = kind !== 'option' || isSingledOut(text, at, end);
  const follows = mayFollow?.(text, end) === true;
  if (!announces && !follows) return undefined;
  const linked = LINKS.includes(text[end] ?? '\n') ? linkedPlace(text, { at, end, noun }) : undefined;
  if (linked !== undefined) {
    const start = tailAt(NOT_BUT, text, linked.start) ?? linked.start;
    return announces ? { ...linked, start, noun: kind, from: at } : undefined;
  }
  return follows ? { tier: 'direct', noun: kind, from: at, start: end, mayWrap: false } : undefined;
}

/** `not A but`: what an answer is not, before what it is. */
const NOT_BUT =
  /[\s*_(]{0,4}(?:not|nicht|pas|no|non|não|не) [^.,;\n]{1,20}(?:, [^.,;\n]{1,40})?,? (?:but|sondern|mais|sino|mas|ma|а)(?: rather)?(?= )|[^。\n]{1,10}(?:ではなく|[이가] 아니라)[、, ]?|不是[^。，\n]{1,10}[，,]?而是/iuy;

/** Options are spoken of all the time: a noun for one announces only the correct, best or chosen one, or as a label. */
const isSingledOut = (text: string, at: number, end: number): boolean =>
  SINGLED_OUT.test(text.slice(Math.max(0, at - 24), at)) ||
  tailAt(SINGLED_OUT_AFTER, text, end) !== undefined;

function linkedPlace(
  text: string,
  { at, end, noun }: { readonly at: number; readonly end: number; readonly noun: string },
): Pick<Announcement, 'tier' | 'start' | 'mayWrap'> | undefined {
  const field = tailAt(FIELD_TAIL, text, end);
  if (field !== undefined && closesWhatItOpened(text, at, field - 1) && !endsInValue(text, end, field))
    return { tier: 'field', start: field, mayWrap: true };
  const heading = tailAt(HEADING_TAIL, text, end);
  if (heading !== undefined && isHeading(text, at)) return { tier: 'field', start: heading, mayWrap: true };
  if (text[end] === ' ' && isUnspaced(noun) && VALUE_BEGINS.test(text.slice(end, end + 3)))
    return { tier: 'sentence', start: end, mayWrap: false };
  const sentence = tailAt(SENTENCE_TAIL, text, end);
  if (sentence === undefined) return undefined;
  const after = tailAt(COLON, text, sentence);
  return { tier: 'sentence', start: after ?? sentence, mayWrap: after !== undefined };
}

/** `answer is B:`: the colon ends a sentence that has told the letter, and no label. */
function endsInValue(text: string, end: number, field: number): boolean {
  const value = tailAt(SENTENCE_TAIL, text, end);
  return value !== undefined && value < field && LETTER_ALONE.test(text.slice(value, field));
}

const LETTER_ALONE = /^ {1,2}(?:\p{L}{1,2} |\p{L}['’])?[*_(]{0,3}[\p{L}\p{N}][*_)]{0,3} ?[:：]$/u;

/** Languages with the verb at the end: `उत्तर B है`. */
const VALUE_BEGINS = /^ {1,2}[\d(*A-Za-z]/;
const COLON = /[*_ ]{0,4}[:：]/y;

function tailAt(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
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
  const window = text.slice(Math.max(0, at - 41), at);
  if (at > 41 && !window.includes('\n')) return false;
  const before = window.slice(window.lastIndexOf('\n') + 1);
  return /^[ \t]*(?:#{1,6}|\*\*|__|>>|\d{1,2}[.)])?[ \t]*(?:[\p{L}]{1,12} ?){0,3}[*_]{0,3}$/u.test(before);
}

/** In the same sentence before it, at most some words away, stands what makes it a supposition. */
function isSupposed(text: string, { from }: Announcement): boolean {
  const before = text.slice(Math.max(0, from - 52), from);
  let start = before.length;
  while (start > 0 && !SENTENCE_ENDS.includes(before[start - 1]!)) start--;
  start = Math.max(start, before.lastIndexOf(', but ')); // `it is not listed, but the closest answer is`
  return (
    SUPPOSED.test(before.slice(start)) ||
    NOT_THE_LAST.test(before) ||
    (before[start - 1] === '.' && EXAMPLE.test(before))
  );
}

/** `my first answer was`, `longer answer:`, `step-by-step solution:`. */
const NOT_THE_LAST =
  /(?<![\p{L}])(?:long(?:er)?|step[- ]by[- ]step|detailed|worked|(?:my|meine|ma|mi|мой) (?:first|initial|original|previous|earlier|erste|première|primera|первый)) $/iu;
const EXAMPLE = /\be\.g\.[^.!?\n。]{0,40}$/i;

const SENTENCE_ENDS = '.!?;\n。；';

const BRACES = /\\?(?:boxed|fbox)\s{0,8}\{|\\.|[{}]/gs;
const LONGEST_BOX = 1_000;

/** Complete boxes of up to 1,000 characters, the content between their braces. An opening that nothing closes is none. */
export function boxesIn(text: string, start = 0, end = text.length): Announcement[] {
  const part = text.slice(start, end + LONGEST_BOX);
  if (!part.includes('box')) return [];
  const places: Announcement[] = [];
  const open: (number | undefined)[] = [];
  for (const found of part.matchAll(BRACES)) {
    const at = start + found.index;
    const mark = found[0];
    if (mark === '}') {
      const from = open.pop();
      if (from === undefined || from >= end) continue;
      const inner = text.indexOf('{', from) + 1;
      if (at - inner <= LONGEST_BOX)
        places.push({ tier: 'boxed', noun: 'answer', from, start: inner, end: at, mayWrap: true });
    } else if (mark === '{') open.push(undefined);
    else if (mark.length > 2) open.push(at);
  }
  return places;
}
