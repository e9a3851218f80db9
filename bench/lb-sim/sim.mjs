// Discrete-event simulator for client-side load balancing of LLM endpoints.
// Own code, no dependencies. All times in seconds of simulated time. Deterministic for a given seed.

export function rng(seed) {
  // mulberry32
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
export const normal = (r) => Math.sqrt(-2 * Math.log(1 - r())) * Math.cos(2 * Math.PI * r());
export const lognormal = (r, median, sigma) => median * Math.exp(sigma * normal(r));
export const exponential = (r, rate) => -Math.log(1 - r()) / rate;

export class Clock {
  #heap = [];
  #n = 0;
  now = 0;
  at(t, fn) {
    const ev = { t: Math.max(t, this.now), n: this.#n++, fn, dead: false };
    const h = this.#heap;
    let i = h.length;
    h.push(ev);
    while (i > 0) {
      const p = (i - 1) >> 1;
      if (less(h[p], ev)) break;
      h[i] = h[p];
      i = p;
    }
    h[i] = ev;
    return ev;
  }
  in(dt, fn) {
    return this.at(this.now + dt, fn);
  }
  cancel(ev) {
    if (ev) ev.dead = true;
  }
  step() {
    const h = this.#heap;
    while (h.length) {
      const top = h[0];
      const last = h.pop();
      if (h.length) {
        let i = 0;
        for (;;) {
          let c = 2 * i + 1;
          if (c >= h.length) break;
          if (c + 1 < h.length && less(h[c + 1], h[c])) c++;
          if (less(last, h[c])) break;
          h[i] = h[c];
          i = c;
        }
        h[i] = last;
      }
      if (top.dead) continue;
      this.now = top.t;
      top.fn();
      return true;
    }
    return false;
  }
}
const less = (a, b) => a.t < b.t || (a.t === b.t && a.n < b.n);

// ---- endpoint -------------------------------------------------------------
// cfg: { name, base (s per unit of work), slots, noise, down:[{from,to,mode}], rps, burst, maxQueue,
//        slow:[{from,to,x}], batching: k  (work slows by (1 + k*busy/slots): continuous batching), health (s) }
export class Endpoint {
  constructor(clock, cfg, random) {
    this.clock = clock;
    this.cfg = cfg;
    this.random = random;
    this.queue = [];
    this.busy = 0;
    this.jobs = new Set();
    this.tokens = cfg.burst ?? 0;
    this.tokensAt = 0;
    for (const w of cfg.down ?? []) if (w.mode !== 'flaky') clock.at(w.from, () => this.#crash(w));
  }
  window() {
    const t = this.clock.now;
    return (this.cfg.down ?? []).find((w) => t >= w.from && t < w.to);
  }
  #crash(w) {
    const victims = [...this.jobs];
    this.jobs.clear();
    this.queue.length = 0;
    this.busy = 0;
    for (const j of victims) {
      if (j.ev) this.clock.cancel(j.ev);
      if (w.mode === 'fast')
        this.clock.in(0.002, () => j.done({ kind: 'error' })); // connection reset
      else j.onStall?.(); // 'hang': nothing more ever comes back
    }
  }
  bucket() {
    if (!this.cfg.rps) return Infinity;
    const t = this.clock.now;
    this.tokens = Math.min(this.cfg.burst, this.tokens + (t - this.tokensAt) * this.cfg.rps);
    this.tokensAt = t;
    return this.tokens;
  }
  // returns a handle with cancel()
  submit(work, done, onFirst, onStall) {
    const c = this.clock;
    const w = this.window();
    const j = {
      work,
      done: (r) => {
        if (!j.over) {
          j.over = true;
          done(r);
        }
      },
      over: false,
      ev: null,
      started: false,
      onFirst,
      onStall,
    };
    j.cancel = () => {
      if (j.over) return;
      j.over = true;
      if (j.ev) c.cancel(j.ev);
      if (j.started && this.jobs.delete(j)) {
        this.busy--;
        this.#pump();
      } else {
        const i = this.queue.indexOf(j);
        if (i >= 0) {
          this.queue.splice(i, 1);
          this.jobs.delete(j);
        }
      }
    };
    if (w && w.mode === 'fast') {
      c.in(0.003, () => j.done({ kind: 'error' }));
      return j;
    }
    if (w && w.mode === 'hang') return j;
    if (w && w.mode === 'flaky' && this.random() < (w.p ?? 0.5)) {
      c.in(0.05, () => j.done({ kind: 'error' }));
      return j;
    }
    if (this.cfg.rps) {
      if (this.bucket() < 1) {
        const wait = (1 - this.tokens) / this.cfg.rps;
        // servers send whole seconds, rounded up
        c.in(0.005, () => j.done({ kind: 'ratelimit', retryAfter: Math.max(1, Math.ceil(wait)) }));
        return j;
      }
      this.tokens -= 1;
    }
    if (
      this.cfg.maxQueue !== undefined &&
      this.cfg.maxQueue !== null &&
      this.busy >= this.cfg.slots &&
      this.queue.length >= this.cfg.maxQueue
    ) {
      c.in(0.005, () => j.done({ kind: 'overloaded' }));
      return j;
    }
    this.jobs.add(j);
    this.queue.push(j);
    this.#pump();
    return j;
  }
  serviceTime(work) {
    const b = (this.cfg.slow ?? []).find((w) => this.clock.now >= w.from && this.clock.now < w.to);
    const slow = (b ? b.x : 1) * (1 + (this.cfg.batching ?? 0) * (this.busy / this.cfg.slots));
    return 0.01 + this.cfg.base * work * slow * lognormal(this.random, 1, this.cfg.noise ?? 0.15);
  }
  #pump() {
    while (this.busy < this.cfg.slots && this.queue.length) {
      const j = this.queue.shift();
      this.busy++;
      j.started = true;
      const d = this.serviceTime(j.work);
      if (j.onFirst)
        this.clock.in(0.01 + 0.1 * d, () => {
          if (!j.over) j.onFirst();
        });
      j.ev = this.clock.in(d, () => {
        this.jobs.delete(j);
        this.busy--;
        this.#pump();
        j.done({ kind: 'ok' });
      });
    }
  }
  // what an all-knowing client would expect
  expected(work) {
    const w = this.window();
    if (w) return Infinity;
    if (this.bucket() < 1) return Infinity;
    const b = (this.cfg.slow ?? []).find((x) => this.clock.now >= x.from && this.clock.now < x.to);
    const s =
      (b ? b.x : 1) *
      this.cfg.base *
      work *
      (1 + (this.cfg.batching ?? 0) * Math.min(1, this.busy / this.cfg.slots));
    return (
      s + (this.busy >= this.cfg.slots ? ((this.queue.length + 1) * this.cfg.base * 1.2) / this.cfg.slots : 0)
    );
  }
}

// ---- retry budgets --------------------------------------------------------
export const budgets = {
  none: () => ({ deposit() {}, failure() {}, success() {}, take: () => true }),
  // gRPC A6: tokens 0..max, -1 per failure, +ratio per success, retry only above max/2
  grpc: (max = 10, ratio = 0.1) => {
    let t = max;
    return {
      deposit() {},
      failure() {
        t = Math.max(0, t - 1);
      },
      success() {
        t = Math.min(max, t + ratio);
      },
      take: () => t > max / 2,
    };
  },
  // Finagle style: each request deposits `ratio`, a retry costs 1, reserve of minPerSec over ttl
  ratio: (ratio = 0.2, minPerSec = 10, ttl = 10) => {
    const deps = [];
    const spent = [];
    return {
      deposit(now) {
        deps.push(now);
      },
      failure() {},
      success() {},
      take(now) {
        while (deps.length && deps[0] < now - ttl) deps.shift();
        while (spent.length && spent[0] < now - ttl) spent.shift();
        if (spent.length + 1 > deps.length * ratio + minPerSec * ttl) return false;
        spent.push(now);
        return true;
      },
    };
  },
};

// ---- client: request lifecycle over a policy -------------------------------
// opts: { attempts, retry:'none'|'same'|'repick'|'failover', backoff:{base,cap,jitter}, honorRetryAfter,
//         attemptTimeout, deadline, hedge:{pctl,ratio,min}, budget }
export function runClient({ clock, endpoints, policy, opts, random, arrivals, until, concurrency, workOf }) {
  const st = {
    lat: [],
    ok: 0,
    okInWindow: 0,
    failed: 0,
    attempts: 0,
    wastedErr: 0,
    waste429: 0,
    wasteHedge: 0,
    hedges: 0,
    hedgeWins: 0,
    per: endpoints.map(() => 0),
    perOk: endpoints.map(() => 0),
    series: [],
    failT: [],
    inflightPeak: 0,
    noEndpoint: 0,
    attemptLat: [],
  };
  const budget = opts.budget ?? budgets.none();
  const waiters = [];
  const wake = () => {
    const w = waiters.shift();
    if (w) clock.in(0, w);
  };
  const hist = []; // recent latency per unit of work, for hedging
  let hedgeCredit = 0;
  const backoffFor = (n, ra) => {
    const b = opts.backoff ?? { base: 0.5, cap: 8, jitter: 'full' };
    let d = b.zeroFirst && n === 0 ? 0 : Math.min(b.cap, b.base * 2 ** n);
    if (b.jitter === 'full') d *= random();
    else if (b.jitter === 'quarter') d *= 1 - 0.25 * random();
    if (ra !== undefined && ra !== null && opts.honorRetryAfter !== false) d = Math.max(d, ra);
    return d;
  };
  function start(onDone) {
    const t0 = clock.now;
    const req = { t0, work: workOf(), tried: new Set(), n: 0, live: new Map(), over: false, hedged: false };
    budget.deposit(t0);
    hedgeCredit = Math.min(20, hedgeCredit + (opts.hedge?.ratio ?? 0));
    const end = (ok) => {
      if (req.over) return;
      req.over = true;
      clock.cancel(req.dl);
      clock.cancel(req.hg);
      for (const [h, i] of req.live) {
        h.cancel();
        policy.onEnd?.(i, clock.now, req, { kind: 'cancel', latency: clock.now - h.t });
        st.wasteHedge++;
      }
      req.live.clear();
      const lat = clock.now - t0;
      if (ok) {
        st.ok++;
        if (clock.now <= until) st.okInWindow++;
        st.lat.push(lat);
        budget.success();
      } else {
        st.failed++;
        st.failT.push(t0);
      }
      st.series.push([t0, ok ? lat : -1]);
      onDone?.();
    };
    if (opts.deadline) req.dl = clock.in(opts.deadline, () => end(false));
    const attempt = (isHedge, forced) => {
      if (req.over) return;
      const ex = opts.retry === 'failover' || isHedge ? req.tried : new Set();
      req.hedgePick = !!isHedge;
      let i = forced ?? policy.pick(req, ex, clock.now);
      if (i === -1 && ex.size && !isHedge) i = policy.pick(req, new Set(), clock.now); // all tried: allow again
      if (i === -1) {
        if (isHedge) return;
        st.noEndpoint++; // nothing usable: wait, do not fail
        if (policy.enterLobby) return void policy.enterLobby(() => attempt(false)); // told when to choose again
        if (policy.waitsForRelease) return void waiters.push(() => attempt(false));
        const t = policy.nextAvailable?.(clock.now) ?? clock.now + 0.1;
        return void clock.at(Math.max(t, clock.now + 0.005), () => attempt(false));
      }
      const go = () => {
        if (req.over) return false;
        req.tried.add(i);
        st.attempts++;
        st.per[i]++;
        policy.onStart?.(i, clock.now, req);
        const t = clock.now;
        let timer, ttfb;
        const h = endpoints[i].submit(
          req.work,
          (r) => settle(r),
          () => clock.cancel(ttfb),
          () => {
            if (opts.idleTimeout)
              clock.in(opts.idleTimeout, () => {
                h.cancel();
                settle({ kind: 'timeout' });
              });
          },
        );
        h.t = t;
        req.live.set(h, i);
        if (opts.ttfbTimeout)
          ttfb = clock.in(opts.ttfbTimeout, () => {
            h.cancel();
            settle({ kind: 'timeout' });
          });
        if (opts.attemptTimeout)
          timer = clock.in(opts.attemptTimeout, () => {
            h.cancel();
            settle({ kind: 'timeout' });
          });
        let settled = false;
        const settle = (r) => {
          if (settled || req.over) return;
          settled = true;
          clock.cancel(timer);
          clock.cancel(ttfb);
          req.live.delete(h);
          const latency = clock.now - t;
          policy.onEnd?.(i, clock.now, req, { ...r, latency });
          wake();
          if (r.kind === 'ok') {
            st.perOk[i]++;
            hist.push(latency / req.work);
            if (hist.length > 400) hist.shift();
            st.attemptLat.push(latency);
            if (isHedge) st.hedgeWins++;
            return end(true);
          }
          if (r.kind === 'ratelimit' || r.kind === 'overloaded') st.waste429++;
          else st.wastedErr++;
          budget.failure();
          if (req.live.size) return; // the other copy still runs
          req.n++;
          if (opts.retry === 'none' || req.n >= (opts.attempts ?? 3) || !budget.take(clock.now))
            return end(false);
          const same = opts.retry === 'same';
          // another endpoint is likely fine: first failover goes out at once, later ones back off
          const fresh = opts.retry === 'failover' && policy.hasOther?.(req.tried, clock.now);
          const d = fresh ? 0.001 : backoffFor(req.n - 1, r.retryAfter);
          clock.in(d, () => attempt(false, same ? i : undefined));
        };
        if (opts.hedge && !req.hedged && hist.length >= 50) {
          const s = [...hist].sort((a, b) => a - b);
          const p = s[Math.min(s.length - 1, Math.floor(s.length * opts.hedge.pctl))];
          req.hg = clock.in(
            Math.max(opts.hedge.min ?? 0.05, p * (opts.hedge.sizeAware ? req.work : 1)),
            () => {
              if (req.over || req.hedged || hedgeCredit < 1) return;
              hedgeCredit -= 1;
              req.hedged = true;
              st.hedges++;
              attempt(true);
            },
          );
        }
      };
      const delay = policy.pickDelay?.(i, clock.now) ?? 0; // e.g. the seed's blocking health check
      if (delay === Infinity) {
        const goTo = (at = i) => {
          i = at; // another endpoint had room sooner
          return go();
        };
        policy.park(i, goTo, () => attempt(isHedge), req);
      } else if (delay > 0) clock.in(delay, go);
      else go();
    };
    attempt(false);
  }
  if (concurrency) {
    const loop = () => {
      if (clock.now < until) start(loop);
    };
    for (let k = 0; k < concurrency; k++) clock.at(0.0005 * k, loop);
  } else {
    const next = () => {
      const t = clock.now + exponential(random, arrivals);
      if (t < until)
        clock.at(t, () => {
          start();
          next();
        });
    };
    next();
  }
  const hardStop = until + 600;
  while (clock.step()) if (clock.now > hardStop) break;
  return st;
}

export const quantile = (a, q) => {
  if (!a.length) return NaN;
  const s = [...a].sort((x, y) => x - y);
  return s[Math.min(s.length - 1, Math.floor(q * s.length))];
};
