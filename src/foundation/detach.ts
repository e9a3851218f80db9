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
import { placeText, SHORTEST_SLICE, TextCopier, type Holder } from './text-copier.js';

/** A copy that shares no memory with larger things. */
export interface Detached<Value> {
  readonly value: Value;
  /** What the copy holds: the sizes of `byteSizeOf`, and the slices that its texts are. */
  readonly bytes: number;
}

type Visit = (member: unknown, holder: object, name: string | number) => void;

const MOST_SEARCHED = 32; // objects up to which a list is searched: with a Map, copying an evaluation takes 13 % longer
const MOST_ROOM = 1024; // objects for which the lists stay

/**
 * Copies plain data (objects, arrays, Map, Set, strings) so that nothing in the copy is part of something larger:
 * a string cut from a 1 MB text keeps the whole text alive, a small Buffer its 8 KB slab, an array that was
 * pushed to the room it may still grow into. Instances of other classes are kept as they are. Shared references
 * stay shared, cycles stay cycles. The copy is weighed on the way, as `byteSizeOf(copy, names)` would.
 */
export function detach<Value>(value: Value, names?: SharedNames): Detached<Value> {
  const copier = idle ?? new Copier();
  idle = undefined; // a getter of the value may detach something too, or throw and leave a copier in the middle of it
  const detached = copier.copy(value, names);
  idle = copier;
  return detached;
}

let idle: Copier | undefined;

/**
 * An object is copied when it is met, its members when its turn comes, so that depth costs no stack.
 *
 * Serves one value after the other: with lists made anew for each, the collector took twice as long.
 */
class Copier {
  readonly #copies = new Copies();
  readonly #texts = new TextCopier();
  readonly #visit: Visit = (member, holder, name) => this.#place(member, holder as Holder, name);
  #kept: object[] = []; // stand for themselves
  #refills: (() => void)[] = []; // of each Map and Set, once its members are there
  #bytes = 0; // of what has no members

  copy<Value>(value: Value, names: SharedNames | undefined): Detached<Value> {
    const root = [value];
    let bytes = 0;
    this.#visit(value, root, 0);
    for (let i = 0; i < this.#copies.count; i++) bytes += this.#copyMembers(i, names);
    this.#copies.clear();
    bytes += this.#texts.finish();
    if (this.#refills.length > 0) this.#refill();
    if (this.#kept.length > 0) bytes += this.#weighKept(names);
    bytes += this.#bytes;
    this.#bytes = 0;
    return { value: root[0]!, bytes };
  }

  /** Puts copies in the place of what the members of a copy refer to; answers how many bytes it holds itself. */
  #copyMembers(position: number, names: SharedNames | undefined): number {
    const copy = this.#copies.at(position);
    if (this.#copies.isOriginal(position) || ArrayBuffer.isView(copy)) {
      this.#kept.push(copy);
      return 0;
    }
    if (Array.isArray(copy)) return arrayByteSize(copy, this.#visit);
    if (copy instanceof Map) return this.#map(copy);
    if (copy instanceof Set) return this.#set(copy);
    return recordByteSize(copy as Holder, this.#visit, names);
  }

  #map(map: Map<unknown, unknown>): number {
    const entries = [...map].flat();
    map.clear();
    entries.forEach((member, i) => this.#visit(member, entries, i));
    this.#refills.push(() => {
      for (let i = 0; i < entries.length; i += 2) map.set(entries[i], entries[i + 1]);
    });
    return mapByteSize(entries.length / 2);
  }

  #set(set: Set<unknown>): number {
    const members = [...set];
    set.clear();
    members.forEach((member, i) => this.#visit(member, members, i));
    this.#refills.push(() => members.forEach((member) => set.add(member)));
    return setByteSize(members.length);
  }

  #refill(): void {
    for (const refill of this.#refills) refill();
    this.#refills = [];
  }

  #weighKept(names: SharedNames | undefined): number {
    const bytes = reachableByteSize(this.#kept, names);
    this.#kept = [];
    return bytes;
  }

  #place(member: unknown, holder: Holder, name: string | number): void {
    if (typeof member === 'string') {
      if (member.length < SHORTEST_SLICE) this.#bytes += stringByteSize(member);
      else this.#texts.add(member, holder, name);
    } else if (typeof member === 'object') {
      if (member !== null) placeText(this.#copies.of(member), holder, name);
    } else this.#bytes += primitiveByteSize(member);
  }
}

/** What stands for each object of a value. */
class Copies {
  #originals: (object | undefined)[] = [];
  #copies: (object | undefined)[] = [];
  #index: Map<object, object> | undefined; // of the two lists, when they are long
  count = 0;

  at(position: number): object {
    return this.#copies[position]!;
  }

  isOriginal(position: number): boolean {
    return this.#copies[position] === this.#originals[position];
  }

  /** The copy of an object: its first one. */
  of(value: object): object {
    const known = this.#known(value);
    if (known !== undefined) return known;
    const copy = shallowCopy(value);
    this.#originals[this.count] = value;
    this.#copies[this.count] = copy;
    this.#index?.set(value, copy);
    this.count++;
    return copy;
  }

  /** Lets go of the value; lists of the usual length stay, empty. */
  clear(): void {
    this.#originals = emptied(this.#originals, this.count);
    this.#copies = emptied(this.#copies, this.count);
    this.count = 0;
    this.#index = undefined;
  }

  #known(value: object): object | undefined {
    if (this.#index !== undefined) return this.#index.get(value);
    for (let i = 0; i < this.count; i++) if (this.#originals[i] === value) return this.#copies[i];
    if (this.count === MOST_SEARCHED)
      this.#index = new Map(
        this.#originals.slice(0, this.count).map((original, i) => [original!, this.#copies[i]!]),
      );
    return undefined;
  }
}

const emptied = <Item>(list: (Item | undefined)[], count: number): (Item | undefined)[] =>
  count > MOST_ROOM ? [] : list.fill(undefined, 0, count);

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
