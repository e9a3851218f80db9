import { isOneByte, stringByteSize } from './byte-size.js';

interface Place {
  readonly text: string;
  readonly holder: Record<string | number, unknown>;
  readonly name: string | number;
}

/** V8 copies what is shorter instead of pointing into the larger string. */
export const SHORTEST_SLICE = 13;
const SLICE_BYTES = 40;
const MOST_GATHERED = 4096; // characters that a member can keep alive when the rest of its value is gone
const SCRATCH_BYTES = 65_536;

let scratch: Buffer | undefined;

/**
 * Copies texts into memory of their own: many together into one string, of which each becomes a slice. One by one,
 * copying an evaluation with 18 texts takes 13 % longer and the copy holds 11 % more.
 */
export class TextCopier {
  #places: Place[] = [];
  #length = 0;
  #bytes = 0;

  /** From `finish` on, `holder[name]` is a copy of the text. */
  add(text: string, holder: Place['holder'], name: string | number): void {
    if (this.#length + text.length > MOST_GATHERED) this.#copy();
    this.#places.push({ text, holder, name });
    this.#length += text.length;
  }

  /** Puts the last copies in place; answers how many bytes all of them hold. */
  finish(): number {
    this.#copy();
    return this.#bytes;
  }

  #copy(): void {
    if (this.#places.length === 0) return;
    const all = join(this.#places);
    if (isOneByte(all)) this.#cut(this.#places, all, 'latin1');
    else {
      // One emoji must not make the others' ASCII wide.
      const narrow = this.#places.filter(({ text }) => isOneByte(text));
      const wide = this.#places.filter(({ text }) => !isOneByte(text));
      this.#cut(narrow, join(narrow), 'latin1');
      this.#cut(wide, join(wide), 'utf16le');
    }
    this.#places = [];
    this.#length = 0;
  }

  #cut(places: readonly Place[], joined: string, encoding: 'latin1' | 'utf16le'): void {
    const own = throughBytes(joined, encoding);
    this.#bytes += stringByteSize(own);
    if (places.length > 1) this.#bytes += SLICE_BYTES * places.length;
    let start = 0;
    for (const { text, holder, name } of places) {
      const end = start + text.length;
      holder[name] = own.slice(start, end);
      start = end;
    }
  }
}

const join = (places: readonly Place[]): string => places.reduce((all, { text }) => all + text, '');

/** A string that is no part of another, with as many bytes a character as said: what is cut from wide text stays wide. */
function throughBytes(text: string, encoding: 'latin1' | 'utf16le'): string {
  if (text.length * 2 > SCRATCH_BYTES) return Buffer.from(text, encoding).toString(encoding);
  scratch ??= Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  return scratch.toString(encoding, 0, scratch.write(text, 0, encoding));
}
