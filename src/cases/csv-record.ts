import type { RecordScanner } from './record-splitter.js';

const QUOTE = 0x22;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

const LONE_CARRIAGE_RETURN =
  'a carriage return without a line feed, outside of quotes; lines must end with LF or CRLF';

type State = 'field-start' | 'unquoted' | 'quoted' | 'quote-in-quoted';

/** Finds the ends of CSV records (RFC 4180): a line feed within quotes belongs to the field. */
export class CsvScanner implements RecordScanner {
  readonly #delimiter: number;
  #state: State = 'field-start';
  #lines = 1;

  constructor(delimiter: number) {
    this.#delimiter = delimiter;
  }

  scan(bytes: Buffer, from: number): number {
    let state = this.#state;
    for (let i = from; i < bytes.length; i++) {
      const byte = bytes[i]!;
      if (state === 'quoted') {
        if (byte === QUOTE) state = 'quote-in-quoted';
        else if (byte === LINE_FEED) this.#lines++;
      } else if (byte === LINE_FEED) {
        this.#state = 'field-start';
        return i;
      } else if (byte === this.#delimiter) state = 'field-start';
      else if (byte === QUOTE && state !== 'unquoted') state = 'quoted';
      else state = 'unquoted';
    }
    this.#state = state;
    return -1;
  }

  takeLines(): number {
    const lines = this.#lines;
    this.#lines = 1;
    return lines;
  }
}

/**
 * The fields of one CSV record without its line feed, none for a blank line. A quote within an unquoted field stands
 * for itself.
 *
 * @returns the fields, or what is wrong with the record.
 */
export function parseCsvRecord(bytes: Buffer, delimiter: number): string[] | string {
  let length = bytes.length;
  while (length > 0 && bytes[length - 1] === CARRIAGE_RETURN) length--; // text mode on Windows writes CR CR LF
  const fields: string[] = [];
  if (length === 0) return fields;
  let at = 0;
  for (;;) {
    if (at < length && bytes[at] === QUOTE) {
      const read = readQuoted(bytes, at + 1, length);
      if (read === undefined) return `the quote of field ${fields.length + 1} is never closed`;
      fields.push(read.text);
      at = read.end;
      if (at < length && bytes[at] !== delimiter)
        return `text after the closing quote of field ${fields.length}`;
    } else {
      let end = at;
      while (end < length && bytes[end] !== delimiter) {
        if (bytes[end] === CARRIAGE_RETURN) return LONE_CARRIAGE_RETURN;
        end++;
      }
      fields.push(bytes.toString('utf8', at, end));
      at = end;
    }
    if (at >= length) return fields;
    at++; // the delimiter; a record that ends with one has an empty last field
  }
}

/** A quoted field from after its opening quote; `end` is behind the closing one. */
function readQuoted(
  bytes: Buffer,
  from: number,
  length: number,
): { readonly text: string; readonly end: number } | undefined {
  let text = '';
  let at = from;
  for (;;) {
    const quote = bytes.indexOf(QUOTE, at);
    if (quote === -1 || quote >= length) return undefined;
    if (bytes[quote + 1] !== QUOTE || quote + 1 >= length) {
      return { text: text + bytes.toString('utf8', at, quote), end: quote + 1 };
    }
    text += bytes.toString('utf8', at, quote + 1); // two quotes stand for one
    at = quote + 2;
  }
}
