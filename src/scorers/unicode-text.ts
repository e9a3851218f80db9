/**
 * Text as Python sees it, because the reference implementations of the metrics are Python: JavaScript's `\s`
 * holds U+FEFF and lacks U+001C..U+001F and U+0085, its `\b` and `\w` are ASCII, and it has no case folding.
 */

/** White space as in Python's `str.isspace`, for use inside a character class. */
export const WHITE_SPACE =
  '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

/** Word characters as in Python's `\w` on text, for use inside a character class with the `u` flag. */
export const WORD = '\\p{L}\\p{N}_';

/** Put before a pattern (flag `u`): matches only where no word character stands before, as Python's `\b`. */
export const NO_WORD_BEFORE = `(?<![${WORD}])`;

/** Put after a pattern (flag `u`): matches only where no word character follows, as Python's `\b`. */
export const NO_WORD_AFTER = `(?![${WORD}])`;

const TOKENS = new RegExp(`[^${WHITE_SPACE}]+`, 'g');
const TRAILING = new RegExp(`[${WHITE_SPACE}]$`);
const LEADING = new RegExp(`^[${WHITE_SPACE}]`);

/** The runs between white space; none for a text that is only white space. As Python's `str.split()`. */
export function splitWhiteSpace(text: string): string[] {
  return text.match(TOKENS) ?? [];
}

/** Without white space at both ends. As Python's `str.strip()`. */
export function stripWhiteSpace(text: string): string {
  return LEADING.test(text) ? stripEnd(text.slice(firstVisible(text))) : stripEnd(text);
}

/** Without white space at the end. As Python's `str.rstrip()`. */
export function stripEnd(text: string): string {
  let end = text.length;
  while (end > 0 && TRAILING.test(text[end - 1]!)) end--;
  return end === text.length ? text : text.slice(0, end);
}

function firstVisible(text: string): number {
  let start = 0;
  while (start < text.length && LEADING.test(text[start]!)) start++;
  return start;
}

const BEYOND_ASCII = /[^\x00-\x7f]/;

/** Whether a text holds ASCII only, for which the plain and much faster patterns of JavaScript agree with Python's. */
export const isAscii = (text: string): boolean => !BEYOND_ASCII.test(text);

/**
 * Full case folding (Unicode CaseFolding.txt, statuses C and F), as Python's `str.casefold`: `Straße`, `STRASSE`
 * and `strasse` become equal. Not `toLowerCase`, which keeps `ß` and writes sigma by its place in the word.
 */
export function foldCase(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  let folded = '';
  for (const character of text) folded += foldCharacter(character);
  return folded;
}

/** Lower case of the upper case is the folding, but for these: checked against Python for every code point. */
function foldCharacter(character: string): string {
  const code = character.codePointAt(0)!;
  if (code === 0x131) return character; // dotless i has upper case I and folds to itself
  if (code === 0x1e9e) return 'ss';
  if (code >= 0x13a0 && code <= 0x13f5) return character; // Cherokee folds to its capitals
  if ((code >= 0x13f8 && code <= 0x13fd) || (code >= 0xab70 && code <= 0xabbf))
    return character.toUpperCase();
  return character.toUpperCase().toLowerCase();
}

/** The number of code points: astral characters count once, as in Python's `len`. */
export function codePointLength(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      length--;
      i++;
    }
  }
  return length;
}
