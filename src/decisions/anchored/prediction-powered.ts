import { AssayError } from '../../errors.js';
import {
  betweenZeroAndOne,
  checkOptions,
  either,
  list,
  number,
  oneOf,
  requireOptions,
  show,
  type OptionChecks,
} from '../../foundation/options.js';
import { normalQuantile } from '../../statistics/special-functions.js';
import { studentQuantile } from '../../statistics/student.js';
import type { Ends } from '../../statistics/paired-table.js';

/** Scores of a judge on all items, and labels on some of them. */
export interface AnchoredSample {
  /** Labels of the labelled items. */
  readonly labels: readonly number[];
  /** The judge's scores of the same items, in the same order. */
  readonly judge: readonly number[];
  /** The judge's scores of the other items: the labelled ones are not in it. */
  readonly unlabelledJudge: readonly number[];
}

/** How a prediction-powered mean is made. */
export interface PredictionPoweredOptions {
  /** Nominal coverage, above 0 and below 1. @default 0.95 */
  readonly level?: number | undefined;
  /** Weight of the judge, 0..1; `tuned`: the one with the least error that these labels suggest. @default 'tuned' */
  readonly lambda?: number | 'tuned' | undefined;
  /**
   * `small-sample`: Student's t, with the labels that tuning has used up taken off; `published`: the normal
   * approximation of Angelopoulos, Duchi and Zrnic (2023), too narrow below some hundred labels.
   * @default 'small-sample'
   */
  readonly form?: 'small-sample' | 'published' | undefined;
}

/** A mean over all items that rests on labels of some. */
export interface PredictionPoweredMean {
  /** Estimate of the mean label over all items. */
  readonly mean: number;
  /** Its standard error. */
  readonly standardError: number;
  /** Weight of the judge that was used, 0..1. */
  readonly lambda: number;
  /** Of Student's t; `null` with the normal approximation, and below 1, where there is no interval. */
  readonly degreesOfFreedom: number | null;
  /** Interval of the mean, not clipped to the scale; `null` where too few labels allow none. */
  readonly interval: Ends | null;
}

const OPTION_CHECKS: OptionChecks<PredictionPoweredOptions> = {
  level: betweenZeroAndOne,
  lambda: either(number(0, 1), oneOf('tuned')),
  form: oneOf('small-sample', 'published'),
};

/**
 * Prediction-powered mean (Angelopoulos, Bates, Fannjiang, Jordan and Zrnic 2023; power-tuned: Angelopoulos, Duchi and
 * Zrnic 2023): λ·avg(judge of the others) + avg(label - λ·judge), whatever the judge is worth. Labels must be of items
 * drawn at random, and must not have tuned the judge. For a paired difference of two systems give the differences.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for lists of different lengths, fewer than 2 labels, no other item, or
 *   values that are not finite; `ASSAY_INVALID_OPTION`.
 */
export function predictionPoweredMean(
  sample: AnchoredSample,
  options: PredictionPoweredOptions = {},
): PredictionPoweredMean {
  const {
    level = 0.95,
    lambda: given = 'tuned',
    form = 'small-sample',
  } = checkOptions('predictionPoweredMean', options, OPTION_CHECKS);
  checkSample(sample);
  const { labels, judge, unlabelledJudge } = sample;
  const [n, others] = [labels.length, unlabelledJudge.length];
  const lambda = given === 'tuned' ? tunedLambda(sample) : given;
  const residuals = labels.map((label, i) => label - lambda * (judge[i] as number));
  const mean = lambda * meanOf(unlabelledJudge) + meanOf(residuals);
  if (form === 'published') {
    const standardError = Math.sqrt(
      (lambda * lambda * squares(unlabelledJudge)) / others ** 2 + squares(residuals) / n ** 2,
    );
    const margin = -normalQuantile((1 - level) / 2) * standardError;
    return { mean, standardError, lambda, degreesOfFreedom: null, interval: [mean - margin, mean + margin] };
  }
  const used = given === 'tuned' && lambda > 0 ? 1 : 0;
  const degreesOfFreedom = n - 1 - used;
  const ofJudge = others < 2 ? 0 : (lambda * lambda * squares(unlabelledJudge)) / (others - 1) / others;
  const standardError = Math.sqrt(ofJudge + squares(residuals) / Math.max(1, degreesOfFreedom) / n);
  return { mean, standardError, lambda, ...tEnds(mean, { standardError, degreesOfFreedom, level }) };
}

