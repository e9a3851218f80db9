// CPU of LoadBalancedClient.complete against bare undici with the same body, all in one process and one run:
//   npm run build && node bench/client/client-cost.mjs [--calls 30000] [--in-flight 64] [--rounds 5]
// The server is its own process, so only the client's CPU is counted. Rounds alternate between the contenders
// and the median is taken. Bare means: JSON.stringify the body, send it, read the reply as JSON.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { LoadBalancedClient } from '../../dist/client/load-balanced-client.js';
import { chatBody, generateCases } from '../cases.mjs';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '30000' },
    'in-flight': { type: 'string', default: '64' },
    rounds: { type: 'string', default: '5' },
  },
});
const CALLS = Number(values.calls);
const IN_FLIGHT = Number(values['in-flight']);
const ROUNDS = Number(values.rounds);

async function startServer() {
  const file = fileURLToPath(new URL('../mock-server.mjs', import.meta.url));
  const server = spawn(process.execPath, [file, '--stdin-exit'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const line = await new Promise((resolve) => server.stdout.once('data', resolve));
  return { server, url: `http://127.0.0.1:${JSON.parse(String(line)).port}` };
}

const cases = [...generateCases(1000)];
const requests = cases.map((each) => {
  const { messages } = chatBody(each);
  return { input: messages, parameters: { maxTokens: 500, temperature: 0 } };
});

/** Runs `one(index)` CALLS times, IN_FLIGHT at a time; microseconds of CPU a call. */
async function measure(one) {
  let next = 0;
  const before = process.cpuUsage();
  const lane = async () => {
    while (next < CALLS) await one(next++ % cases.length);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / CALLS;
}

function bareRequest(url) {
  const pool = new Pool(url, { connections: IN_FLIGHT, pipelining: 1 });
  const headers = { 'content-type': 'application/json', authorization: 'Bearer test' };
  return {
    one: async (index) => {
      const { statusCode, body } = await pool.request({
        method: 'POST',
        path: '/v1/chat/completions',
        headers,
        body: JSON.stringify(chatBody(cases[index])),
      });
      const reply = await body.json();
      if (statusCode !== 200 || reply.choices[0].message.content.length < 100) throw new Error('bad reply');
    },
    close: () => pool.close(),
  };
}

function ours(url, count) {
  const endpoints = Array.from({ length: count }, (_, index) => ({
    id: `e${index}`,
    url: `${url}/v1`,
    apiKey: 'test',
    concurrency: IN_FLIGHT,
  }));
  const client = new LoadBalancedClient({ endpoints, model: 'mock' });
  return {
    one: async (index) => {
      const { text } = await client.complete(requests[index]);
      if (text.length < 100) throw new Error('bad reply');
    },
    close: () => client.close(),
  };
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];

const { server, url } = await startServer();
const contenders = {
  'pool.request': () => bareRequest(url),
  'client.complete, 1 endpoint': () => ours(url, 1),
  'client.complete, 4 endpoints': () => ours(url, 4),
};
const made = Object.entries(contenders).map(([name, make]) => ({ name, ...make(), costs: [] }));
for (const each of made) await measure(each.one); // warm-up
for (let round = 0; round < ROUNDS; round++) {
  for (const each of made) each.costs.push(await measure(each.one));
}
const base = median(made[0].costs);
console.log(
  `| ${CALLS} calls, ${IN_FLIGHT} in flight, ${ROUNDS} rounds | CPU us/call | ratio |\n|---|---|---|`,
);
for (const { name, costs } of made) {
  console.log(`| ${name} | ${median(costs).toFixed(1)} | ${(median(costs) / base).toFixed(2)} |`);
}
for (const each of made) await each.close();
server.stdin.end();
