import { mcnemarMidP } from '../../statistics/paired-table.js';

/** Independent pairs of 0/1 scores. */
export interface PairCounts {
  /** Pairs that only the first side has right, integer >= 0. */
  readonly wins: number;
  /** Pairs that only the second side has right, integer >= 0. */
  readonly losses: number;
  /** All pairs, integer >= wins + losses. */
  readonly n: number;
}

/**
 * One-sided p-value that the first side is worse: the largest chance, whatever share of the pairs differs, that unchanged
 * sides give a mid-p-value of McNemar's test as small as this one (Suissa and Shuster 1991). Mid-p by itself errs in up to
 * 5.9 % at 5 % (50 pairs that all differ); this never errs more often than it says, and loses less than the exact
 * conditional test does.
 */
export function worseThanChance({ wins, losses, n }: PairCounts): number {
  return largestSize(n, mcnemarMidP(wins, losses).pWorse);
}

/** The largest mid-p-value with which {@link worseThanChance} of `n` pairs is at most `alpha`, but for 1e-6. */
export function midPLevel(n: number, alpha: number): number {
  let [low, high] = [0, 2 * alpha];
  while (high - low > 1e-6) {
    const middle = (low + high) / 2;
    if (largestSize(n, middle) <= alpha) low = middle;
    else high = middle;
  }
  return low;
}

/** The largest chance, over all shares of pairs that differ, of a mid-p-value of at most `level` when neither side is better. */
function largestSize(n: number, level: number): number {
  if (level <= 0) return 0;
  const chances = chancesByDiscordant(n, level);
  // even steps of the arc sine: an eighth of a standard deviation of the number of pairs that differ
  const steps = Math.ceil(4 * Math.PI * Math.sqrt(n));
  let largest = chances[n] as number;
  for (let step = 1; step < steps; step++) {
    const size = meanChance(chances, n, Math.sin((step / steps) * (Math.PI / 2)) ** 2);
    if (size > largest) largest = size;
  }
  return Math.min(1, largest);
}

/**
 * For each number m of pairs that differ, the chance of a mid-p-value of at most `level`. The least number of losses that
 * has one grows by one pair or none with each further pair, so tail and point chance of it are carried along.
 */
function chancesByDiscordant(n: number, level: number): Float64Array {
  const chances = new Float64Array(n + 1);
  const reached = level * (1 + 1e-12);
  let m = Math.max(0, Math.ceil(-Math.log2(2 * reached)));
  if (0.5 ** m / 2 > reached) m++;
  let [losses, tail, point] = [m, 0.5 ** m, 0.5 ** m];
  for (; m <= n; m++) {
    if (tail - point / 2 > reached) {
      tail -= point;
      point *= (m - losses) / (losses + 1);
      losses++;
    }
    chances[m] = tail;
    const before = (point * losses) / (m - losses + 1);
    tail += before / 2;
    point = (point + before) / 2;
  }
  return chances;
}

/** Mean of `chances` over Binomial(n, share), from its most likely value outward until what is left cannot matter. */
function meanChance(chances: Float64Array, n: number, share: number): number {
  const odds = share / (1 - share);
  const centre = Math.min(n, Math.floor((n + 1) * share));
  let [weights, sum] = [1, chances[centre] as number];
  for (let m = centre, weight = 1; m < n && weight > 1e-16; m++) {
    weight *= (odds * (n - m)) / (m + 1);
    weights += weight;
    sum += weight * (chances[m + 1] as number);
  }
  for (let m = centre, weight = 1; m > 0 && weight > 1e-16; m--) {
    weight *= m / (odds * (n - m + 1));
    weights += weight;
    sum += weight * (chances[m - 1] as number);
  }
  return sum / weights;
}
