import { findRoot } from '../../statistics/find-root.js';
import { boundedMeanInterval } from '../../statistics/bounded-mean.js';
import { ClusteredMoments } from '../../statistics/clustered.js';
import type { Interval } from '../../statistics/intervals.js';
import { Moments } from '../../statistics/moments.js';
import { differenceOf } from '../../foundation/rounding.js';
import { normalCdf, normalQuantile } from '../../statistics/special-functions.js';
import { studentQuantile, studentTail } from '../../statistics/student.js';
import { mcnemarDetectableDifference, mcnemarPower } from '../paired/mcnemar-power.js';
import { signFlipP } from '../paired/sign-flips.js';
import { midPLevel, worseThanChance } from '../paired/unconditional-mcnemar.js';
import { nonInferiorityTest, type PairedTable, tangoInterval } from '../../statistics/paired-table.js';
import { blankCheck, FEWEST_DEGREES, openCheck, type TestedCheck, tooFewClusters } from './gate-check.js';
import type { Requirement } from './gate-options.js';

/** Scores of the cases that both runs have. */
export interface PairedSample {
  /** Scores of the run. */
  readonly run: readonly number[];
  /** Scores of the baseline for the same cases. */
  readonly baseline: readonly number[];
  /** The cluster of each case; `null` when cases are independent. */
  readonly clusters: readonly string[] | null;
}

/** How a comparison is made. */
export interface PairedCheckOptions {
  readonly level: number;
  readonly seed: number;
  readonly signal: AbortSignal | undefined;
  /** Comparisons that are made together, and corrected for. @default 1 */
  readonly comparisons?: number | undefined;
}

const POWER = 0.8;
const MOST_EXACT_POWER = 2000;

/** Compares the cases of two runs: `noWorse` or `maxDrop`. */
export async function checkPairs(
  requirement: Requirement,
  sample: PairedSample,
  options: PairedCheckOptions,
): Promise<TestedCheck> {
  const pairs = new Pairs(requirement, sample);
  const { n } = pairs;
  if (n < 2)
    return openCheck(requirement, {
      outcome: 'not-comparable',
      reason: `${n} ${n === 1 ? 'case' : 'cases'} with a score in both runs`,
    });
  const { level } = options;
  const interval = pairs.interval(level);
  const known = { ...blankCheck(requirement), ...pairs.facts, interval, method: interval?.method ?? 'none' };
  const { degreesOfFreedom, clusters } = pairs.facts;
  if (clusters !== null && (degreesOfFreedom === null || degreesOfFreedom < FEWEST_DEGREES)) {
    return {
      ...known,
      verdict: { outcome: 'undecided', reason: tooFewClusters(clusters, degreesOfFreedom) },
    };
  }
  if (requirement.kind === 'noWorse') return { ...known, ...(await noWorse(pairs, options)) };
  return { ...known, ...maxDrop(pairs, { interval, asked: requirement.asked, level }) };
}

/** Differences of the pairs, turned so that above 0 the run is better. */
class Pairs {
  readonly n: number;
  readonly differences: readonly number[];
  readonly moments: Moments;
  readonly clustered: ClusteredMoments | undefined;
  /** Counts of 0/1 scores of independent cases; `undefined` for others. */
  readonly table: PairedTable | undefined;
  readonly clusterSums: readonly number[] | undefined;
  readonly #sign: number;
  readonly #baselineMean: number;

