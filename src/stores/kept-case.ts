import { AssayError, messageOf } from '../errors.js';
import { nodeCrypto } from '../foundation/late-modules.js';
import { fromTagged, isPlain, isPlainNumber, toTagged } from '../foundation/tagged-json.js';

/** What a test case is made of, without its id: what its hash covers, and what `withCase` gives back. */
export interface CaseContent {
  /** What the target got. */
  readonly input: unknown;
  /** What scorers compared with; absent when there was nothing. */
  readonly expected?: unknown;
  /** Whatever else the case carried; absent when it carried nothing. */
  readonly metadata?: unknown;
  /** Its group; absent when it had none. */
  readonly group?: string;
  /** Its cluster; absent when it had none. */
  readonly cluster?: string;
}

/** A case as a store keeps it. */
export interface KeptCase {
  /** {@link CaseContent}'s hash: the first 132 bits of the SHA-256 of `text`, as 22 characters of base64url. */
  readonly hash: string;
  /** The content as JSON with sorted keys; what JSON cannot hold is tagged, as in results. */
  readonly text: string;
}

/** Length of a {@link KeptCase.hash}. */
export const CASE_HASH_LENGTH = 22;

/** What {@link keepCase} takes: a {@link CaseContent} in which members may be `undefined`. */
export type CaseParts = { readonly [Name in keyof CaseContent]: CaseContent[Name] | undefined };

/**
 * The stored form of a case. Equal contents give equal texts and hashes, whatever the order of their keys.
 *
 * @throws AssayError `ASSAY_INVALID_CASE` for a case that no text can hold: it contains itself, or throws when it is read.
 */
export function keepCase(content: CaseParts): KeptCase {
  const { input, expected, metadata, group, cluster } = content;
  try {
    const known = { cluster, expected, group, input, metadata };
    const sorted = inOrder(known, 0);
    const text =
      sorted === NOT_PLAIN
        ? sortedJson(isPlainContent(known) ? known : { $tagged: toTagged(known) })
        : JSON.stringify(sorted);
    return { hash: hashOf(text), text };
  } catch (error) {
    throw new AssayError('ASSAY_INVALID_CASE', `The case cannot be kept: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** The content that {@link keepCase} wrote. */
export function readCase(text: string): CaseContent {
  return restoreCase(JSON.parse(text));
}

/** Same for a text that is parsed already. */
export function restoreCase(parsed: unknown): CaseContent {
  const { $tagged: tagged } = parsed as { readonly $tagged?: unknown };
  return (tagged === undefined ? parsed : fromTagged(tagged)) as CaseContent;
}

const isPlainContent = ({ input, expected, metadata }: CaseParts): boolean =>
  isPlain(input) &&
  (expected === undefined || isPlain(expected)) &&
  (metadata === undefined || isPlain(metadata));

const NOT_PLAIN = Symbol();
const DEEPEST = 64;

/**
 * Plain data with its keys in order, itself where they are, so that `JSON.stringify` writes what {@link sortedJson}
 * does. {@link NOT_PLAIN} for what needs more, and for keys that an object puts in an order of its own.
 */
function inOrder(value: unknown, depth: number): unknown {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'number') return isPlainNumber(value) ? value : NOT_PLAIN;
  if (typeof value !== 'object' || depth > DEEPEST) return NOT_PLAIN;
  if (Array.isArray(value)) return itemsInOrder(value, depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return NOT_PLAIN;
  const record = value as Readonly<Record<string, unknown>>;
  const keys = Object.keys(record);
  let same = true;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    if (key < ':' || key === '__proto__') return NOT_PLAIN; // it may be a number
    if (i > 0 && key < keys[i - 1]!) same = false;
  }
  if (!same) keys.sort();
  let copy: Record<string, unknown> | undefined = same ? undefined : {};
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    const member = record[key];
    if (member === undefined) continue;
    const sorted = inOrder(member, depth + 1);
    if (sorted === NOT_PLAIN) return NOT_PLAIN;
    if (copy === undefined && sorted !== member) copy = { ...record };
    if (copy !== undefined) copy[key] = sorted;
  }
  return copy ?? record;
}

function itemsInOrder(items: readonly unknown[], depth: number): unknown {
  let copy: unknown[] | undefined;
  for (let i = 0; i < items.length; i++) {
    const sorted = inOrder(items[i], depth + 1);
    if (sorted === NOT_PLAIN) return NOT_PLAIN;
    if (sorted !== items[i]) (copy ??= items.slice())[i] = sorted;
  }
  return copy ?? items;
}

/** JSON with sorted keys, of plain data. Unlike `stableStringify` it adds nothing, so that it can be read back. */
function sortedJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(',')}]`;
  const record = value as Readonly<Record<string, unknown>>;
  const members: string[] = [];
  for (const key of Object.keys(record).sort())
    if (record[key] !== undefined) members.push(`${JSON.stringify(key)}:${sortedJson(record[key])}`);
  return `{${members.join(',')}}`;
}

function hashOf(text: string): string {
  return nodeCrypto().hash('sha256', text, 'base64url').slice(0, CASE_HASH_LENGTH);
}
