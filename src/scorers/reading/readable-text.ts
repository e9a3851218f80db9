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
const SEEN_AS_OTHER = /[\p{Cf}\p{Nd}\uff01-\uff5e\u24b6-\u24cf\u{1d400}-\u{1d6a3}]|\ufe0f/u;

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
};

const UNITS = 0x10000;
/** What each UTF-16 code unit is read as, found out when it is first met; 0: not met yet, DROPPED: nobody sees it. */
let unitsRead: Uint16Array | undefined;
const DROPPED = 0xffff;
/** Where texts of usual length are written: an array for each would keep the garbage collector busy. */
let scratch: Uint16Array | undefined;

/** Makes a text readable; a text of ASCII is returned as it is. */
export function readableText(written: string): ReadableText {
  if (!BEYOND_ASCII.test(written)) return { text: written, placeOf: (index) => index };
  const table = (unitsRead ??= new Uint16Array(UNITS));
  const read =
    written.length > UNITS ? new Uint16Array(written.length) : (scratch ??= new Uint16Array(UNITS));
  const from: number[] = []; // places in the readable text after which the distance changes
  const distance: number[] = [];
  let changed = false;
  let to = 0;
  for (let at = 0; at < written.length; at++) {
    const unit = written.charCodeAt(at);
    if (unit < 0x80) {
      read[to++] = unit;
      continue;
    }
    let seen = table[unit]!;
    if (seen === 0) seen = table[unit] = unitOf(String.fromCharCode(unit));
    if ((unit & 0xfc00) === 0xd800 && (written.charCodeAt(at + 1) & 0xfc00) === 0xdc00) {
      const pair = written.slice(at, at + 2);
      const plain = plainForm(pair);
      if (plain !== pair) {
        seen = plain === '' ? DROPPED : plain.charCodeAt(0);
        at++;
        from.push(plain === '' ? to : to + 1);
        distance.push(at + 1 - to - plain.length);
      }
    } else if (seen === DROPPED) {
      from.push(to);
      distance.push(at + 1 - to);
    }
    changed ||= seen !== unit;
    if (seen !== DROPPED) read[to++] = seen;
  }
  if (!changed) return { text: written, placeOf: (index) => index };
  const text = Buffer.from(read.buffer, 0, 2 * to).toString('utf16le');
  return { text, placeOf: (index) => index + (distance[lastAtMost(from, index)] ?? 0) };
}

function unitOf(unit: string): number {
  const plain = plainForm(unit);
  return plain === '' ? DROPPED : plain.charCodeAt(0);
}

/** How a character is read: itself, a character of ASCII, or nothing. */
function plainForm(character: string): string {
  const sign = SIGNS[character];
  if (sign !== undefined) return sign;
  if (!SEEN_AS_OTHER.test(character)) return character;
  const code = character.codePointAt(0)!;
  if (DIGIT.test(character)) return String(digitValue(code));
  if (/\p{Cf}|\ufe0f/u.test(character)) return '';
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
