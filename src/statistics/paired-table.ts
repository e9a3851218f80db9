import { AssayError } from '../errors.js';
import { checkOptions, number, show } from '../foundation/options.js';
import { findRoot } from './find-root.js';
import { checkLevel, type IntervalOptions } from './intervals.js';
import { incompleteBeta, normalCdf, normalQuantile } from './special-functions.js';

/** Pairs of 0/1 scores, counted by which side was right. */
export interface PairedTable {
  /** Pairs in which both were right, integer >= 0. */
  readonly both: number;
  /** Pairs in which only the first was right, integer >= 0. */
  readonly onlyFirst: number;
  /** Pairs in which only the second was right, integer >= 0. */
  readonly onlySecond: number;
  /** Pairs in which neither was right, integer >= 0. */
  readonly neither: number;
}

/** A one-sided test at the edge of a margin. */
export interface MarginTest {
  /** Test statistic: normal with variance 1 where the true difference lies at the margin. */
  readonly z: number;
  /** One-sided p-value. */
  readonly p: number;
}

/** Two ends of an interval. */
export type Ends = readonly [low: number, high: number];

/**
 * Score interval of the difference of two paired proportions, first minus second (Tango 1998): holds its level also
 * for few pairs and for none that differ, where an interval of Wald's form has no width.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for a table without pairs or with counts that are no integers >= 0.
 */
export function tangoInterval(table: PairedTable, options: IntervalOptions = {}): Ends {
  const quantile = -normalQuantile((1 - checkLevel('tangoInterval', options)) / 2);
  return tangoEnds(table, quantile);
}

/** Where the score statistic of {@link tangoInterval} equals ± `quantile`. */
export function tangoEnds(table: PairedTable, quantile: number): Ends {
  const { onlyFirst: b, onlySecond: c, n } = checkTable(table);
  const difference = (b - c) / n;
  const low = c === n ? -1 : findRoot((d) => scoreZ(b, c, n, d) - quantile, [-1, difference]);
  const high = b === n ? 1 : findRoot((d) => scoreZ(b, c, n, d) + quantile, [difference, 1]);
  return [low, high];
}

/**
 * Test that the first side is not worse than the second by `margin` or more: small p-values say that it is not.
 *
 * @param margin Largest difference that does not matter, 0..1.
 * @throws AssayError `ASSAY_INVALID_INPUT`
 */
export function nonInferiorityTest(table: PairedTable, margin: number): MarginTest {
  checkMargin('nonInferiorityTest', margin);
  const { onlyFirst, onlySecond, n } = checkTable(table);
  const z = scoreZ(onlyFirst, onlySecond, n, -margin);
  return { z, p: normalCdf(-z) };
}

/**
 * Test that the two sides differ by less than `margin`, whichever is better: the larger p-value of two one-sided score
 * tests (Schuirmann 1987). It is at most alpha just when the interval of level 1 - 2·alpha lies within the margin.
 *
 * @param margin Largest difference that does not matter, 0..1.
 * @throws AssayError `ASSAY_INVALID_INPUT`
 */
export function equivalenceTest(
  table: PairedTable,
  margin: number,
): {
  /** The larger of the two one-sided p-values. */
  readonly p: number;
} {
  checkMargin('equivalenceTest', margin);
  const { onlyFirst, onlySecond, n } = checkTable(table);
  const above = normalCdf(-scoreZ(onlyFirst, onlySecond, n, -margin));
  const below = normalCdf(scoreZ(onlyFirst, onlySecond, n, margin));
  return { p: Math.max(above, below) };
}

/**
 * Hybrid score interval of the difference of two paired proportions (Newcombe 1998, method 10): made of Wilson's
 * intervals of both sides and their correlation. A check of {@link tangoInterval} by another road.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT`, `ASSAY_INVALID_OPTION`
 */
