// Many calls under one parent signal: heap growth, sockets, and how fast an abort settles calls.
//   node --expose-gc bench/client/parent-signal.mjs [calls, default 1000000]
import { LoadBalancedClient } from '../../dist/client/load-balanced-client.js';
import { BenchServer, load } from './servers.mjs';

const calls = Number(process.argv[2] ?? 1_000_000);
const servers = await Promise.all([1, 2].map(() => new BenchServer({ latencyMs: 0 }).start()));
for (const each of servers) each.stats.admittedAt.push = () => 0; // a million time stamps would be the leak
const client = new LoadBalancedClient({
  endpoints: servers.map((each, index) => ({ id: `e${index}`, url: each.url, concurrency: 32 })),
  model: 'm',
});
const parent = new AbortController();
const one = () => client.complete({ input: 'x' }, { signal: parent.signal });
const heap = () => {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1e6;
};
await load({ calls: 5000, inFlight: 64 }, one);
const before = heap();
const outcome = await load({ calls, inFlight: 64 }, one);
console.log({
  ...outcome,
  heapGrowthMB: heap() - before,
  peakSockets: servers.map((each) => each.stats.peakSockets),
});

for (const each of servers) each.latencyMs = 60_000;
const pending = Array.from({ length: 500 }, () => one().catch(() => performance.now())); // most of them stand in line
await new Promise((resolve) => setTimeout(resolve, 200));
const abortedAt = performance.now();
parent.abort();
const settled = await Promise.all(pending);
console.log({ abortSettledAfterMs: Math.max(...settled) - abortedAt });
await client.close();
await Promise.all(servers.map((each) => each.kill()));
await new Promise((resolve) => setTimeout(resolve, 100));
console.log({
  handlesAfterClose: process.getActiveResourcesInfo().filter((each) => /TCP|Timeout/.test(each)),
});
process.exit(0);
