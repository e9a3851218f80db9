import { AssayError, messageOf } from '../errors.js';
import { nodeCrypto } from '../foundation/late-modules.js';
import { fromTagged, isPlainNumber, toTagged } from '../foundation/tagged-json.js';

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
    const text = sortedJson(known, DEEPEST) ?? taggedJson(known);
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

const DEEPEST = 64;

/**
 * JSON with sorted keys; unlike `stableStringify` it adds nothing, so that it can be read back. `undefined` for what JSON
 * cannot hold, and for what is nested deeper than `levels`, which may contain itself.
 */
function sortedJson(value: unknown, levels: number): string | undefined {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'number':
      return isPlainNumber(value) ? String(value) : undefined;
    case 'boolean':
      return String(value);
    case 'object':
      break;
    default:
      return undefined;
  }
  if (value === null) return 'null';
  if (levels === 0) return undefined;
  return Array.isArray(value) ? sortedItems(value, levels - 1) : sortedMembers(value, levels - 1);
}

function sortedItems(items: readonly unknown[], levels: number): string | undefined {
  let out = '[';
  for (let i = 0; i < items.length; i++) {
    const item = sortedJson(items[i], levels);
    if (item === undefined) return undefined;
    out += i === 0 ? item : `,${item}`;
  }
  return `${out}]`;
}

function sortedMembers(value: object, levels: number): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return undefined;
  const record = value as Readonly<Record<string, unknown>>;
  const keys = Object.keys(record);
  for (let i = 1; i < keys.length; i++) {
    if (keys[i]! > keys[i - 1]!) continue;
    keys.sort();
    break;
  }
  let out = '';
  for (let i = 0; i < keys.length; i++) {
    const member = record[keys[i]!];
    if (member === undefined) continue;
    const json = sortedJson(member, levels);
    if (json === undefined) return undefined;
    out += `${out === '' ? '{' : ','}${quoted(keys[i]!)}:${json}`;
  }
  return out === '' ? '{}' : `${out}}`;
}

const ESCAPED = /["\\\0-\x1f\ud800-\udfff]/; // of surrogates only lone ones are

/** As JSON. A text of 1,000 characters in which nothing is escaped takes 0.8 us, `JSON.stringify` 2.6. */
function quoted(text: string): string {
  return ESCAPED.test(text) ? JSON.stringify(text) : `"${text}"`;
}

function taggedJson(value: unknown): string {
  const tagged = JSON.stringify({ $tagged: toTagged(value) });
  return sortedJson(JSON.parse(tagged), Number.POSITIVE_INFINITY) as string;
}

function hashOf(text: string): string {
  return nodeCrypto().hash('sha256', text, 'base64url').slice(0, CASE_HASH_LENGTH);
}
