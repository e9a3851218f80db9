import { describe, expect, it } from 'vitest';
import type { ModelResponse } from '../../src/client/model-client.js';
import { Evaluator } from '../../src/evaluation/evaluator.js';
import type { GivenEvaluation } from '../../src/evaluation/given-evaluation.js';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import type { CaseResult } from '../../src/evaluation/evaluation-types.js';

/** As a host writes it in TypeScript: with conditions in place of members that may be missing. */
class LengthEvaluator extends Evaluator<string> {
  readonly name = 'length';
  readonly version = '7';

  override evaluate({ text }: ModelResponse): GivenEvaluation {
    const short = text.length < 3;
    return {
      overallScore: short ? null : 1,
      reason: short ? 'too short to judge' : undefined,
      dimensions: [
        {
          name: 'length',
          outcome: short ? 'unscored' : 'scored',
          score: short ? null : 1,
          reason: short ? 'too short to judge' : undefined,
        },
        { name: 'timed', score: 0.5, durationMs: 12, outcome: 'scored' },
      ],
    };
  }
}

describe('an evaluation that a subclass returned without what the base class knows', () => {
  it('gets the name and the version of the evaluator, and durations', async () => {
    const judged = await new LengthEvaluator().evaluateText('Paris', { id: 'a', input: 'q' });
    expect(judged).toMatchObject({ evaluator: 'length', version: '7', overallScore: 1 });
    expect(judged.dimensions[0]).toMatchObject({
      outcome: 'scored',
      durationMs: expect.any(Number) as number,
    });
    expect(judged.dimensions[1]).toMatchObject({ outcome: 'scored', durationMs: 12 });
  });

  it('is stored whole in a run, and unscored ones with their reason', async () => {
    const results: CaseResult[] = [];
    const processor = new BatchProcessor({
      target: (input: string) => input,
      evaluator: new LengthEvaluator(),
    });
    processor.on('case:end', ({ result }) => results.push(result));
    const summary = await processor.run([
      { id: 'a', input: 'Paris' },
      { id: 'b', input: 'x' },
    ]);
    await processor.close();
    expect([summary.scored, summary.unscored]).toEqual([1, 1]);
    expect(results.map(({ evaluation }) => [evaluation?.evaluator, evaluation?.version])).toEqual([
      ['length', '7'],
      ['length', '7'],
    ]);
    expect(results.find(({ caseId }) => caseId === 'b')).toMatchObject({
      outcome: 'unscored',
      reason: 'too short to judge',
    });
  });

  it('is refused as before when it is none', async () => {
    class Wrong extends Evaluator {
      readonly name = 'wrong';
      readonly version = '1';
      override evaluate(): GivenEvaluation {
        return { overallScore: 1, dimensions: [null as never] };
      }
    }
    await expect(new Wrong().evaluateText('x', { id: 'a', input: '' })).rejects.toMatchObject({
      code: 'ASSAY_EVALUATOR_FAILED',
    });
  });
});
