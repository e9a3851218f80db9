// Any async function can be the target: a pipeline, an agent, a retrieval step. Inputs and expectations are typed
// by the cases; results come as a stream, each once it is final.
import { BatchProcessor, createEvaluator } from 'assaykit';

const DOCUMENTS = {
  rivers: 'The Danube flows through ten countries.',
  bridges: 'The longest bridge is in China.',
};

/** A tiny retrieval pipeline: the system under test. */
async function answer({ topic, question }, { signal }) {
  signal.throwIfAborted();
  const document = DOCUMENTS[topic];
  if (document === undefined) throw new Error(`no document about ${topic}`);
  return `${document} (asked: ${question})`;
}

const processor = new BatchProcessor({
  target: answer,
  evaluator: createEvaluator({
    name: 'retrieval',
    version: '1',
    dimensions: {
      mentions: ({ output, expected }) => expected.every((word) => output.includes(word)),
      brevity: ({ output }) => ({
        score: Math.min(1, 60 / output.length),
        reason: `${output.length} characters`,
      }),
    },
  }),
  concurrency: 2,
});

const cases = [
  { id: 'danube', input: { topic: 'rivers', question: 'How many countries?' }, expected: ['Danube', 'ten'] },
  { id: 'bridge', input: { topic: 'bridges', question: 'Where?' }, expected: ['France'] },
  { id: 'lake', input: { topic: 'lakes', question: 'How deep?' }, expected: ['metres'] },
];
for await (const result of processor.stream(cases)) {
  const scores = result.evaluation?.dimensions.map(({ name, score }) => `${name} ${score?.toFixed(2)}`);
  console.log(result.caseId, result.outcome, scores?.join(', ') ?? result.error?.message);
}
await processor.close();
