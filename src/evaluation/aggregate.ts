import { reaches } from '../foundation/rounding.js';
import type { DimensionResult } from './evaluation-types.js';

/** An overall score and, where something is missing from it, what. */
export interface Aggregated {
  /** 0..1, or `null` when there is nothing to aggregate. */
  readonly score: number | null;
  /** Why the score is `null`, or which dimensions are missing from it. */
  readonly reason?: string | undefined;
}

/** What an {@link Aggregate} gets beside the dimensions. */
export interface AggregateContext {
  /** Weight of each dimension, in the order of the dimensions; 1 where none was given. */
  readonly weights: readonly number[];
  /** The evaluator's `passThreshold`, or `undefined`. */
  readonly passThreshold: number | undefined;
}

/** Makes one overall score of the dimensions. Pure: the same dimensions give the same score. */
export type Aggregate = (
  dimensions: readonly DimensionResult[],
  context: AggregateContext,
) => Aggregated | number | null;

/**
 * The built-in aggregates.
 *
 * - `weightedMean`: sum of weight x score over sum of weights, over the dimensions that have a score.
 * - `minimum`: the lowest score. Dimensions of weight 0 do not count.
 * - `allPass`: 0 when a dimension stays below `passThreshold` (default 1), 1 when all reach it, `null` when none
 *   fails but some have no score. Dimensions of weight 0 do not count.
 * - `confidenceWeighted`: as `weightedMean`, each weight multiplied by the dimension's confidence and cultural
 *   relevance (1 where the scorer gave none).
 */
export type AggregateName = 'weightedMean' | 'minimum' | 'allPass' | 'confidenceWeighted';

/** The built-in aggregates by name. */
export const aggregates: Readonly<
  Record<AggregateName, (dimensions: readonly DimensionResult[], context: AggregateContext) => Aggregated>
> = {
  weightedMean: (dimensions, { weights }) => meanOf(dimensions, weights, plainShare),
  confidenceWeighted: (dimensions, { weights }) => meanOf(dimensions, weights, confidentShare),

  minimum(dimensions, { weights }) {
    let lowest: number | null = null;
    for (let i = 0; i < dimensions.length; i++) {
      const score = dimensions[i]!.score;
      if (score !== null && weights[i]! > 0 && (lowest === null || score < lowest)) lowest = score;
    }
    return { score: lowest, reason: missingReason(dimensions, weights, lowest === null) };
  },

  allPass(dimensions, { weights, passThreshold = 1 }) {
    let passed: number | null = null;
    let unknown = false;
    for (let i = 0; i < dimensions.length; i++) {
      if (!(weights[i]! > 0)) continue;
      const score = dimensions[i]!.score;
      if (score === null) unknown = true;
      else if (!reaches(score, passThreshold)) passed = 0;
      else passed ??= 1;
    }
    if (unknown && passed === 1) passed = null; // one that is missing might have failed
    return { score: passed, reason: missingReason(dimensions, weights, passed === null) };
  },
};

const plainShare = (): number => 1;

const confidentShare = (dimension: DimensionResult): number =>
  (dimension.confidence ?? 1) * (dimension.culturalRelevance ?? 1);

function meanOf(
  dimensions: readonly DimensionResult[],
  weights: readonly number[],
  share: (dimension: DimensionResult) => number,
): Aggregated {
  let sum = 0;
  let total = 0;
  for (let i = 0; i < dimensions.length; i++) {
    const dimension = dimensions[i]!;
    if (dimension.score === null) continue;
    const weight = weights[i]! * share(dimension);
    sum += weight * dimension.score;
    total += weight;
  }
  const score = total > 0 ? sum / total : null;
  return { score, reason: missingReason(dimensions, weights, score === null) };
}

/** Says which dimensions that count have no score; `undefined` when none is missing and there is a score. */
function missingReason(
  dimensions: readonly DimensionResult[],
  weights: readonly number[],
  nothing: boolean,
): string | undefined {
  let counted = 0;
  let missing: DimensionResult[] | undefined;
  for (let i = 0; i < dimensions.length; i++) {
    if (!(weights[i]! > 0)) continue;
    counted++;
    if (dimensions[i]!.score === null) (missing ??= []).push(dimensions[i]!);
  }
  if (missing === undefined) return nothing ? 'every dimension has weight 0' : undefined;
  const listed = missing.map(
    ({ name, outcome, reason, error }) =>
      `${name} ${outcome} (${error?.message ?? reason ?? 'no reason given'})`,
  );
  return `${missing.length} of ${counted} dimensions without a score: ${listed.join('; ')}`;
}
