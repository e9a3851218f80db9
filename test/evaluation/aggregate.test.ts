import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aggregates, type AggregateName } from '../../src/evaluation/aggregate.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import { evaluateWhole } from '../../src/evaluation/given-evaluation.js';
import type { DimensionResult, Evaluation } from '../../src/evaluation/evaluation-types.js';
import { textResponse } from '../../src/evaluation/evaluator.js';

type Given = number | null | 'errored' | { score: number; confidence?: number; culturalRelevance?: number };

const dimension = (given: Given, index: number): DimensionResult => {
  const name = `d${index}`;
  if (given === 'errored') {
    const error = { code: 'ASSAY_EVALUATOR_FAILED', message: 'broken', retryable: false } as const;
    return { name, outcome: 'errored', score: null, error, durationMs: 0 };
  }
  if (given === null) return { name, outcome: 'unscored', score: null, reason: 'no answer', durationMs: 0 };
  if (typeof given === 'number') return { name, outcome: 'scored', score: given, durationMs: 0 };
  return { name, outcome: 'scored', durationMs: 0, ...given };
};

const aggregate = (name: AggregateName, given: Given[], weights?: number[], passThreshold?: number) =>
  aggregates[name](given.map(dimension), { weights: weights ?? given.map(() => 1), passThreshold });

describe('aggregates', () => {
  it('weightedMean weighs the dimensions that have a score and names those that have none', () => {
    expect(aggregate('weightedMean', [1, 0, 0.5], [1, 2, 1])).toEqual({ score: 0.375, reason: undefined });
    expect(aggregate('weightedMean', [1, null, 'errored', 0.5], [1, 5, 5, 1])).toEqual({
      score: 0.75,
      reason: '2 of 4 dimensions without a score: d1 unscored (no answer); d2 errored (broken)',
    });
    expect(aggregate('weightedMean', [null]).score).toBeNull();
  });

  it('does not count dimensions of weight 0, not even as missing', () => {
    expect(aggregate('weightedMean', [0.25, 1, 'errored'], [1, 0, 0])).toEqual({
      score: 0.25,
      reason: undefined,
    });
    expect(aggregate('minimum', [0.25, 0], [1, 0]).score).toBe(0.25);
    expect(aggregate('allPass', [1, 0], [1, 0]).score).toBe(1);
    expect(aggregate('weightedMean', [1], [0])).toEqual({
      score: null,
      reason: 'every dimension has weight 0',
    });
  });

  it('minimum takes the lowest score there is', () => {
    expect(aggregate('minimum', [0.5, 0.2, 1])).toEqual({ score: 0.2, reason: undefined });
    expect(aggregate('minimum', ['errored', 0.5])).toMatchObject({ score: 0.5 });
    expect(aggregate('minimum', [null]).score).toBeNull();
  });

  it('allPass is 0 at the first failure, 1 when all pass, and open while one that is missing might fail', () => {
    expect(aggregate('allPass', [1, 1]).score).toBe(1);
    expect(aggregate('allPass', [1, 0.9]).score).toBe(0);
    expect(aggregate('allPass', [1, 0.9], undefined, 0.8).score).toBe(1);
    expect(aggregate('allPass', [1, null])).toMatchObject({
      score: null,
      reason: '1 of 2 dimensions without a score: d1 unscored (no answer)',
    });
    expect(aggregate('allPass', ['errored', 0]).score).toBe(0);
  });

  it('confidenceWeighted multiplies weights by confidence and cultural relevance', () => {
    expect(
      aggregate('confidenceWeighted', [
        { score: 1, confidence: 0.5, culturalRelevance: 0.5 },
        { score: 0, confidence: 0.75 },
      ]).score,
    ).toBe(0.25);
    expect(aggregate('confidenceWeighted', [0.2, 0.4], [3, 1]).score).toBeCloseTo(0.25, 15);
    expect(aggregate('confidenceWeighted', [{ score: 1, confidence: 0 }]).score).toBeNull();
  });

  it('stays within the lowest and highest score', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(fc.record({ score: share, weight: share, confidence: share }), { minLength: 1 }),
        (rows) => {
          const weights = rows.map((row) => row.weight);
          for (const name of ['weightedMean', 'minimum', 'allPass', 'confidenceWeighted'] as const) {
            const { score } = aggregate(
              name,
              rows.map((row) => ({ score: row.score, confidence: row.confidence })),
              weights,
            );
            if (score !== null && !(score >= 0 && score <= 1)) return false;
          }
          return true;
        },
      ),
    );
  });
});

describe("the host's own aggregate", () => {
  const evaluate = (returned: unknown): Evaluation | Promise<Evaluation> =>
    evaluateWhole(
      createEvaluator({
        name: 'e',
        version: '1',
        dimensions: { a: () => 0.2, b: () => 0.6 },
        weights: { b: 3 },
        aggregate: (dimensions, { weights }) =>
          returned === 'last' ? dimensions.at(-1)!.score! / weights.at(-1)! : (returned as number),
      }),
      textResponse('x'),
      {
        testCase: { id: 'a', input: 'x' },
        repetition: 0,
        runId: 'r',
        signal: new AbortController().signal,
      },
    );

  it('gets dimensions and weights and may return a number, null or a score with its reason', () => {
    expect(evaluate('last')).toMatchObject({ overallScore: 0.6 / 3 });
    expect(evaluate(null)).toMatchObject({
      overallScore: null,
      reason: 'the aggregate gave no score and no reason',
    });
    expect(evaluate({ score: null, reason: 'not today' })).toMatchObject({
      overallScore: null,
      reason: 'not today',
    });
  });

  it.each([2, Number.NaN, undefined, '1'])('fails the evaluation when it returns %o', (returned) => {
    expect(() => evaluate(returned)).toThrow('to be null or a number from 0 to 1');
  });
});
