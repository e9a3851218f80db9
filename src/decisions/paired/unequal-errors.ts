import { mcnemarMidP } from '../../statistics/paired-table.js';

/** How often each of two sides failed on the same cases. */
export interface PairedErrors {
  /** Cases that both sides were asked about. */
  readonly cases: number;
  /** Cases that failed on the first side, and on the second. */
  readonly errored: readonly [number, number];
  /** Cases that failed on the first side alone, and on the second alone. */
  readonly alone: readonly [number, number];
}

const SUSPECT_DIFFERENCE = 0.05;

/**
 * Whether one side failed so much more often that the answers that are left are not alike: errors are no wrong
 * answers, but hard cases may be the ones that fail. Unequal: beyond chance (two-sided mid-p at most 0.01), or by 5
 * points and more with a p-value of at most 0.1.
 */
export function errorsAreUnequal({ cases, errored, alone }: PairedErrors): boolean {
  const { p } = mcnemarMidP(alone[0], alone[1]);
  const difference = Math.abs(errored[0] - errored[1]) / Math.max(1, cases);
  return p <= 0.01 || (p <= 0.1 && difference >= SUSPECT_DIFFERENCE);
}
