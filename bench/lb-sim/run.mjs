// node run.mjs [scenario ...] [--seeds N] [--only: just the module's policies and the oracle] [--policy-module ./adapter.mjs] [--json out.json]
// Policies from a module get the good client (failover, budget) when their name starts with 'x:' or contains '+H'.
// A policy module exports `policies`: { name: ({endpoints, random}) => policy } with the interface in policies.mjs.
import { pathToFileURL } from 'node:url';
import { writeFileSync } from 'node:fs';
import { rng, lognormal, Clock, Endpoint, runClient, quantile, budgets } from './sim.mjs';
import { policies as own, many } from './policies.mjs';

const arg = (k, d) => {
  const i = process.argv.indexOf(k);
  return i > 0 ? process.argv[i + 1] : d;
};
const SEEDS = Number(arg('--seeds', 10));
const T = 120;
const fleet = (mode, over = {}) =>
  [
    { name: 'A ok', base: 0.8, slots: 64 },
    { name: 'B 10x slow', base: 8, slots: 64 },
    { name: 'C down 30-60s', base: 0.8, slots: 64, down: mode ? [{ from: 30, to: 60, mode, p: 0.5 }] : [] },
    { name: 'D 429>10rps', base: 0.8, slots: 64, rps: 10, burst: 10 },
  ].map((e) => ({ noise: 0.15, ...e, ...over }));
const equal = (n, over = {}) =>
  Array.from({ length: n }, (_, i) => ({ name: 'E' + i, base: 0.8, slots: 64, noise: 0.15, ...over }));

// the two client behaviours compared everywhere
// urllib3 Retry(total=3, backoff_factor=1): waits 0, 2, 4 s, honours Retry-After, same URL
export const SEED_RETRY = {
  attempts: 4,
  retry: 'same',
  backoff: { base: 1, cap: 120, jitter: 'none', zeroFirst: true },
  attemptTimeout: 60,
};
export const SDK_RETRY = {
  attempts: 3,
  retry: 'repick',
  backoff: { base: 0.5, cap: 8, jitter: 'quarter' },
  attemptTimeout: 60,
};
export const NO_RETRY = { retry: 'none', attemptTimeout: 60 };
export const GOOD = () => ({
  attempts: 4,
  retry: 'failover',
  backoff: { base: 0.5, cap: 8, jitter: 'full' },
  attemptTimeout: 60,
  deadline: 120,
  budget: budgets.ratio(0.2, 10, 10),
});
const HEDGE = { hedge: { pctl: 0.95, ratio: 0.05, min: 0.1, sizeAware: true } };

