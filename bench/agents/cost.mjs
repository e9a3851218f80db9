/**
 * Does an answer that is no text cost more than a text? The whole path (cases, client or function, scorer, store in memory)
 * with tool calls and with objects beside the same path with texts of as many characters, in turn in one process: CPU time of
 * the process, the server's is not in it.
 *
 *   npm run build && node bench/agents/cost.mjs [cases] [rounds]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import {
  BatchProcessor,
  createEvaluator,
  exactMatch,
  jsonMatch,
  LoadBalancedClient,
  MemoryResultStore,
} from '../../dist/doors/index.js';
import { toolCalls } from '../../dist/doors/agents.js';

const ARGUMENTS = {
  query: 'the longest bridge over a river in the north',
  limit: 5,
  filters: { year: 1999, kind: ['road', 'rail'] },
};
const TEXT = JSON.stringify(ARGUMENTS);

if (process.argv[2] === '--server') serve();
else await measure(Number(process.argv[2] ?? 4000), Number(process.argv[3] ?? 9));

function serve() {
  const usage = { prompt_tokens: 20, completion_tokens: 30 };
  const bodyOf = (message, finish_reason) =>
    JSON.stringify({ id: 'c', model: 'm', choices: [{ index: 0, message, finish_reason }], usage });
  const call = { id: 'call_1', type: 'function', function: { name: 'search', arguments: TEXT } };
  const bodies = {
    text: bodyOf({ role: 'assistant', content: TEXT }, 'stop'),
    tools: bodyOf({ role: 'assistant', content: null, tool_calls: [call] }, 'tool_calls'),
  };
  const server = createServer((request, response) => {
    const body = bodies[request.url.split('/')[1]];
    request.resume().on('end', () => response.setHeader('content-type', 'application/json').end(body));
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
  process.stdin.resume().on('end', () => process.exit());
}

async function measure(cases, rounds) {
  const child = spawn(process.execPath, [import.meta.filename, '--server'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [chunk] = await once(child.stdout, 'data');
  const url = `http://127.0.0.1:${Number(chunk)}`;
  const clients = ['text', 'tools'].map(
    (kind) => new LoadBalancedClient({ endpoints: [`${url}/${kind}/v1`], model: 'm' }),
  );
  const of = (target, scorer, expected) => ({
    target,
    expected,
    evaluator: createEvaluator({ name: 'e', version: '1', dimensions: { right: scorer } }),
  });
  const expectedCalls = [{ name: 'search', arguments: ARGUMENTS }];
  const read = [{ id: 'call_1', name: 'search', arguments: ARGUMENTS, argumentsText: TEXT }];
  const paths = {
    'client, text': of(clients[0], exactMatch(), TEXT),
    'client, tool calls': of(clients[1], toolCalls(), expectedCalls),
    'function, text': of(() => TEXT, exactMatch(), TEXT),
    'function, object': of(() => ({ output: ARGUMENTS }), jsonMatch(), ARGUMENTS),
    'function, text and tool calls': of(
      () => ({ output: TEXT, toolCalls: read }),
      toolCalls(),
      expectedCalls,
    ),
  };
  const times = Object.fromEntries(Object.keys(paths).map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    const names = Object.keys(paths);
    for (const name of round % 2 === 0 ? names : names.reverse()) {
      const spent = await cpuOf(paths[name], cases);
      if (round > 0) times[name].push(spent); // the first is for the compiler
    }
  }
  const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  console.log(`microseconds of CPU a case, median of ${rounds} rounds of ${cases} cases`);
  for (const [name, spent] of Object.entries(times)) {
    const base = times[`${name.split(',')[0]}, text`];
    const ratio = median(spent.map((value, i) => value / base[i]));
    console.log(
      `  ${name.padEnd(30)} ${((1000 * median(spent)) / cases).toFixed(1).padStart(7)}  ${ratio.toFixed(2)} times the text`,
    );
  }
  for (const client of clients) await client.close();
  child.stdin.end();
}

async function cpuOf({ target, evaluator, expected }, count) {
  const store = new MemoryResultStore();
  const processor = new BatchProcessor({ target, evaluator, store, concurrency: 32 });
  const begun = process.cpuUsage();
  const { overall } = await processor.run(
    Array.from({ length: count }, (_, i) => ({ id: `c${i}`, input: 'Where?', expected })),
  );
  const { user, system } = process.cpuUsage(begun);
  if (overall.mean !== 1) throw new Error(`expected all to be right, got a mean of ${overall.mean}`);
  await store.close();
  return (user + system) / 1000;
}
