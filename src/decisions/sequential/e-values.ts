import { AssayError } from '../../errors.js';
import { show } from '../../foundation/options.js';

/** Evidence from several e-values together. */
export interface CombinedEValue {
  /** Their mean, an e-value again, whatever the dependence between them (Vovk and Wang 2021). */
  readonly mean: number;
  /** 1 / mean, at most 1. */
  readonly p: number;
}

/**
 * The mean of e-values: several metrics of one comparison, taken together.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for none, or one that is not >= 0; `ASSAY_EMPTY_INPUT` for none.
 */
export function combineEValues(eValues: readonly number[]): CombinedEValue {
  checkEValues(eValues);
  if (eValues.length === 0)
    throw new AssayError('ASSAY_EMPTY_INPUT', 'Expected at least one e-value, got none');
  const mean = eValues.reduce((total, e) => total + e, 0) / eValues.length;
  return { mean, p: Math.min(1, 1 / mean) };
}

/**
 * Positions of the hypotheses that e-values reject with the false discovery rate held at `alpha`, whatever their
 * dependence: e-BH (Wang and Ramdas 2022), the k largest that are at least m/(alpha·k).
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for an e-value that is not >= 0.
 */
export function eBenjaminiHochberg(eValues: readonly number[], alpha = 0.05): readonly number[] {
  checkEValues(eValues);
  const order = eValues.map((_, i) => i).sort((i, j) => (eValues[j] as number) - (eValues[i] as number));
  let rejected = 0;
  order.forEach((index, rank) => {
    if ((eValues[index] as number) * (rank + 1) * alpha >= eValues.length) rejected = rank + 1;
  });
  return order.slice(0, rejected).sort((i, j) => i - j);
}

function checkEValues(eValues: readonly number[]): void {
  const bad = eValues.find((e) => typeof e !== 'number' || !(e >= 0));
  if (bad === undefined) return;
  throw new AssayError('ASSAY_INVALID_INPUT', `Expected e-values >= 0, got ${show(bad)}`);
}
