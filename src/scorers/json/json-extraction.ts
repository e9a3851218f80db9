import { messageOf } from '../../errors.js';
import { jsonAt, parseJson, type JsonMend } from '../../foundation/lossless-json.js';
import { boolean, oneOf, type OptionCheck } from '../../foundation/options.js';
import type { Score } from '../../evaluation/evaluation-types.js';
import { finalAnswer } from '../reading/final-answer.js';
import { endsInBlock, type Stretch } from '../reading/paragraphs.js';
import {
  evidenceOf,
  isFound,
  UNREADABLE,
  type Found,
  type NotFound,
  type Reading,
} from '../reading/reading.js';
import { codeBlocks } from './code-blocks.js';

/**
 * Where the JSON stands in an answer.
 * - `auto`: the answer, else a fenced code block, else an object or array in the text; of several that which fits.
 * - `whole`: the answer is JSON and nothing else but white space.
 * - `fenced`: as `whole`, or the content of a fenced code block; of several that which fits.
 * - `embedded`: as `whole`, or an object or array in the text, in a block or not.
 */
export type JsonPlace = 'auto' | 'whole' | 'fenced' | 'embedded';

/** What is taken as JSON beyond the standard. */
export interface JsonLeniency {
  /** Whether `NaN`, `Infinity` and `-Infinity` are numbers. @default false */
  readonly nonFinite?: boolean | undefined;
  /** Whether a comma may stand before a closing bracket. @default false */
  readonly trailingCommas?: boolean | undefined;
}

/** Options of every scorer that reads JSON out of an answer. */
export interface JsonReadingOptions extends JsonLeniency {
  /** Where the JSON may stand in the answer. @default 'auto' */
  readonly place?: JsonPlace | undefined;
}

/** Checks for {@link JsonReadingOptions}. */
export const jsonReadingChecks: { readonly [Name in keyof JsonReadingOptions]-?: OptionCheck } = {
  place: oneOf('auto', 'whole', 'fenced', 'embedded'),
  nonFinite: boolean,
  trailingCommas: boolean,
};

/** The options as they stand in a convention. */
export const jsonReadingConvention = ({ place, nonFinite, trailingCommas }: JsonReadingOptions) => ({
  place: place ?? 'auto',
  nonFinite: nonFinite === true ? true : undefined,
  trailingCommas: trailingCommas === true ? true : undefined,
});

/** A value that was found, and where it stands in the answer. */
export interface FoundJson extends Stretch {
  readonly value: unknown;
  readonly tier: Exclude<JsonPlace, 'auto'>;
  /** What had to be mended: raw line breaks inside strings, or what an option allows. */
  readonly mended: readonly JsonMend[];
}

/** How {@link findJson} chooses and reads. */
export interface FindJsonOptions extends JsonLeniency {
  readonly place: JsonPlace;
  /** How well a value fits what was asked for; the highest wins, of equals the last one. */
  readonly fit?: ((value: unknown) => number) | undefined;
  /** What becomes of numbers that JavaScript would round. @default kept as they were written */
  readonly inexact?: ((written: string) => unknown) | undefined;
  /** Whether raw line breaks may stand inside strings; never where `place` is `whole`. @default true */
  readonly lineBreaks?: boolean | undefined;
}

/** All values that may be meant, the one that fits best first. */
export type JsonCandidates = readonly [FoundJson, ...FoundJson[]];

/**
 * Finds the JSON of an answer: its final answer, read by the pipeline of all readers. The whole text; else, before the
 * model begins a turn that is not its own, the fence that holds it or an object or array in the text. Nothing is
 * repaired but what the options allow.
 */
export function findJson(text: string, options: FindJsonOptions): Reading<JsonCandidates> {
  const reading = {
    inexact: options.inexact,
    nonFinite: options.nonFinite,
    trailingCommas: options.trailingCommas,
    lineBreaks: (options.lineBreaks ?? true) && options.place !== 'whole',
  };
  const nothing = Object.freeze({ reason: '' });
  let complaint = '';
  return finalAnswer<JsonCandidates>(text, {
    reasons: { nothing, several: nothing, none: nothing },
    readsOn: true,
    whole(own) {
      const read = parsed(own, { start: 0, end: own.length }, { tier: 'whole', reading });
      if (isFound(read)) return foundOf([read]);
      if (own.length === text.length) complaint = read.reason;
      return undefined;
    },
    places: () => [],
    at: () => UNREADABLE,
    byPosition(own) {
      const isAll = own.length === text.length;
      if (options.place === 'whole') return isAll ? { reason: complaint } : undefined;
      return withinText(own, options, { reading, isAll }) ?? (isAll ? { reason: complaint } : undefined);
    },
  });
}

const foundOf = (found: JsonCandidates): Found<JsonCandidates> => ({
  value: found,
  tier: found[0].tier,
  start: found[0].start,
  end: found[0].end,
});

