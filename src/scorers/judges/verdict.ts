import type { ModelResponse } from '../../client/model-client.js';
import { visibleText } from '../../foundation/reasoning-trace.js';
import type { OptionCheck } from '../../foundation/options.js';
import { globalPattern, groupLocator } from '../host-pattern.js';
import { PROSE_AFTER_LETTER } from '../prose.js';
import { numberTokens } from '../reading/number-token.js';
import { formatRational, type Rational } from '../reading/rational.js';
import { finalAnswer, type AnswerPlace } from '../reading/final-answer.js';
import type { Stretch } from '../reading/paragraphs.js';
import { readAnswer } from '../reading/read-answer.js';
import { isFound, type Found, type Reading } from '../reading/reading.js';
import { WORD } from '../unicode-text.js';
import { jsonVerdict } from './json-verdict.js';
import { labelledVerdict, ownLines, sentenceVerdict } from './verdict-places.js';

/** Check of an option that finds a verdict. */
export const verdictPatternCheck: OptionCheck = (value) => (value instanceof RegExp ? undefined : 'a RegExp');

/** Check of an option that names the field of a verdict. */
export const verdictNameCheck: OptionCheck = (value) => {
  const names = Array.isArray(value) ? value : [value];
  return names.length > 0 && names.every((name) => typeof name === 'string' && name.trim() !== '')
    ? undefined
    : 'a name, or a list of names';
};

/** A judge's verdict, or why there is none. */
export type Verdict<Value> =
  | { readonly ok: true; readonly value: Value; readonly text: string }
  | { readonly ok: false; readonly reason: string };

/** Where a verdict stands in a reply. */
export interface VerdictForm {
  /** Names of the field; the first is the one that the judge is asked for. */
  readonly names: readonly string[];
  /** Other keys that a JSON reply may use for it. */
  readonly otherKeys?: readonly string[] | undefined;
  /** A pattern of the host's: group 1 of its last match is the verdict, and nothing else is looked at. */
  readonly pattern?: RegExp | undefined;
}

/** Makes a verdict of what stands in its place. */
export type AcceptVerdict<Value> = (said: string) => Verdict<Value>;

/** A verdict with the rule that found it and its place in the judge's reply, or why there is none. */
export type VerdictRead<Value> =
  | (Extract<Verdict<Value>, { readonly ok: true }> & Stretch & { readonly tier: string })
  | Extract<Verdict<Value>, { readonly ok: false }>;

/** A verdict as it was made of what stands in its place. */
export interface Accepted<Value> {
  readonly value: Value;
  readonly text: string;
}

/**
 * The verdict of a reply: its final answer, read by the pipeline of all readers. What stands in its reasoning is none,
 * and neither is anything in a reply that was cut off. Looked for in this order: a JSON object with the field, whatever
 * its other members say (`json`); a labelled field, the last one, on a line of its own or at the end of a sentence, but
 * not in a quotation (`field`); a line that is the verdict and nothing else (`line`); a sentence of the last paragraph
 * that states it (`sentence`). A judge that corrects itself means its last word; a last word that is not on the menu is
 * no verdict, whatever was said before.
 */
export const readVerdict = <Value>(
  response: Pick<ModelResponse, 'text' | 'finishReason'>,
  { form, accept }: { readonly form: VerdictForm; readonly accept: AcceptVerdict<Value> },
): VerdictRead<Value> =>
  readReply(response, (text) =>
    finalAnswer<Accepted<Value>, VerdictPlace>(text, {
      reasons: NO_VERDICT,
      readsOn: true,
      whole: () => undefined,
      places: (own) => placesOf(own, form),
      at(_, { said, start, end }) {
        const verdict = accept(said);
        return verdict.ok
          ? { kind: 'value', value: verdict, start, end }
          : { kind: 'none', reason: { reason: verdict.reason } };
      },
      byPosition: (own) => (form.pattern === undefined ? byPosition(own, form, accept) : undefined),
    }),
  );