/** Clusters of labelled and other items: those of one cluster are not independent. */
export interface ClusteredAnchoredSample extends AnchoredSample {
  /** Cluster of each labelled item. */
  readonly clusters: readonly string[];
  /** Cluster of each other item. */
  readonly unlabelledClusters: readonly string[];
}

/** A {@link PredictionPoweredMean} of items that come in clusters. */
export interface ClusteredPredictionPoweredMean extends PredictionPoweredMean {
  /** All clusters. */
  readonly clusters: number;
}

/**
 * {@link predictionPoweredMean} for items that come in clusters (questions about one document): the error is that of
 * the sums over clusters, with as many degrees of freedom as clusters hold labels, less one.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT`, also for fewer than two clusters with labels.
 */
export function clusteredPredictionPoweredMean(
  sample: ClusteredAnchoredSample,
  options: Omit<PredictionPoweredOptions, 'form'> = {},
): ClusteredPredictionPoweredMean {
  const { level = 0.95, lambda: given = 'tuned' } = checkOptions(
    'clusteredPredictionPoweredMean',
    options,
    OPTION_CHECKS,
  );
  checkSample(sample);
  const { labels, judge, unlabelledJudge, clusters, unlabelledClusters } = sample;
  checkLengths('labels and clusters', labels, clusters);
  checkLengths('unlabelledJudge and unlabelledClusters', unlabelledJudge, unlabelledClusters);
  const lambda = given === 'tuned' ? tunedLambda(sample) : given;
  const residuals = labels.map((label, i) => label - lambda * (judge[i] as number));
  const [rectifier, ofJudge] = [meanOf(residuals), meanOf(unlabelledJudge)];
  const sums = new Map<string, number>();
  const add = (cluster: string, part: number): void =>
    void sums.set(cluster, (sums.get(cluster) ?? 0) + part);
  residuals.forEach((residual, i) => add(clusters[i] as string, (residual - rectifier) / labels.length));
  unlabelledJudge.forEach((score, i) =>
    add(unlabelledClusters[i] as string, (lambda * (score - ofJudge)) / unlabelledJudge.length),
  );
  const withLabels = new Set(clusters).size;
  if (withLabels < 2) {
    throw new AssayError(
      'ASSAY_INVALID_INPUT',
      `Expected labels in at least two clusters, got ${withLabels}`,
    );
  }
  const count = sums.size;
  const total = [...sums.values()].reduce((sum, part) => sum + part * part, 0);
  const standardError = Math.sqrt((count / (count - 1)) * total);
  const mean = lambda * ofJudge + rectifier;
  return {
    mean,
    standardError,
    lambda,
    clusters: count,
    ...tEnds(mean, { standardError, degreesOfFreedom: withLabels - 1, level }),
  };
}

/** Items of which each was drawn for labelling with a chance of its own. */
export interface WeightedAnchoredSample {
  /** The judge's score of every item. */
  readonly judge: readonly number[];
  /** Its label; `null` where the item was not drawn. */
  readonly labels: readonly (number | null)[];
  /** Its chance of being drawn, above 0, at most 1. */
  readonly probability: readonly number[];
}

/**
 * Prediction-powered mean of items that were drawn with known chances that differ: the mean of
 * λ·judge + (label - λ·judge)/chance over all items, the last part only where a label was drawn.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for lists of different lengths, chances outside of 0..1 or fewer than 2
 *   labels.
 */
