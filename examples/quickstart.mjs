// Cases, a target, an evaluator, a summary. Runs offline: the model is a fake server on this machine.
import { BatchProcessor, LoadBalancedClient, createEvaluator, exactMatch } from 'assaykit';
import { startFakeModelServer } from 'assaykit/testing';

const server = await startFakeModelServer({
  responses: { 'Capital of France?': 'Paris', 'Capital of Peru?': 'Lima', 'Capital of Turkey?': 'Istanbul' },
});
const client = new LoadBalancedClient({ endpoints: [server.url], model: 'fake-model' });

const processor = new BatchProcessor({
  target: client,
  evaluator: createEvaluator({ name: 'capitals', version: '1', dimensions: { accuracy: exactMatch() } }),
});
processor.on('case:end', ({ result }) => {
  console.log(result.caseId, result.outcome, result.evaluation?.overallScore, result.response?.text);
});

const summary = await processor.run([
  { id: 'france', input: 'Capital of France?', expected: 'Paris' },
  { id: 'peru', input: 'Capital of Peru?', expected: 'Lima' },
  { id: 'turkey', input: 'Capital of Turkey?', expected: 'Ankara' },
]);
console.log(summary.toString());

await processor.close();
await client.close();
await server.close();
