// Rate limits against a server that enforces them: node bench/client/rate-limits.mjs [seconds each, default 20]
import { LoadBalancedClient } from '../../dist/client/load-balanced-client.js';
import { BenchServer, load, mostInASecond } from './servers.mjs';

const forMs = Number(process.argv[2] ?? 20) * 1000;
const cases = {
  'unknown limit of 50/s': [{ rps: 50 }, {}],
  'declared 50/s': [{ rps: 50 }, { rateLimit: { requestsPerMinute: 3000 } }],
  'declared 1500 tokens/s': [{ tps: 1500 }, { rateLimit: { tokensPerMinute: 90_000 } }],
};
console.log('| limit | used % | 429s per 100 calls | most in a second | failed |\n|---|---|---|---|---|');
for (const [name, [server, endpoint]] of Object.entries(cases)) {
  const running = await new BenchServer(server).start();
  const client = new LoadBalancedClient({ endpoints: [{ url: running.url, ...endpoint }], model: 'm' });
  const begun = performance.now();
  // 64 wait at the end of the run too: only what was let through while it lasted counts.
  const { ok, failed } = await load({ forMs, inFlight: 64 }, () =>
    client.complete({ input: 'x'.repeat(40), parameters: { maxTokens: 20 } }),
  );
  const { admittedAt, refused } = running.stats;
  const within = admittedAt.filter((at) => at < begun + forMs).length;
  const allowed = (50 * forMs) / 1000;
  console.log(
    `| ${name} | ${((100 * within) / allowed).toFixed(1)} | ${((100 * refused) / (ok + failed)).toFixed(2)} | ${mostInASecond(admittedAt)} | ${failed} |`,
  );
  await client.close();
  await running.kill();
}
