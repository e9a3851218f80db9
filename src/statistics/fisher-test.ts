import { AssayError } from '../errors.js';
import { ExactSum } from '../foundation/exact-sum.js';
import { show } from '../foundation/options.js';
import { logBinomialChance } from './special-functions.js';

/** Two independent groups, counted by outcome: [a, b] of the first, [c, d] of the second; each an integer >= 0. */
export type TwoByTwoTable = readonly [a: number, b: number, c: number, d: number];

/** p-values of Fisher's exact test. */
export interface FisherTest {
  /** Two-sided: the chance of all tables with these margins that are no more likely than the one that was seen. */
  readonly pValue: number;
  /** One-sided: the chance of an `a` at most as large. */
  readonly less: number;
  /** One-sided: the chance of an `a` at least as large. */
  readonly greater: number;
}

/** Tables whose chances differ by no more than this are equally likely: rounding must not tell them apart. */
const SLACK = 1 + 1e-7;

/**
 * Fisher's exact test of whether two independent groups have the same share of an outcome (Fisher 1934), such as the error
 * rates of two runs over different cases. Paired 0/1 scores deserve {@link mcnemarTest}.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` unless the counts are integers >= 0 that sum to at most 1e7.
 */
export function fisherTest(table: TwoByTwoTable): FisherTest {
  const [a, b, c, d] = table;
  const n = a + b + c + d;
  if (table.length !== 4 || !table.every((count) => Number.isSafeInteger(count) && count >= 0) || n > 1e7) {
    throw new AssayError(
      'ASSAY_INVALID_INPUT',
      `Expected four integers >= 0 that sum to at most 1e7, got ${show(table)}`,
    );
  }
  const [first, second, column] = [a + b, c + d, a + c];
  if (column === 0 || column === n) return { pValue: 1, less: 1, greater: 1 };
  // A table's chance is that of two binomials given their sum.
  const p = column / n;
  const whole = logBinomialChance(column, n, p);
  const chanceOf = (x: number): number =>
    Math.exp(logBinomialChance(x, first, p) + logBinomialChance(column - x, second, p) - whole);
  const observed = chanceOf(a);
  const [asUnlikely, less, greater] = [new ExactSum(), new ExactSum(), new ExactSum()];
  for (let x = Math.max(0, column - second); x <= Math.min(first, column); x++) {
    const chance = chanceOf(x);
    if (chance <= observed * SLACK) asUnlikely.add(chance);
    if (x <= a) less.add(chance);
    if (x >= a) greater.add(chance);
  }
  return {
    pValue: Math.min(1, asUnlikely.value),
    less: Math.min(1, less.value),
    greater: Math.min(1, greater.value),
  };
}
