import { describe, expect, it } from 'vitest';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import type { Evaluation, TestCase } from '../../src/evaluation/evaluation-types.js';
import type { Evaluator } from '../../src/evaluation/evaluator.js';
import { exactMatch } from '../../src/scorers/exact-match.js';
import { Close, Near, Same } from '../support/autoevals-shape.js';

const evaluate = <Expected>(
  evaluator: Evaluator<unknown, Expected>,
  output: string,
  expected: Expected,
): Promise<Evaluation> =>
  evaluator.evaluateText(output, { id: 'a', input: 'q', expected } as TestCase<unknown, Expected, unknown>);

describe("scorers of autoevals' shape as dimensions", () => {
  it('score as they do alone, beside scorers of this package', async () => {
    const evaluator = createEvaluator({
      name: 'foreign',
      version: '1',
      dimensions: { ours: exactMatch(), same: Same, near: Near, filledIn: Near.partial({}) },
    });
    const { dimensions } = await evaluate(evaluator, 'Pariss', 'Paris');
    expect(dimensions.map(({ name, score }) => [name, score])).toEqual([
      ['ours', 0],
      ['same', 0],
      ['near', expect.closeTo(5 / 6, 12)],
      ['filledIn', expect.closeTo(5 / 6, 12)],
    ]);
  });

  it('keep their metadata, and go by the name of their dimension', async () => {
    const evaluator = createEvaluator({ name: 'a', version: '1', dimensions: { distance: Near } });
    const [dimension] = (await evaluate(evaluator, 'abc', 'abc')).dimensions;
    expect(dimension).toMatchObject({
      name: 'distance',
      outcome: 'scored',
      score: 1,
      metadata: { by: 'Near' },
    });
  });

  it('that throw are errored by themselves', async () => {
    const evaluator = createEvaluator({
      name: 'a',
      version: '1',
      dimensions: { ours: exactMatch(), distance: Near },
    });
    const evaluation = await evaluate(evaluator, 'abc', undefined);
    expect(evaluation.dimensions.map(({ outcome }) => outcome)).toEqual(['unscored', 'errored']);
    expect(evaluation.overallScore).toBeNull();
  });

  it('that want other outputs work through a function that converts', async () => {
    const evaluator = createEvaluator<unknown, number>({
      name: 'a',
      version: '1',
      dimensions: { near: ({ output, expected }) => Close({ output: Number(output), expected }) },
    });
    const evaluation = await evaluate(evaluator, '9', 10);
    expect(evaluation.dimensions[0]).toMatchObject({
      outcome: 'scored',
      score: expect.closeTo(18 / 19, 12) as number,
    });
  });
});