const H = ['P2C peak-EWMA +H', 'oracle'];
const PLAIN = ['seed (/health flat)', 'round robin'];
// hold-out: fleets nobody tuned for. 3-8 endpoints, speeds and sizes drawn at random, a third rate-limited, one faulty for 20-40 s;
// load = half of what the fleet can do without the faulty one.
function randomFleet(seed) {
  const r = rng(seed * 2654435761);
  for (let i = 0; i < 10; i++) r();
  const n = 3 + Math.floor(r() * 6);
  const bad = Math.floor(r() * n);
  const from = 20 + r() * 30,
    to = from + 20 + r() * 20;
  const mode = ['fast', 'hang', 'flaky', 'slow'][Math.floor(r() * 4)];
  const eps = Array.from({ length: n }, (_, i) => {
    const base = lognormal(r, 0.8, 0.8),
      slots = 8 * 2 ** Math.floor(r() * 5);
    const cap = slots / (base * 1.2);
    const e = { name: 'R' + i, base, slots, noise: 0.15 };
    if (r() < 0.33) {
      e.rps = cap * (0.3 + 0.5 * r());
      e.burst = Math.max(1, e.rps);
    }
    e.capacity = Math.min(cap, e.rps ?? Infinity);
    if (i === bad) {
      if (mode === 'slow') e.slow = [{ from, to, x: 10 }];
      else e.down = [{ from, to, mode, p: 0.5 }];
    }
    return e;
  });
  eps.load = 0.5 * eps.reduce((a, e, i) => a + (i === bad ? 0 : e.capacity), 0);
  return eps;
}
export const scenarios = {
  'random-fleets': {
    note: '40 random fleets and faults (hold-out), open loop at half of the capacity left; streaming timeouts 30 s first byte, 10 s silence; p99/oracle is over all requests',
    runs: 40,
    fleet: randomFleet,
    arrivals: (f) => f.load,
    opts: (p) => ({
      ...(p.startsWith('seed') ? SEED_RETRY : /\+H|oracle|^x:/.test(p) ? GOOD() : SDK_RETRY),
      ttfbTimeout: 30,
      idleTimeout: 10,
    }),
    policies: [...PLAIN, ...H],
  },
  'random-fleets+hedge': {
    note: 'as random-fleets with hedging',
    runs: 40,
    fleet: randomFleet,
    arrivals: (f) => f.load,
    opts: () => ({ ...GOOD(), ttfbTimeout: 30, idleTimeout: 10, ...HEDGE }),
    policies: H,
  },
  'mixed-noretry': {
    note: 'open loop 60 rps; B 10x slow, C refuses 30-60 s, D 429 above 10 rps; no retries: isolates the pick',
    fleet: () => fleet('fast'),
    arrivals: 60,
    opts: () => NO_RETRY,
    policies: [...PLAIN, ...H],
  },
  mixed: {
    note: 'same fleet; seed rows use the seed retry (3 retries, same URL, no jitter), plain rows the SDK retry (2, quarter jitter, re-pick), +H rows failover + budget',
    fleet: () => fleet('fast'),
    arrivals: 60,
    opts: (p) => (p.startsWith('seed') ? SEED_RETRY : /\+H|oracle|^x:/.test(p) ? GOOD() : SDK_RETRY),
    policies: [...PLAIN, ...H],
  },
  'mixed+hedge': {
    note: 'as mixed, hedge after p95 of latency per unit of work, at most 5 % extra',
    fleet: () => fleet('fast'),
    arrivals: 60,
    opts: (p) => ({ ...(/\+H|oracle|^x:/.test(p) ? GOOD() : SDK_RETRY), ...HEDGE }),
    policies: ['round robin', ...H],
  },
  'mixed-hang': {
    note: 'as mixed but C accepts and never answers 30-60 s; attempt timeout 60 s',
    fleet: () => fleet('hang'),
    arrivals: 60,
    opts: (p) => (p.startsWith('seed') ? SEED_RETRY : /\+H|oracle|^x:/.test(p) ? GOOD() : SDK_RETRY),
    policies: [...PLAIN, ...H],
  },
  'mixed-hang+hedge': {
    note: 'as mixed-hang with hedging',
    fleet: () => fleet('hang'),
    arrivals: 60,
    opts: (p) => ({ ...(/\+H|oracle|^x:/.test(p) ? GOOD() : SDK_RETRY), ...HEDGE }),
    policies: H,
  },
  'mixed-hang+ttfb': {
    note: 'as mixed-hang, streaming: no first byte within 10 s, or 5 s of silence after it, fails the attempt',
    fleet: () => fleet('hang'),
    arrivals: 60,
    opts: (p) => ({ ...(/\+H|oracle|^x:/.test(p) ? GOOD() : SDK_RETRY), ttfbTimeout: 10, idleTimeout: 5 }),
    policies: H,
  },
  'mixed-hang+ttfb+hedge': {
    note: 'as mixed-hang+ttfb with hedging',
    fleet: () => fleet('hang'),
    arrivals: 60,
    opts: (p) => ({
      ...(/\+H|oracle|^x:/.test(p) ? GOOD() : SDK_RETRY),
      ttfbTimeout: 10,
      idleTimeout: 5,
      ...HEDGE,
    }),
    policies: H,
  },
  'mixed-hang+t20': {
    note: 'as mixed-hang, attempt timeout 20 s instead of 60 s',
    fleet: () => fleet('hang'),
    arrivals: 60,
    opts: (p) => ({ ...(/\+H|oracle|^x:/.test(p) ? GOOD() : SDK_RETRY), attemptTimeout: 20 }),
    policies: H,
  },
  'mixed-flaky': {
    note: 'as mixed but C answers 500 to half of the requests 30-60 s',
    fleet: () => fleet('flaky'),
    arrivals: 60,
    opts: (p) => (p.startsWith('seed') ? SEED_RETRY : /\+H|oracle|^x:/.test(p) ? GOOD() : SDK_RETRY),
    policies: [...PLAIN, ...H],
  },
  'mixed-16clients': {
    note: 'as mixed, but the 60 rps come from 16 processes that do not share state',
    fleet: () => fleet('fast'),
    arrivals: 60,
    clients: 16,
    opts: (p) => (/\+H|oracle|^x:/.test(p) ? GOOD() : SDK_RETRY),
    policies: ['round robin', ...H],
  },
  batch64: {
    note: 'closed loop, 64 in flight for 120 s (a batch run)',
    fleet: () => fleet('fast'),
    concurrency: 64,
    opts: (p) => (p.startsWith('seed') ? SEED_RETRY : /\+H|oracle|^x:/.test(p) ? GOOD() : SDK_RETRY),
    policies: [...PLAIN, ...H],
  },
  batch256: {
    note: 'closed loop, 256 in flight for 120 s',
    fleet: () => fleet('fast'),
    concurrency: 256,
    opts: (p) => (p.startsWith('seed') ? SEED_RETRY : /\+H|oracle|^x:/.test(p) ? GOOD() : SDK_RETRY),
    policies: [...PLAIN, ...H],
  },
  'one-dies': {
    note: '4 equal endpoints, one refuses connections 30-60 s, 120 rps; the zero-failure bar',
    fleet: () => equal(4).map((e, i) => (i === 2 ? { ...e, down: [{ from: 30, to: 60, mode: 'fast' }] } : e)),
    arrivals: 120,
    opts: (p) => (p.startsWith('seed') ? SEED_RETRY : /\+H|oracle|^x:/.test(p) ? GOOD() : SDK_RETRY),
    policies: [...PLAIN, ...H],
  },
  'three-die': {
    note: '4 equal endpoints, three refuse connections 30-60 s, 50 rps (75 % of what one can do)',
    fleet: () => equal(4).map((e, i) => (i ? { ...e, down: [{ from: 30, to: 60, mode: 'fast' }] } : e)),
    arrivals: 50,
    opts: (p) => (p.startsWith('seed') ? SEED_RETRY : /\+H|oracle|^x:/.test(p) ? GOOD() : SDK_RETRY),
    policies: [...PLAIN, ...H],
  },
  brownout: {
    note: '4 equal endpoints, one answers 10x slower 30-60 s, 120 rps',
    fleet: () => equal(4).map((e, i) => (i === 2 ? { ...e, slow: [{ from: 30, to: 60, x: 10 }] } : e)),
    arrivals: 120,
    opts: (p) => (p.startsWith('seed') ? SEED_RETRY : /\+H|oracle|^x:/.test(p) ? GOOD() : SDK_RETRY),
    policies: [...PLAIN, ...H],
  },
  'brownout+hedge': {
    note: 'as brownout with hedging',
    fleet: () => equal(4).map((e, i) => (i === 2 ? { ...e, slow: [{ from: 30, to: 60, x: 10 }] } : e)),
    arrivals: 120,
    opts: (p) => ({ ...(/\+H|oracle|^x:/.test(p) ? GOOD() : SDK_RETRY), ...HEDGE }),
    policies: H,
  },
  equal: {
    note: '4 equal healthy endpoints, 200 rps (about 75 % busy): what a policy costs when nothing is wrong',
    fleet: () => equal(4),
    arrivals: 200,
    opts: () => GOOD(),
    policies: [...PLAIN, ...H],
  },
};
const sizeOf = (r) => lognormal(r, 1, 0.6);

