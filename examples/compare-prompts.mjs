// Two models with three prompts over the same cases: each combination is a run of its own, all over one queue. Runs offline:
// the models are a fake server on this machine. The second start resumes, and asks nothing.
import { createEvaluator, exactMatch, LoadBalancedClient, MemoryResultStore } from 'assaykit';
import { onlyCases, promptTemplate, runMatrix, sampleCases } from 'assaykit/prompts';
import { startFakeModelServer } from 'assaykit/testing';

const server = await startFakeModelServer({
  reply: ({ messages, model }) => {
    const [, a, b] = /(\d+) \+ (\d+)\D*$/.exec(messages.at(-1).content);
    const shown = messages.filter(({ role }) => role === 'assistant').length; // examples teach it the form
    const careful = model === 'large' || shown > 0;
    return (Number(a) + Number(b)) % (careful ? 10 : 3) === 0 ? `It is ${a}.` : String(Number(a) + Number(b));
  },
});
const client = new LoadBalancedClient({ endpoints: [server.url], model: 'small' });

const all = Array.from({ length: 400 }, (_, i) => ({
  id: `sum-${i}`,
  input: { a: (i * 7) % 90, b: (i * 11) % 70 },
  expected: String(((i * 7) % 90) + ((i * 11) % 70)),
  metadata: { split: i < 20 ? 'train' : 'test', size: i % 2 === 0 ? 'even' : 'odd' },
}));
const solved = await sampleCases(onlyCases(all, { split: 'train' }), { n: 8, seed: 1 });
const cases = await sampleCases(onlyCases(all, { split: 'test' }), {
  n: 120,
  seed: 1,
  strata: 'metadata.size',
});

const store = new MemoryResultStore();
const options = {
  models: { small: client, large: { target: client, model: 'large' } },
  prompts: {
    plain: promptTemplate('{{a}} + {{b}}'),
    terse: promptTemplate('{{a}} + {{b}} = ?', { system: 'Answer with a number.' }),
    shown: promptTemplate('{{a}} + {{b}}', { examples: { cases: solved, n: 3, seed: 7 } }),
  },
  evaluator: createEvaluator({ name: 'sums', version: '1', dimensions: { right: exactMatch() } }),
  store,
  matrixId: 'sums',
  resume: true,
};
console.log((await runMatrix(cases, options)).toString());

const asked = server.stats.requests;
const again = await runMatrix(cases, options);
console.log(
  `${asked} calls, and ${server.stats.requests - asked} more when resumed (${again.cells[0].summary.skipped} skipped)`,
);

await client.close();
await server.close();
