// One endpoint of eight is well and seven are broken in seven ways; nothing is set but a deadline of 60 s:
//   npm run build && node bench/client/broken-fleet.mjs [--calls 5000] [--at-once 2048] [--latency-ms 50] [--rounds 3]
// Beside it the well one alone under the same load, in turns. The servers are a process of their own.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '5000' },
    'at-once': { type: 'string', default: '2048' },
    'latency-ms': { type: 'string', default: '50' },
    rounds: { type: 'string', default: '3' },
    servers: { type: 'boolean', default: false },
  },
});
const LATENCY_MS = Number(values['latency-ms']);

const ok = JSON.stringify({
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'fine' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 9, completion_tokens: 5 },
});
const reply = (status, body, headers = '') =>
  `HTTP/1.1 ${status} x\r\ncontent-type: application/json\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`;
const WAYS = {
  well: (socket) => setTimeout(() => socket.write(reply(200, ok)), LATENCY_MS),
  resets: (socket) => socket.resetAndDestroy(),
  hangs: () => {},
  'says 500': (socket) => socket.write(reply(500, '{"error":{"message":"boo"}}')),
  'says 429': (socket) => socket.write(reply(429, '{"error":{"message":"slow down"}}', 'retry-after: 5\r\n')),
  'slow-loris': (socket) => {
    socket.write('HTTP/1.1 200 x\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n');
    const drip = setInterval(() => socket.write(' '), 500);
    socket.on('close', () => clearInterval(drip));
  },
  garbage: (socket) => socket.write(reply(200, '<html><title>it works</title></html>')),
};

async function serve() {
  const urls = {};
  for (const [name, answer] of Object.entries(WAYS)) {
    const server = createServer((socket) => {
      let seen = '';
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        seen += bytes.toString('latin1');
        for (;;) {
          const head = seen.indexOf('\r\n\r\n');
          const length = Number(/content-length: (\d+)/i.exec(seen)?.[1] ?? 0);
          if (head < 0 || seen.length < head + 4 + length) return;
          seen = seen.slice(head + 4 + length);
          answer(socket);
        }
      });
    });
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
    await once(server, 'listening');
    urls[name] = `http://127.0.0.1:${server.address().port}/v1`;
  }
  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  urls.refuses = `http://127.0.0.1:${gone.address().port}/v1`;
  gone.close();
  process.send(urls);
  process.on('disconnect', () => process.exit());
}

async function load(LoadBalancedClient, urls) {
  const endpoints = Object.entries(urls).map(([id, url]) => ({ id, url }));
  const client = new LoadBalancedClient({ endpoints, model: 'm', timeouts: { deadlineMs: 60_000 } });
  const took = [];
  const failures = {};
  let left = Number(values.calls);
  const begun = performance.now();
  const lane = async () => {
    while (left-- > 0) {
      const at = performance.now();
      await client
        .complete({ input: 'Name a river.' })
        .catch(({ code }) => (failures[code] = (failures[code] ?? 0) + 1));
      took.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: Number(values['at-once']) }, lane));
  const wallMs = performance.now() - begun;
  const attempts = client.snapshot().endpoints.map(({ id, counts }) => `${id} ${counts.attempts}`);
  await client.close({ timeoutMs: 0 });
  took.sort((a, b) => a - b);
  const quantile = (share) => Math.round(took[Math.min(took.length - 1, Math.floor(share * took.length))]);
  return {
    wallMs: Math.round(wallMs),
    p50: quantile(0.5),
    p99: quantile(0.99),
    max: quantile(1),
    failures,
    attempts,
  };
}

if (values.servers) await serve();
else {
  const { LoadBalancedClient } = await import('../../dist/client/load-balanced-client.js');
  const file = fileURLToPath(import.meta.url);
  const servers = fork(file, ['--servers', '--latency-ms', values['latency-ms']]);
  const [urls] = await once(servers, 'message');
  const ratios = [];
  for (let round = 1; round <= Number(values.rounds); round++) {
    const alone = await load(LoadBalancedClient, { well: urls.well });
    const fleet = await load(LoadBalancedClient, urls);
    ratios.push(fleet.p99 / alone.p99);
    console.log(`round ${round}: alone`, JSON.stringify(alone));
    console.log(`round ${round}: with seven broken ones`, JSON.stringify(fleet));
  }
  ratios.sort((a, b) => a - b);
  console.log(
    `p99 is ${ratios[Math.floor(ratios.length / 2)].toFixed(2)} times that of the well one alone (median of ${ratios.length})`,
  );
  servers.disconnect();
}
