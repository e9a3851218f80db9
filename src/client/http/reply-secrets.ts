import { isDistinctive, isName } from '../../foundation/key-like.js';
import { escapedUnits, fold, secretForms } from './secret-forms.js';

const PIECE = 12;
const SHORTEST = 8;

/** What stands in the place of a secret. */
export const REDACTED = '[redacted]';

/** A form of a secret, and what of its beginning is enough to know it by: servers cut keys off. */
export interface ReplyForm {
  readonly text: string;
  readonly piece: string;
}

/**
 * What a reply may hold of a secret; nothing of one that is not {@link isDistinctive}. The first twelve characters are
 * enough, or so many that they are no name: `sk-ant-api03-` stands in answers about keys.
 */
export function replyForms(secret: string): readonly ReplyForm[] {
  if (!isDistinctive(secret)) return [];
  const units = [...secret];
  let length = PIECE; // whole groups of Base64
  while (length < units.length && isName(units.slice(0, length).join(''))) length += 3;
  const pieces = formsOf(units.slice(0, length).join(''));
  return formsOf(secret)
    .filter((text) => text.length >= SHORTEST)
    .map((text) => ({ text, piece: pieces.find((piece) => text.startsWith(piece)) ?? text }));
}

function formsOf(secret: string): readonly string[] {
  const escaped = escapedUnits(secret);
  return [...secretForms(secret), escaped, escaped.replaceAll('\\', '\\\\')]; // also in the arguments of a tool call
}

/** Finds secrets in the replies of an endpoint, in whatever letters. */
export class ReplySecrets {
  /** The forms in which a secret may stand. */
  readonly forms: readonly ReplyForm[];
  readonly #pieces: RegExp;
  readonly #search: SkipSearch | undefined;

  constructor(forms: readonly ReplyForm[]) {
    this.forms = forms;
    const pieces = [...new Set(forms.map(({ piece }) => piece))];
    this.#pieces = new RegExp(pieces.map((piece) => piece.replace(/\W/g, '\\$&')).join('|') || '(?!)', 'gi');
    this.#search = pieces.some((piece) => NOT_ASCII.test(piece)) ? undefined : new SkipSearch(pieces);
  }

  /** Whether the JSON text of a reply may hold a secret; `false` is certain. */
  mayHold(json: string): boolean {
    if (this.forms.length === 0) return false;
    return this.#stand(json) || json.includes('\\u00') || json.includes('\\/');
  }

  /** A text with every secret replaced. */
  clear(text: string): string {
    return hidden(text, this.find(text));
  }

  /** Where secrets stand in a text, in order. */
  find(text: string): readonly Place[] {
    if (!this.#stand(text)) return NOWHERE;
    const places: Place[] = [];
    this.#pieces.lastIndex = 0;
    for (let found; (found = this.#pieces.exec(text)) !== null;) {
      this.#pieces.lastIndex = this.#end(text, found.index);
      places.push([found.index, this.#pieces.lastIndex]);
    }
    return places;
  }

  #stand(text: string): boolean {
    if (this.#search?.mayFind(text) === false) return false;
    this.#pieces.lastIndex = 0;
    return this.#pieces.test(text);
  }

  /** As far as the longest form goes on. */
  #end(text: string, start: number): number {
    let end = start;
    for (const form of this.forms) {
      let at = start;
      while (at < text.length && fold(text.charAt(at)) === form.text.charAt(at - start)) at++;
      end = Math.max(end, at);
    }
    return end;
  }
}

const NOT_ASCII = /[^\0-\x7f]/;

/**
 * Says of nearly every text that none of some others stands in it, in a quarter of the time of a pattern with all of them:
 * looks at three characters, and skips what cannot be the rest of one (Wu and Manber, 1994). Letters of both cases are
 * the same.
 */
class SkipSearch {
  readonly #window: number;
  readonly #skips: Uint8Array;

  /** `texts`: of ASCII, each of three characters or more. */
  constructor(texts: readonly string[]) {
    this.#window = Math.min(255, ...texts.map(({ length }) => length));
    const last = this.#window - GROUP;
    this.#skips = new Uint8Array(1 << (GROUP * 5)).fill(last + 1);
    for (const text of texts) {
      for (let at = 0; at <= last; at++) {
        const group = groupAt(text, at);
        this.#skips[group] = Math.min(this.#skips[group]!, last - at);
      }
    }
  }

  /** Whether one of them may stand in a text; `false` is certain. */
  mayFind(text: string): boolean {
    const end = text.length - GROUP;
    for (let at = this.#window - GROUP; at <= end;) {
      const skip = this.#skips[groupAt(text, at)]!;
      if (skip === 0) return true;
      at += skip;
    }
    return false;
  }
}

const GROUP = 3;

/** A number for three characters, the same for both cases of a letter. */
const groupAt = (text: string, at: number): number =>
  ((text.charCodeAt(at) & 31) << 10) | ((text.charCodeAt(at + 1) & 31) << 5) | (text.charCodeAt(at + 2) & 31);

const NOWHERE: readonly Place[] = [];

/** From the first character to the one behind the last. */
export type Place = readonly [start: number, end: number];

/** A text with something else in these places. */
export function hidden(text: string, places: readonly Place[]): string {
  let shown = '';
  let from = 0;
  for (const [start, end] of places) {
    shown += text.slice(from, start) + REDACTED;
    from = end;
  }
  return from === 0 ? text : shown + text.slice(from);
}
