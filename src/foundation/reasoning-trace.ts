import type { OptionCheck } from './options.js';

/** An answer without the reasoning that the model wrote into it. */
export interface VisibleText {
  /** What is left to see. */
  readonly text: string;
  /** The reasoning, without its tags; `''` when there is none. */
  readonly reasoning: string;
  /** Whether a trace that began was never ended: what would have followed is missing. */
  readonly unclosed: boolean;
  /** Where a place in `text` stands in the whole. */
  placeOf(index: number): number;
}

/**
 * What becomes of reasoning that a model wrote into its answer: `apart` takes out what stands between `<think>` and
 * `</think>` and their like, `{ tags }` what stands between tags of these names, `keep` leaves the text as it came.
 */
export type ReasoningHandling =
  | 'apart'
  | 'keep'
  | {
      /** Names of tags, at least one. */
      readonly tags: readonly string[];
    };

/** Check of an option of type {@link ReasoningHandling}. */
export const reasoningHandling: OptionCheck = (value) => {
  if (value === 'apart' || value === 'keep') return undefined;
  const { tags, ...others } = (value ?? {}) as { tags?: unknown };
  return Array.isArray(tags) &&
    tags.length > 0 &&
    tags.every((tag) => typeof tag === 'string' && tag !== '') &&
    Object.keys(others).length === 0
    ? undefined
    : "'apart', 'keep' or { tags: names }";
};

/** An answer and its reasoning, in the members that a response has for them. */
export interface AnswerApart {
  readonly text: string;
  readonly reasoning?: string;
}

/** Builds what parts answers from their reasoning; `reasoning` is what the server itself kept apart. */
export function answerParter(
  handling: ReasoningHandling = 'apart',
): (text: string, reasoning: string | undefined) => AnswerApart {
  const tags =
    handling === 'keep'
      ? undefined
      : handling === 'apart'
        ? DEFAULT_TAGS
        : reasoningTagPattern(handling.tags);
  return (text, reasoning) => {
    const known = reasoning === undefined || reasoning === '' ? undefined : reasoning;
    const seen = tags === undefined ? undefined : visibleText(text, tags);
    if (seen === undefined || seen.reasoning === '') {
      const visible = seen === undefined ? text : seen.text;
      return known === undefined ? { text: visible } : { text: visible, reasoning: known };
    }
    return {
      text: seen.text,
      reasoning: known === undefined ? seen.reasoning : `${known}\n\n${seen.reasoning}`,
    };
  };
}

/** The tags that models of 2024 to 2026 put around their reasoning, by name. */
export const REASONING_TAGS: readonly string[] = Object.freeze([
  'think',
  'thinking',
  'thought',
  'seed:think',
]);

/** Finds all tags of these names, as `<name>`, `[NAME]` and `◁name▷`; `/` is group 1 of a closing one. */
export function reasoningTagPattern(names: readonly string[] = REASONING_TAGS): RegExp {
  const any = names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  return new RegExp(`[<\\[◁](/?)(?:${any})[>\\]▷]`, 'gi');
}

const DEFAULT_TAGS = reasoningTagPattern();

/** Whether reasoning may stand in a text; nearly always not. Its scans are native ones: a pattern took ten times as long. */
export function mayHoldReasoning(text: string): boolean {
  return mayHoldTags(text) || CHANNELS_BEGIN.test(text);
}

/** Every tag begins with one of these. What a host gives may be no text: whoever reads it says so. */
function mayHoldTags(text: unknown): boolean {
  return typeof text === 'string' && (text.includes('<') || text.includes('[') || text.includes('◁'));
}

/**
 * Takes reasoning apart from the answer: what stands between `<think>` and `</think>`, or before a `</think>` whose
 * opening the server swallowed. A tag in backticks, quotes or a code block is text, and so is one amid a line that is
 * never closed. A trace at the beginning of a line that is never closed leaves what stood before it. Of a text in
 * channels (`<|channel|>analysis`, as gpt-oss and Gemma write when the server does not part them) the final one is seen.
 */
