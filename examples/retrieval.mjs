// A search over a few passages and the answers that are written from them: what it finds, measured as trec_eval does, and
// whether the answers rest on it, judged claim by claim. Runs offline: the judge is a fake server on this machine.
import { BatchProcessor, createEvaluator, LoadBalancedClient } from 'assaykit';
import { faithfulness, retrieval } from 'assaykit/retrieval';
import { startFakeModelServer } from 'assaykit/testing';

const PASSAGES = {
  bridge: 'The Golden Gate Bridge was opened in 1937.',
  height: 'The towers of the Golden Gate Bridge are 227 m high.',
  danube: 'The Danube flows through ten countries.',
};
const words = (text) => new Set(text.toLowerCase().match(/[a-z]{4,}/g));

/** The system under test: the two passages that share most words with the question, and an answer made of them. */
async function answer({ question }) {
  const asked = words(question);
  const contexts = Object.entries(PASSAGES)
    .map(([id, text]) => ({ id, text, score: [...words(text)].filter((word) => asked.has(word)).length }))
    .sort((a, b) => b.score - a.score)
    .slice(0, 2);
  const invented = question.includes('painted') ? ' It is painted red.' : '';
  return { output: contexts[0].text + invented, contexts };
}

/** A judge that splits at full stops, and looks claims up in the passages word by word. */
const judge = await startFakeModelServer({
  reply: ({ messages }) => {
    const told = messages.at(-1).content;
    const part = (label) => new RegExp(`BEGIN ${label} \\w+\\]\\]\\n([\\s\\S]*?)\\n\\[\\[END`, 'g');
    const [, answered] = part('ANSWER').exec(told) ?? [];
    if (answered !== undefined) return JSON.stringify({ claims: answered.split(/(?<=\.) /) });
    const passages = [...told.matchAll(part('PASSAGE \\d+'))].map(([, text]) => text);
    const claims = part('CLAIMS').exec(told)[1].split('\n');
    const verdicts = claims.map((line, i) => {
      const evidence = passages.find((text) => text.includes(line.replace(/^\d+\. /, '').replace(/\.$/, '')));
      return { claim: i + 1, evidence: evidence ?? '', verdict: evidence === undefined ? 'no' : 'yes' };
    });
    return JSON.stringify({ verdicts });
  },
});
const client = new LoadBalancedClient({ endpoints: [judge.url], model: 'fake-judge' });

const processor = new BatchProcessor({
  target: answer,
  evaluator: createEvaluator({
    name: 'rag',
    version: '1',
    dimensions: {
      recall: retrieval({ measure: 'recall', k: 2 }),
      ndcg: retrieval({ measure: 'ndcg', k: 2 }),
      faithful: faithfulness({ client }),
    },
  }),
});
processor.on('case:end', ({ result }) => {
  const scores = result.evaluation.dimensions.map(
    ({ name, score, reason }) => `${name} ${score?.toFixed(2) ?? reason}`,
  );
  console.log(result.caseId, scores.join(', '));
});
const summary = await processor.run([
  {
    id: 'opened',
    input: { question: 'When was the Golden Gate Bridge opened?' },
    expected: { bridge: 2, height: 1 },
  },
  { id: 'painted', input: { question: 'How is the Golden Gate Bridge painted?' }, expected: ['paint'] },
  { id: 'danube', input: { question: 'Where does the Danube flow?' }, expected: [] },
]);
console.log(summary.toString());

await processor.close();
await client.close();
await judge.close();
