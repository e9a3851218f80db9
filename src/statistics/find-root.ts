/** Steps after which any bracket of two float64 numbers has shrunk to nothing, even at 1e-300. */
const MOST_STEPS = 2200;

/**
 * The x between `low` and `high` at which `f` changes its sign, to the last bits: Chandrupatla's method (1997), which
 * halves the bracket wherever inverse quadratic interpolation is not to be trusted. `f` must have values of different
 * signs, or 0, at the two ends; where it jumps over 0 the place of the jump is found. `precision` is relative to x.
 */
export function findRoot(
  f: (x: number) => number,
  [low, high]: readonly [number, number],
  precision = 2 ** -52,
): number {
  let [a, b] = [low, high];
  let [valueA, valueB] = [f(a), f(b)];
  if (valueA === 0) return a;
  let [c, valueC] = [a, valueA];
  let share = 0.5;
  for (let step = 0; step < MOST_STEPS && valueB !== 0; step++) {
    const x = a + share * (b - a);
    const value = f(x);
    if (value > 0 === valueA > 0) [c, valueC] = [a, valueA];
    else [c, b, valueC, valueB] = [b, a, valueB, valueA];
    [a, valueA] = [x, value];
    const nearest = Math.abs(valueA) < Math.abs(valueB) ? a : b;
    if (value === 0) return x;
    const smallest = (precision * Math.abs(nearest) + Number.MIN_VALUE) / Math.abs(b - a);
    if (smallest >= 0.5) return nearest;
    share = Math.min(1 - smallest, Math.max(smallest, nextShare(a, b, c, valueA, valueB, valueC)));
  }
  return valueB === 0 ? b : a;
}

/** Where to look next, as a share of the way from `a` to `b`. */
function nextShare(a: number, b: number, c: number, valueA: number, valueB: number, valueC: number): number {
  const xi = (a - b) / (c - b);
  const phi = (valueA - valueB) / (valueC - valueB);
  if (!(phi * phi < xi && (1 - phi) * (1 - phi) < 1 - xi)) return 0.5;
  const toC = valueC - valueA;
  return (
    (valueA / (valueB - valueA)) * (valueC / (valueB - valueC)) +
    ((c - a) / (b - a)) * (valueA / toC) * (valueB / (valueC - valueB))
  );
}