export function runOne(sc, name, make, seed) {
  const random = rng(seed * 7919 + 13);
  const clock = new Clock();
  const fl = sc.fleet(seed);
  const eps = fl.map((c) => new Endpoint(clock, c, rng(seed * 104729 + c.name.charCodeAt(0))));
  const policy = (sc.clients && name !== 'oracle' ? many(make, sc.clients) : make)({
    endpoints: eps,
    random,
    n: eps.length,
    clock: { now: () => clock.now, schedule: (dt, fn) => clock.in(dt, fn) },
  });
  const wr = rng(seed * 31 + 7);
  const st = runClient({
    clock,
    endpoints: eps,
    policy,
    opts: sc.opts(name),
    random: rng(seed * 17 + 3),
    arrivals: typeof sc.arrivals === 'function' ? sc.arrivals(fl) : sc.arrivals,
    concurrency: sc.concurrency,
    until: T,
    workOf: () => sizeOf(wr),
  });
  return { st, trips: policy.trips ?? 0 };
}
export function summarize(runs) {
  const lat = runs.flatMap((r) => r.st.lat);
  const ok = sum(runs, (s) => s.ok),
    failed = sum(runs, (s) => s.failed),
    n = ok + failed;
  const per = runs.every((r) => r.st.per.length === runs[0].st.per.length)
    ? runs[0].st.per.map((_, i) => sum(runs, (s) => s.per[i]))
    : [];
  const at = sum(runs, (s) => s.attempts);
  return {
    n,
    p50: quantile(lat, 0.5),
    p99: quantile(lat, 0.99),
    p999: quantile(lat, 0.999),
    thr: sum(runs, (s) => s.okInWindow) / runs.length / T,
    failPct: (100 * failed) / n,
    errPct: (100 * sum(runs, (s) => s.wastedErr)) / n,
    r429Pct: (100 * sum(runs, (s) => s.waste429)) / n,
    hedgePct: (100 * sum(runs, (s) => s.wasteHedge)) / n,
    amp: at / n,
    share: per.map((x) => Math.round((100 * x) / at)).join('/'),
    trips: runs.reduce((a, r) => a + r.trips, 0) / runs.length,
  };
}
const sum = (runs, f) => runs.reduce((a, r) => a + f(r.st), 0);
const f = (x, d = 2) => (Number.isFinite(x) ? x.toFixed(d) : '-');

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const mod = arg('--policy-module');
  const extra = mod ? (await import(pathToFileURL(mod).href)).policies : {};
  const all = { ...own, ...extra };
  const skip = new Set(['--seeds', '--policy-module', '--json']);
  const want = process.argv.slice(2).filter((a, i, s) => !a.startsWith('--') && !skip.has(s[i - 1]));
  const out = {};
  for (const [name, sc] of Object.entries(scenarios)) {
    if (want.length && !want.includes(name)) continue;
    console.log(`\n## ${name} — ${sc.note} (${sc.runs ?? SEEDS} seeds)\n`);
    console.log(
      '| policy | p50 s | p99 s | p99.9 s | p99/oracle | ok/s | failed % | wasted err % | wasted 429 % | hedge extra % | attempts/req | share A/B/C/D % |',
    );
    console.log('|---|---|---|---|---|---|---|---|---|---|---|---|');
    const rows = [...(process.argv.includes('--only') ? ['oracle'] : sc.policies), ...Object.keys(extra)].map(
      (p) => [p, summarize(Array.from({ length: sc.runs ?? SEEDS }, (_, s) => runOne(sc, p, all[p], s + 1)))],
    );
    const o = rows.find(([p]) => p === 'oracle')?.[1];
    for (const [p, r] of rows)
      console.log(
        `| ${p} | ${f(r.p50)} | ${f(r.p99)} | ${f(r.p999)} | ${o ? f(r.p99 / o.p99, 3) : '-'} | ${f(r.thr, 1)} | ${f(r.failPct, 3)} | ${f(r.errPct, 1)} | ${f(r.r429Pct, 1)} | ${f(r.hedgePct, 1)} | ${f(r.amp)} | ${r.share} |`,
      );
    out[name] = Object.fromEntries(rows);
  }
  if (arg('--json')) writeFileSync(arg('--json'), JSON.stringify(out, null, 1));
}
