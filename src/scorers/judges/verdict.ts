import type { OptionCheck } from '../../foundation/options.js';
import { globalPattern } from '../host-pattern.js';
import { PROSE_AFTER_LETTER } from '../prose.js';
import { WORD } from '../unicode-text.js';

/** Check of an option that finds a verdict. */
export const verdictPatternCheck: OptionCheck = (value) => (value instanceof RegExp ? undefined : 'a RegExp');

/** A judge's verdict, or why there is none. */
export type Verdict<Value> =
  | { readonly ok: true; readonly value: Value; readonly text: string }
  | { readonly ok: false; readonly reason: string };

/**
 * How a verdict is found in a judge's reply: the last match counts, its first group is the verdict. The rest of the
 * line is only looked at, so that a second verdict on the same line is found too.
 */
export const verdictLine = (keyword: string): RegExp =>
  new RegExp(`(?<![\\p{L}\\p{N}])${keyword}[\\s*_"'\`]*[:：=][\\s*_"'\`([<]*(?=([^\\n]*))`, 'giu');

/**
 * The last verdict of a reply, if it is on the menu. A judge that corrects itself means its last word; a last word
 * that is not on the menu is no verdict, whatever was said before, and so is one that names two items.
 */
export function lastVerdictOn<Item extends string>(
  reply: string,
  pattern: RegExp,
  menu: readonly Item[],
): Verdict<Item> {
  const said = lastMatch(reply, pattern);
  if (said === undefined) return { ok: false, reason: 'the judge gave no verdict' };
  const item = itemAt(said, menu);
  if (item === undefined) {
    return { ok: false, reason: `the judge's last verdict is not one of ${menu.join(', ')}: ${short(said)}` };
  }
  const after = said.slice(item.length);
  const rest = after.replace(/^[\s*_"'`)\]>.,;:]+/u, '');
  const alternative =
    /^\s*[<>=]+\s*/u.exec(after) ?? /^(?:or\b|\/|\||&|and\b|[-–—]*[>→]|[-–—]|to\b)[\s*_"'`([<]*/iu.exec(rest);
  if (alternative !== null && itemAt(alternative.input.slice(alternative[0].length), menu) !== undefined) {
    return { ok: false, reason: `the judge's last verdict names more than one item: ${short(said)}` };
  }
  return { ok: true, value: item, text: said };
}

/** The last verdict of a reply, if it is a number on the scale. */
export function lastVerdictBetween(
  reply: string,
  pattern: RegExp,
  minimum: number,
  maximum: number,
): Verdict<number> {
  const said = lastMatch(reply, pattern);
  if (said === undefined) return { ok: false, reason: 'the judge gave no verdict' };
  const found = /^[-+]?\d+(?:\.\d+)?/.exec(said);
  const value = found === null ? Number.NaN : Number(found[0]);
  const rest = found === null ? '' : said.slice(found[0].length);
  // `7/10` names the scale and is fine; `7-8` and `7 or 8` are two verdicts, and who knows what `7,500` is
  const outOf = /^\s*(?:\/|out of)\s*(\d+(?:\.\d+)?)/iu.exec(rest);
  const ambiguous =
    /^(?:[.,]?\d|\s*(?:-|–|to|or)\s*\d)/iu.test(rest) || (outOf !== null && Number(outOf[1]) !== maximum);
  if (ambiguous || !(value >= minimum && value <= maximum)) {
    return {
      ok: false,
      reason: `the judge's last verdict is no number from ${minimum} to ${maximum}: ${short(said)}`,
    };
  }
  return { ok: true, value, text: said };
}

function lastMatch(reply: string, pattern: RegExp): string | undefined {
  let said: string | undefined;
  for (const found of reply.matchAll(globalPattern(pattern))) said = found[1] ?? found[0];
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
