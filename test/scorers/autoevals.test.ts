import { ExactMatch, JSONDiff, Levenshtein, ListContains, NumericDiff, ValidJSON } from 'autoevals';
import { describe, expect, it } from 'vitest';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import type { Evaluation, TestCase } from '../../src/evaluation/evaluation-types.js';
import type { Evaluator } from '../../src/evaluation/evaluator.js';
import { exactMatch } from '../../src/scorers/exact-match.js';

const evaluate = <Expected>(
  evaluator: Evaluator<unknown, Expected>,
  output: string,
  expected: Expected,
): Promise<Evaluation> =>
  evaluator.evaluateText(output, { id: 'a', input: 'q', expected } as TestCase<unknown, Expected, unknown>);

const scoresOf = (evaluation: Evaluation): Record<string, number | null> =>
  Object.fromEntries(evaluation.dimensions.map(({ name, score }) => [name, score]));

describe("autoevals' scorers as dimensions", () => {
  it('score as they do alone, beside scorers of this package', async () => {
    const evaluator = createEvaluator({
      name: 'autoevals',
      version: '1',
      dimensions: { ours: exactMatch(), exact: ExactMatch, distance: Levenshtein, valid: ValidJSON },
    });
    const evaluation = await evaluate(evaluator, 'Pariss', 'Paris');
    expect(scoresOf(evaluation)).toEqual({
      ours: 0,
      exact: (await ExactMatch({ output: 'Pariss', expected: 'Paris' })).score,
      distance: (await Levenshtein({ output: 'Pariss', expected: 'Paris' })).score,
      valid: (await ValidJSON({ output: 'Pariss' })).score,
    });
    expect(scoresOf(evaluation)['distance']).toBeCloseTo(5 / 6, 12);
  });

  it('keep their metadata', async () => {
    const evaluator = createEvaluator({ name: 'a', version: '1', dimensions: { distance: Levenshtein } });
    const [dimension] = (await evaluate(evaluator, 'abc', 'abc')).dimensions;
    expect(dimension).toMatchObject({ outcome: 'scored', score: 1 });
  });

  it('that throw are errored by themselves', async () => {
    const evaluator = createEvaluator({
      name: 'a',
      version: '1',
      dimensions: { ours: exactMatch(), distance: Levenshtein },
    });
    const evaluation = await evaluate(evaluator, 'abc', undefined);
    expect(evaluation.dimensions.map(({ outcome }) => outcome)).toEqual(['unscored', 'errored']);
    expect(evaluation.overallScore).toBeNull();
  });

  it('that want other outputs work through a function that converts', async () => {
    const evaluator = createEvaluator<unknown, number>({
      name: 'a',
      version: '1',
      dimensions: {
        near: ({ output, expected }) => NumericDiff({ output: Number(output), expected }),
        list: ({ output }) => ListContains({ output: output.split(','), expected: ['a'] }),
        json: ({ output, expected }) =>
          JSONDiff({ output: { n: Number(output) }, expected: { n: expected } }),
      },
    });
    const evaluation = await evaluate(evaluator, '9', 10);
    expect(evaluation.dimensions[0]).toMatchObject({
      outcome: 'scored',
      score: (await NumericDiff({ output: 9, expected: 10 })).score,
    });
    expect(evaluation.dimensions.map(({ outcome }) => outcome)).not.toContain('errored');
  });
});
