const MOST_LEVELS = 1000; // far from the end of any stack, in every form that the value takes

/** Whether JSON keeps the number: NaN, the infinities and -0 it does not. */
export const isPlainNumber = (value: number): boolean => Number.isFinite(value) && !Object.is(value, -0);

/** Whether `JSON.stringify` keeps everything in a value. Costs a look at each member. */
export function isPlain(value: unknown, depth = 0): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return isPlainNumber(value);
    case 'object':
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (depth > 64) return false; // deep or cyclic: the slow path tells which
  if (Array.isArray(value)) {
    for (const item of value) if (!isPlain(item, depth + 1)) return false;
    return true;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  const record = value as Record<string, unknown>;
  for (const key in record) {
    const member = record[key];
    if (member !== undefined && !isPlain(member, depth + 1)) return false;
  }
  return true;
}

/**
 * The value with a tag (`{"$date":…}`) in the place of all that JSON cannot hold: dates, NaN, bigint, maps, bytes.
 *
 * @throws TypeError for a value that contains itself, RangeError for one of more than 1,000 levels; what its getters
 * and `toJSON` throw.
 */
export function toTagged(value: unknown): unknown {
  return tagged(value, new Set());
}

/** `within`: the values that the value stands in. */
function tagged(value: unknown, within: Set<object>): unknown {
  switch (typeof value) {
    case 'number':
      if (isPlainNumber(value)) return value;
      return { $number: Object.is(value, -0) ? '-0' : String(value) };
    case 'bigint':
      return { $bigint: String(value) };
    case 'undefined':
      return { $undefined: true };
    case 'object':
      break;
    default:
      return value; // functions and symbols vanish, as in JSON
  }
  if (value === null) return null;
  if (within.has(value)) throw new TypeError('it contains itself');
  if (within.size >= MOST_LEVELS) throw new RangeError(`it is nested deeper than ${MOST_LEVELS} levels`);
  within.add(value);
  try {
    return taggedObject(value, (inner) => tagged(inner, within));
  } finally {
    within.delete(value);
  }
}

function taggedObject(value: object, tag: (inner: unknown) => unknown): unknown {
  if (value instanceof Date) return { $date: value.getTime() };
  if (value instanceof Map) return { $map: Array.from(value, (pair) => pair.map(tag)) };
  if (value instanceof Set) return { $set: Array.from(value, tag) };
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return Array.from(value, tag);
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') {
    return tag((value as { toJSON(): unknown }).toJSON());
  }
  const members = Object.entries(value).filter(
    ([, member]) => member !== undefined && typeof member !== 'function' && typeof member !== 'symbol',
  );
  const written = members.map(([key, member]): [string, unknown] => [key, tag(member)]);
  // An object of the host's that looks like a tag is told apart by one more layer.
  return members.length === 1 && (members[0] as [string, unknown])[0].startsWith('$')
    ? { $object: written }
    : Object.fromEntries(written);
}

/** The value that {@link toTagged} wrote. */
export function fromTagged(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(fromTagged);
  const members = Object.entries(value);
  const [only] = members;
  if (members.length === 1 && only !== undefined && only[0].startsWith('$')) {
    const [tag, content] = only as [string, never];
    switch (tag) {
      case '$number':
        return Number(content);
      case '$bigint':
        return BigInt(content);
      case '$undefined':
        return undefined;
      case '$date':
        return new Date(content ?? Number.NaN); // JSON writes the time of an invalid date as null
      case '$map':
        return new Map((content as [unknown, unknown][]).map(([k, v]) => [fromTagged(k), fromTagged(v)]));
      case '$set':
        return new Set((content as unknown[]).map(fromTagged));
      case '$bytes':
        return new Uint8Array(Buffer.from(content, 'base64'));
      case '$object':
        return Object.fromEntries(
          (content as [string, unknown][]).map(([key, member]) => [key, fromTagged(member)]),
        );
    }
  }
  return Object.fromEntries(members.map(([key, member]) => [key, fromTagged(member)]));
}
