/** Where to look for a root. */
export interface RootBracket {
  /** One end; the function has one sign here (or is 0). */
  readonly low: number;
  /** The other end, above `low`; the function has the other sign here. */
  readonly high: number;
}

/**
 * The x between `low` and `high` at which `f` changes its sign, to the last bit that doubles can tell: Brent's
 * method (Brent 1973), which never leaves the bracket and falls back to halving. An end is returned when `f` has
 * the same sign all over: the one whose value is nearer to 0.
 */
export function findRoot(f: (x: number) => number, { low, high }: RootBracket): number {
  let [a, b] = [low, high];
  let [fa, fb] = [f(a), f(b)];
  if (fa === 0) return a;
  if (fb === 0) return b;
  if (fa > 0 === fb > 0) return Math.abs(fa) < Math.abs(fb) ? a : b;
  let [c, fc] = [a, fa];
  let step = b - a;
  let before = step;
  for (let i = 0; i < 300; i++) {
    if (fb > 0 === fc > 0) {
      [c, fc] = [a, fa];
      step = before = b - a;
    }
    if (Math.abs(fc) < Math.abs(fb)) {
      [a, b, c] = [b, c, b];
      [fa, fb, fc] = [fb, fc, fb];
    }
    const tolerance = 2 ** -52 * Math.abs(b) + Number.MIN_VALUE;
    const half = (c - b) / 2;
    if (Math.abs(half) <= tolerance || fb === 0) return b;
    const bold = Math.abs(before) >= tolerance && Math.abs(fa) > Math.abs(fb);
    const proposal = bold ? interpolate({ a, b, c, fa, fb, fc }) : half;
    const useful =
      bold &&
      Math.abs(proposal) < Math.min(1.5 * Math.abs(half), Math.abs(before) / 2) &&
      proposal * half > 0;
    before = useful ? step : half;
    step = useful ? proposal : half;
    [a, fa] = [b, fb];
    b += Math.abs(step) > tolerance ? step : Math.sign(half) * tolerance;
    fb = f(b);
  }
  return b;
}

/** Step from b to the root of the inverse quadratic through three points, or of the line through two. */
function interpolate(at: Readonly<Record<'a' | 'b' | 'c' | 'fa' | 'fb' | 'fc', number>>): number {
  const { a, b, c, fa, fb, fc } = at;
  const s = fb / fa;
  if (a === c || !Number.isFinite(fc)) return ((b - c) * s) / (s - 1) || 0;
  const [q, r] = [fa / fc, fb / fc];
  const numerator = s * ((c - b) * q * (q - r) - (b - a) * (r - 1));
  const step = numerator / ((q - 1) * (r - 1) * (s - 1));
  return Number.isFinite(step) ? -step : 0;
}
