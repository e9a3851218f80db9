import type { RecordScanner } from './record-splitter.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const LINE_FEED = 0x0a;
const LONGEST_KEY = 1024;

/**
 * Where the scanner stands: before the first character; in JSON Lines; in an object, on the way to the array; in the
 * array; behind it.
 */
type Stage = 'start' | 'lines' | 'before' | 'elements' | 'after';

/** What a record is: `rest` at the end of a file that breaks off in the array, `nothing` around the array. */
export type RecordKind = 'line' | 'element' | 'rest' | 'nothing';

/**
 * Finds the records of JSON, whatever the size of the file: the lines of JSON Lines, the elements of a document that is
 * one array, or those of the array under `key` of a document that is one object.
 */
export class JsonScanner implements RecordScanner {
  readonly #key: string | undefined;
  #stage: Stage = 'start';
  #ended: RecordKind = 'line';
  #depth = 0;
  #inText = false;
  #escaped = false;
  #lines = 0;
  #taken = 1;
  #elements = 0;
  /** The text at depth 1 that is being read or was read last: a key, when a colon follows. */
  #text: number[] = [];
  #found = false;
  readonly #keys: string[] = [];
  #goesOn = false;

  /** `key`: the member that holds the array. */
  constructor(key: string | undefined) {
    this.#key = key;
  }

  /** What the record that was ended last is. */
  get ended(): RecordKind {
    return this.#ended;
  }

  /** Number of the element that was ended last, from 1. */
  get element(): number {
    return this.#elements;
  }

  /** Whether the array that was closed had no element, but for a blank one. */
  get isEmpty(): boolean {
    return this.#stage === 'after' && this.#elements === 1;
  }

  /** At the end of the file: what is missing of the document; `undefined` when nothing is. */
  get missing(): string | undefined {
    if (this.#stage === 'elements') return 'the array is not closed';
    if (this.#goesOn) return 'the document goes on after its array';
    if (this.#stage !== 'before') return undefined;
    const keys = this.#keys.map((key) => `\`${key}\``).join(', ');
    return `Expected a member \`${this.#key}\` with an array, the document has ${keys === '' ? 'no member' : keys}`;
  }

  scan(bytes: Buffer, from: number): number {
    if (this.#stage === 'start') this.#begin(bytes, from);
    if (this.#stage === 'lines') {
      this.#end('line', 1);
      return bytes.indexOf(LINE_FEED, from);
    }
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (byte === LINE_FEED) this.#lines++;
      if (this.#stage === 'after') {
        this.#goesOn ||= this.#key === undefined && !isSpace(byte);
        continue;
      }
      if (this.#inText) this.#readText(byte);
      else if (this.#closes(byte)) {
        this.#end(this.#stage === 'before' ? 'nothing' : 'element', this.#lines);
        if (this.#stage === 'before') this.#stage = 'elements';
        else if (byte === CLOSE_ARRAY) this.#stage = 'after';
        return at;
      }
    }
    // What stands around the array is not kept.
    if (from >= bytes.length) return -1;
    if (this.#stage === 'elements') {
      this.#ended = 'rest';
      return -1;
    }
    this.#end('nothing', this.#lines);
    return bytes.length - 1;
  }

  takeLines(): number {
    return this.#taken;
  }

  #begin(bytes: Buffer, from: number): void {
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (isSpace(byte)) continue;
      if (byte === OPEN_ARRAY && this.#key === undefined) this.#stage = 'before';
      else this.#stage = byte === OPEN_OBJECT && this.#key !== undefined ? 'before' : 'lines';
      return;
    }
  }

  #end(what: RecordKind, lines: number): void {
    this.#ended = what;
    this.#taken = lines;
    this.#lines = 0;
    if (what === 'element') this.#elements++;
  }

  #readText(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) {
      this.#inText = false;
      return;
    }
    if (this.#depth === 1 && this.#stage === 'before' && this.#text.length < LONGEST_KEY)
      this.#text.push(byte);
  }

  /** Whether a character outside of texts opens the array that is looked for, or ends an element of it. */
  #closes(byte: number): boolean {
    switch (byte) {
      case QUOTE:
        this.#inText = true;
        this.#text = [];
        return false;
      case COLON:
        if (this.#depth === 1) this.#noteKey();
        return false;
      case OPEN_ARRAY:
      case OPEN_OBJECT: {
        const wanted = this.#key === undefined ? this.#depth === 0 : this.#depth === 1 && this.#found;
        if (this.#stage === 'before' && byte === OPEN_ARRAY && wanted) {
          this.#depth = 0; // from here on the depth within an element
          return true;
        }
        this.#depth++;
        return false;
      }
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        if (this.#stage === 'elements' && this.#depth === 0) return byte === CLOSE_ARRAY;
        this.#depth--;
        return false;
      case COMMA:
        this.#found = false;
        return this.#stage === 'elements' && this.#depth === 0;
      default:
        return false;
    }
  }

  #noteKey(): void {
    let key: unknown;
    try {
      key = JSON.parse(`"${Buffer.from(this.#text).toString('utf8')}"`);
    } catch {
      return; // longer than any key that is looked for, or no JSON
    }
    this.#found = key === this.#key;
    if (this.#keys.length < 12) this.#keys.push(String(key));
  }
}

const isSpace = (byte: number): boolean =>
  byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === LINE_FEED;
