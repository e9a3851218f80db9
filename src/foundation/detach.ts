import {
  arrayByteSize,
  mapByteSize,
  primitiveByteSize,
  reachableByteSize,
  recordByteSize,
  setByteSize,
  stringByteSize,
  type SharedNames,
} from './byte-size.js';
import { SHORTEST_SLICE, TextCopier } from './text-copier.js';

/** A copy that shares no memory with larger things. */
export interface Detached<Value> {
  readonly value: Value;
  /** What the copy holds: the sizes of `byteSizeOf`, and the slices that its texts are. */
  readonly bytes: number;
}

type Holder = Record<string | number, unknown>;
type Visit = (member: unknown, holder: object, name: string | number) => void;

const MOST_SEARCHED = 32; // objects up to which a list is searched: with a Map, copying an evaluation takes 13 % longer

/**
 * Copies plain data (objects, arrays, Map, Set, strings) so that nothing in the copy is part of something larger:
 * a string cut from a 1 MB text keeps the whole text alive, a small Buffer its 8 KB slab, an array that was
 * pushed to the room it may still grow into. Instances of other classes are kept as they are. Shared references
 * stay shared, cycles stay cycles. The copy is weighed on the way, as `byteSizeOf(copy, names)` would.
 */
export function detach<Value>(value: Value, names?: SharedNames): Detached<Value> {
  const root = [value];
  const bytes = new Copier().copyMembers(root, names);
  return { value: root[0]!, bytes };
}

/** An object is copied when it is met, its members when its turn comes, so that depth costs no stack. */
class Copier {
  readonly #originals: object[] = [];
  readonly #copies: object[] = []; // what stands for each of them
  readonly #texts = new TextCopier();
  readonly #refills: (() => void)[] = []; // of each Map and Set, once its members are there
  #index: Map<object, object> | undefined; // of the two lists, when they are long
  #bytes = 0; // of what has no members

  /** Puts copies in the place of what the root refers to; answers how many bytes they hold. */
  copyMembers(root: unknown[], names: SharedNames | undefined): number {
    const visit: Visit = (member, holder, name) => this.#place(member, holder as Holder, name);
    const kept: object[] = [];
    let bytes = 0;
    visit(root[0], root, 0);
    for (let i = 0; i < this.#copies.length; i++) {
      const copy = this.#copies[i]!;
      if (copy === this.#originals[i] || ArrayBuffer.isView(copy)) kept.push(copy);
      else if (Array.isArray(copy)) bytes += arrayByteSize(copy, visit);
      else if (copy instanceof Map) bytes += this.#map(copy, visit);
      else if (copy instanceof Set) bytes += this.#set(copy, visit);
      else bytes += recordByteSize(copy as Holder, visit, names);
    }
    bytes += this.#texts.finish();
    for (const refill of this.#refills) refill();
    if (kept.length > 0) bytes += reachableByteSize(kept, names);
    return bytes + this.#bytes;
  }

  #map(map: Map<unknown, unknown>, visit: Visit): number {
    const entries = [...map].flat();
    map.clear();
    entries.forEach((member, i) => visit(member, entries, i));
    this.#refills.push(() => {
      for (let i = 0; i < entries.length; i += 2) map.set(entries[i], entries[i + 1]);
    });
    return mapByteSize(entries.length / 2);
  }

  #set(set: Set<unknown>, visit: Visit): number {
    const members = [...set];
    set.clear();
    members.forEach((member, i) => visit(member, members, i));
    this.#refills.push(() => members.forEach((member) => set.add(member)));
    return setByteSize(members.length);
  }

  #place(member: unknown, holder: Holder, name: string | number): void {
    if (typeof member === 'string') {
      if (member.length < SHORTEST_SLICE) this.#bytes += stringByteSize(member);
      else this.#texts.add(member, holder, name);
    } else if (typeof member === 'object') {
      if (member !== null) holder[name] = this.#take(member);
    } else this.#bytes += primitiveByteSize(member);
  }

  #take(value: object): object {
    const known = this.#known(value);
    if (known !== undefined) return known;
    const copy = shallowCopy(value);
    this.#originals.push(value);
    this.#copies.push(copy);
    this.#index?.set(value, copy);
    return copy;
  }

  #known(value: object): object | undefined {
    if (this.#index !== undefined) return this.#index.get(value);
    const position = this.#originals.indexOf(value);
    if (position >= 0) return this.#copies[position];
    if (this.#originals.length === MOST_SEARCHED)
      this.#index = new Map(this.#originals.map((original, i) => [original, this.#copies[i]!]));
    return undefined;
  }
}

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
