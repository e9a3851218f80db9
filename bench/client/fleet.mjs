// Four servers: one 10 times slower, one killed and restarted, one with a quota, one good; 20,000 calls.
//   node bench/client/fleet.mjs [calls]
import { LoadBalancedClient } from '../../dist/client/load-balanced-client.js';
import { BenchServer, load } from './servers.mjs';

const calls = Number(process.argv[2] ?? 20_000);
const good = await new BenchServer({ latencyMs: 20 }).start();
const slow = await new BenchServer({ latencyMs: 200 }).start();
const quota = await new BenchServer({ latencyMs: 20, rps: 50 }).start();
let dying = await new BenchServer({ latencyMs: 20 }).start();
const { port } = dying;
const client = new LoadBalancedClient({
  endpoints: [
    { id: 'good', url: good.url },
    { id: 'slow', url: slow.url },
    { id: 'quota', url: quota.url },
    { id: 'dying', url: dying.url },
  ],
  model: 'm',
});
let wasted = 0;
let restartedAt;
let backAfter;
client.on('attempt:end', ({ endpoint, outcome }) => {
  if (endpoint !== 'dying') return;
  if (outcome === 'error') wasted++;
  if (outcome === 'ok' && restartedAt !== undefined) backAfter ??= performance.now() - restartedAt;
});
setTimeout(() => dying.kill(), 2000);
setTimeout(async () => {
  dying = await new BenchServer({ latencyMs: 20 }).start(port);
  restartedAt = performance.now();
}, 6000);
const one = () => client.complete({ input: 'x' });
const outcome = await load({ calls, inFlight: 64 }, one);
// 20,000 calls may be over before the server is back in use.
for (let extra = 0; backAfter === undefined && extra < 100; extra++) await load({ forMs: 100 }, one);
console.log({
  ...outcome,
  wastedOnDeadPercent: (100 * wasted) / calls,
  backInUseAfterMs: backAfter,
  refusedByQuota: quota.stats.refused,
  shares: Object.fromEntries(client.snapshot().endpoints.map((each) => [each.id, each.counts.attempts])),
});
await client.close();
for (const each of [good, slow, quota, dying]) await each.kill();
