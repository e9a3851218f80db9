import type { RecordScanner } from './record-splitter.js';

const QUOTE = 0x22;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

const LONE_CARRIAGE_RETURN =
  'a carriage return without a line feed, outside of quotes; lines must end with LF or CRLF';

type State = 'field-start' | 'unquoted' | 'quoted' | 'quote-in-quoted';

/** How fields are told apart. */
export interface CsvDialect {
  /** The byte between fields. */
  readonly delimiter: number;
  /** Whether fields may be quoted; if not, a quote is text. */
  readonly quoted: boolean;
}

/** One field of a record. */
export interface CsvField {
  readonly text: string;
  /** Whether it stood in quotes. */
  readonly quoted: boolean;
}

/** Finds the ends of CSV records (RFC 4180): a line feed within quotes belongs to the field. */
export class CsvScanner implements RecordScanner {
  readonly #dialect: CsvDialect;
  #state: State = 'field-start';
  #lines = 1;

  constructor(dialect: CsvDialect) {
    this.#dialect = dialect;
  }

  scan(bytes: Buffer, from: number): number {
    if (!this.#dialect.quoted) return bytes.indexOf(LINE_FEED, from);
    const { delimiter } = this.#dialect;
    let state = this.#state;
    for (let i = from; i < bytes.length; i++) {
      const byte = bytes[i]!;
      if (state === 'quoted') {
        if (byte === QUOTE) state = 'quote-in-quoted';
        else if (byte === LINE_FEED) this.#lines++;
      } else if (byte === LINE_FEED) {
        this.#state = 'field-start';
        return i;
      } else if (byte === delimiter) state = 'field-start';
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
export function parseCsvRecord(bytes: Buffer, { delimiter, quoted }: CsvDialect): CsvField[] | string {
  let length = bytes.length;
  while (length > 0 && bytes[length - 1] === CARRIAGE_RETURN) length--; // text mode on Windows writes CR CR LF
  const fields: CsvField[] = [];
  if (length === 0) return fields;
  let at = 0;
  for (;;) {
    if (quoted && at < length && bytes[at] === QUOTE) {
      const read = readQuoted(bytes, at + 1, length);
      if (read === undefined) return `the quote of field ${fields.length + 1} is never closed`;
      fields.push({ text: read.text, quoted: true });
      at = read.end;
      if (at < length && bytes[at] !== delimiter)
        return `text after the closing quote of field ${fields.length}`;
    } else {
      let end = at;
      while (end < length && bytes[end] !== delimiter) {
        if (bytes[end] === CARRIAGE_RETURN) return LONE_CARRIAGE_RETURN;
        end++;
      }
      fields.push({ text: bytes.toString('utf8', at, end), quoted: false });
      at = end;
    }
    if (at >= length) return fields;
    at++; // the delimiter; a record that ends with one has an empty last field
  }
}

const MANY_DELIMITERS = 4;

/**
 * Whether each line of a record would be a record of so many fields by itself: then a quote has most likely been left
 * open. Lines of text in a field hardly ever have the same number of commas as the columns, all of them; a few may by
 * chance, so that it takes several.
 */
export function looksLikeRecords(bytes: Buffer, fields: number, { delimiter }: CsvDialect): boolean {
  if (bytes.indexOf(LINE_FEED) === -1) return false;
  let lines = 0;
  for (let from = 0; from <= bytes.length; lines++) {
    const found = bytes.indexOf(LINE_FEED, from);
    const end = found === -1 ? bytes.length : found;
    let count = 1;
    for (let at = from; at < end; at++) if (bytes[at] === delimiter) count++;
    if (count !== fields) return false;
    from = end + 1;
  }
  return (fields - 1) * (lines - 1) >= MANY_DELIMITERS;
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
