// An agent that calls tools, scored by its calls, by what it leaves behind and by what a solved case costs. Runs offline: the
// model is a fake server on this machine that plays a dozen conversations.
import { BatchProcessor, createEvaluator, LoadBalancedClient, MemoryResultStore } from 'assaykit';
import { costPerSolved, finalState, runTools, stepCount, trajectory } from 'assaykit/agents';
import { startFakeModelServer } from 'assaykit/testing';

const add = (item, count) => ({ name: 'add_to_basket', arguments: { item, count } });
const lookUp = (item) => ({ name: 'look_up', arguments: { item } });
/** What the model says, turn by turn. */
const CONVERSATIONS = {
  'Two apples, please': [[lookUp('apple')], [add('apple', 2)], 'Two apples are in your basket.'],
  'A pear and a plum': [[lookUp('pear'), lookUp('plum')], [add('pear', 1), add('plum', 1)], 'Both are in.'],
  'Three kiwis': [[add('kiwi', '3')], [add('kiwi', 3)], 'Three kiwis are in.'], // the first call is refused
  'A dozen eggs': [[lookUp('egg')], [lookUp('eggs')], [lookUp('an egg')], [lookUp('dozen')], 'Sorry.'],
};
const STAPLES = ['rice', 'bread', 'salt', 'milk', 'oil', 'tea', 'flour', 'sugar'];
for (const item of STAPLES)
  CONVERSATIONS[`Some ${item}`] = [[lookUp(item)], [add(item, 1)], 'It is in your basket.'];
const server = await startFakeModelServer({
  reply: ({ messages, prompt }) => {
    const turn = CONVERSATIONS[prompt][messages.filter(({ role }) => role === 'assistant').length];
    return typeof turn === 'string' ? turn : { toolCalls: turn };
  },
});
const client = new LoadBalancedClient({
  endpoints: [server.url],
  model: 'fake-model',
  prices: { 'fake-model': { inputPerMillion: 150, outputPerMillion: 600 } },
});

const agent = runTools(client, {
  maxTurns: 4,
  state: () => ({ basket: {} }), // fresh for each case; tools work on it, scorers see what is left of it
  tools: [
    { name: 'look_up', execute: ({ item }) => (item.includes('egg') ? 'sold out' : { item, price: 1 }) },
    {
      name: 'add_to_basket',
      execute: ({ item, count }, { state }) => {
        if (typeof count !== 'number') throw new TypeError('count must be a number'); // the model is told
        state.basket[item] = count;
      },
    },
  ],
});

const cases = [
  { id: 'apples', calls: [lookUp('apple'), add('apple', 2)], basket: { apple: 2 } },
  {
    id: 'fruit',
    calls: [lookUp('plum'), add('plum', 1), lookUp('pear'), add('pear', 1)],
    basket: { pear: 1, plum: 1 },
  },
  { id: 'kiwis', calls: ['look_up', add('kiwi', 3)], basket: { kiwi: 3 } },
  { id: 'eggs', calls: ['look_up', add('egg', 12)], basket: { egg: 12 } },
  ...STAPLES.map((item) => ({ id: item, calls: ['look_up', add(item, 1)], basket: { [item]: 1 } })),
].map(({ id, ...expected }, i) => ({ id, input: Object.keys(CONVERSATIONS)[i], expected }));

const store = new MemoryResultStore();
const processor = new BatchProcessor({
  target: agent,
  store,
  evaluator: createEvaluator({
    name: 'shop',
    version: '1',
    dimensions: {
      basket: finalState({ expected: 'expected.basket', state: 'metadata.state.basket' }),
      way: trajectory({ match: 'same-set', measure: 'partial', expected: 'expected.calls' }),
      steps: stepCount({ max: 3 }),
    },
    weights: { basket: 1, way: 0, steps: 0 }, // what counts is the end
  }),
});
processor.on('case:end', ({ result }) => {
  const { stopReason, turns } = result.response.metadata;
  const scores = result.evaluation.dimensions.map(({ name, score }) => `${name} ${score.toFixed(2)}`);
  console.log(result.caseId, `${stopReason} after ${turns} turns:`, scores.join(', '));
  for (const { evidence = [] } of result.evaluation.dimensions)
    for (const line of evidence) console.log(`  ${line}`);
});
const summary = await processor.run(cases, { runId: 'shop' });
console.log(summary.toString());

const { cost, interval, solved } = await costPerSolved({ store, runId: 'shop' });
console.log(
  `${solved} solved; a solved case costs ${cost.toFixed(4)} (95 % CI ${interval.low.toFixed(4)} to ${interval.high.toFixed(4)})`,
);

await processor.close();
await client.close();
await server.close();