export function weightedPredictionPoweredMean(
  sample: WeightedAnchoredSample,
  options: Omit<PredictionPoweredOptions, 'form' | 'lambda'> & {
    /** Weight of the judge, 0..1; not tuned here. @default 1 */
    readonly lambda?: number | undefined;
  } = {},
): PredictionPoweredMean {
  const { level = 0.95, lambda = 1 } = checkOptions<typeof options>(
    'weightedPredictionPoweredMean',
    options,
    {
      level: betweenZeroAndOne,
      lambda: number(0, 1),
    },
  );
  const { judge, labels, probability } = sample;
  checkLengths('judge and labels', judge, labels);
  checkLengths('judge and probability', judge, probability);
  const drawn = labels.filter((label) => label !== null).length;
  if (drawn < 2) throw new AssayError('ASSAY_INVALID_INPUT', `Expected at least two labels, got ${drawn}`);
  const parts = judge.map((score, i) => {
    const [label, chance] = [labels[i] as number | null, probability[i] as number];
    if (!(chance > 0 && chance <= 1)) {
      throw new AssayError(
        'ASSAY_INVALID_INPUT',
        `Expected chances above 0 and at most 1, got ${show(chance)}`,
      );
    }
    return lambda * score + (label === null ? 0 : (label - lambda * score) / chance);
  });
  const mean = meanOf(parts);
  const standardError = Math.sqrt(squares(parts) / (parts.length - 1) / parts.length);
  return {
    mean,
    standardError,
    lambda,
    ...tEnds(mean, { standardError, degreesOfFreedom: drawn - 1, level }),
  };
}

/** The weight of the judge with the least error: 0 for one that is constant or knows nothing, at most 1. */
export function tunedLambda({ labels, judge, unlabelledJudge }: AnchoredSample): number {
  const n = labels.length;
  const [meanLabel, meanJudge] = [meanOf(labels), meanOf(judge)];
  const covariance =
    labels.reduce((sum, label, i) => sum + (label - meanLabel) * ((judge[i] as number) - meanJudge), 0) / n;
  const all = [...judge, ...unlabelledJudge];
  const variance = squares(all) / (all.length - 1);
  if (!(variance > 0)) return 0;
  return Math.min(1, Math.max(0, covariance / ((1 + n / unlabelledJudge.length) * variance)));
}

/** Arithmetic mean. */
export const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Sum of squared deviations from the mean. */
export function squares(values: readonly number[]): number {
  const mean = meanOf(values);
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
}

function tEnds(
  mean: number,
  {
    standardError,
    degreesOfFreedom,
    level,
  }: { readonly standardError: number; readonly degreesOfFreedom: number; readonly level: number },
): Pick<PredictionPoweredMean, 'degreesOfFreedom' | 'interval'> {
  if (degreesOfFreedom < 1) return { degreesOfFreedom: null, interval: null };
  const margin = -studentQuantile((1 - level) / 2, degreesOfFreedom) * standardError;
  return { degreesOfFreedom, interval: [mean - margin, mean + margin] };
}

/** Throws unless labels and judge belong together and there is something to say. */
function checkSample(sample: AnchoredSample): void {
  checkOptions<AnchoredSample>(
    'an anchored sample',
    { labels: sample.labels, judge: sample.judge, unlabelledJudge: sample.unlabelledJudge },
    { labels: list, judge: list, unlabelledJudge: list },
  );
  requireOptions('an anchored sample', sample, ['labels', 'judge', 'unlabelledJudge']);
  checkLengths('labels and judge', sample.labels, sample.judge);
  if (sample.labels.length < 2) {
    throw new AssayError('ASSAY_INVALID_INPUT', `Expected at least two labels, got ${sample.labels.length}`);
  }
  if (sample.unlabelledJudge.length === 0) {
    throw new AssayError('ASSAY_INVALID_INPUT', 'Expected scores of items without a label, got none');
  }
  for (const values of [sample.labels, sample.judge, sample.unlabelledJudge]) {
    const bad = values.find((value) => !Number.isFinite(value));
    if (bad !== undefined)
      throw new AssayError('ASSAY_INVALID_INPUT', `Expected finite scores, got ${show(bad)}`);
  }
}

function checkLengths(what: string, one: readonly unknown[], other: readonly unknown[]): void {
  if (one.length === other.length) return;
  throw new AssayError(
    'ASSAY_INVALID_INPUT',
    `Expected ${what} of one length, got ${one.length} and ${other.length}`,
  );
}
