import type { ModelResponse } from '../../client/model-client.js';
import { visibleText } from '../../foundation/reasoning-trace.js';
import type { OptionCheck } from '../../foundation/options.js';
import { globalPattern } from '../host-pattern.js';
import { PROSE_AFTER_LETTER } from '../prose.js';
import { numberTokens } from '../reading/number-token.js';
import { formatRational, type Rational } from '../reading/rational.js';
import { readableText } from '../reading/readable-text.js';
import { WORD } from '../unicode-text.js';
import { jsonVerdict } from './json-verdict.js';
import { labelledVerdict, ownLineVerdict, sentenceVerdict } from './verdict-places.js';

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

const NO_VERDICT = Object.freeze({ ok: false, reason: 'the judge gave no verdict' }) satisfies Verdict<never>;

/**
 * The verdict of a reply. What stands in its reasoning is none, and neither is anything in a reply that was cut off.
 * Looked for in this order: a JSON object with the field, whatever its other members say; a labelled field, the last
 * one, on a line of its own or at the end of a sentence, but not in a quotation; a line that is the verdict and nothing
 * else; a sentence of the last paragraph that states it. A judge that corrects itself means its last word; a last word
 * that is not on the menu is no verdict, whatever was said before.
 */
export function readVerdict<Value>(
  response: Pick<ModelResponse, 'text' | 'finishReason'>,
  form: VerdictForm,
  accept: AcceptVerdict<Value>,
): Verdict<Value> {
  const seen = visibleText(response.text);
  const verdict = verdictIn(seen.text, form, accept);
  if (response.finishReason === 'length') return cutOff(verdict);
  if (!verdict.ok && seen.unclosed)
    return { ok: false, reason: `${verdict.reason}: its reasoning never ends` };
  return verdict;
}

function cutOff<Value>(verdict: Verdict<Value>): Verdict<Value> {
  const reason = verdict.ok ? `the judge's verdict is not certain: ${short(verdict.text)}` : verdict.reason;
  return { ok: false, reason: `${reason} (its reply was cut off at the token limit)` };
}

function verdictIn<Value>(seen: string, form: VerdictForm, accept: AcceptVerdict<Value>): Verdict<Value> {
  const { text } = readableText(seen);
  if (form.pattern !== undefined) {
    const said = lastMatch(text, form.pattern);
    return said === undefined ? NO_VERDICT : accept(said);
  }
  const inJson = jsonVerdict(text, [form.names, form.otherKeys ?? []]);
  if (inJson !== undefined) return accept(inJson);
  const labelled = labelledVerdict(text, form.names);
  if (labelled !== undefined) return accept(labelled);
  for (const line of ownLineVerdict(text)) {
    const verdict = accept(line);
    if (verdict.ok && isBare(line, verdict.text)) return verdict;
  }
  for (const said of sentenceVerdict(text, form.names)) {
    const verdict = accept(said);
    if (verdict.ok) return verdict;
  }
  return NO_VERDICT;
}

/** A line that holds nothing but the verdict, its scale and decoration. */
const isBare = (line: string, said: string): boolean =>
  /^[\s*_"'`()[\]{}.:#>/\d]*$/.test(line.slice(line.indexOf(said) + said.length)) &&
  line.length - said.length < 24;

/** The item of a menu that a text begins with, if it is one and only one. `text` of the verdict is the item as written. */
export function itemOf<Item extends string>(menu: readonly Item[]): AcceptVerdict<Item> {
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
    if (alternative !== null && itemAt(alternative.input.slice(alternative[0].length), menu) !== undefined) {
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

function lastMatch(reply: string, pattern: RegExp): string | undefined {
  let said: string | undefined;
  for (const found of reply.matchAll(globalPattern(pattern)))
    said = found.slice(1).find((group) => group !== undefined) ?? found[0];
  return said?.trim();
}

/**
 * The longest item that the text begins with, ignoring case where no item has that case. It must end there: `C+` is
 * not C, and neither `I'm not sure` nor `I think` is I.
 */
function itemAt<Item extends string>(said: string, menu: readonly Item[]): Item | undefined {
  const fitting = menu
    .filter((item) => said.slice(0, item.length).toLowerCase() === item.toLowerCase())
    .filter((item) => !(isWord(item) ? WORD_GOES_ON : ITEM_GOES_ON).test(said.slice(item.length)))
    .sort((a, b) => b.length - a.length);
  return fitting.find((item) => said.startsWith(item)) ?? fitting[0];
}

const ITEM_GOES_ON = new RegExp(`^(?:[${WORD}+-]|['’]\\p{L})`, 'u');
const WORD_GOES_ON = new RegExp(`${ITEM_GOES_ON.source}|^${PROSE_AFTER_LETTER}`, 'u');

const isWord = (item: string): boolean => /^[AI]$/i.test(item);

const short = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}...` : text);