export function visibleText(whole: string, tags: RegExp = DEFAULT_TAGS): VisibleText {
  if (tags === DEFAULT_TAGS && CHANNELS_BEGIN.test(whole)) return ofChannels(whole);
  tags.lastIndex = 0;
  if (!mayHoldTags(whole) || !tags.test(whole))
    return { text: whole, reasoning: '', unclosed: false, placeOf: (index) => index };
  const pieces: Piece[] = [];
  const end = lastVisible(whole) + 1;
  let from = 0;
  let open: 'no' | 'line' | 'amid' = 'no';
  tags.lastIndex = 0;
  let fences = 0;
  let fencesTo = 0;
  let thoughtTo = 0; // pieces before this one were reasoning after all
  for (const found of whole.matchAll(tags)) {
    const after = found.index + found[0].length;
    if (isQuoted(whole, found.index, after)) continue;
    const closing = found[1] === '/';
    if (!closing && open !== 'no') continue;
    fences += countFences(whole, fencesTo, found.index);
    fencesTo = found.index;
    if (!closing && fences % 2 === 1) continue;
    if (closing && open === 'no' && after < end) thoughtTo = pieces.length;
    const thought = closing && (open !== 'no' || after < end || pieces.length === 0);
    pieces.push({ start: from, end: found.index, thought });
    open = closing ? 'no' : beginsLine(whole, from, found.index) ? 'line' : 'amid';
    from = after;
  }
  if (open === 'amid') from = pieces.pop()!.start; // only spoken of
  pieces.push({ start: from, end: whole.length, thought: open === 'line' });
  const told = pieces.map((piece, i) => (i < thoughtTo ? { ...piece, thought: true } : piece));
  return joined(whole, told, open === 'line');
}

interface Piece {
  readonly start: number;
  readonly end: number;
  readonly thought: boolean;
}

function joined(whole: string, pieces: readonly Piece[], unclosed: boolean): VisibleText {
  const textOf = ({ start, end }: Piece): string => whole.slice(start, end);
  const filled = pieces.filter((piece) => textOf(piece).trim() !== '');
  const seen = filled.filter(({ thought }) => !thought);
  return {
    text: seen.map(textOf).join(''),
    reasoning: filled
      .filter(({ thought }) => thought)
      .map((piece) => textOf(piece).trim())
      .join('\n\n'),
    unclosed,
    placeOf: (index) => placeIn(seen, index),
  };
}

/** A place in pieces that were joined; what lies behind the last one counts on from its end. */
function placeIn(pieces: readonly Piece[], index: number): number {
  let rest = index;
  for (const { start, end } of pieces) {
    if (rest < end - start) return start + rest;
    rest -= end - start;
  }
  return (pieces.at(-1)?.end ?? 0) + rest;
}

const CHANNELS_BEGIN = /^\s*(?:<\|(?:start|channel)\|?>|analysis(?=[A-Z]))/;
/** A mark between channels; groups 1 and 2 name the one that it opens. */
export const CHANNEL_MARK =
  /<\|start\|>[a-z]{0,20}|<\|channel\|>([a-z]{1,20})[^<]{0,80}(?:<\|constrain\|>[^<]{0,20})?<\|message\|>|<\|channel>([a-z]{1,20})\s?|<\|(?:end|return|call)\|>|<channel\|>/g;
/** What is left of the marks where a server dropped them as special tokens. */
const BARE_MARKS = /^\s*analysis(?=[A-Z])|assistantfinal/g;

/** The channel that a mark opens; what follows any other mark is seen. */
export const channelOf = (mark: RegExpExecArray): string => mark[1] ?? mark[2] ?? 'final';

/** Every channel but the final one is reasoning. */
function ofChannels(whole: string): VisibleText {
  const marks = [...whole.matchAll(CHANNEL_MARK)];
  const bare = marks.length > 0 ? [] : [...whole.matchAll(BARE_MARKS)].slice(0, 2);
  if (bare.length === 1) return joined(whole, [{ start: 0, end: whole.length, thought: false }], false);
  const pieces: Piece[] = [];
  let from = 0;
  let thought = false;
  for (const mark of [...marks, ...bare]) {
    pieces.push({ start: from, end: mark.index, thought });
    thought = mark === bare[0] || channelOf(mark) !== 'final';
    from = mark.index + mark[0].length;
  }
  pieces.push({ start: from, end: whole.length, thought });
  return joined(whole, pieces, thought);
}

const QUOTES = new Set(['`', '"', "'", '“', '”', '‘', '’', '«', '»']);

/** Whether a character may quote a tag: then it is text. */
export const isQuote = (character: string): boolean => QUOTES.has(character);

const isQuoted = (text: string, start: number, end: number): boolean =>
  isQuote(text[start - 1] ?? '') && isQuote(text[end] ?? '');

/** At the beginning of the text or of a line, or where a trace has just ended. */
function beginsLine(text: string, from: number, at: number): boolean {
  let i = at - 1;
  while (i >= from && (text[i] === ' ' || text[i] === '\t' || text[i] === '\ufeff')) i--;
  return i < from || text[i] === '\n' || text[i] === '\r';
}

function lastVisible(text: string): number {
  let i = text.length - 1;
  while (i >= 0 && text[i]!.trim() === '') i--;
  return i;
}

function countFences(text: string, from: number, to: number): number {
  const part = text.slice(from, to);
  let count = 0;
  for (let at = part.indexOf('```'); at >= 0; at = part.indexOf('```', at + 3)) count++;
  return count;
}
