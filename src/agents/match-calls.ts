import { optimalAssignment } from '../scorers/text-metrics/optimal-assignment.js';

/**
 * What the calls that were made do to those that are expected.
 *
 * - `same-order`: they are the same, in the same order, and no others.
 * - `in-order`: the expected ones come in their order; others may lie between.
 * - `same-set`: they are the same, each as often, in any order.
 * - `includes`: the expected ones are among them, each as often, in any order.
 * - `only`: none is made that is not expected; not all need be.
 */
export type CallMatch = 'same-order' | 'in-order' | 'same-set' | 'includes' | 'only';

/** An expected call and the call that was made for it. */
export interface CallPair {
  readonly expected: number;
  readonly actual: number;
  /** 0 to 1: how far they agree; 1: wholly. */
  readonly worth: number;
}

/** How two lists of calls lie beside each other. */
export interface CallMatching {
  /** 0 to 1; 1 exactly when the rule is kept. */
  readonly score: number;
  readonly pairs: readonly CallPair[];
  /** Positions of expected calls that nothing was made for. */
  readonly missing: readonly number[];
  /** Positions of calls that nothing asked for. */
  readonly extra: readonly number[];
}

/**
 * Lays the calls that were made beside the expected ones, as well as the rule lets them lie, and grades the result.
 * `worth[e][a]` says how far call `a` is the expected call `e`, 0 to 1.
 *
 * - `same-order`: 1 - cost / max(expected, actual), with the cost of the cheapest alignment (Wagner and Fischer 1974): 1 for
 *   a call that is missing or extra, 1 - worth for one that stands in the place of another.
 * - `in-order`: the largest sum of worth of an alignment, of the number of expected calls.
 * - otherwise the largest sum of worth of a one-to-one assignment, of max(expected, actual) (`same-set`), of the expected
 *   (`includes`) or of the actual calls (`only`). Nothing of nothing is 1.
 */
export function matchCalls(
  worth: readonly (readonly number[])[],
  { actual, match }: { readonly actual: number; readonly match: CallMatch },
): CallMatching {
  const expected = worth.length;
  const ordered = match === 'same-order' || match === 'in-order';
  const pairs = ordered ? aligned(worth, actual, match === 'same-order') : assigned(worth, actual);
  const total = pairs.reduce((sum, pair) => sum + pair.worth, 0);
  const most = Math.max(expected, actual);
  let [gained, possible] = [total, most];
  if (match === 'same-order') gained = most - (expected + actual - pairs.length - total);
  else if (match === 'only') possible = actual;
  else if (match !== 'same-set') possible = expected;
  const paired = { expected: new Set<number>(), actual: new Set<number>() };
  for (const pair of pairs) {
    paired.expected.add(pair.expected);
    paired.actual.add(pair.actual);
  }
  return {
    score: possible === 0 ? 1 : Math.max(0, gained / possible),
    pairs,
    missing: indexes(expected).filter((e) => !paired.expected.has(e)),
    extra: indexes(actual).filter((a) => !paired.actual.has(a)),
  };
}

const indexes = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

function assigned(worth: readonly (readonly number[])[], actual: number): CallPair[] {
  if (actual === 0) return [];
  return optimalAssignment(worth)
    .map((a, e) => ({ expected: e, actual: a, worth: a < 0 ? 0 : (worth[e]?.[a] ?? 0) }))
    .filter((pair) => pair.worth > 0);
}

/**
 * The best alignment in order. `replacing`: a call may stand in the place of a wholly other one, which is cheaper than one
 * missing and one extra; else only pairs that agree in something count.
 */
function aligned(worth: readonly (readonly number[])[], actual: number, replacing: boolean): CallPair[] {
  const expected = worth.length;
  const columns = actual + 1;
  // gain over leaving both alone: a pair of wholly other calls saves one of two where it counts at all
  const gainOf = (e: number, a: number): number => worth[e]![a]! + (replacing ? 1 : 0);
  const best = new Float64Array((expected + 1) * columns);
  for (let e = expected - 1; e >= 0; e--) {
    for (let a = actual - 1; a >= 0; a--) {
      const apart = Math.max(best[(e + 1) * columns + a]!, best[e * columns + a + 1]!);
      const together = best[(e + 1) * columns + a + 1]! + gainOf(e, a);
      best[e * columns + a] = Math.max(apart, together);
    }
  }
  const pairs: CallPair[] = [];
  let [e, a] = [0, 0];
  while (e < expected && a < actual) {
    const here = best[e * columns + a]!;
    const gain = gainOf(e, a);
    if (gain > 0 && here === best[(e + 1) * columns + a + 1]! + gain) {
      pairs.push({ expected: e, actual: a, worth: worth[e]![a]! });
      e++;
      a++;
    } else if (here === best[(e + 1) * columns + a]!) e++;
    else a++;
  }
  return pairs;
}
