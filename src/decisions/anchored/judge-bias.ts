import { boundedMeanInterval } from '../../statistics/bounded-mean.js';
import { studentQuantile } from '../../statistics/student.js';
import { clusteredEnds, type Figure } from './judge-agreement.js';
import { meanOf } from './prediction-powered.js';

/**
 * How much too high the judge is, with its interval: over clusters where labels come in some, weighed back where answers
 * were drawn with chances that differ. `width`: what the scale is stretched by.
 */
export function judgeBias(
  { labels, judge }: { readonly labels: readonly number[]; readonly judge: readonly number[] },
  {
    level,
    clusters,
    chances,
    width,
  }: {
    readonly level: number;
    readonly clusters: readonly string[] | null;
    readonly chances: readonly number[];
    readonly width: number;
  },
): Figure {
  const errors = labels.map((label, i) => (judge[i] as number) - label);
  const weighed = weighedMean(errors, chances);
  if (clusters === null && areUneven(chances) && weighed.standardError > 0) {
    const margin = studentQuantile((1 + level) / 2, errors.length - 1) * weighed.standardError;
    const low = Math.max(-1, weighed.mean - margin);
    const high = Math.min(1, weighed.mean + margin);
    return { value: width * weighed.mean, interval: [width * low, width * high], n: labels.length };
  }
  if (clusters !== null) {
    const [low, high] = clusteredEnds(errors, clusters, { level, range: [-1, 1] });
    return { value: width * meanOf(errors), interval: [width * low, width * high], n: labels.length };
  }
  const bias = boundedMeanInterval(errors, { level, range: [-1, 1] });
  return {
    value: width * (meanOf(judge) - meanOf(labels)),
    interval: bias === null ? [-width, width] : [width * bias.low, width * bias.high],
    n: labels.length,
  };
}

/** Whether answers were drawn with chances that differ. */
export const areUneven = (chances: readonly number[]): boolean =>
  chances.some((chance) => Math.abs(chance - (chances[0] as number)) > 1e-9);

/** Mean of values that were drawn with these chances, each standing for its like, with its standard error. */
function weighedMean(
  values: readonly number[],
  chances: readonly number[],
): { readonly mean: number; readonly standardError: number } {
  const total = chances.reduce((sum, chance) => sum + 1 / chance, 0);
  const sum = (of: (value: number, chance: number) => number): number =>
    values.reduce((all, value, i) => all + of(value, chances[i] as number), 0);
  const mean = sum((value, chance) => value / chance) / total;
  const squared = sum((value, chance) => ((value - mean) / chance) ** 2);
  return {
    mean,
    standardError: Math.sqrt((squared * values.length) / (values.length - 1)) / total,
  };
}
