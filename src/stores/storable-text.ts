/**
 * Text that every database and driver keeps as it is. Two kinds of characters do not survive: NUL (node:sqlite
 * of Node 22 cuts the text there, Postgres refuses it) and lone surrogates (they are no valid UTF-8: drivers
 * store replacement characters, two different ids become one).
 *
 * They are written as U+001A and a short code; U+001A itself as `U+001A s`. The encoding is injective and works
 * character by character, so an encoded prefix is a prefix of the encoded text. Nearly all text needs none of
 * it and comes back as the same string.
 */
const ESCAPE = '\u001a';
const ESCAPED = /[\0\u001a]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Every supported Node has it; the type library of ES2023 does not. */
type WellFormable = string & { isWellFormed(): boolean };

/** Whether {@link storableText} would return `text` as it is. */
export function isStorable(text: string): boolean {
  // Three native scans: on 2 KB of text a regular expression takes ten times as long.
  return (text as WellFormable).isWellFormed() && !text.includes('\0') && !text.includes(ESCAPE);
}

/** The form of `text` that stands in a text column. */
export function storableText(text: string): string {
  if (isStorable(text)) return text;
  return text.replace(ESCAPED, (character) => {
    if (character === '\0') return `${ESCAPE}0`;
    if (character === ESCAPE) return `${ESCAPE}s`;
    return `${ESCAPE}${character.charCodeAt(0).toString(16)}`;
  });
}

/**
 * The smallest text that sorts after every text that begins with `prefix` (both in the order of their code
 * points, which is the order of UTF-8 bytes); `undefined` when there is none.
 */
export function endOfPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = last.codePointAt(0) as number;
    if (point >= 0x10ffff) continue;
    const next = point + 1 >= 0xd800 && point + 1 <= 0xdfff ? 0xe000 : point + 1;
    return points.join('') + String.fromCodePoint(next);
  }
  return undefined;
}

/** Whether a prefix ends within a surrogate pair: its encoding is then no prefix of the encoded text. */
export function splitsCharacter(prefix: string | undefined): boolean {
  return prefix !== undefined && /[\ud800-\udbff]$/.test(prefix);
}

/** Order of code points, as databases compare text (`<` of JavaScript compares UTF-16 units). */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // A surrogate stands for a code point above U+FFFF, so it comes after every other unit.
    const xIsHigh = x >= 0xd800 && x <= 0xdfff;
    const yIsHigh = y >= 0xd800 && y <= 0xdfff;
    return xIsHigh === yIsHigh ? x - y : xIsHigh ? 1 : -1;
  }
  return a.length - b.length;
}
