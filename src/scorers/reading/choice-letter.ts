import { NO_ANSWER } from './answer-words.js';
import { lineEnd } from './paragraphs.js';
import { NONE, SEVERAL, UNREADABLE, type PlaceReading } from './reading.js';

/** The letters that may be chosen. */
export interface Menu {
  readonly letters: ReadonlySet<string>;
  /** Whether a lower-case letter stands for its capital: only where the menu has no lower-case letters. */
  readonly folds: boolean;
  /** Finds the letters of the menu that stand apart from Latin words and numbers. */
  readonly alone: RegExp;
}

/** Makes a menu of letters. */
export function menuOf(letters: string): Menu {
  const all = new Set(letters);
  const one = `[${[...all].map((letter) => letter.replace(/[\\\]^-]/, '\\$&')).join('')}]`;
  return {
    letters: all,
    folds: [...all].every((letter) => letter === letter.toUpperCase()),
    alone: new RegExp(`${one}(?<![\\w\\u00c0-\\u024f]${one})(?![\\w\\u00c0-\\u024f])`, 'gu'),
  };
}

/** A cheap first look: a letter of the menu, in either case, follows after at most a bracket or two. */
export function mayBeLetter(text: string, start: number, menu: Menu): boolean {
  let at = start;
  while (at - start < 8 && ' *_(["“$\\{'.includes(text[at] ?? '\n')) at++;
  return letterFor(menu, text[at] ?? '', true) !== undefined && !/[a-z]/i.test(text[at + 1] ?? ' ');
}

/** The letter of the menu that a character is, or stands for. */
export const letterFor = (menu: Menu, character: string, mayFold: boolean): string | undefined => {
  if (menu.letters.has(character)) return character;
  if (!mayFold || !menu.folds) return undefined;
  const upper = character.toUpperCase();
  return menu.letters.has(upper) ? upper : undefined;
};