export function newcombeInterval(
  table: PairedTable,
  options: IntervalOptions & {
    /** Whether the correlation is corrected for continuity, as method 10 does. @default true */
    readonly corrected?: boolean | undefined;
  } = {},
): Ends {
  const { corrected = true, ...rest } = options;
  const z = -normalQuantile((1 - checkLevel('newcombeInterval', rest)) / 2);
  const { both, onlyFirst, onlySecond, neither, n } = checkTable(table);
  const first = wilsonSpread(both + onlyFirst, n, z);
  const second = wilsonSpread(both + onlySecond, n, z);
  const margins = (both + onlyFirst) * (onlySecond + neither) * (both + onlySecond) * (onlyFirst + neither);
  const cross = both * neither - onlyFirst * onlySecond;
  const numerator = corrected && cross > 0 ? Math.max(0, cross - n / 2) : cross;
  const correlation = margins === 0 ? 0 : numerator / Math.sqrt(margins);
  const spread = (one: number, other: number): number =>
    Math.sqrt(Math.max(0, one * one - 2 * correlation * one * other + other * other));
  const difference = (onlyFirst - onlySecond) / n;
  return [difference - spread(first.below, second.above), difference + spread(first.above, second.below)];
}

/**
 * McNemar's test with mid-p-values: half of the chance of the very table that was seen counts. Nearer to its level
 * than the exact test, and never found above it by more than 0.1 points.
 *
 * @param wins Pairs that the first side won, integer >= 0.
 * @param losses Pairs that the second side won, integer >= 0.
 * @returns `p`: two-sided; `pWorse`: one-sided, small when the first side loses more often than by chance.
 * @throws AssayError `ASSAY_INVALID_INPUT`
 */
export function mcnemarMidP(
  wins: number,
  losses: number,
): {
  /** Two-sided. */
  readonly p: number;
  /** One-sided. */
  readonly pWorse: number;
} {
  checkCounts({ wins, losses });
  const n = wins + losses;
  if (n === 0) return { p: 1, pWorse: 0.5 };
  // P(wins <= seen) - P(wins = seen)/2 of Binomial(n, 1/2), as the mean of two tails
  const tail = (seen: number): number => (binomialTail(seen, n) + binomialTail(seen - 1, n)) / 2;
  return { p: wins === losses ? 1 : Math.min(1, 2 * tail(Math.min(wins, losses))), pWorse: tail(wins) };
}

/** P(X <= x) of Binomial(n, 1/2). */
function binomialTail(x: number, n: number): number {
  if (x < 0) return 0;
  return x >= n ? 1 : incompleteBeta(n - x, x + 1, 0.5);
}

/** Tango's statistic for a true difference `d`, by the constrained maximum-likelihood estimate of the loss's chance. */
function scoreZ(b: number, c: number, n: number, d: number): number {
  const half = b + c - (2 * n - b + c) * d; // -B
  const root = Math.sqrt(Math.max(0, half * half + 8 * n * c * d * (1 - d)));
  // the sum that does not cancel
  const q = half >= 0 ? (root + half) / (4 * n) : (-2 * c * d * (1 - d)) / (half - root);
  const variance = n * (2 * Math.max(0, q) + d * (1 - d));
  const excess = b - c - n * d;
  if (variance <= 0) return excess === 0 ? 0 : excess > 0 ? Number.MAX_VALUE : -Number.MAX_VALUE;
  return excess / Math.sqrt(variance);
}

function wilsonSpread(
  successes: number,
  n: number,
  z: number,
): { readonly below: number; readonly above: number } {
  const p = successes / n;
  const square = (z * z) / n;
  const centre = (p + square / 2) / (1 + square);
  const margin = (z / (1 + square)) * Math.sqrt((p * (1 - p)) / n + square / (4 * n));
  const low = successes === 0 ? 0 : centre - margin;
  const high = successes === n ? 1 : centre + margin;
  return { below: p - low, above: high - p };
}

function checkTable(table: PairedTable): PairedTable & { readonly n: number } {
  const { both, onlyFirst, onlySecond, neither } = table;
  checkCounts({ both, onlyFirst, onlySecond, neither });
  const n = both + onlyFirst + onlySecond + neither;
  if (n === 0) throw new AssayError('ASSAY_INVALID_INPUT', 'Expected at least one pair, got none');
  return { both, onlyFirst, onlySecond, neither, n };
}

function checkCounts(counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) {
    if (Number.isSafeInteger(count) && count >= 0) continue;
    throw new AssayError(
      'ASSAY_INVALID_INPUT',
      `Expected \`${name}\` to be an integer >= 0, got ${show(count)}`,
    );
  }
}

function checkMargin(owner: string, margin: number): void {
  checkOptions(owner, { margin }, { margin: number(0, 1) });
}
