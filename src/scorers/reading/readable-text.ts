/**
 * A text as it is read: without characters that nobody sees (zero-width, direction marks, soft hyphens), with
 * full-width forms, digits of other scripts and the many kinds of hyphen as their ASCII counterparts. Places in it can
 * be given back as places in the text as it was written.
 */
export interface ReadableText {
  /** What is read. */
  readonly text: string;
  /** Where a place in `text` stands in the text as it was written. */
  placeOf(index: number): number;
}

const BEYOND_ASCII = /[^\x00-\x7f]/;
const NEEDS_READING =
  /\p{Cf}|[\uff01-\uff5e\u24b6-\u24cf\u2010\u2011\u2212\ufe63\u2044\u2215\u2236\u066b\u066c]|\ufe0f|(?!\d)\p{Nd}|[\u{1d400}-\u{1d6a3}]/gu;

const SIGNS: Readonly<Record<string, string>> = {
  '\u2010': '-',
  '\u2011': '-',
  '\u2212': '-',
  '\ufe63': '-',
  '\u2044': '/',
  '\u2215': '/',
  '\u2236': ':',
  '\u066b': '.',
  '\u066c': ',',
  '\ufe0f': '',
};

/** Makes a text readable; a text of ASCII is returned as it is. */
export function readableText(written: string): ReadableText {
  if (!BEYOND_ASCII.test(written)) return { text: written, placeOf: (index) => index };
  const from: number[] = []; // places in the readable text after which the distance changes
  const distance: number[] = [];
  let shift = 0;
  const text = written.replace(NEEDS_READING, (character, at: number) => {
    const read = SIGNS[character] ?? plainForm(character);
    if (read.length === character.length) return read;
    from.push(at - shift + read.length);
    shift += character.length - read.length;
    distance.push(shift);
    return read;
  });
  return { text, placeOf: (index) => index + (distance[lastAtMost(from, index)] ?? 0) };
}

function plainForm(character: string): string {
  const code = character.codePointAt(0)!;
  if (code >= 0xff01 && code <= 0xff5e) return String.fromCharCode(code - 0xfee0);
  if (/\p{Nd}/u.test(character)) return String(digitValue(code));
  if (/\p{Cf}/u.test(character)) return '';
  const plain = character.normalize('NFKC');
  return /^[\x21-\x7e]$/.test(plain) ? plain : character;
}

/** Digits stand in runs of ten, from zero on; the mathematical ones in five runs that begin at U+1D7CE. */
function digitValue(code: number): number {
  if (code >= 0x1d7ce && code <= 0x1d7ff) return (code - 0x1d7ce) % 10;
  let zero = code;
  while (code - zero < 9 && DIGIT.test(String.fromCodePoint(zero - 1))) zero--;
  return code - zero;
}

const DIGIT = /\p{Nd}/u;

function lastAtMost(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
