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
  const at = (x: number): Point => ({ x, value: f(x) });
  let [a, b] = [at(low), at(high)];
  if (a.value === 0) return a.x;
  let c = a;
  let share = 0.5;
  for (let step = 0; step < MOST_STEPS && b.value !== 0; step++) {
    const next = at(a.x + share * (b.x - a.x));
    if (next.value > 0 === a.value > 0) c = a;
    else [c, b] = [b, a];
    a = next;
    if (next.value === 0) return next.x;
    const nearest = Math.abs(a.value) < Math.abs(b.value) ? a.x : b.x;
    const smallest = (precision * Math.abs(nearest) + Number.MIN_VALUE) / Math.abs(b.x - a.x);
    if (smallest >= 0.5) return nearest;
    share = Math.min(1 - smallest, Math.max(smallest, nextShare(a, b, c)));
  }
  return b.value === 0 ? b.x : a.x;
}

interface Point {
  readonly x: number;
  readonly value: number;
}

/** Where to look next, as a share of the way from `a` to `b`. */
function nextShare(a: Point, b: Point, c: Point): number {
  const xi = (a.x - b.x) / (c.x - b.x);
  const phi = (a.value - b.value) / (c.value - b.value);
  if (!(phi * phi < xi && (1 - phi) * (1 - phi) < 1 - xi)) return 0.5;
  const toC = c.value - a.value;
  return (
    (a.value / (b.value - a.value)) * (c.value / (b.value - c.value)) +
    ((c.x - a.x) / (b.x - a.x)) * (a.value / toC) * (b.value / (c.value - b.value))
  );
}