  constructor({ better }: Requirement, { run, baseline, clusters }: PairedSample) {
    this.#sign = better === 'higher' ? 1 : -1;
    this.n = run.length;
    this.differences = run.map((score, i) => this.#sign * differenceOf(score, baseline[i] as number));
    this.moments = Moments.of(this.differences);
    this.#baselineMean = baseline.reduce((sum, score) => sum + score, 0) / Math.max(1, this.n);
    if (clusters !== null) {
      this.clustered = new ClusteredMoments();
      const sums = new Map<string, number>();
      this.differences.forEach((difference, i) => {
        const cluster = clusters[i] as string;
        (this.clustered as ClusteredMoments).add(difference, cluster);
        sums.set(cluster, (sums.get(cluster) ?? 0) + difference);
      });
      this.clusterSums = [...sums.values()];
    } else if ([run, baseline].every((scores) => scores.every((x) => x === 0 || x === 1))) {
      this.table = tableOf(this.differences, run);
    }
  }

  get facts(): Pick<
    TestedCheck,
    'n' | 'value' | 'baseline' | 'clusters' | 'degreesOfFreedom' | 'discordant'
  > {
    const differing = this.differences.filter((difference) => difference !== 0).length;
    return {
      n: this.n,
      value: this.#sign * (this.moments.mean ?? 0),
      baseline: this.#baselineMean,
      clusters: this.clustered?.clusters ?? null,
      degreesOfFreedom: this.clustered?.degreesOfFreedom ?? null,
      discordant: differing / this.n,
    };
  }

  /** Interval of the difference as it is reported: run minus baseline. */
  interval(level: number): Interval | null {
    const better = this.betterInterval(level);
    if (better === null || this.#sign === 1) return better;
    return { ...better, low: -better.high, high: -better.low };
  }

  /** Interval of how much better the run is. */
  betterInterval(level: number): Interval | null {
    if (this.table !== undefined) {
      const [low, high] = tangoInterval(this.table, { level });
      return { low, high, level, method: 'tango' };
    }
    if (this.clustered !== undefined) return this.clustered.interval({ level, range: [-1, 1] });
    return boundedMeanInterval(this.differences, { level, range: [-1, 1] });
  }
}

async function noWorse(
  pairs: Pairs,
  options: PairedCheckOptions,
): Promise<Pick<TestedCheck, 'p' | 'met' | 'method' | 'detectable'> & Partial<TestedCheck>> {
  const { p, method, verdict } = await worseTest(pairs, options);
  if (verdict !== undefined) return { p, met: false, method, detectable: null, verdict };
  return { p, met: true, method, detectable: detectableDrop(pairs, 1 - options.level) };
}

/** What {@link noWorseTest} finds. */
export type NoWorseTest = Pick<TestedCheck, 'p' | 'method' | 'verdict'>;

/**
 * The one-sided test alone, without the figures that stand beside it in a check: `bench/decisions` makes it 120,000 times.
 *
 * @public
 */
export function noWorseTest(
  requirement: Requirement,
  sample: PairedSample,
  options: PairedCheckOptions,
): Promise<NoWorseTest> {
  return worseTest(new Pairs(requirement, sample), options);
}

async function worseTest(pairs: Pairs, options: PairedCheckOptions): Promise<NoWorseTest> {
  const { n, table } = pairs;
  const units = pairs.clusterSums?.length ?? n;
  // Were every case to fall, this would be the p-value: with fewer no drop whatever can be seen.
  const least = table === undefined ? 0.5 ** units : worseThanChance({ wins: 0, losses: n, n });
  if (least > 1 - options.level) {
    const what = pairs.clusterSums === undefined ? 'cases' : 'clusters';
    const reason = `${units} ${what} could not show a drop if all of them fell`;
    return { p: null, method: 'none', verdict: { outcome: 'undecided', reason } };
  }
  if (table !== undefined) {
    const { onlyFirst: wins, onlySecond: losses } = table;
    return { p: worseThanChance({ wins, losses, n }), method: 'mcnemar-unconditional' };
  }
  const flipped = pairs.clusterSums ?? pairs.differences;
  const p = await signFlipP(flipped, options);
  // The flips are symmetric: one side has half of the two-sided chance.
  const below = flipped.reduce((sum, each) => sum + each, 0) < 0;
  return { p: below ? p / 2 : 1 - p / 2, method: 'sign-flip' };
}

function maxDrop(
  pairs: Pairs,
  {
    interval,
    asked,
    level,
  }: { readonly interval: Interval | null; readonly asked: number; readonly level: number },
): Pick<TestedCheck, 'p' | 'met' | 'detectable' | 'casesNeeded'> {
  const better = pairs.betterInterval(level);
  if (interval === null || better === null)
    return { p: null, met: false, detectable: null, casesNeeded: null };
  const spare = (pairs.moments.mean as number) + asked;
  const error = (better.high - better.low) / (-2 * normalQuantile((1 - level) / 2));
  const needed =
    spare <= 0
      ? Number.NaN
      : Math.ceil(
          pairs.n * ((error * (normalQuantile(POWER) - normalQuantile((1 - level) / 2))) / spare) ** 2,
        );
  return {
    met: better.low > -asked,
    p: better.high >= -asked ? 1 : brokenP(pairs, asked, level),
    detectable: null,
    casesNeeded: Number.isSafeInteger(needed) ? Math.max(pairs.n + 1, needed) : null,
  };
}

/** Two-sided p-value of a difference below the margin, where the interval lies below it. */
function brokenP(pairs: Pairs, asked: number, level: number): number {
  if (pairs.table !== undefined) return Math.min(1, 2 * normalCdf(nonInferiorityTest(pairs.table, asked).z));
  const { clustered, moments } = pairs;
  const standardError = clustered?.standardError ?? moments.standardError ?? 0;
  const degreesOfFreedom = clustered?.degreesOfFreedom ?? pairs.n - 1;
  if (standardError === 0) return 1 - level;
  const p = 2 * studentTail((-asked - (moments.mean as number)) / standardError, degreesOfFreedom);
  return Math.min(1 - level, p);
}

/** The drop that so many pairs find with a chance of 80 %, at the share of them that differ; `null` where none is. */
function detectableDrop(pairs: Pairs, alpha: number): number | null {
  const { n, table, clustered, moments } = pairs;
  if (table === undefined) {
    const error = clustered?.standardError ?? moments.standardError ?? 0;
    const degrees = clustered?.degreesOfFreedom ?? n - 1;
    const found = error * (studentQuantile(1 - alpha, degrees) + studentQuantile(POWER, degrees));
    return found > 0 && found <= 1 ? found : null;
  }
  const discordant = (table.onlyFirst + table.onlySecond) / n;
  if (n > MOST_EXACT_POWER && discordant > 0) {
    // so many that the normal formula says the same, in no time
    return Math.min(discordant, (normalQuantile(POWER) - normalQuantile(alpha)) * Math.sqrt(discordant / n));
  }
  const plan = {
    n,
    alpha: Math.min(0.999, 2 * (n > MOST_EXACT_POWER ? alpha : midPLevel(n, alpha))),
    test: 'mid-p' as const,
  };
  const found = discordant === 0 ? null : mcnemarDetectableDifference({ ...plan, discordant, power: POWER });
  if (found !== null) return found;
  // More than differ now would have to: the smallest drop without a single gain.
  const excess = (drop: number): number => mcnemarPower({ ...plan, p10: 0, p01: drop }) - POWER;
  return excess(1) < 0 ? null : findRoot(excess, [0, 1], 1e-9);
}

function tableOf(differences: readonly number[], run: readonly number[]): PairedTable {
  let [both, onlyFirst, onlySecond, neither] = [0, 0, 0, 0];
  for (const [i, difference] of differences.entries()) {
    if (difference > 0) onlyFirst++;
    else if (difference < 0) onlySecond++;
    else if (run[i] === 1) both++;
    else neither++;
  }
  return { both, onlyFirst, onlySecond, neither };
}