const NOTHING = Object.freeze({ reason: 'the judge gave no verdict' });
const NO_VERDICT = Object.freeze({ nothing: NOTHING, several: NOTHING, none: NOTHING });

/** Reads a judge's reply, without its reasoning; what was found in one that was cut off may not be its last word. */
export function readReply<Value>(
  { text, finishReason }: Pick<ModelResponse, 'text' | 'finishReason'>,
  read: (text: string) => Reading<Accepted<Value>>,
): VerdictRead<Value> {
  const seen = visibleText(text);
  const found = readAnswer(seen.text, read);
  if (finishReason === 'length') {
    const reason = isFound(found)
      ? `the judge's verdict is not certain: ${short(found.value.text)}`
      : found.reason;
    return { ok: false, reason: `${reason} (its reply was cut off at the token limit)` };
  }
  if (!isFound(found))
    return { ok: false, reason: seen.unclosed ? `${found.reason}: its reasoning never ends` : found.reason };
  const { tier, value } = found;
  const start = seen.placeOf(found.start);
  return {
    ok: true,
    value: value.value,
    text: value.text,
    tier,
    start,
    end: Math.max(start, seen.placeOf(found.end - 1) + 1),
  };
}

interface VerdictPlace extends AnswerPlace, Stretch {
  readonly said: string;
}

function placesOf(text: string, { pattern, names, otherKeys }: VerdictForm): VerdictPlace[] {
  const placeIn = (tier: string, { start, end }: Stretch): VerdictPlace => {
    const written = text.slice(start, end);
    const said = written.trim();
    const from = start + written.length - written.trimStart().length;
    return { tier, noun: 'answer', said, start: from, end: from + said.length };
  };
  if (pattern !== undefined) return lastMatch(text, pattern).map((place) => placeIn('pattern', place));
  const inJson = jsonVerdict(text, [names, otherKeys ?? []]);
  if (inJson !== undefined) return [{ tier: 'json', noun: 'answer', ...inJson }];
  const labelled = labelledVerdict(text, names);
  return labelled === undefined ? [] : [placeIn('field', labelled)];
}

function byPosition<Value>(
  text: string,
  { names }: VerdictForm,
  accept: AcceptVerdict<Value>,
): Found<Accepted<Value>> | undefined {
  for (const { start, end } of ownLines(text)) {
    const line = text.slice(start, end);
    const verdict = accept(line);
    if (verdict.ok && isBare(line, verdict.text)) return { value: verdict, tier: 'line', start, end };
  }
  for (const { start, end } of sentenceVerdict(text, names)) {
    const verdict = accept(text.slice(start, end));
    if (verdict.ok) return { value: verdict, tier: 'sentence', start, end };
  }
  return undefined;
}

