import { betweenZeroAndOne, checkOptions, positive } from '../../foundation/options.js';
import { tInterval } from '../../statistics/intervals.js';
import { Moments } from '../../statistics/moments.js';
import { studentTail } from '../../statistics/student.js';
import { AssayError } from '../../errors.js';
import type { Ends } from '../../statistics/paired-table.js';

/** What {@link equivalenceOfMeans} finds. */
export interface EquivalenceOfMeans {
  /** Mean difference. */
  readonly mean: number;
  /** Its standard error. */
  readonly standardError: number;
  /** One-sided p-value against "lower than -margin". */
  readonly pLower: number;
  /** One-sided p-value against "higher than margin". */
  readonly pUpper: number;
  /** The larger of both. */
  readonly p: number;
  /** Whether `p` is at most alpha: the differences are within the margin. */
  readonly equivalent: boolean;
  /** t interval of level 1 - 2·alpha: within the margin just when `equivalent`. */
  readonly interval: Ends;
}

/** Options of {@link equivalenceOfMeans}. */
export interface EquivalenceOfMeansOptions {
  /** Largest mean difference that does not matter, > 0. */
  readonly margin: number;
  /** Chance of calling a difference at the margin equivalent, above 0 and below 0.5. @default 0.05 */
  readonly alpha?: number | undefined;
}

/**
 * Two one-sided t tests that the mean of paired differences lies within ± margin (Schuirmann 1987).
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for fewer than two differences or no spread at all.
 */
export function equivalenceOfMeans(
  differences: Iterable<number>,
  options: EquivalenceOfMeansOptions,
): EquivalenceOfMeans {
  const { margin, alpha = 0.05 } = checkOptions<EquivalenceOfMeansOptions>('equivalenceOfMeans', options, {
    margin: positive,
    alpha: (value) =>
      betweenZeroAndOne(value) === undefined && (value as number) < 0.5
        ? undefined
        : 'a number above 0 and below 0.5',
  });
  const moments = Moments.of(differences);
  const { n, mean, standardError } = moments;
  if (mean === null || standardError === null || standardError === 0) {
    throw new AssayError(
      'ASSAY_INVALID_INPUT',
      `Expected at least two differences that are not all equal, got ${n}`,
    );
  }
  const degreesOfFreedom = n - 1;
  const pLower = studentTail((mean + margin) / standardError, degreesOfFreedom);
  const pUpper = studentTail(-(mean - margin) / standardError, degreesOfFreedom);
  const p = Math.max(pLower, pUpper);
  const { low, high } = tInterval({ mean, standardError, degreesOfFreedom }, { level: 1 - 2 * alpha });
  return { mean, standardError, pLower, pUpper, p, equivalent: p <= alpha, interval: [low, high] };
}
