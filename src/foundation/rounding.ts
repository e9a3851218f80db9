/** Relative to the magnitude of what is compared: 16 units in the last place, more than a mean of a few scores loses. */
const ROUNDING = 2 ** -48;

/** Whether a difference of numbers of `magnitude` is no more than what rounding makes of equal ones. */
export function isRounding(difference: number, magnitude: number): boolean {
  return Math.abs(difference) <= ROUNDING * magnitude;
}

/** `a - b`; 0 where they are equal on paper: 0.1 + 0.2 against 0.3 is a tie, not a win. */
export function differenceOf(a: number, b: number): number {
  const difference = a - b;
  return isRounding(difference, Math.max(Math.abs(a), Math.abs(b))) ? 0 : difference;
}

/** Whether a score is at least `threshold`, or misses it by rounding alone. */
export function reaches(score: number, threshold: number): boolean {
  return differenceOf(score, threshold) >= 0;
}

/**
 * A copy in which numbers that are equal but for rounding are equal: each takes the value of the smallest of them, so
 * the result does not depend on their order. `magnitude` is that of what they come from, where they are differences.
 */
export function withoutRounding(values: ArrayLike<number>, magnitude = 0): Float64Array {
  const copy = Float64Array.from(values);
  const sorted = copy.slice().sort();
  const same = new Map<number, number>();
  let [first, last] = [Number.NaN, Number.NaN];
  for (const value of sorted) {
    const far = !Number.isFinite(value) || !Number.isFinite(last);
    if (far || !isRounding(value - last, Math.max(Math.abs(value), Math.abs(last), magnitude))) first = value;
    last = value;
    if (first !== value) same.set(value, first);
  }
  return same.size === 0 ? copy : copy.map((value) => same.get(value) ?? value);
}