/** A line that holds nothing but the verdict, its scale and decoration. */
const isBare = (line: string, said: string): boolean =>
  /^[\s*_"'`()[\]{}.:#>/\d]*$/.test(line.slice(line.indexOf(said) + said.length)) &&
  line.length - said.length < 24;

/** The item of a menu that a text begins with, if it is one and only one; items of one meaning are one. `text` of the verdict is the item as written. */
export function itemOf<Item extends string>(
  menu: readonly Item[],
  meaning: (item: Item) => string = (item) => item,
): AcceptVerdict<Item> {
  return (given) => {
    const said = opened(given);
    const item = itemAt(said, menu);
    if (item === undefined) {
      return {
        ok: false,
        reason: `the judge's last verdict is not one of ${menu.join(', ')}: ${short(said)}`,
      };
    }
    const after = said.slice(item.length);
    const rest = after.replace(/^[\s*_"'`)\]>.,;:]+/u, '');
    const alternative =
      /^\s*[<>=]+\s*/u.exec(after) ??
      /^(?:or\b|\/|\||&|and\b|[-–—]*[>→]|[-–—]|to\b)[\s*_"'`([<]*/iu.exec(rest);
    const other = itemAt(alternative === null ? rest : alternative.input.slice(alternative[0].length), menu);
    const isAlone = alternative !== null || rest.length === other?.length;
    if (other !== undefined && isAlone && meaning(other) !== meaning(item)) {
      return { ok: false, reason: `the judge's last verdict names more than one item: ${short(said)}` };
    }
    return { ok: true, value: item, text: said.slice(0, item.length) };
  };
}

/**
 * The number that a text begins with, if it is one number on the scale. `7/10` and `7 out of 10` name the scale and are
 * fine; `7-8`, `7~8` and `7 or 8` are two, and who knows what `7,500` or `80%` is.
 */
export function ratingBetween(minimum: number, maximum: number): AcceptVerdict<number> {
  return (given) => {
    const said = opened(given);
    const off: Verdict<number> = {
      ok: false,
      reason: `the judge's last verdict is no number from ${minimum} to ${maximum}: ${short(said)}`,
    };
    const scale = /^([^/]{1,12}?)\s*(?:\/|out of|von|sur|de)\s*(\d+(?:\.\d+)?)(?!\d)/iu.exec(said);
    const written = scale !== null && Number(scale[2]) === maximum ? scale[1]! : said;
    const [token, ...others] = numberTokens(written.slice(0, LONGEST_RATING), 'point');
    if (token?.value === undefined || token.start > 0 || token.operand || token.listed || token.percent)
      return off;
    const plain = written.slice(token.start, token.end);
    if (/\d,\d/.test(plain)) return off;
    const next = others[0];
    if (
      next !== undefined &&
      /^\s*(?:-|–|—|~|〜|to\b|or\b|and\b|,|;|\/|\|)\s*$/iu.test(written.slice(token.end, next.start))
    )
      return off;
    if (/^\s*[-–~]/.test(written.slice(token.end)) && next !== undefined && next.start - token.end < 4)
      return off;
    if (scale === null && /^\s*(?:\/|out of)\s*\d/iu.test(written.slice(token.end))) return off;
    const value = numberOf(token.value);
    return value >= minimum && value <= maximum ? { ok: true, value, text: plain } : off;
  };
}

const LONGEST_RATING = 120;

/** The nearest JavaScript number: a rating is only ever used as one. */
function numberOf(value: Rational): number {
  const text = formatRational(value);
  const [top, bottom] = text.split('/');
  return bottom === undefined ? Number(text) : Number(top) / Number(bottom);
}

/** Without what may stand before a verdict in its place. */
const opened = (said: string): string =>
  said
    .slice(0, 400)
    .replace(/^(?:[\s*_"'`([<{$:：=]|\\boxed\{|\\text\{)+/u, '')
    .trimEnd();

/** The first group that took part in the last match, or the whole match. */
function lastMatch(reply: string, pattern: RegExp): Stretch[] {
  let last: RegExpExecArray | undefined;
  for (const found of reply.matchAll(globalPattern(pattern))) last = found;
  if (last === undefined) return [];
  const group = last.findIndex((text, i) => i > 0 && text !== undefined);
  return [groupLocator(pattern)(last, Math.max(0, group))!];
}

/**
 * The longest item that the text begins with, ignoring case where no item has that case. It must end there: `C+` is
 * not C, and neither `I'm not sure` nor `I think` is I.
 */
function itemAt<Item extends string>(said: string, menu: readonly Item[]): Item | undefined {
  const fitting = menu
    .filter((item) => said.slice(0, item.length).toLowerCase() === item.toLowerCase())
    .filter(
      (item) =>
        !(isWord(item) ? WORD_GOES_ON : ITEM_GOES_ON).test(
          said.slice(item.length).replace(/^_{1,2}(?!\p{L})/u, ''),
        ),
    )
    .sort((a, b) => b.length - a.length);
  return fitting.find((item) => said.startsWith(item)) ?? fitting[0];
}

const ITEM_GOES_ON = new RegExp(`^(?:[${WORD}+-]|['’]\\p{L})`, 'u');
const WORD_GOES_ON = new RegExp(`${ITEM_GOES_ON.source}|^${PROSE_AFTER_LETTER}`, 'u');

const isWord = (item: string): boolean => /^[AI]$/i.test(item);

const short = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}...` : text);
