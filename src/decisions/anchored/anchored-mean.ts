import { boundedMeanInterval } from '../../statistics/bounded-mean.js';
import { ClusteredMoments } from '../../statistics/clustered.js';
import { normalQuantile } from '../../statistics/special-functions.js';
import { type Ends, tangoInterval } from '../../statistics/paired-table.js';
import {
  type AnchoredSample,
  meanOf,
  predictionPoweredMean,
  squares,
  tunedLambda,
} from './prediction-powered.js';

/** How an {@link AnchoredMean} was made. */
export type AnchoredForm =
  /** Prediction-powered, Student's t. */
  | 'prediction-powered'
  /** Prediction-powered with Tango's limits of the disagreements, which are rare; 0/1 scores. */
  | 'prediction-powered-tango'
  /** Prediction-powered with mid-Gaffke limits of the disagreements, which are rare; graded scores. */
  | 'prediction-powered-mid-gaffke'
  /** Prediction-powered, items in clusters. */
  | 'prediction-powered-clustered'
  /** Prediction-powered, labels drawn with chances that differ. */
  | 'prediction-powered-weighted'
  /** The judge is not used. */
  | 'labels-only';

/** A mean that rests on labels of some items, with the form that holds for so many of them. */
export interface AnchoredMean {
  /** Estimate of the mean label over all items, 0..1. */
  readonly mean: number;
  /** Interval of it, within 0..1. */
  readonly interval: Ends;
  /** Weight of the judge, 0..1. */
  readonly lambda: number;
  /** How the interval was made. */
  readonly form: AnchoredForm;
  /** Why the judge was not used; `null` where it was. */
  readonly reason: string | null;
}

/** Labels below which no prediction-powered interval was found to hold. */
export const FEWEST_LABELS = 20;

const FEWEST_RESIDUALS = 10;

/**
 * The anchored mean of independent items, whose labels were drawn alike: by Student's t, or where judge and labels
 * rarely disagree (fewer than ten times) by limits of that rare disagreement, which t knows nothing of. Below 20 labels,
 * and with a judge that knows nothing, the labels alone.
 *
 * @param sample Scores and labels in 0..1.
 */
export function anchoredMean(sample: AnchoredSample, level: number): AnchoredMean {
  const { labels, judge, unlabelledJudge } = sample;
  if (unlabelledJudge.length === 0) return labelsOnly(labels, { level, reason: 'every item has a label' });
  if (labels.length < FEWEST_LABELS) {
    return labelsOnly(labels, {
      level,
      reason: `fewer than ${FEWEST_LABELS} labels: a judge cannot be weighed with so few`,
    });
  }
  const lambda = tunedLambda(sample);
  if (lambda === 0) return labelsOnly(labels, { level, reason: 'the judge says nothing about the labels' });
  const differences = labels.map((label, i) => label - (judge[i] as number));
  const residuals = labels.map((label, i) => label - lambda * (judge[i] as number));
  const rare = Math.min(offMode(differences), offMode(residuals)) < FEWEST_RESIDUALS;
  if (!rare) {
    const { mean, interval } = predictionPoweredMean(sample, { level });
    return {
      mean: clip(mean),
      interval: clipEnds(interval as Ends),
      lambda,
      form: 'prediction-powered',
      reason: null,
    };
  }
  const found = rareDisagreementMean(sample, level);
  return { ...found, mean: clip(found.mean), interval: clipEnds(found.interval), reason: null };
}

/** A mean whose judge and labels rarely disagree. */
export interface RareDisagreementMean {
  readonly mean: number;
  readonly interval: Ends;
  readonly lambda: number;
  /** Mean of what labels add to the judge's word. */
  readonly rectifier: number;
  /** Interval of it. */
  readonly rectifierInterval: Ends;
  readonly form: 'prediction-powered-tango' | 'prediction-powered-mid-gaffke';
}

/**
 * Prediction-powered mean with limits of the rectifier that hold where it rests on a few items: Tango's for 0/1 labels
 * and scores (judge at full weight), else mid-Gaffke on [-λ, 1]; joined with the judge's part by square-and-add.
 */
export function rareDisagreementMean(sample: AnchoredSample, level: number): RareDisagreementMean {
  const { labels, judge, unlabelledJudge } = sample;
  const binary = [labels, judge, unlabelledJudge].every((values) => values.every((x) => x === 0 || x === 1));
  const lambda = binary ? 1 : tunedLambda(sample);
  const residuals = labels.map((label, i) => label - lambda * (judge[i] as number));
  const rectifier = meanOf(residuals);
  const mean = lambda * meanOf(unlabelledJudge) + rectifier;
  const [low, high] = binary ? tangoLimits(labels, judge, level) : gaffkeLimits(residuals, lambda, level);
  const z = -normalQuantile((1 - level) / 2);
  const ofJudge = (lambda * z) ** 2 * (squares(unlabelledJudge) / unlabelledJudge.length ** 2);
  const interval: Ends = [
    mean - Math.sqrt((rectifier - low) ** 2 + ofJudge),
    mean + Math.sqrt((high - rectifier) ** 2 + ofJudge),
  ];
  const form = binary ? 'prediction-powered-tango' : 'prediction-powered-mid-gaffke';
  return { mean, interval, lambda, rectifier, rectifierInterval: [low, high], form };
}

/** What labels alone say: the mid-p interval of 0/1 labels, mid-Gaffke of graded ones, of whole clusters where there are some. */
export function labelsOnly(
  labels: readonly number[],
  {
    level,
    reason,
    clusters,
  }: { readonly level: number; readonly reason: string; readonly clusters?: readonly string[] | undefined },
): AnchoredMean {
  let interval = clusters === undefined ? boundedMeanInterval(labels, { level }) : null;
  if (clusters !== undefined) {
    const moments = new ClusteredMoments();
    labels.forEach((label, i) => moments.add(label, clusters[i] as string));
    interval = moments.interval({ level, range: [0, 1] });
  }
  const ends: Ends = interval === null ? [0, 1] : [interval.low, interval.high];
  return { mean: meanOf(labels), interval: ends, lambda: 0, form: 'labels-only', reason };
}

function tangoLimits(labels: readonly number[], judge: readonly number[], level: number): Ends {
  const table = { both: 0, onlyFirst: 0, onlySecond: 0, neither: 0 };
  labels.forEach((label, i) => {
    if (label === judge[i]) table[label === 1 ? 'both' : 'neither']++;
    else table[label === 1 ? 'onlyFirst' : 'onlySecond']++;
  });
  return tangoInterval(table, { level });
}

function gaffkeLimits(residuals: readonly number[], lambda: number, level: number): Ends {
  const interval = boundedMeanInterval(residuals, { level, range: [-lambda, 1] });
  return interval === null ? [-lambda, 1] : [interval.low, interval.high];
}

/** How many values are not the most frequent one; values that rounding alone tells apart count as one. */
function offMode(values: readonly number[]): number {
  const counts = new Map<number, number>();
  let most = 0;
  for (const value of values) {
    const key = Math.round(value * 1e12);
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    most = Math.max(most, count);
  }
  return values.length - most;
}

const clip = (value: number): number => Math.min(1, Math.max(0, value));
const clipEnds = ([low, high]: Ends): Ends => [clip(low), clip(high)];
