import { AssayError, messageOf } from '../errors.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';

/**
 * Results as one line of JSON each. A host's metadata may hold what JSON cannot (dates, NaN, bigint, maps):
 * such a result is written with tags (`{"$date":…}`) under the single key `$tagged`. Every other result, nearly
 * all of them, is plain JSON and pays only for the look.
 *
 * @throws AssayError `ASSAY_STORE_FAILED` for a result that contains itself.
 */
export function encodeResult(result: CaseResult): string {
  try {
    return isPlainResult(result) ? JSON.stringify(result) : JSON.stringify({ $tagged: toTagged(result, []) });
  } catch (error) {
    throw new AssayError(
      'ASSAY_STORE_FAILED',
      `The result of case ${JSON.stringify(result.caseId)} cannot be stored: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

/** The result that {@link encodeResult} wrote. */
export function decodeResult(line: string): CaseResult {
  return restoreResult(JSON.parse(line));
}

/** Same for a line that is parsed already. */
export function restoreResult(parsed: unknown): CaseResult {
  const tagged = (parsed as { $tagged?: unknown }).$tagged;
  return (tagged === undefined ? parsed : fromTagged(tagged)) as CaseResult;
}

/**
 * Whether `JSON.stringify` keeps everything in `result`. Only the members of open type are walked; of the
 * declared numbers those are looked at that come from a host's arithmetic.
 */
export function isPlainResult(result: CaseResult): boolean {
  const { evaluation, response, timings } = result;
  if (
    !isPlainNumber(result.startedAt) ||
    !isPlainNumber(timings.queuedMs) ||
    !isPlainNumber(timings.targetMs) ||
    !isPlainNumber(timings.evaluationMs) ||
    (timings.timeToFirstTokenMs !== null && !isPlainNumber(timings.timeToFirstTokenMs)) ||
    (result.cost !== null && !isPlainNumber(result.cost)) ||
    !isPlain(result.usage) ||
    (result.metadata !== undefined && !isPlain(result.metadata))
  )
    return false;
  if (evaluation !== undefined) {
    if (evaluation.overallScore !== null && !isPlainNumber(evaluation.overallScore)) return false;
    if (evaluation.metadata !== undefined && !isPlain(evaluation.metadata)) return false;
    for (const dimension of evaluation.dimensions) if (!isPlain(dimension)) return false;
  }
  if (response !== undefined) {
    if (response.toolCalls !== undefined && !isPlain(response.toolCalls)) return false;
    if (response.logprobs !== undefined && !isPlain(response.logprobs)) return false;
    if (response.raw !== undefined && !isPlain(response.raw)) return false;
  }
  return true;
}

const isPlainNumber = (value: number): boolean => Number.isFinite(value) && !Object.is(value, -0);

function isPlain(value: unknown, depth = 0): boolean {
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

function toTagged(value: unknown, within: readonly object[]): unknown {
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
  if (within.includes(value)) throw new TypeError('it contains itself');
  const path = [...within, value];
  const tag = (inner: unknown): unknown => toTagged(inner, path);
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

function fromTagged(value: unknown): unknown {
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