/** What may stand around a letter: white space, emphasis, quotes, brackets, LaTeX. */
const DECOR =
  /<\/?[a-z]{1,8}>|[\s*_~"'`“”‘’«»「」『』()[\]{}<$|:：=>#,\\.]|\\?(?:text|textbf|textit|mathrm|mathbf|boxed|bf|displaystyle)\s?(?=\{)/y;
const LINE_DECOR =
  /<\/?[a-z]{1,8}>|[ \t*_~"'`“”‘’«»「」『』()[\]{}<$|:：=>\\.]|\\?(?:text|textbf|textit|mathrm|mathbf|boxed|bf)\s?(?=\{)/y;
const FILLER =
  /(?:option|choice|letter|alternative|statement|answer|opción|opcion|opzione|opção|alternativa|variant|вариант|antwort|buchstabe|lettre|lettera|letra|donc|quindi|somit|portanto|entonces|então|следовательно|thus|hence|indeed|clearly|definitely|therefore|simply|most likely|likely|probably|actually|only|the|in|a(?= (?:letra|opção|alternativa))|der|die|das|la|le|el|l'|выбор|选项|選項|選択肢|보기|الخيار|विकल्प|ตัวเลือก|第)(?![\p{L}\p{N}])[ \t]*|(?:选项|選項|選択肢)/iuy;
const MOST_DECOR = 100;
const LONGEST_LINE = 1_000;

/** Passes decoration and filling words, at most 100 characters. */
export function passDecor(
  text: string,
  from: number,
  {
    acrossLines,
    limit = text.length,
  }: { readonly acrossLines: boolean; readonly limit?: number | undefined },
): number {
  const decor = acrossLines ? DECOR : LINE_DECOR;
  const end = Math.min(limit, from + MOST_DECOR);
  let at = from;
  for (let fillers = 0; at < end;) {
    decor.lastIndex = at;
    const found = decor.exec(text);
    if (found !== null) {
      at += found[0].length;
      continue;
    }
    FILLER.lastIndex = at;
    const filler = fillers < 4 ? FILLER.exec(text) : null;
    if (filler === null) break;
    fillers++;
    at += filler[0].length;
  }
  return at;
}

const LATIN_WORD = /[\p{Script=Latin}\p{Nd}_]/u;
const CLOSING = /[*_~"'`“”‘’»」』)\]}$.\\ \t]/;

/**
 * Reads the letter at a place where one was announced. A letter must end there: neither `Apple` nor `I am` nor
 * `A man` is one.
 */
export function letterAt(
  text: string,
  from: number,
  { menu, ...options }: LetterOptions,
): PlaceReading<string> {
  const end = options.end ?? text.length;
  const at = passDecor(text, from, { acrossLines: options.acrossLines, limit: end });
  const character = text[at];
  if (character === undefined || at >= end) return UNREADABLE;
  const letter = letterFor(menu, character, true);
  if (letter === undefined || !endsThere(text, at, letter !== character || options.bare === true)) {
    const run = gluedLetters(text, at, menu);
    if (run > 1) return SEVERAL;
    return NO_ANSWER.test(text.slice(at, at + 40)) ? NONE : UNREADABLE;
  }
  if (namesAnother(text, at + 1, { menu, letter })) return SEVERAL;
  if (options.acrossLines && beginsList(text, { from, at, menu })) return UNREADABLE;
  return { kind: 'value', value: letter, start: at, end: at + 1 };
}

/** `Consider each choice:`, then `(A) …` and on the next line `(B) …`: the options, not an answer. */
function beginsList(
  text: string,
  { from, at, menu }: { readonly from: number; readonly at: number; readonly menu: Menu },
): boolean {
  if (!text.slice(from, at).includes('\n')) return false;
  const end = lineEnd(text, at, LONGEST_LINE);
  if (text[end] !== '\n') return false;
  const next = /^\s*[-*•]?\s*[*(]{0,3}([\p{L}\p{N}])[*]{0,2}[).:]/u.exec(text.slice(end, end + 12))?.[1];
  return next !== undefined && next !== text[at] && menu.letters.has(next);
}

/** How a letter is looked for. */
export interface LetterOptions {
  readonly menu: Menu;
  readonly acrossLines: boolean;
  /** Where the place ends, when that is known. */
  readonly end?: number | undefined;
  /** Nothing announced it but a word that may mean something else: the letter must be marked or end the line. */
  readonly bare?: boolean | undefined;
}

/** `AC`, `ABD`: several letters written together. */
function gluedLetters(text: string, at: number, menu: Menu): number {
  let i = at;
  while (i - at < 6 && menu.letters.has(text[i] ?? '')) i++;
  const length = i - at;
  const distinct = new Set(text.slice(at, i)).size === length;
  return length > 1 &&
    length <= 5 &&
    distinct &&
    !LATIN_WORD.test(text[i] ?? ' ') &&
    !/^\S*[.'’]\p{L}/u.test(text.slice(i, i + 3))
    ? length
    : 0;
}

/** Whether the letter at `at` ends there. One that may be a word must be marked, or be the last on its line. */
function endsThere(text: string, at: number, strict: boolean): boolean {
  const next = text[at + 1] ?? '\n';
  if (LATIN_WORD.test(next)) return false;
  const after = text.slice(at + 1, at + 24);
  if (/^['’]\p{L}/u.test(after)) return false;
  const marked = /^[*_~`)\]}"”’»」』.:,;$\\]/u.test(after) && !/^\.\p{L}/u.test(after);
  if (marked || /^[ \t]*(?:[\r\n]|$)/.test(after)) return true;
  if (strict) return /^[ \t]*(?:$|[\r\n<])/.test(after);
  const letter = text[at]!;
  if (/^[AIEOYaieoy]$/.test(letter) && / *$/.test(after)) {
    // `A man`, `I am`, Spanish `y`: letters that are words
    const word = /^[ \t]+(\p{L}[\p{L}'’]*)/u.exec(after)?.[1];
    return word === undefined || MAY_FOLLOW.test(word);
  }
  return true;
}

/** Words that follow a chosen letter and not an article or a pronoun. */
const MAY_FOLLOW =
  /^(?:because|since|as|is|was|and|or|but|with|while|not|which|for|due|rather|over|although|though|from|given|option|choice|porque|ya|weil|da|denn|car|parce|perché|pois|потому|так|和|或)$/i;

/** In small letters, since `E`, `O` and `Y` may be options. */
const ALTERNATIVE =
  /(?:[ \t]*(?:[,，、;；/&+|]|(?:or|OR|and|AND|und|UND|oder|ODER|y|o|u|e|et|ET|ou|OU|to|through|и|или|and\/or)(?![\p{L}])|[-–~](?=[ \t]*[(*]?[\p{Lu}]))|或者|或|和|及|与|と|および|または|[ \t]{1,2}(?=[A-Z](?:[ \t]*(?:[,.;)]|\r?\n|$))))+[ \t]*/uy;

/** Whether another letter of the menu is named beside the one that ends before `from`. */
export function namesAnother(
  text: string,
  from: number,
  { menu, letter }: { readonly menu: Menu; readonly letter: string },
): boolean {
  let at = from;
  while (at - from < 12 && CLOSING.test(text[at] ?? '') && !startsAlternative(text, at)) at++;
  const aside = ASIDE.exec(text.slice(at, at + 120)) ?? WORDED.exec(text.slice(from, from + 120));
  if (aside !== null) {
    const other = letterFor(menu, aside[1]!, false);
    return other !== undefined && other !== letter;
  }
  ALTERNATIVE.lastIndex = at;
  const link = ALTERNATIVE.exec(text);
  if (link === null) return standsBelow(text, at, { menu, letter });
  const begin = passDecor(text, at + link[0].length, { acrossLines: false });
  const other = letterFor(menu, text[begin] ?? '', false);
  if (other === undefined || other === letter) return false;
  if (text[from] === ')' && link[0].trim() === '' && text[begin - 1] !== '(') return false; // `(H) B`: its wording
  const after = text.slice(begin + 1, begin + 16);
  if (LATIN_WORD.test(after[0] ?? ' ')) return false;
  if (/^['’]\p{L}/u.test(after)) return false;
  // `B, A is wrong` begins another clause, `B and C` and `B, C.` do not
  const weak = /^[\s,，、;；]*$/.test(link[0]);
  return !weak || /^[*_~"'`”’»)\]}$\\]*(?:[ \t]*(?:[.,，、;；。)\r\n]|and\b|or\b|&|$))/u.test(after);
}

/** `A (if it is dry) or B (if it is not)`. */
const ASIDE =
  /^ ?\([^()\n]{1,80}\),? (?:or|and|oder|und|ou|et|o|y|e) [*_(]{0,3}([\p{L}\p{N}])[*_)]{0,3}(?= ?[(.,;\n]|$)/u;

/** `F. Pregabalin** or **G. Gabapentin`. */
const WORDED =
  /^[*_)]{0,3}[.):] ?[^.;:\n]{1,80}? (?:or|and|oder|und|ou|et|o|y|e) [*_(]{0,3}([\p{L}\p{N}])[*_]{0,2}[.)](?=[ *_]|$)/u;

const startsAlternative = (text: string, at: number): boolean => {
  if (text[at] !== ' ') return false;
  ALTERNATIVE.lastIndex = at;
  return ALTERNATIVE.test(text);
};

/** `A` on one line and `B` alone on the next. */
function standsBelow(
  text: string,
  from: number,
  { menu, letter }: { readonly menu: Menu; readonly letter: string },
): boolean {
  const found = /[ \t]*\r?\n[ \t]*[-*•]?[ \t]*[*(]{0,3}(.)[*).]{0,3}[ \t]*(?:\r?\n|$)/uy;
  found.lastIndex = from;
  const other = found.exec(text)?.[1];
  const below = other === undefined ? undefined : letterFor(menu, other, false);
  return below !== undefined && below !== letter;
}
