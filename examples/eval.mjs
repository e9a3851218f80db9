// An evaluation file for the command line: npx assaykit run examples/eval.mjs
// It asks a fake model server on this machine; with a real one, `target` is all that changes.
import { LoadBalancedClient, createEvaluator, includes } from 'assaykit';
import { startFakeModelServer } from 'assaykit/testing';
import { sampleAnswers, sampleCases } from './sample-cases.mjs';

export default async () => {
  const server = await startFakeModelServer({
    responses: sampleAnswers(),
    latencyMs: 60,
    jitter: 0.6,
    seed: 2,
  });
  return {
    target: new LoadBalancedClient({ endpoints: [server.url], model: 'sample-model' }),
    evaluator: createEvaluator({
      name: 'sample',
      version: '1',
      dimensions: { accuracy: includes({ ignoreCase: true }) },
    }),
    cases: sampleCases,
    tags: ['sample'],
    close: () => server.close(),
  };
};
