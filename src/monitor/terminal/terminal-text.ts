/**
 * Upper bound on the columns that `text` takes: ASCII 1, everything else 2. Being too careful costs a few
 * columns; being too short wraps the line, and a wrapped line cannot be redrawn in place.
 */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += character.length === 1 && character < '\u0080' ? 1 : 2;
  return columns;
}

const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]/gu;

/** The columns that `text` takes in most terminals: what stands on the screen, where a bound would erase too much. */
export function likelyColumnsOf(text: string): number {
  return [...text].length + (text.match(WIDE)?.length ?? 0);
}

/** Cuts `text` to at most `columns` columns (by {@link columnsOf}), with `...` where something is missing. */
export function fitColumns(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  if (columns <= 3) return '.'.repeat(Math.max(columns, 0));
  let fitted = '';
  let used = 3;
  for (const character of text) {
    used += columnsOf(character);
    if (used > columns) break;
    fitted += character;
  }
  return `${fitted}...`;
}
