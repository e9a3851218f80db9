import { parseDecimal, withinDistance, sameDecimal, type Decimal } from '../../foundation/decimal.js';
import { WrittenNumber } from '../../foundation/lossless-json.js';

/** One place where two JSON values differ. */
export interface JsonDifference {
  /** JSON Pointer (RFC 6901); `` is the whole value. */
  readonly path: string;
  readonly kind: 'missing' | 'unexpected' | 'different';
}

/** What comparing two JSON values found. */
export interface JsonComparison {
  /** Leaves that agree. */
  readonly same: number;
  /** Leaves that either side has. An empty object or array is a leaf. */
  readonly total: number;
  readonly differences: readonly JsonDifference[];
}

/** How two JSON values are compared. */
export interface JsonComparisonOptions {
  /** Whether members that only the answer has are ignored. */
  readonly ignoreExtra: boolean;
  /** Largest difference between numbers that counts as equal. */
  readonly numberTolerance: number;
  /** Differences beyond this many are counted but not listed. */
  readonly listAtMost: number;
}

/**
 * Compares two JSON values leaf by leaf, with types: 1 and "1" differ, so do true and false, null and a missing
 * member; numbers by the digits that were written; the order of members does not matter, that of array elements does. An expected member that is `undefined`
 * counts as missing, as in JSON.
 */
export function compareJson(
  actual: unknown,
  expected: unknown,
  options: JsonComparisonOptions,
): JsonComparison {
  let same = 0;
  let total = 0;
  const differences: JsonDifference[] = [];
  const differ = (path: string, kind: JsonDifference['kind'], leaves: number): void => {
    total += leaves;
    if (differences.length < options.listAtMost) differences.push({ path, kind });
  };
  // Without recursion, in the order of a reader: an answer may be nested deeper than the stack.
  const open: Pair[] = [{ left: actual, right: expected, path: '' }];
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const { left, right, path } = pair;
    if (pair.only !== undefined) {
      differ(path, pair.only, leafCount(pair.only === 'missing' ? right : left));
      continue;
    }
    const inner = isContainer(left) && isContainer(right) && Array.isArray(left) === Array.isArray(right);
    if (!inner || (isEmpty(left) && isEmpty(right))) {
      if (inner || sameLeaf(left, right, options.numberTolerance)) {
        same++;
        total++;
      } else differ(path, 'different', Math.max(leafCount(left), leafCount(right)));
      continue;
    }
    const a = left as Readonly<Record<string, unknown>>;
    const b = right as Readonly<Record<string, unknown>>;
    const members: Pair[] = [];
    for (const key of Object.keys(b)) {
      if (b[key] === undefined) continue; // no member, as in JSON
      const place = `${path}/${escapePointer(key)}`;
      const both = Object.hasOwn(a, key);
      members.push({ left: a[key], right: b[key], path: place, ...(both ? {} : { only: 'missing' }) });
    }
    for (const key of Object.keys(a)) {
      if ((Object.hasOwn(b, key) && b[key] !== undefined) || (options.ignoreExtra && !Array.isArray(left)))
        continue;
      const place = `${path}/${escapePointer(key)}`;
      members.push({ left: a[key], right: undefined, path: place, only: 'unexpected' });
    }
    for (let at = members.length - 1; at >= 0; at--) open.push(members[at]!);
  }
  return { same, total, differences };
}

/** Two values to compare, or one that only one side has. */
interface Pair {
  readonly left: unknown;
  readonly right: unknown;
  readonly path: string;
  readonly only?: 'missing' | 'unexpected';
}

const isContainer = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !(value instanceof WrittenNumber);

const isEmpty = (value: object): boolean => Object.keys(value).length === 0;

const escapePointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

/** Numbers are compared as they were written: by their decimal value, of which JavaScript may not hold every digit. */
function sameLeaf(left: unknown, right: unknown, tolerance: number): boolean {
  if (left === right) return true;
  if (!isNumber(left) || !isNumber(right)) return false;
  if (Number.isNaN(left) && Number.isNaN(right)) return true;
  const plain = typeof left === 'number' && typeof right === 'number';
  if (plain && tolerance === 0) return false;
  const [a, b] = [decimalOf(left), decimalOf(right)];
  if (a === undefined || b === undefined) return !plain && String(left) === String(right);
  return sameDecimal(a, b) || withinDistance(a, b, decimalOf(tolerance)!);
}

const isNumber = (value: unknown): value is number | bigint | WrittenNumber =>
  typeof value === 'number' || typeof value === 'bigint' || value instanceof WrittenNumber;

/** `undefined` for NaN, the infinities, and exponents of more than 15 digits. */
const decimalOf = (value: number | bigint | WrittenNumber): Decimal | undefined =>
  parseDecimal(String(value));

/** Without recursion: an answer may be nested deeper than the stack. */
function leafCount(value: unknown): number {
  const open = [value];
  let leaves = 0;
  while (open.length > 0) {
    const next = open.pop();
    if (!isContainer(next) || isEmpty(next)) leaves++;
    else for (const member of Object.values(next)) open.push(member);
  }
  return leaves;
}
