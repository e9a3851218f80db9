import { findRoot } from '../../statistics/find-root.js';
import { clopperPearsonInterval } from '../../statistics/intervals.js';
import { signFlipTest } from '../../statistics/paired-tests.js';
import { normalCdf } from '../../statistics/special-functions.js';

/** Options of {@link signFlipP}. */
export interface SignFlipsOptions {
  /** Seed of the draws, 0 to 4294967295. */
  readonly seed: number;
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
  /** Comparisons that this one is corrected for: more draws tell smaller p-values apart. @default 1 */
  readonly comparisons?: number | undefined;
}

const MOST_DRAWN = 5000;
const DRAWS = 10_000;
const DRAWS_A_COMPARISON = 1000;
const SURE = 0.999;

/**
 * Two-sided p-value of the sign-flip test that depends on no seed: what a verdict says must not change with chance of our
 * own. Counted for up to 20 differences; up to 5,000 drawn, and then the upper limit of the p-value that so many draws leave
 * open (Clopper and Pearson, one-sided, 99.9 %), so that a p-value of at most alpha means that the exact one is, too; above
 * by the saddle point.
 *
 * @throws AssayError `ASSAY_ABORTED`
 */
export async function signFlipP(
  differences: readonly number[],
  { seed, signal, comparisons = 1 }: SignFlipsOptions,
): Promise<number> {
  const differing = differences.filter((difference) => difference !== 0);
  if (differing.length > MOST_DRAWN) return Math.min(1, 2 * flippedTail(differing));
  const first = await signFlipTest(differing, { seed, signal, resamples: DRAWS });
  if (first.exact) return first.pValue;
  const wanted = Math.min(1_000_000, comparisons * DRAWS_A_COMPARISON);
  // a p-value that the correction may keep, and that 10,000 draws cannot tell from a smaller one
  if (wanted <= DRAWS || first.pValue > 0.01) return upperLimit(first.pValue, DRAWS);
  const { pValue } = await signFlipTest(differing, { seed, signal, resamples: wanted });
  return upperLimit(pValue, wanted);
}

function upperLimit(pValue: number, draws: number): number {
  const extreme = Math.round(pValue * (1 + draws)) - 1;
  return clopperPearsonInterval({ successes: extreme, n: draws }, { level: 2 * SURE - 1 })?.high ?? 1;
}

/**
 * The chance that flips give a sum at least as far from 0 on one side, by the saddle point approximation of Lugannani and
 * Rice (1980) on Σ ln cosh(s·|d|), the cumulants of flipped signs: O(differences), and right in the tail where the normal
 * approximation is not.
 */
export function flippedTail(differences: readonly number[]): number {
  const sizes = differences.map(Math.abs);
  const largest = sizes.reduce((most, size) => Math.max(most, size), 0);
  const scaled = sizes.map((size) => size / largest);
  const most = scaled.reduce((sum, size) => sum + size, 0);
  const observed = Math.abs(differences.reduce((sum, difference) => sum + difference / largest, 0));
  if (observed >= most * (1 - 1e-12)) return 0.5 ** differences.length;
  const slope = (s: number): number => scaled.reduce((sum, size) => sum + size * Math.tanh(s * size), 0);
  let high = 1;
  while (slope(high) < observed && high < 1e6) high *= 2;
  const s = findRoot((at) => slope(at) - observed, [0, high]);
  let [cumulant, curvature] = [0, 0];
  for (const size of scaled) {
    const x = s * size;
    cumulant += x + Math.log1p(Math.exp(-2 * x)) - Math.LN2;
    curvature += size * (1 - Math.tanh(x) ** 2) * size;
  }
  const w = Math.sqrt(Math.max(0, 2 * (s * observed - cumulant)));
  const u = s * Math.sqrt(curvature);
  if (w < 0.01) return normalCdf(-w); // both terms of the correction are 1/0 there, and their difference 0
  const density = Math.exp((-w * w) / 2) / Math.sqrt(2 * Math.PI);
  return Math.min(1, Math.max(0, normalCdf(-w) + density * (1 / u - 1 / w)));
}
