import { parseDecimal, sameDecimal, type Decimal } from './decimal.js';

/**
 * A number of a JSON text that no JavaScript number holds as it was written: `12345678901234567890`, `1e400`,
 * `0.10000000000000001`. In JSON again it is a text.
 */
export class WrittenNumber {
  /** The number as it stood in the text. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }
}

/** How {@link parseJson} reads. */
export interface ParseJsonOptions {
  /**
   * What becomes of a number that no JavaScript number holds as it was written, given its text.
   * @default it is kept as a {@link WrittenNumber}
   */
  readonly inexact?: ((written: string) => unknown) | undefined;
  /** Whether `NaN`, `Infinity` and `-Infinity` are values. @default false */
  readonly nonFinite?: boolean | undefined;
  /** Whether a comma may stand before a closing bracket. @default false */
  readonly trailingCommas?: boolean | undefined;
  /** Whether raw line breaks and tabs may stand inside strings. @default false */
  readonly lineBreaks?: boolean | undefined;
  /** Told what had to be mended, once a kind. */
  readonly onMend?: ((what: JsonMend) => void) | undefined;
}

/** What strict JSON does not allow and an option does. */
export type JsonMend = 'non-finite number' | 'trailing comma' | 'raw line break';

/** Sixteen digits in a row, or an exponent of three: only such numbers can get lost in a JavaScript number. */
const MAY_BE_INEXACT = /[\d.]{16}|\d[eE][+-]?0*\d{3}/;

/**
 * `JSON.parse` that loses no digit: each number that JavaScript would round is given to `inexact`. Text without long
 * numbers costs one search more than `JSON.parse`. Not recursive.
 *
 * @throws SyntaxError in the words of `JSON.parse`.
 */
export function parseJson(text: string, options: ParseJsonOptions = {}): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return MAY_BE_INEXACT.test(text)
      ? new JsonReader(text, { allowed: {}, inexact: options.inexact }).read()
      : value;
  } catch (error) {
    if (!options.nonFinite && !options.trailingCommas && !options.lineBreaks) throw error;
    const mends = new Set<JsonMend>();
    let value: unknown;
    try {
      value = new JsonReader(text, {
        allowed: options,
        inexact: options.inexact,
        mended: (what) => mends.add(what),
      }).read();
    } catch {
      throw error; // the parser's own complaint says more than ours
    }
    for (const what of mends) options.onMend?.(what);
    return value;
  }
}

/** A value that stands within a text. */
export interface EmbeddedJson {
  readonly value: unknown;
  /** Where the value ends; of text that is no JSON, how far it was read. */
  readonly end: number;
  readonly found: boolean;
  readonly mended: readonly JsonMend[];
}

const MOST_LEVELS = 1_000;

/**
 * Reads the one JSON value that begins at a place, whatever comes after it: one of at most 1,000 levels. Reads no
 * further than it must.
 */
export function jsonAt(text: string, at: number, options: ParseJsonOptions = {}): EmbeddedJson {
  const mends = new Set<JsonMend>();
  const reader = new JsonReader(text, {
    allowed: options,
    inexact: options.inexact,
    mended: (what) => mends.add(what),
    at,
  });
  try {
    const value = reader.readValue(MOST_LEVELS);
    return { value, end: reader.at, found: true, mended: [...mends] };
  } catch {
    return { value: undefined, end: reader.at, found: false, mended: [] };
  }
}

/** Whether a JavaScript number is the number that was written: what it prints has the same decimal value. */
export function isExactNumber(written: string): boolean {
  if (written.length < 16 && !/e/i.test(written)) return true;
  const decimal = parseDecimal(written);
  return decimal !== undefined && sameDecimal(decimal, decimalOfNumber(Number(written)) ?? NOTHING);
}

/** The decimal that a JavaScript number prints as; `undefined` for NaN and the infinities. */
export const decimalOfNumber = (value: number): Decimal | undefined => parseDecimal(String(value));

const NOTHING: Decimal = { negative: false, digits: '', exponent: 0 };

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const NON_FINITE = /NaN|-?Infinity/y;
const LITERALS = { t: 'true', f: 'false', n: 'null' } as const;

interface OpenContainer {
  readonly value: unknown[] | Record<string, unknown>;
  readonly close: ']' | '}';
  key: string;
}

class JsonReader {
  readonly #text: string;
  readonly #allowed: ParseJsonOptions;
  readonly #inexact: (written: string) => unknown;
  readonly #mended: (what: JsonMend) => void;
  #at: number;

