import { AssayError } from '../errors.js';
import {
  betweenZeroAndOne,
  boolean,
  checkOptions,
  object,
  type OptionChecks,
} from '../foundation/options.js';
import { clusterSums } from './bootstrap.js';
import { checkClusterId, ClusteredMoments } from './clustered.js';
import { CrossSums } from './correlation.js';
import {
  type DifferenceEstimate,
  type DifferenceIntervals,
  differenceIntervals,
  quotedInterval,
} from './difference-intervals.js';
import type { Interval } from './intervals.js';
import { magnitudeOf } from './mean-interval.js';
import { Moments } from './moments.js';
import { checkSameLength } from './paired-numbers.js';
import type { PairedTable } from './paired-table.js';
import {
  mcnemarTest,
  signFlipChecks,
  signFlipTest,
  type SignFlipOptions,
  type TTest,
  tTest,
} from './paired-tests.js';
import { differenceOf, isRounding } from '../foundation/rounding.js';
import { ScoreCounts } from './score-counts.js';
import { toUnit } from './value-range.js';

/** Which test a p-value comes from. */
export type PairedTestName = 't' | 'clustered-t' | 'mcnemar' | 'sign-flip';

/** Options of {@link comparePaired}. */
export interface PairedOptions extends Omit<SignFlipOptions, 'magnitude'> {
  /** Nominal coverage of the interval, above 0 and below 1. @default 0.95 */
  readonly level?: number | undefined;
  /**
   * Whether the sign-flip permutation test is made: it needs the differences of all pairs, and draws.
   * @default true
   */
  readonly permutation?: boolean | undefined;
}

/** Checks of {@link PairedOptions}. */
const { magnitude: _, ...flipChecks } = signFlipChecks; // known here: the scores themselves are given
export const pairedChecks: OptionChecks<PairedOptions> = {
  ...flipChecks,
  level: betweenZeroAndOne,
  permutation: boolean,
};

/** How two paired samples differ; figures that are not defined are `null`. */
export interface PairedComparison {
  /** Pairs with a score on both sides. */
  readonly pairs: number;
  /** Mean of a over these pairs; `null` for none. */
  readonly meanA: number | null;
  /** Mean of b over these pairs; `null` for none. */
  readonly meanB: number | null;
  /** Mean of a - b: above 0, a is better. */
  readonly difference: number | null;
  /** Standard error of `difference`, clustered when there are clusters. */
  readonly standardError: number | null;
  /** Standard error that unpaired samples would have: how much pairing gained. */
  readonly unpairedStandardError: number | null;
  /**
   * The interval of `difference` to quote: Tango's for 0/1 scores without clusters; Student's t where no difference (or
   * mean of a cluster) makes up more than a fifth of all, and t stays within the range; else mid-Gaffke's within -1..1,
   * which holds also where ties or rare losses pile up. Scores outside 0..1 have no range: t, or `null` when no spread
   * was seen.
   */
  readonly interval: Interval | null;
  /** Each interval that applies; `interval` is one of them. */
  readonly intervals: DifferenceIntervals;
  /** Clusters, when pairs are not independent of each other; else `null`. */
  readonly clusters: number | null;
  /** n² / Σ size²: how many clusters of equal size would weigh alike; `null` without clusters or with fewer than 2. */
  readonly effectiveClusters: number | null;
  /** Degrees of freedom of t: pairs - 1, or Satterthwaite's for clusters, where below 4 the error says little. */
  readonly degreesOfFreedom: number | null;
  /** t statistic, `difference` / `standardError`; `null` when no spread was seen. */
  readonly t: number | null;
  /** p-value of `test`: the one to quote. */
  readonly pValue: number | null;
  /** `mcnemar` for 0/1 scores, `clustered-t` with clusters, else `t`; `sign-flip` where t is not defined. */
  readonly test: PairedTestName;
  /** Two-sided p-values of each test that applies. */
  readonly pValues: {
    /** Student's t, clustered when there are clusters; `null` where `t` is. */
    readonly t: number | null;
    /** Exact; only for 0/1 scores without clusters. */
    readonly mcnemar: number | null;
    /** Seeded; `null` when not asked for. */
    readonly signFlip: number | null;
  };
  /** Pairs in which a is higher. */
  readonly wins: number;
  /** Pairs in which b is higher. */
  readonly losses: number;
  /** Pairs in which both are equal, or differ by rounding alone (a few units in the last place). */
  readonly ties: number;
  /** Pearson's correlation of the two sides: the higher, the more pairing gains. */
  readonly correlation: number | null;
}

