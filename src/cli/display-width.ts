// East Asian wide and fullwidth characters, and emoji that are shown as pictures.
const WIDE =
  /^[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1b000}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}\p{Regional_Indicator}]/u;
const PICTURE = /\ufe0f|[\u{1f3fb}-\u{1f3ff}]/u; // shown as a picture since the text says so
const NOTHING = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;
const ASCII = /^[\x20-\x7e]*$/;

const WINDOW = 512;

let segmenter: Intl.Segmenter | undefined;

/** What a reader takes for one character each. By windows: V8 takes quadratic time for a text in one piece. */
function* charactersOf(text: string): Iterable<string> {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  for (let at = 0; at < text.length;) {
    const segments = Array.from(segmenter.segment(text.slice(at, at + WINDOW)), ({ segment }) => segment);
    if (at + WINDOW < text.length && segments.length > 1) segments.pop(); // may go on
    for (const segment of segments) {
      yield segment;
      at += segment.length;
    }
  }
}

function widthOfCharacter(character: string): number {
  if (ASCII.test(character)) return 1;
  if (NOTHING.test(character)) return 0;
  return WIDE.test(character) || PICTURE.test(character) ? 2 : 1;
}

/** Columns that text takes on a terminal: a CJK character or an emoji two, a combining mark none. */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of charactersOf(text)) width += widthOfCharacter(character);
  return width;
}

/** Text in at most `columns` columns, with `…` where something is missing; no character is cut in two. */
export function fitWidth(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  if (columns <= 0) return '';
  let fitted = '';
  let used = 1;
  for (const character of charactersOf(text)) {
    used += widthOfCharacter(character);
    if (used > columns) break;
    fitted += character;
  }
  return `${fitted}…`;
}

/** Text filled up with spaces to `columns`. */
export function padWidth(text: string, columns: number, side: 'left' | 'right' = 'right'): string {
  const spaces = ' '.repeat(Math.max(0, columns - displayWidth(text)));
  return side === 'right' ? text + spaces : spaces + text;
}
