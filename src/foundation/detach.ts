import { isOneByte } from './byte-size.js';

/** A copy that shares no memory with larger things, and what the copying costs beyond `byteSizeOf`. */
export interface Detached<Value> {
  readonly value: Value;
  /** Bytes of the slice objects that stand for short strings, and of characters that are wider than they need be. */
  readonly extraBytes: number;
}

const SHORTEST_SLICE = 13; // V8 copies what is shorter instead of pointing into the larger string
const SHORT = 256; // up to here a concatenation is much cheaper than a round trip through a Buffer
const SLICE_BYTES = 40;
const SCRATCH_BYTES = 65_536;

let scratch: Buffer | undefined;

/**
 * Copies plain data (objects, arrays, Map, Set, strings) so that nothing in the copy is part of something larger:
 * a string cut from a 1 MB text keeps the whole text alive, a small Buffer its 8 KB slab, an array that was
 * pushed to the room it may still grow into. Instances of other classes are kept as they are. Shared references
 * stay shared, cycles stay cycles.
 */
export function detach<Value>(value: Value): Detached<Value> {
  const copier = new Copier();
  const copy = copier.take(value) as Value;
  copier.finish();
  return { value: copy, extraBytes: copier.extraBytes };
}

class Copier {
  #slices = 0;
  #narrowCharacters = 0; // in slices
  #wide = false;
  readonly #pending: object[] = []; // copies whose members are still those of the original
  #copies: Map<object, object> | undefined;

  get extraBytes(): number {
    // Text cut from one with emoji keeps its two bytes a character, and nothing tells: beside wide text, reckon with it.
    return this.#slices * SLICE_BYTES + (this.#wide ? this.#narrowCharacters : 0);
  }

  /** What stands for `value` in the copy; its members are looked at later, so that depth costs no stack. */
  take(value: unknown): unknown {
    if (typeof value === 'string') return this.#string(value);
    if (typeof value !== 'object' || value === null) return value;
    const known = this.#copies?.get(value);
    if (known !== undefined) return known;
    const copy = shallowCopy(value);
    (this.#copies ??= new Map()).set(value, copy);
    if (copy !== value && !ArrayBuffer.isView(copy)) this.#pending.push(copy);
    return copy;
  }

  finish(): void {
    for (let next = this.#pending.pop(); next !== undefined; next = this.#pending.pop()) {
      if (Array.isArray(next)) this.#array(next);
      else if (next instanceof Map)
        this.#refill(next, [...next], (map, [key, member]) => map.set(this.take(key), this.take(member)));
      else if (next instanceof Set)
        this.#refill(next, [...next], (set, member) => set.add(this.take(member)));
      else this.#record(next as Record<string, unknown>);
    }
  }

  #array(array: unknown[]): void {
    for (let i = 0; i < array.length; i++) {
      const member = array[i];
      if (isTaken(member)) array[i] = this.take(member); // the test also keeps holes holes
    }
  }

  #record(record: Record<string, unknown>): void {
    for (const name of Object.keys(record)) {
      const member = record[name];
      if (isTaken(member)) record[name] = this.take(member);
    }
  }

  #refill<Collection extends { clear(): void }, Entry>(
    collection: Collection,
    entries: readonly Entry[],
    add: (collection: Collection, entry: Entry) => void,
  ): void {
    collection.clear();
    for (const entry of entries) add(collection, entry);
  }

  #string(value: string): string {
    const length = value.length;
    if (length < SHORTEST_SLICE) return value;
    const narrow = isOneByte(value);
    if (!narrow) this.#wide = true;
    if (length < SHORT || !narrow) {
      this.#slices++;
      if (narrow) this.#narrowCharacters += length;
      return ` ${value}`.slice(1); // flattens the concatenation: the slice's parent is one character longer
    }
    // Through Latin-1, which makes it narrow for sure.
    if (length > SCRATCH_BYTES) return Buffer.from(value, 'latin1').toString('latin1');
    scratch ??= Buffer.allocUnsafeSlow(SCRATCH_BYTES);
    return scratch.toString('latin1', 0, scratch.write(value, 0, 'latin1'));
  }
}

const isTaken = (member: unknown): boolean =>
  typeof member === 'string'
    ? member.length >= SHORTEST_SLICE
    : typeof member === 'object' && member !== null;

function shallowCopy(value: object): object {
  if (ArrayBuffer.isView(value)) return ownView(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return { ...value };
  if (prototype === Array.prototype) return (value as unknown[]).slice();
  if (prototype === Map.prototype) return new Map(value as Map<unknown, unknown>);
  if (prototype === Set.prototype) return new Set(value as Set<unknown>);
  if (prototype === null) return Object.assign(Object.create(null) as object, value);
  return value;
}

/** The view itself when it is all of its memory, else a copy over memory of its own. */
function ownView(view: ArrayBufferView): ArrayBufferView {
  if (view.byteLength === view.buffer.byteLength) return view;
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  if (Buffer.isBuffer(view)) {
    const copy = Buffer.allocUnsafeSlow(view.byteLength);
    copy.set(bytes);
    return copy;
  }
  const memory = bytes.slice().buffer;
  const constructor = view.constructor as new (buffer: ArrayBuffer) => ArrayBufferView;
  return new constructor(memory);
}
