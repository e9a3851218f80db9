import { describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import { Evaluator } from '../../src/evaluation/evaluator.js';
import type { DimensionResult, Evaluation, Score } from '../../src/evaluation/evaluation-types.js';

class Own extends Evaluator {
  readonly name = 'own';
  readonly version = '1';
  readonly #dimension: Partial<DimensionResult>;

  constructor(dimension: object) {
    super();
    this.#dimension = dimension;
  }

  evaluate(): Evaluation {
    const dimension = { name: 'd', outcome: 'scored', score: 1, durationMs: 0, ...this.#dimension };
    return { evaluator: 'own', version: '1', overallScore: 1, dimensions: [dimension as DimensionResult] };
  }
}

const WRONG: readonly (readonly [string, object])[] = [
  ['a confidence in percent', { confidence: 90 }],
  ['a cultural relevance below 0', { culturalRelevance: -1 }],
  ['a confidence that is NaN', { confidence: Number.NaN }],
  ['a confidence that is a text', { confidence: '0.9' }],
  ['a cultural relevance that is null', { culturalRelevance: null }],
  ['a score above 1', { score: 1.5 }],
];

describe.each(WRONG)('%s', (_what, part) => {
  it('from a subclass makes the case errored, as it makes a dimension of createEvaluator', async () => {
    const processor = new BatchProcessor({ target: () => 'x', evaluator: new Own(part) });
    const [result] = await collect(processor.stream([{ id: 'c', input: '' }]));
    expect(result).toMatchObject({ outcome: 'errored', error: { code: 'ASSAY_INVALID_SCORE' } });
    const made = createEvaluator({
      name: 'e',
      version: '1',
      dimensions: { d: () => ({ score: 1, ...part }) as Score },
    });
    const { dimensions } = await made.evaluateText('x', { id: 'c', input: '' });
    expect(dimensions[0]).toMatchObject({ outcome: 'errored', error: { code: 'ASSAY_INVALID_SCORE' } });
  });

  it('is refused when a text is judged without a run', async () => {
    const judged = new Own(part).evaluateText('x', { id: 'c', input: '' });
    await expect(judged).rejects.toMatchObject({ code: 'ASSAY_INVALID_SCORE' });
  });
});

it.each<readonly [string, object]>([
  ['an outcome of another name', { outcome: 'passed' }],
  ['a score that is said to be none', { outcome: 'unscored' }],
  ['no score that is said to be one', { score: null }],
])('a dimension with %s makes the case errored', async (_what, part) => {
  const judged = new Own(part).evaluateText('x', { id: 'c', input: '' });
  await expect(judged).rejects.toMatchObject({ code: 'ASSAY_EVALUATOR_FAILED' });
});

async function collect<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const all: Item[] = [];
  for await (const each of items) all.push(each);
  return all;
}
