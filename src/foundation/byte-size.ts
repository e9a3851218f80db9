/**
 * What a value costs on V8's heap (64-bit, without pointer compression), in bytes. Sizes are those of V8's object
 * layouts, checked against `process.memoryUsage()` in `test/cache/memory-bounded-cache-heap.test.ts`.
 */

const WORD = 8;
const STRING_HEADER = 16;
const HEAP_NUMBER = 16;
const OBJECT_HEADER = 24; // hidden class, property store, elements
const ARRAY_HEADER = 48; // object with its length, header of the elements
const PROPERTY_STORE = 16;
const OWN_NAME = 104; // of a property whose name no other object has: its part of a hidden class or dictionary
const DICTIONARY_FROM = 128; // properties above which an object is taken to have names of its own
const MOST_SHARED_NAMES = 1024;
const MAP_HEADER = 72;
const MAP_ENTRY = 28; // key, value, chain, and half a bucket
const SET_ENTRY = 20;
const DATE = 96;
const REGEXP = 320; // with its compiled form
const VIEW = 104; // the typed array
const ARRAY_BUFFER = 192; // the buffer with its accounts outside of the heap
const CLOSURE = 64;
const NOT_ONE_BYTE = /[\u0100-\uffff]/;
const { hasOwnProperty } = Object.prototype;

/** Bytes of a string: one a character when all are Latin-1, else two. */
export function stringByteSize(value: string): number {
  const length = value.length;
  if (length === 0) return 0;
  return roundUp(STRING_HEADER + (isOneByte(value) ? length : length * 2));
}

/** Whether V8 can hold the string with one byte a character. */
export function isOneByte(value: string): boolean {
  return !NOT_ONE_BYTE.test(value);
}

/**
 * Remembers which names of properties were met before. Names that many objects share cost next to nothing, names
 * that only one object has (ids used as keys) over 130 bytes each.
 */
export class SharedNames {
  readonly #names = new Set<string>();
  readonly #latest: string[] = []; // by position: spares most look-ups, since objects of one shape come in rows

  /** Whether the name was met before; from now on it was. `position` is its place among the names of its object. */
  meet(name: string, position: number): boolean {
    if (this.#latest[position] === name) return true;
    if (position < DICTIONARY_FROM) this.#latest[position] = name;
    if (this.#names.has(name)) return true;
    if (this.#names.size >= MOST_SHARED_NAMES) this.#names.clear(); // ids never come back, names of members do
    this.#names.add(name);
    return false;
  }
}

/** Is given each member of an object, and where it stands. */
type Visit<Holder> = (member: unknown, holder: Holder, name: string | number) => void;

/**
 * Estimates how many bytes of memory a value holds: strings at one or two bytes a character, objects and arrays
 * with what they contain, Map, Set, Date, RegExp, Error, and Buffers and typed arrays with their memory outside of
 * the heap. Something referred to twice counts once; cycles are fine.
 *
 * What it cannot see: private fields and closures, what a slice pins (a string cut from a larger one keeps the
 * larger one alive), and names of properties of small objects, which V8 shares between objects of one shape.
 * A `MemoryBoundedCache` copies what it stores, so that slices pin nothing there, and counts names.
 */
export function byteSizeOf(value: unknown): number;
/** With `names`, names of properties that were not met before are counted too. @internal */
export function byteSizeOf(value: unknown, names: SharedNames | undefined): number;
export function byteSizeOf(value: unknown, names?: SharedNames): number {
  if (typeof value !== 'object' || value === null) return primitiveByteSize(value);
  return reachableByteSize([value], names);
}

/** Bytes of the objects and all they refer to; what is met twice counts once. */
export function reachableByteSize(roots: readonly object[], names?: SharedNames): number {
  const pending = [...roots];
  const seen = new Set<object>(pending);
  let bytes = 0;
  const visit = (member: unknown): void => {
    if (typeof member !== 'object') bytes += primitiveByteSize(member);
    else if (member !== null && !seen.has(member)) {
      seen.add(member);
      pending.push(member);
    }
  };
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const own = ownByteSize(next, visit, names); // first, since `visit` adds to `bytes` meanwhile
    bytes += own;
  }
  return bytes;
}

/** Bytes of what is neither an object nor null. */
export function primitiveByteSize(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return stringByteSize(value);
    case 'number':
      return (value | 0) === value ? 0 : HEAP_NUMBER; // small integers live in the slot itself
    case 'bigint':
      return roundUp(2 * WORD + Math.ceil(value.toString(16).length / 2));
    case 'function':
      return CLOSURE;
    default:
      return 0;
  }
}

/** The object without what it refers to; each reference goes to `visit`. */
function ownByteSize(
  value: object,
  visit: (member: unknown) => void,
  names: SharedNames | undefined,
): number {
  if (Array.isArray(value)) return arrayByteSize(value, visit);
  if (ArrayBuffer.isView(value)) {
    visit(value.buffer);
    return VIEW;
  }
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer)
    return ARRAY_BUFFER + value.byteLength;
  if (value instanceof Map) {
    for (const [key, member] of value) {
      visit(key);
      visit(member);
    }
    return mapByteSize(value.size);
  }
  if (value instanceof Set) {
    for (const member of value) visit(member);
    return setByteSize(value.size);
  }
  if (value instanceof Date) return DATE;
  if (value instanceof RegExp) return REGEXP + stringByteSize(value.source);
  if (value instanceof Error) {
    visit(value.message);
    visit(value.stack);
    visit(value.cause);
  }
  return recordByteSize(value as Readonly<Record<string, unknown>>, visit, names);
}

/** Bytes of an array without what it refers to; that goes to `visit`. */
export function arrayByteSize(array: readonly unknown[], visit: Visit<readonly unknown[]>): number {
  // An array of numbers only holds them unboxed: no heap number for any of them.
  if (!array.every((member) => typeof member === 'number'))
    for (let i = 0; i < array.length; i++) visit(array[i], array, i);
  return ARRAY_HEADER + WORD * array.length;
}

/** Bytes of a Map without its keys and members. */
export function mapByteSize(size: number): number {
  return MAP_HEADER + MAP_ENTRY * tableCapacity(size);
}

/** Bytes of a Set without its members. */
export function setByteSize(size: number): number {
  return MAP_HEADER + SET_ENTRY * tableCapacity(size);
}

/** Bytes of an object without what it refers to; that goes to `visit`. */
export function recordByteSize(
  record: Readonly<Record<string, unknown>>,
  visit: Visit<Readonly<Record<string, unknown>>>,
  shared: SharedNames | undefined,
): number {
  let count = 0;
  let ownNames = 0;
  // Not Object.keys: V8 reads members by their position in such a loop, which saves 17 % of the copy of an evaluation.
  for (const name in record) {
    if (!hasOwnProperty.call(record, name)) continue; // Object.hasOwn is not optimised here: 7 %
    visit(record[name], record, name);
    if (shared?.meet(name, count) === false) ownNames += ownNameByteSize(name);
    count++;
  }
  if (count > DICTIONARY_FROM)
    ownNames = Object.keys(record).reduce((bytes, name) => bytes + ownNameByteSize(name), 0);
  return OBJECT_HEADER + PROPERTY_STORE + WORD * count + ownNames;
}

function ownNameByteSize(name: string): number {
  return OWN_NAME + stringByteSize(name);
}

/** V8's hash tables hold a power of two of entries, at least four. */
function tableCapacity(size: number): number {
  return size <= 4 ? 4 : 2 ** Math.ceil(Math.log2(size));
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / WORD) * WORD;
}
