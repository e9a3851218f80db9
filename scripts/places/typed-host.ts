// A strict host without any optional peer: every door but OpenTelemetry's, a subclass, and values that may be undefined.
import { BatchProcessor, Evaluator, LoadBalancedClient, createEvaluator, exactMatch } from 'assaykit';
import type { EvaluationContext, GivenEvaluation, ModelResponse, RunSummary } from 'assaykit';
import * as agents from 'assaykit/agents';
import * as bullmq from 'assaykit/bullmq';
import { gate } from 'assaykit/decisions';
import * as matchers from 'assaykit/matchers';
import * as postgres from 'assaykit/postgres';
import * as prompts from 'assaykit/prompts';
import * as report from 'assaykit/report';
import * as retrieval from 'assaykit/retrieval';
import { SqliteResultStore } from 'assaykit/sqlite';
import { bootstrap } from 'assaykit/statistics';
import { startFakeModelServer } from 'assaykit/testing';

export class Brevity extends Evaluator<string, number> {
  readonly name = 'brevity';
  readonly version = '1';

  override evaluate(
    { text }: ModelResponse,
    { testCase }: EvaluationContext<string, number>,
  ): GivenEvaluation {
    const long = text.length > (testCase.expected ?? 10);
    const score = long ? 0 : 1;
    const reason = long ? 'too long' : undefined;
    return {
      overallScore: score,
      reason,
      dimensions: [
        {
          name: 'brevity',
          outcome: 'scored',
          score,
          reason: long ? 'too long' : undefined,
          confidence: long ? 0.9 : undefined,
        },
      ],
    };
  }
}

export const doors = [agents, bullmq, matchers, postgres, prompts, report, retrieval];

export async function judged(given: { seed?: number | undefined }): Promise<RunSummary> {
  const server = await startFakeModelServer({ seed: given.seed });
  const client = new LoadBalancedClient({ endpoints: [server.url], model: 'fake' });
  const store = new SqliteResultStore('results.db', { thread: 'worker' });
  const processor = new BatchProcessor({ target: client, evaluator: new Brevity(), store });
  const summary = await processor.run([{ id: 'one', input: 'Hello', expected: 5 }]);
  const verdict = await gate({ run: { store, runId: summary.runId }, require: { brevity: { min: 0.5 } } });
  const estimate = await bootstrap([0, 1], { seed: given.seed });
  console.log(verdict.outcome, estimate?.interval?.low);
  return summary;
}

export const exact = createEvaluator<string, string>({
  name: 'exact',
  version: '1',
  dimensions: { accuracy: exactMatch() },
});
