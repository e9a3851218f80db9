import type { CutText } from '../page/case-data.js';

/** A text of at most `limit` UTF-16 units: of a longer one three quarters of that from its beginning, one from its end. */
export function cutText(text: string, limit: number): CutText {
  const { length } = text;
  if (length <= limit) return { text, length };
  const head = Math.floor(limit * 0.75);
  return { text: whole(text.slice(0, head)), tail: whole(text.slice(length - (limit - head))), length };
}

/** The beginning of a text in one line, for a cell of a table. */
export function excerpt(text: string, limit: number): string {
  const line = text
    .slice(0, 4 * limit)
    .replaceAll(/\s+/g, ' ')
    .trim();
  return line.length <= limit ? line : `${whole(line.slice(0, limit - 1))}…`;
}

/** Without half of a character at its ends. */
function whole(text: string): string {
  const from = /^[\udc00-\udfff]/.test(text) ? 1 : 0;
  return text.slice(from, /[\ud800-\udbff]$/.test(text) ? -1 : undefined);
}
