import { AssayError } from '../errors.js';
import { show } from '../foundation/options.js';
import { exactRatio } from './exact-ratio.js';
import { logBinomialChance } from './special-functions.js';

/** Products of more factors than this are taken by logarithms: as integers they would take minutes. */
const MOST_FACTORS = 1000;

/**
 * pass@k: the probability that at least one of `k` answers drawn without replacement from `n` answers, `passed`
 * of them right, is right: 1 - C(n - passed, k) / C(n, k), the unbiased estimator of Chen et al. 2021. Computed
 * in integers and rounded once, so nothing overflows and pass@1 is exactly passed / n; where that takes products of more
 * than 1,000 factors by logarithms, relative error about 1e-12. `null` for n < k.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` unless 0 <= passed <= n and k >= 1 are integers.
 */
export function passAtK(n: number, passed: number, k: number): number | null {
  checkCounts(n, passed, k);
  if (n < k) return null;
  const missed = n - passed;
  if (isLong(n, missed, k)) return -Math.expm1(logDrawChance(n, missed, k));
  const [miss, all] = draws(n, missed, k);
  return typeof all === 'bigint' ? exactRatio(all - (miss as bigint), all) : (all - (miss as number)) / all;
}

/**
 * pass^k: the probability that all of `k` answers drawn without replacement are right, C(passed, k) / C(n, k)
 * (Yao et al. 2024, tau-bench). Computed as {@link passAtK} is. `null` for n < k.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` unless 0 <= passed <= n and k >= 1 are integers.
 */
export function passHatK(n: number, passed: number, k: number): number | null {
  checkCounts(n, passed, k);
  if (n < k) return null;
  if (isLong(n, passed, k)) return Math.exp(logDrawChance(n, passed, k));
  const [hit, all] = draws(n, passed, k);
  return typeof all === 'bigint' ? exactRatio(hit as bigint, all) : (hit as number) / all;
}

function isLong(n: number, some: number, k: number): boolean {
  return some >= k && Math.min(k, n - some) > MOST_FACTORS;
}

/** log of C(some, k) / C(n, k), by three binomial chances that keep their digits (Loader 2000). */
function logDrawChance(n: number, some: number, k: number): number {
  const p = k / n;
  return logBinomialChance(k, some, p) + logBinomialChance(0, n - some, p) - logBinomialChance(k, n, p);
}

/** Ordered draws of `k` out of `some` and out of `n`: their ratio is C(some, k) / C(n, k). */
function draws(n: number, some: number, k: number): [number, number] | [bigint, bigint] {
  if (some < k) return [0, 1];
  // C(some, k) / C(n, k) is symmetric in k and n - some: the shorter product of the two.
  const factors = Math.min(k, n - some);
  const top = n - Math.max(k, n - some);
  let hit = 1;
  let all = 1;
  for (let i = 0; i < factors; i++) {
    hit *= top - i;
    all *= n - i;
    if (all > Number.MAX_SAFE_INTEGER) return bigDraws(n, top, factors);
  }
  return [hit, all];
}

function bigDraws(n: number, top: number, factors: number): [bigint, bigint] {
  let hit = 1n;
  let all = 1n;
  for (let i = 0; i < factors; i++) {
    hit *= BigInt(top - i);
    all *= BigInt(n - i);
  }
  return [hit, all];
}

function checkCounts(n: number, passed: number, k: number): void {
  const counts = Number.isSafeInteger(n) && Number.isSafeInteger(passed) && passed >= 0 && passed <= n;
  if (!counts || !Number.isSafeInteger(k) || k < 1) {
    throw new AssayError(
      'ASSAY_INVALID_INPUT',
      `Expected integers with 0 <= passed <= n and k >= 1, got passed ${show(passed)} of n ${show(n)}, k ${show(k)}`,
    );
  }
}