/** The values in fences and in the text; of a text that goes on only those that fit, and none where it breaks off. */
function withinText(
  text: string,
  { place, fit = plainFit }: FindJsonOptions,
  { reading, isAll }: { readonly reading: JsonReading; readonly isAll: boolean },
): Reading<JsonCandidates> | undefined {
  if (!isAll && endsInBlock(text)) return undefined;
  const blocks = place === 'embedded' ? [] : codeBlocks(text);
  const read = blocks.map((block) => parsed(block.content, block, { tier: 'fenced', reading }));
  const fenced = ranked(read.filter(isJson), fit);
  const decided = place === 'fenced' || (fenced.length > 0 && fit(fenced[0]!.value) > 0);
  const embedded = decided ? [] : embeddedIn(text, reading, isAll);
  const [first, ...others] = [...ranked(embedded, fit), ...fenced];
  if (first === undefined) return read.find((block) => !isJson(block)) as NotFound | undefined;
  return isAll || fit(first.value) > 0 ? foundOf([first, ...others]) : undefined;
}

const isJson = (read: FoundJson | NotFound): read is FoundJson => 'tier' in read;

/** Best fit first; of equals the later one. */
const ranked = (found: readonly FoundJson[], fit: (value: unknown) => number): FoundJson[] =>
  found
    .map((each, at) => ({ each, at, fits: fit(each.value) }))
    .sort((a, b) => b.fits - a.fits || b.at - a.at)
    .map(({ each }) => each);

type JsonReading = Parameters<typeof jsonAt>[2];

function parsed(
  text: string,
  { start, end }: Stretch,
  { tier, reading }: { readonly tier: FoundJson['tier']; readonly reading: JsonReading },
): FoundJson | NotFound {
  const mended: JsonMend[] = [];
  try {
    const value = parseJson(text, { ...reading, onMend: (what) => mended.push(what) });
    return { value, tier, mended, start, end };
  } catch (error) {
    return { reason: text.trim() === '' ? 'the answer is empty' : `not JSON: ${messageOf(error)}` };
  }
}

/** What a score says of the value that it rests on. */
export const jsonEvidence = (output: string, found: FoundJson): Pick<Score, 'evidence' | 'metadata'> => ({
  metadata: { tier: found.tier, ...(found.mended.length === 0 ? {} : { mended: found.mended }) },
  evidence: [evidenceOf(output, found)],
});

/** Without anything to compare with: objects before lists, lists before what may be a citation mark or a checkbox. */
export function plainFit(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (!Array.isArray(value)) return Object.keys(value).length > 0 ? 3 : 1;
  return value.some((item) => typeof item === 'object' && item !== null) || value.length > 1 ? 2 : 0;
}

const OPENS_OBJECT = /^\{\s*"[^"\n]{1,100}"\s*:/;
const LONGEST_KEY = 160;

/**
 * Past an object that is no JSON, as one with `"\\(x\\)"` is none: what stands in it is a part of it and no value of its
 * own. `undefined` where nothing closes it.
 */
function closeOfBroken(text: string, start: number): number | undefined {
  let depth = 0;
  const marks = /\\[^]|"|[{}]/g;
  marks.lastIndex = start;
  let isText = false;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    if (mark[0] === '"') isText = !isText;
    else if (isText || mark[0].length > 1) continue;
    else if (mark[0] === '{') depth++;
    else if (--depth === 0) return marks.lastIndex;
  }
  return undefined;
}

/** Where a later object begins a line. */
function nextLineObject(text: string, start: number): number {
  const next = /\n[ \t]*(?=\{)/g;
  next.lastIndex = start + 1;
  return next.test(text) ? next.lastIndex : text.length;
}

const MOST_VALUES = 1_000;
const MOST_ATTEMPTS = 20_000;
const READ_AT_MOST = 3; // times the text: brackets that nothing closes must not be read to the end again and again

/** All objects and arrays of a text that are not part of another one; none where one breaks off that must not. */
function embeddedIn(text: string, reading: JsonReading, mayBreakOff: boolean): FoundJson[] {
  const values: FoundJson[] = [];
  let budget = READ_AT_MOST * text.length + 10_000;
  let attempts = 0;
  const brackets = /[{[]/g;
  for (let found = brackets.exec(text); found !== null; found = brackets.exec(text)) {
    const value = jsonAt(text, found.index, reading);
    budget -= value.end - found.index;
    if (value.found) {
      const { value: held, end, mended } = value;
      values.push({ value: held, tier: 'embedded', mended, start: found.index, end });
      brackets.lastIndex = value.end;
    }
    if (!value.found && !mayBreakOff && value.end >= text.length) return [];
    if (!value.found && OPENS_OBJECT.test(text.slice(found.index, found.index + LONGEST_KEY))) {
      const close = closeOfBroken(text, found.index);
      budget -= (close ?? text.length) - found.index;
      brackets.lastIndex = close ?? nextLineObject(text, found.index);
    }
    if (budget < 0 || values.length >= MOST_VALUES || ++attempts > MOST_ATTEMPTS) break;
  }
  return values;
}
