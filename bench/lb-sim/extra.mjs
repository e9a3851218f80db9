// Three side questions: retry budgets in a total outage, adaptive concurrency under overload, pacing against a rate limit.
// node extra.mjs [--seeds N]
import { rng, lognormal, Clock, Endpoint, runClient, quantile, budgets } from './sim.mjs';
import { LatencyAware, withHealth, withLimit, limiters } from './policies.mjs';
const arg = (k, d) => {
  const i = process.argv.indexOf(k);
  return i > 0 ? process.argv[i + 1] : d;
};
const SEEDS = Number(arg('--seeds', 5));
const T = 120;
const H = withHealth(LatencyAware);
function go({ fleet, make, opts, arrivals, concurrency, seed }) {
  const clock = new Clock();
  const eps = fleet.map(
    (c, i) => new Endpoint(clock, { noise: 0.15, name: 'e' + i, ...c }, rng(seed * 104729 + i)),
  );
  const wr = rng(seed * 31 + 7);
  const p = make({
    endpoints: eps,
    random: rng(seed * 7919),
    n: eps.length,
    clock: { now: () => clock.now, schedule: (dt, fn) => clock.in(dt, fn) },
  });
  const st = runClient({
    clock,
    endpoints: eps,
    policy: p,
    opts: opts(),
    random: rng(seed * 17 + 3),
    arrivals,
    concurrency,
    until: T,
    workOf: () => lognormal(wr, 1, 0.6),
  });
  st.limit = p.L?.[0]?.limit;
  st.policy = p;
  return st;
}
const avg = (a) => a.reduce((x, y) => x + y, 0) / a.length;
const f = (x, d = 2) => (Number.isFinite(x) ? x.toFixed(d) : '-');
const rep = (row, cols) => console.log('| ' + row + ' | ' + cols.join(' | ') + ' |');

console.log('\n## total outage: 4 endpoints, all answer 500 (50 ms) from 30 to 60 s, 120 rps\n');
console.log(
  '| retries | attempts per request sent in the outage | failed of those % | failed outside % |\n|---|---|---|---|',
);
const outage = Array.from({ length: 4 }, () => ({
  base: 0.8,
  slots: 64,
  down: [{ from: 30, to: 60, mode: 'flaky', p: 1 }],
}));
const R = (attempts, budget) => () => ({
  attempts,
  retry: 'failover',
  backoff: { base: 0.5, cap: 8, jitter: 'full' },
  attemptTimeout: 60,
  budget: budget(),
});
const noEject = (o) => new H({ ...o, alpha: 2, health_: { consecutive: 1e9, failRate: 2 } });
for (const [n, o] of [
  ['none', () => ({ retry: 'none', attemptTimeout: 60 })],
  ['2 retries, no budget', R(3, budgets.none)],
  ['5 retries, no budget', R(6, budgets.none)],
  ['5 retries, gRPC throttle 10 / 0.1', R(6, () => budgets.grpc(10, 0.1))],
  ['5 retries, budget 20 % + 10/s (Finagle default)', R(6, () => budgets.ratio(0.2, 10))],
  ['5 retries, budget 20 % + 1/s', R(6, () => budgets.ratio(0.2, 1))],
]) {
  const runs = [];
  for (let s = 1; s <= SEEDS; s++) {
    const st = go({ fleet: outage, make: noEject, opts: o, arrivals: 120, seed: s });
    const ins = st.series.filter(([t]) => t >= 30 && t < 58),
      outs = st.series.filter(([t]) => t < 29 || t >= 61);
    const base = st.attempts - (st.series.length - ins.length);
    runs.push([
      base / ins.length,
      (100 * ins.filter((x) => x[1] < 0).length) / ins.length,
      (100 * outs.filter((x) => x[1] < 0).length) / outs.length,
    ]);
  }
  rep(
    n,
    [0, 1, 2].map((k) => f(avg(runs.map((r) => r[k])))),
  );
}

