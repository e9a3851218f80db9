import { checkShare } from './check-share.js';

/**
 * Holm's step-down adjustment (Holm 1979): rejecting where the adjusted p-value is at most alpha keeps the
 * chance of any false rejection at alpha, whatever the dependence. `null` stays `null` and is not counted.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for a p-value outside 0..1.
 */
export function holm(pValues: readonly (number | null)[]): (number | null)[] {
  const ranked = rank(pValues);
  const adjusted: (number | null)[] = pValues.map(() => null);
  let highest = 0;
  ranked.forEach(({ index, p }, i) => {
    highest = Math.max(highest, Math.min(1, p * (ranked.length - i)));
    adjusted[index] = highest;
  });
  return adjusted;
}

/**
 * Benjamini and Hochberg's step-up adjustment (1995): rejecting where the adjusted p-value is at most q keeps
 * the expected share of false rejections at q, for independent or positively dependent tests. `null` stays
 * `null` and is not counted.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for a p-value outside 0..1.
 */
export function benjaminiHochberg(pValues: readonly (number | null)[]): (number | null)[] {
  const ranked = rank(pValues);
  const adjusted: (number | null)[] = pValues.map(() => null);
  let lowest = 1;
  for (let i = ranked.length - 1; i >= 0; i--) {
    const { index, p } = ranked[i] as Ranked;
    lowest = Math.min(lowest, p * (ranked.length / (i + 1)));
    adjusted[index] = lowest;
  }
  return adjusted;
}

interface Ranked {
  readonly index: number;
  readonly p: number;
}

function rank(pValues: readonly (number | null)[]): Ranked[] {
  const ranked: Ranked[] = [];
  for (const [index, p] of pValues.entries()) {
    if (p === null) continue;
    checkShare('p-values', p);
    ranked.push({ index, p });
  }
  return ranked.sort((a, b) => a.p - b.p);
}