  constructor(
    text: string,
    {
      allowed,
      inexact = (written) => new WrittenNumber(written),
      mended = () => {},
      at = 0,
    }: {
      readonly allowed: ParseJsonOptions;
      readonly inexact?: ((written: string) => unknown) | undefined;
      readonly mended?: ((what: JsonMend) => void) | undefined;
      readonly at?: number | undefined;
    },
  ) {
    this.#at = at;
    this.#text = text;
    this.#allowed = allowed;
    this.#inexact = inexact;
    this.#mended = mended;
  }

  get at(): number {
    return this.#at;
  }

  read(): unknown {
    const value = this.readValue();
    if (this.#next() !== undefined) throw MALFORMED;
    return value;
  }

  /** One value, whatever follows it, of at most so many levels. */
  readValue(mostLevels = Number.POSITIVE_INFINITY): unknown {
    const open: OpenContainer[] = [];
    for (;;) {
      if (open.length > mostLevels) throw MALFORMED;
      let value = this.#opened(open);
      if (value === OPENED) continue;
      for (;;) {
        const inner = open.at(-1);
        if (inner === undefined) return value;
        addValue(inner, value);
        if (this.#goesOn(inner)) break;
        value = inner.value;
        open.pop();
      }
    }
  }

  /** A leaf or an empty container; `OPENED` after the beginning of one with members. */
  #opened(open: OpenContainer[]): unknown {
    const first = this.#next();
    if (first !== '{' && first !== '[') return this.#leaf(first);
    this.#at++;
    const value = first === '{' ? {} : [];
    const close = first === '{' ? '}' : ']';
    if (this.#next() === close) {
      this.#at++;
      return value;
    }
    open.push({ value, close, key: close === '}' ? this.#key() : '' });
    return OPENED;
  }

  /** After a member: whether another one follows. */
  #goesOn(inner: OpenContainer): boolean {
    let next = this.#next();
    if (next === ',') {
      this.#at++;
      next = this.#next();
      if (next !== inner.close || !this.#allowed.trailingCommas) {
        if (inner.close === '}') inner.key = this.#key();
        return true;
      }
      this.#mended('trailing comma');
    }
    if (next !== inner.close) throw MALFORMED;
    this.#at++;
    return false;
  }

  #key(): string {
    if (this.#next() !== '"') throw MALFORMED;
    const key = this.#string();
    if (this.#next() !== ':') throw MALFORMED;
    this.#at++;
    return key;
  }

  #leaf(first: string | undefined): unknown {
    if (first === '"') return this.#string();
    const literal = LITERALS[first as keyof typeof LITERALS];
    if (literal !== undefined && this.#text.startsWith(literal, this.#at)) {
      this.#at += literal.length;
      return JSON.parse(literal);
    }
    const written = this.#match(NUMBER);
    if (written !== undefined) return isExactNumber(written) ? Number(written) : this.#inexact(written);
    const nonFinite = this.#allowed.nonFinite ? this.#match(NON_FINITE) : undefined;
    if (nonFinite === undefined) throw MALFORMED;
    this.#mended('non-finite number');
    return Number(nonFinite);
  }

  #string(): string {
    const start = this.#at;
    let end = start + 1;
    let raw = false;
    for (; ; end++) {
      const code = this.#text.charCodeAt(end);
      if (code === QUOTE) break;
      if (code === BACKSLASH) end++;
      else if (code === LINE_FEED || code === CARRIAGE_RETURN || code === TAB) raw = true;
      else if (Number.isNaN(code)) {
        this.#at = end;
        throw MALFORMED;
      }
    }
    this.#at = end + 1;
    const written = this.#text.slice(start, end + 1);
    if (!raw) return JSON.parse(written) as string;
    if (!this.#allowed.lineBreaks) throw MALFORMED;
    this.#mended('raw line break');
    return JSON.parse(written.replace(/[\n\r\t]/g, (each) => ESCAPED[each]!)) as string;
  }

  /** The next character that is no white space; it is not passed. */
  #next(): string | undefined {
    for (;;) {
      const character = this.#text[this.#at];
      if (character !== ' ' && character !== '\n' && character !== '\r' && character !== '\t')
        return character;
      this.#at++;
    }
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}

// Made once: nobody sees it, and prose with many brackets would make thousands.
const MALFORMED = new SyntaxError('malformed JSON');

const OPENED = Symbol('opened');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const TAB = 0x09;
const ESCAPED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function addValue({ value: container, key }: OpenContainer, value: unknown): void {
  if (Array.isArray(container)) container.push(value);
  else if (key !== '__proto__') container[key] = value;
  // as JSON.parse: a member of that name, not another prototype
  else Object.defineProperty(container, key, { value, enumerable: true, configurable: true, writable: true });
}