console.log(
  '\n## overload: one endpoint, 64 slots, queue of 16 then 503; batch of 512 in flight, retries as failover policy (4 attempts)\n',
);
for (const [title, e] of [
  ['queueing server (latency flat until 64 in flight)', { base: 0.8, slots: 64, maxQueue: 16 }],
  [
    'batching server (each request 4x slower when 256 in flight, throughput still rises)',
    { base: 0.8, slots: 256, maxQueue: 64, batching: 3 },
  ],
]) {
  console.log(
    `\n${title}\n\n| limiter | ok/s | failed % | rejected attempts per request % | p50 attempt s | p99 attempt s | limit at end |\n|---|---|---|---|---|---|---|`,
  );
  for (const [n, mk] of [
    ['none', limiters.none],
    ['fixed at capacity', limiters.fixed(e.slots)],
    ['AIMD from 20', limiters.aimd()],
    ['AIMD from 20, slow start', limiters.aimd(20, 1, 1000, true)],
    ['AIMD from 512', limiters.aimd(512)],
    ['gradient (tolerance 1.5)', limiters.gradient()],
    ['gradient from 128', limiters.gradient(128)],
  ]) {
    const C = withLimit(H, mk);
    const runs = [];
    for (let s = 1; s <= SEEDS; s++)
      runs.push(
        go({
          fleet: [e],
          make: (o) => new C({ ...o, alpha: 2, health_: { pause429: false, consecutive: 1e9, failRate: 2 } }),
          opts: R(4, budgets.none),
          concurrency: 512,
          seed: s,
        }),
      );
    rep(n, [
      f(avg(runs.map((r) => r.okInWindow / T)), 1),
      f(100 * avg(runs.map((r) => r.failed / (r.ok + r.failed))), 1),
      f(100 * avg(runs.map((r) => r.waste429 / (r.ok + r.failed))), 1),
      f(
        quantile(
          runs.flatMap((r) => r.attemptLat),
          0.5,
        ),
      ),
      f(
        quantile(
          runs.flatMap((r) => r.attemptLat),
          0.99,
        ),
      ),
      f(avg(runs.map((r) => r.limit)), 0),
    ]);
  }
}

console.log(
  '\n## rate limit: one endpoint, 429 above 10 rps (bucket 10, Retry-After in whole seconds), batch of 64 in flight\n',
);
console.log('| client | ok/s (limit 10) | failed % | 429 per request % |\n|---|---|---|---|');
const rl = [{ base: 0.8, slots: 64, rps: 10, burst: 10 }];
const X = (h) => (o) => new H({ ...o, alpha: 2, health_: { consecutive: 1e9, failRate: 2, ...h } });
for (const [n, mk, o] of [
  [
    '2 retries, backoff, Retry-After ignored',
    X({ pause429: false }),
    () => ({
      attempts: 3,
      retry: 'repick',
      backoff: { base: 0.5, cap: 8, jitter: 'quarter' },
      honorRetryAfter: false,
    }),
  ],
  [
    '2 retries, Retry-After per request (SDK)',
    X({ pause429: false }),
    () => ({ attempts: 3, retry: 'repick', backoff: { base: 0.5, cap: 8, jitter: 'quarter' } }),
  ],
  ['Retry-After pauses the endpoint for all requests', X({}), R(4, budgets.none)],
  ['pause + AIMD on the rate, waiters poll', X({ adapt: true }), R(4, budgets.none)],
  [
    'pause + AIMD on the rate, waiters in a FIFO queue',
    X({ adapt: true, waitAware: true }),
    R(4, budgets.none),
  ],
  [
    'token bucket at 98 % of the known limit, FIFO queue',
    X({ rates: [9.8], burst: 2, waitAware: true }),
    R(4, budgets.none),
  ],
  [
    'token bucket at 120 % of the limit (wrong config) + pause',
    X({ rates: [12], burst: 2, adapt: true, waitAware: true }),
    R(4, budgets.none),
  ],
]) {
  const runs = [];
  for (let s = 1; s <= SEEDS; s++) runs.push(go({ fleet: rl, make: mk, opts: o, concurrency: 64, seed: s }));
  rep(n, [
    f(avg(runs.map((r) => r.okInWindow / T)), 2),
    f(100 * avg(runs.map((r) => r.failed / (r.ok + r.failed))), 1),
    f(100 * avg(runs.map((r) => r.waste429 / (r.ok + r.failed))), 1),
  ]);
}
