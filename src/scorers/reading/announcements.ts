import {
  answerNounsFor,
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

const WINDOW = 1_500;
const MOST_PLACES = 120; // a text that announces answers all the time announces none
const LONGEST_NOUN = 24; // one that begins before the window's end is read whole

/**
 * All places where an answer is announced, the last one first. Texts are read from their end, window by window, as far
 * as is needed. Linear: what stands around a noun is looked at up to a fixed length.
 */
export function* announcements(text: string): Generator<Announcement> {
  const nouns = answerNounsFor(text);
  let end = text.length;
  let places = 0;
  while (end > 0 && places < MOST_PLACES) {
    const start = end <= WINDOW * 1.5 ? 0 : end - WINDOW;
    const found = [
      ...boxesIn(text, start, end),
      ...nouns.flatMap((pattern) => announcedIn(text, pattern, start, end)),
    ];
    yield* found.sort((a, b) => b.start - a.start);
    places += found.length;
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
  const window = text.slice(Math.max(0, at - 41), at);
  if (at > 41 && !window.includes('\n')) return false;
  const before = window.slice(window.lastIndexOf('\n') + 1);
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
