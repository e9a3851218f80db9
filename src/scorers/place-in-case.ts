import type { OptionCheck } from '../foundation/options.js';
import { valueAt } from '../foundation/value-at.js';

/**
 * Where in a case something stands that a scorer compares with: `expected`, `metadata` or `input`, or a member of it as
 * `expected.calls` or `metadata.state`.
 */
export type PlaceInCase =
  'expected' | 'metadata' | 'input' | `expected.${string}` | `metadata.${string}` | `input.${string}`;

const PLACE = /^(?:expected|metadata|input)(?:\.[^.]+)*$/;

/** Check of an option of type {@link PlaceInCase}. */
export const placeInCase: OptionCheck = (value) =>
  typeof value === 'string' && PLACE.test(value)
    ? undefined
    : "a place in the case such as 'expected' or 'metadata.calls'";

/** What stands there in the case of a scorer's arguments; `undefined` when nothing does. */
export function atPlace(
  args: { readonly input: unknown; readonly expected: unknown; readonly metadata: unknown },
  place: PlaceInCase,
): unknown {
  const [root, ...path] = place.split('.') as ['expected' | 'metadata' | 'input', ...string[]];
  return valueAt(args[root], path);
}