/** What a {@link PairedDifferences} keeps beside its sums. */
export interface PairedDifferencesOptions {
  /** Each difference, 8 bytes a pair: for the permutation test and for clusters. */
  readonly differences: boolean;
  /** The cluster of each pair, a reference of 8 bytes. */
  readonly clusters: boolean;
}

const DIFFERENCES = [-1, 1] as const; // range of the difference of two scores

/** Gathers pairs of scores, in constant memory but for what {@link PairedDifferencesOptions} asks to be kept. */
export class PairedDifferences {
  readonly #a = new Moments();
  readonly #b = new Moments();
  readonly #differences = new Moments();
  readonly #pairs = new CrossSums();
  /** Of the differences, on 0..1; gone once a value lies outside 0..1. */
  #counts: ScoreCounts | undefined = new ScoreCounts();
  readonly #clusters: string[] | undefined;
  #kept: Float64Array | undefined;
  #wins = 0;
  #losses = 0;

  constructor(options: PairedDifferencesOptions) {
    if (options.differences) this.#kept = new Float64Array(256);
    if (options.clusters) this.#clusters = [];
  }

  /** How many pairs were added. */
  get pairs(): number {
    return this.#differences.n;
  }

  /** Adds the scores of one pair and, where clusters are kept, its cluster. */
  add(a: number, b: number, cluster = ''): void {
    const difference = differenceOf(a, b);
    if (this.#kept !== undefined) {
      if (this.pairs === this.#kept.length) {
        const grown = new Float64Array(this.#kept.length * 2);
        grown.set(this.#kept);
        this.#kept = grown;
      }
      this.#kept[this.pairs] = difference;
    }
    this.#clusters?.push(cluster);
    this.#a.add(a);
    this.#b.add(b);
    this.#differences.add(difference);
    this.#pairs.add(a, b);
    if (this.#counts !== undefined) {
      if (a >= 0 && a <= 1 && b >= 0 && b <= 1) this.#counts.add(toUnit(difference, DIFFERENCES));
      else this.#counts = undefined;
    }
    if (difference > 0) this.#wins++;
    else if (difference < 0) this.#losses++;
  }

  /** The comparison of all pairs; `clustered`: whether those of one cluster count as dependent. */
  async compare(options: PairedOptions, clustered: boolean): Promise<PairedComparison> {
    const { level = 0.95, permutation = true, ...flips } = options;
    const kept = this.#kept?.subarray(0, this.pairs);
    const clusters = clustered ? clusteredOf(kept, this.#clusters) : undefined;
    const binary = !clustered && this.#a.binary && this.#b.binary;
    const estimate = this.#estimate(clusters?.moments);
    const intervals = differenceIntervals(
      {
        estimate,
        counts: this.#counts,
        clusters: clusters?.moments,
        table: binary ? this.#table() : undefined,
      },
      level,
    );
    const found = tTestOf(estimate);
    const flipped = clusters?.sums ?? kept;
    const pValues = {
      t: found?.pValue ?? null,
      mcnemar: binary ? mcnemarTest(this.#wins, this.#losses).pValue : null,
      signFlip:
        permutation && flipped !== undefined && this.pairs > 0
          ? (await signFlipTest(flipped, { ...flips, magnitude: this.#magnitude })).pValue
          : null,
    };
    const test = headline(pValues, clustered);
    return {
      pairs: this.pairs,
      meanA: this.#a.mean,
      meanB: this.#b.mean,
      difference: estimate.mean,
      standardError: estimate.standardError,
      unpairedStandardError: this.#unpairedError(),
      interval: quotedInterval(intervals, { counts: this.#counts, clusters: clusters?.moments }),
      intervals,
      clusters: clusters?.moments.clusters ?? null,
      effectiveClusters: clusters?.moments.effectiveClusters ?? null,
      degreesOfFreedom: estimate.degreesOfFreedom,
      t: found?.t ?? null,
      pValue: test === 'mcnemar' ? pValues.mcnemar : test === 'sign-flip' ? pValues.signFlip : pValues.t,
      test,
      pValues,
      wins: this.#wins,
      losses: this.#losses,
      ties: this.pairs - this.#wins - this.#losses,
      correlation: this.#pairs.correlation,
    };
  }

  get #magnitude(): number {
    return Math.max(magnitudeOf(this.#a), magnitudeOf(this.#b));
  }

  /** Mean, error and degrees of freedom; what rounding alone makes of equal scores is 0. */
  #estimate(clusters: ClusteredMoments | undefined): DifferenceEstimate {
    const onPaper = (value: number | null): number | null =>
      value !== null && isRounding(value, this.#magnitude) ? 0 : value;
    return {
      mean: onPaper(this.#differences.mean),
      standardError: onPaper((clusters ?? this.#differences).standardError),
      degreesOfFreedom: clusters === undefined ? degreesOf(this.pairs) : clusters.degreesOfFreedom,
    };
  }

  #unpairedError(): number | null {
    const [a, b] = [this.#a.variance, this.#b.variance];
    return a === null || b === null ? null : Math.sqrt((a + b) / this.pairs);
  }

  /** Of 0/1 scores. */
  #table(): PairedTable {
    const both = this.#a.sum - this.#wins;
    const neither = this.pairs - both - this.#wins - this.#losses;
    return { both, onlyFirst: this.#wins, onlySecond: this.#losses, neither };
  }
}

function tTestOf({ mean, standardError, degreesOfFreedom }: DifferenceEstimate): TTest | null {
  if (mean === null || standardError === null || degreesOfFreedom === null) return null;
  return tTest({ mean, standardError, degreesOfFreedom });
}

const degreesOf = (pairs: number): number | null => (pairs < 2 ? null : pairs - 1);

/**
 * Compares two paired samples: `a[i]` and `b[i]` belong to the same case.
 *
 * @param options As {@link PairedOptions}; `clusters` names the cluster of each pair that is not independent of
 *   the others (all repetitions of a case, all questions about a text).
 * @throws AssayError `ASSAY_INVALID_INPUT` for lists of different lengths or scores that are not finite,
 *   `ASSAY_INVALID_OPTION`, `ASSAY_ABORTED` when aborted.
 */
export async function comparePaired(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  options: PairedOptions & { readonly clusters?: readonly string[] | undefined } = {},
): Promise<PairedComparison> {
  checkSameLength('a and b', a, b);
  const { clusters, ...others } = checkOptions<typeof options>('comparePaired', options, {
    ...pairedChecks,
    clusters: object,
  });
  if (clusters !== undefined) {
    checkSameLength('scores and clusters', a, clusters);
    clusters.forEach(checkClusterId);
  }
  const pairs = new PairedDifferences({ differences: true, clusters: clusters !== undefined });
  for (let i = 0; i < a.length; i++) pairs.add(a[i] as number, b[i] as number, clusters?.[i]);
  return pairs.compare(others, clusters !== undefined);
}

function headline(pValues: PairedComparison['pValues'], clustered: boolean): PairedTestName {
  if (pValues.mcnemar !== null) return 'mcnemar';
  if (pValues.t === null && pValues.signFlip !== null) return 'sign-flip';
  return clustered ? 'clustered-t' : 't';
}

function clusteredOf(
  differences: Float64Array | undefined,
  clusters: readonly string[] | undefined,
): { readonly moments: ClusteredMoments; readonly sums: Float64Array } {
  if (differences === undefined || clusters === undefined) {
    throw new AssayError('ASSAY_INVARIANT', 'Clustered pairs need their differences and clusters to be kept');
  }
  const moments = new ClusteredMoments();
  differences.forEach((difference, i) => moments.add(difference, clusters[i] as string));
  return { moments, sums: clusterSums(differences, clusters).values };
}
