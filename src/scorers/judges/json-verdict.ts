import { findJson } from '../json/json-extraction.js';
import type { Stretch } from '../reading/paragraphs.js';
import { isFound } from '../reading/reading.js';

/**
 * The verdict in a JSON reply, with the place of the object that holds it: the member with one of the names, else with
 * one of the other keys. Case, spaces and underscores of a key do not matter. `undefined` when no object of the reply
 * has such a member.
 */
export function jsonVerdict(
  text: string,
  names: readonly [readonly string[], readonly string[]],
): (Stretch & { readonly said: string }) | undefined {
  if (!text.includes('{')) return undefined;
  const [own, others] = names.map((each) => new Set(each.map(plainKey))) as [Set<string>, Set<string>];
  const found = findJson(text, {
    place: 'auto',
    trailingCommas: true,
    inexact: (written) => written,
    fit: (value) => (memberOf(value, own) !== undefined ? 2 : Number(memberOf(value, others) !== undefined)),
  });
  if (!isFound(found)) return undefined;
  const [{ value, start, end }] = found.value;
  const said = memberOf(value, own) ?? memberOf(value, others);
  return said === undefined ? undefined : { said: String(said), start, end };
}

/** The last member with such a key that is a text or a number, also of an object within. */
function memberOf(value: unknown, keys: ReadonlySet<string>, isOuter = true): string | number | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  let last: string | number | undefined;
  for (const [key, member] of Object.entries(value))
    if (isOuter && typeof member === 'object') last ??= memberOf(member, keys, false);
    else if (keys.has(plainKey(key)) && (typeof member === 'string' || typeof member === 'number'))
      last = member;
  return last;
}

const plainKey = (key: string): string => key.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
