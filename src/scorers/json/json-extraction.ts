import { messageOf } from '../../errors.js';
import { jsonAt, parseJson, type JsonMend } from '../../foundation/lossless-json.js';
import { boolean, oneOf, type OptionCheck } from '../../foundation/options.js';
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

/** A value that was found. */
export interface FoundJson {
  readonly ok: true;
  readonly value: unknown;
  readonly place: Exclude<JsonPlace, 'auto'>;
  /** What had to be mended: raw line breaks inside strings, or what an option allows. */
  readonly mended: readonly JsonMend[];
}

/** Why there is no value. */
export interface NoJson {
  readonly ok: false;
  readonly reason: string;
}

/** What was found, or why there is nothing. */
export type JsonFound = FoundJson | NoJson;

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

/** Finds the JSON of an answer. Nothing is repaired but what the options allow. */
export function findJson(text: string, options: FindJsonOptions): JsonFound {
  const all = jsonCandidates(text, options);
  return all.ok ? all.found[0] : all;
}

/** All values that may be meant, the one that fits best first; or why there is none. */
export type JsonCandidates =
  { readonly ok: true; readonly found: readonly [FoundJson, ...FoundJson[]] } | NoJson;

/** As {@link findJson}, with every value that may be meant. */
export function jsonCandidates(text: string, options: FindJsonOptions): JsonCandidates {
  const reading = {
    inexact: options.inexact,
    nonFinite: options.nonFinite,
    trailingCommas: options.trailingCommas,
    lineBreaks: (options.lineBreaks ?? true) && options.place !== 'whole',
  };
  const whole = parsed(text, 'whole', reading);
  if (whole.ok) return { ok: true, found: [whole] };
  if (options.place === 'whole') return whole;
  const fit = options.fit ?? plainFit;
  const blocks = options.place === 'embedded' ? [] : codeBlocks(text);
  const read = blocks.map(({ content }) => parsed(content, 'fenced', reading));
  const fenced = ranked(
    read.filter((found) => found.ok),
    fit,
  );
  const decided = options.place === 'fenced' || (fenced.length > 0 && fit(fenced[0]!.value) > 0);
  const found = decided ? fenced : [...ranked(embeddedIn(text, reading), fit), ...fenced];
  const [first, ...others] = found;
  if (first !== undefined) return { ok: true, found: [first, ...others] };
  return read.find((block) => !block.ok) ?? whole;
}

/** Best fit first; of equals the later one. */
const ranked = (found: readonly FoundJson[], fit: (value: unknown) => number): FoundJson[] =>
  found
    .map((each, at) => ({ each, at, fits: fit(each.value) }))
    .sort((a, b) => b.fits - a.fits || b.at - a.at)
    .map(({ each }) => each);

type Reading = Parameters<typeof jsonAt>[2];

function parsed(text: string, place: FoundJson['place'], reading: Reading): FoundJson | NoJson {
  const mended: JsonMend[] = [];
  try {
    const value = parseJson(text, { ...reading, onMend: (what) => mended.push(what) });
    return { ok: true, value, place, mended };
  } catch (error) {
    return {
      ok: false,
      reason: text.trim() === '' ? 'the answer is empty' : `not JSON: ${messageOf(error)}`,
    };
  }
}

/** Without anything to compare with: objects before lists, lists before what may be a citation mark or a checkbox. */
export function plainFit(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (!Array.isArray(value)) return Object.keys(value).length > 0 ? 3 : 1;
  return value.some((item) => typeof item === 'object' && item !== null) || value.length > 1 ? 2 : 0;
}

const MOST_VALUES = 1_000;
const MOST_ATTEMPTS = 20_000;
const READ_AT_MOST = 3; // times the text: brackets that nothing closes must not be read to the end again and again

/** All objects and arrays of a text that are not part of another one. */
function embeddedIn(text: string, reading: Reading): FoundJson[] {
  const values: FoundJson[] = [];
  let budget = READ_AT_MOST * text.length + 10_000;
  let attempts = 0;
  const brackets = /[{[]/g;
  for (let found = brackets.exec(text); found !== null; found = brackets.exec(text)) {
    const value = jsonAt(text, found.index, reading);
    budget -= value.end - found.index;
    if (value.found) {
      values.push({ ok: true, value: value.value, place: 'embedded', mended: value.mended });
      brackets.lastIndex = value.end;
    }
    if (budget < 0 || values.length >= MOST_VALUES || ++attempts > MOST_ATTEMPTS) break;
  }
  return values;
}
