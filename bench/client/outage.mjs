// All four servers fail for a while, once by refusing connections and once with status 500:
//   node bench/client/outage.mjs [seconds of outage, default 30]
import { LoadBalancedClient } from '../../dist/client/load-balanced-client.js';
import { BenchServer } from './servers.mjs';

const outageMs = Number(process.argv[2] ?? 30) * 1000;
for (const mode of ['refused', '500']) {
  let servers = await Promise.all([1, 2, 3, 4].map(() => new BenchServer({ latencyMs: 20 }).start()));
  const client = new LoadBalancedClient({
    endpoints: servers.map((each, index) => ({ id: `e${index}`, url: each.url })),
    model: 'm',
    waitForHealthyMs: outageMs * 4,
    concurrency: 64,
  });
  // Open loop, as users come: 120 a second, from before the outage until it is over.
  const calls = [];
  const outcome = { ok: 0, failed: 0, attempts: 0, during: 0, codes: {} };
  let down = false;
  const timer = setInterval(() => {
    if (down) outcome.during++;
    calls.push(
      client.complete({ input: 'x' }).then(
        ({ attempts }) => {
          outcome.ok++;
          outcome.attempts += attempts;
        },
        ({ code, attempts }) => {
          outcome.failed++;
          outcome.attempts += attempts.length;
          outcome.codes[code] = (outcome.codes[code] ?? 0) + 1;
        },
      ),
    );
  }, 1000 / 120);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  down = true;
  if (mode === '500') for (const each of servers) each.mode = '500';
  else await Promise.all(servers.map((each) => each.kill()));
  await new Promise((resolve) => setTimeout(resolve, outageMs));
  if (mode === '500') for (const each of servers) each.mode = 'ok';
  else servers = await Promise.all(servers.map(({ port }) => new BenchServer({ latencyMs: 20 }).start(port)));
  down = false;
  clearInterval(timer);
  const back = performance.now();
  await Promise.all(calls);
  const extra = outcome.attempts - (calls.length - outcome.during);
  console.log(mode, {
    ...outcome,
    attemptsPerCallInOutage: extra / outcome.during,
    allDoneAfterMs: performance.now() - back,
  });
  await client.close();
  for (const each of servers) await each.kill();
}
