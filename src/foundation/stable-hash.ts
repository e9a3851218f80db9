import { sha256 } from './sha256.js';

/**
 * JSON with sorted keys, so that equal values give equal text whatever the order of their keys. `undefined`
 * members are left out, as in JSON; numbers that JSON cannot hold, bigint and dates are spelled out so that
 * different values never collide.
 *
 * @throws TypeError for a value with a cycle (as JSON does) or a function or symbol inside.
 */
export function stableStringify(value: unknown): string {
  return write(value, new Set());
}

/** SHA-256 of {@link stableStringify}, as 64 hex digits. */
export function stableHash(value: unknown): string {
  return sha256(stableStringify(value));
}

function write(value: unknown, path: Set<object>): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'number':
      return Number.isFinite(value) ? JSON.stringify(value) : `{"$number":"${value}"}`;
    case 'bigint':
      return `{"$bigint":"${value}"}`;
    case 'undefined':
      return 'null';
    case 'object':
      break;
    default:
      throw new TypeError(`Expected plain data, got a ${typeof value}`);
  }
  if (value === null) return 'null';
  if (path.has(value)) throw new TypeError('Expected plain data, got a value that contains itself');
  path.add(value);
  let out: string;
  if (value instanceof Date) out = `{"$date":${JSON.stringify(value.getTime())}}`;
  else if (value instanceof RegExp) out = `{"$regexp":${JSON.stringify(String(value))}}`;
  else if (ArrayBuffer.isView(value)) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    out = `{"$bytes":"${bytes.toString('base64')}"}`;
  } else if (value instanceof Map) out = `{"$map":${write([...value], path)}}`;
  else if (value instanceof Set) out = `{"$set":${write([...value], path)}}`;
  else if (Array.isArray(value)) out = `[${value.map((item) => write(item, path)).join(',')}]`;
  else if (typeof (value as { toJSON?: unknown }).toJSON === 'function') {
    out = write((value as { toJSON(): unknown }).toJSON(), path);
  } else {
    const record = value as Record<string, unknown>;
    const members: string[] = [];
    for (const key of Object.keys(record).sort()) {
      if (record[key] !== undefined) members.push(`${JSON.stringify(key)}:${write(record[key], path)}`);
    }
    out = `{${members.join(',')}}`;
    if (members.length === 1 && out.startsWith('{"$')) out = `{"$object":${out}}`; // it looks like a tag, and is none
  }
  path.delete(value);
  return out;
}
