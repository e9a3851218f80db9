// Selection policies. Interface (also the adapter interface for a shipped selector):
//   pick(req, exclude:Set<int>, now) -> index | -1 ; onStart(i, now, req) ; onEnd(i, now, req, {kind, latency, retryAfter})
//   nextAvailable(now) -> time ; hasOther(tried, now) -> bool ; pickDelay(i, now) -> s
// kind: ok | error | timeout | ratelimit | overloaded | cancel

class Base {
  constructor({ endpoints, random, n }) {
    this.n = n ?? endpoints.length;
    this.eps = endpoints;
    this.random = random;
    this.out = new Array(this.n).fill(0);
  }
  onStart(i) {
    this.out[i]++;
  }
  onEnd(i) {
    this.out[i]--;
  }
  cand(ex, now) {
    const c = [];
    for (let i = 0; i < this.n; i++) if (!ex.has(i) && this.usable(i, now)) c.push(i);
    return c;
  }
  usable() {
    return true;
  }
  hasOther(tried, now) {
    return this.cand(tried, now).length > 0;
  }
  rand(c) {
    return c[Math.floor(this.random() * c.length)];
  }
}
class Random extends Base {
  pick(_r, ex, now) {
    const c = this.cand(ex, now);
    return c.length ? this.rand(c) : -1;
  }
}
class RoundRobin extends Base {
  k = -1;
  pick(_r, ex, now) {
    const c = this.cand(ex, now);
    if (!c.length) return -1;
    for (let s = 0; s < this.n; s++) {
      this.k = (this.k + 1) % this.n;
      if (c.includes(this.k)) return this.k;
    }
    return -1;
  }
}

// scoring policies share this: argmin over all candidates, or power of two choices
class Scored extends Base {
  constructor(o) {
    super(o);
    this.choices = o.choices ?? Infinity;
  }
  pick(r, ex, now) {
    let c = this.cand(ex, now);
    if (!c.length) return -1;
    if (this.choices < c.length) {
      const a = Math.floor(this.random() * c.length);
      let b = Math.floor(this.random() * (c.length - 1));
      if (b >= a) b++;
      c = [c[a], c[b]];
    }
    let best = [],
      bs = Infinity;
    for (const i of c) {
      const s = this.score(i, now, r);
      if (s < bs - 1e-12) {
        bs = s;
        best = [i];
      } else if (s <= bs + 1e-12) best.push(i);
    }
    return this.rand(best);
  }
}
class Least extends Scored {
  score(i) {
    return this.out[i];
  }
}
class LeastWeighted extends Scored {
  constructor(o) {
    super(o);
    this.w = o.weights;
  }
  score(i) {
    return (this.out[i] + 1) / this.w[i];
  }
}

// peak-EWMA: jumps to peaks, decays with time constant `decay`. Options:
//   perUnit: divide latency by request size (tokens) before averaging
//   failPenalty: a failed attempt is observed as at least this multiple of the current estimate (and >= penaltyFloor s)
//   alpha: exponent on the latency term; cap: per-endpoint concurrency under which outstanding work is free
class PeakEwma extends Scored {
  constructor(o) {
    super(o);
    this.o = { decay: 10, ...o };
    this.e = new Array(this.n).fill(0);
    this.t = new Array(this.n).fill(0);
    this.seen = new Array(this.n).fill(false);
    this.limit = o.limits?.slice() ?? new Array(this.n).fill(o.cap ?? 0);
  }
  est(i, now) {
    // lazy decay towards zero, as Finagle does, so an idle endpoint gets re-probed
    const w = Math.exp(-(now - this.t[i]) / this.o.decay);
    return this.o.idleDecay === false ? this.e[i] : this.e[i] * w;
  }
  observe(i, now, x) {
    const w = Math.exp(-(now - this.t[i]) / this.o.decay);
    this.e[i] = (this.o.peak === false || x <= this.e[i]) && this.seen[i] ? this.e[i] * w + x * (1 - w) : x;
    this.t[i] = now;
    this.seen[i] = true;
  }
  score(i, now) {
    const e = this.est(i, now);
    if (!this.seen[i]) return this.out[i] ? 1e6 + this.out[i] : 0; // one probe at a time until the first sample
    const q = this.limit[i] ? Math.max(1, (this.out[i] + 1) / this.limit[i]) : this.out[i] + 1;
    return Math.pow(Math.max(e, 1e-4), this.o.alpha ?? 1) * q;
  }
  onEnd(i, now, r, x) {
    super.onEnd(i);
    if (x.kind === 'cancel') {
      if (this.o.cancelIsSample)
        this.observe(i, now, Math.max(this.est(i, now), x.latency / (this.o.perUnit ? r.work : 1)));
      return;
    }
    let l = x.latency / (this.o.perUnit ? r.work : 1);
    if (x.kind !== 'ok' && this.o.failPenalty) {
      if (x.kind === 'ratelimit' || x.kind === 'overloaded') return;
      l = Math.max(
        l,
        Math.min(
          this.o.penaltyCap ?? 60,
          Math.max(this.o.penaltyFloor ?? 5, this.est(i, now) * this.o.failPenalty),
        ),
      );
    }
    this.observe(i, now, l);
  }
}

// Recommended estimator: EWMA of latency per unit of work, with
//   ageFloor: an attempt still in flight proves its latency is at least its age (sees hangs and stalls before any timeout)
//   tau >= 5 estimates (a 10 s window is meaningless when a call takes 30 s), no decay towards zero;
//   an endpoint without a fresh sample gets one probe per `stale` seconds instead.
//   raw: use plain latency instead of latency per unit of work
//   score = estimate^alpha * (outstanding + 1) / weight
class LatencyAware extends Scored {
  constructor(o) {
    super(o);
    this.o = { alpha: 1, stale: 30, ageFloor: true, tau: 10, failMul: 3, ...o };
    this.e = new Array(this.n).fill(NaN);
    this.t = new Array(this.n).fill(-1e9);
    this.fl = Array.from({ length: this.n }, () => new Map());
    this.lastProbe = new Array(this.n).fill(-1e9);
  }
  est(i, now) {
    let e = this.e[i];
    if (!this.o.ageFloor) return e;
    for (const [r, t] of this.fl[i]) {
      const a = (now - t) / (this.o.raw ? 1 : r.work);
      if (!(a <= e)) e = Math.max(Number.isNaN(e) ? 0 : e, a);
      break;
    } // oldest only
    return e;
  }
  score(i, now) {
    const fresh = now - this.t[i] < this.o.stale;
    if (!fresh && this.out[i] === 0 && now - this.lastProbe[i] > this.o.stale) return -1; // probe
    const e = this.est(i, now);
    if (Number.isNaN(e)) {
      const k = this.e.filter((x) => !Number.isNaN(x));
      return (k.length ? Math.max(...k) ** this.o.alpha * 2 : 1) * (this.out[i] + 1);
    }
    const q = this.o.limits?.[i]
      ? Math.max(1, (this.out[i] + 1) / this.o.limits[i])
      : (this.out[i] + 1) / (this.o.weights?.[i] ?? 1);
    return e ** this.o.alpha * q;
  }
  resetEstimate(i, x) {
    this.e[i] = x;
  }
  onStart(i, now, r) {
    if (this.out[i] === 0 && now - this.t[i] >= this.o.stale) this.lastProbe[i] = now;
    super.onStart(i, now, r);
    this.fl[i].set(r, now);
  }
  onEnd(i, now, r, x) {
    super.onEnd(i, now, r, x);
    this.fl[i].delete(r);
    if (x.kind === 'ratelimit' || x.kind === 'overloaded') return;
    let l = x.latency / (this.o.raw ? 1 : r.work);
    const e = this.e[i];
    if (x.kind === 'cancel') {
      if (!(l > e)) return;
    } // only a lower bound
    else if (x.kind !== 'ok')
      l = Math.max(l, Math.min(this.o.penaltyCap ?? 60, (Number.isNaN(e) ? 1 : e) * this.o.failMul)); // failing fast is not being fast; capped, or it grows without bound
    if (Number.isNaN(e)) this.e[i] = l;
    else {
      const tau = Math.max(this.o.tau, 5 * e);
      const w = this.o.perSample ? 1 - this.o.perSample : Math.exp(-(now - this.t[i]) / tau);
      this.e[i] = e * w + l * (1 - w);
    }
    this.t[i] = now;
  }
}

// ---- the seed's balancer, as written ---------------------------------------
// GET /health per endpoint when its last check is > 60 s old, run inside the pick and in sequence;
// weight = success_rate/(rt_ms+1); healthy = consecutive_failures < 3 && success_rate > 0.5. It never learns from requests.
class Seed extends Base {
  constructor(o) {
    super(o);
    this.h = this.eps.map(() => ({ rt: 0, sr: 1, last: -Infinity, cf: 0 }));
    this.delay = 0;
    this.mode = o.health ?? 'flat';
  }
  pick(_r, _ex, now) {
    this.delay = 0;
    this.h.forEach((h, i) => {
      if (now - h.last <= 60) return;
      const ep = this.eps[i];
      const w = ep.window();
      if (w && w.mode !== 'flaky') {
        h.cf++;
        h.sr = Math.max(0, h.sr - (w.mode === 'hang' ? 0.3 : 0.2));
        if (w.mode === 'hang') {
          h.rt = 5000;
          this.delay += 5;
        } else this.delay += 0.003;
      } else {
        const rt = this.mode === 'flat' ? 0.005 : 0.005 * ep.cfg.base;
        h.rt = rt * 1000;
        h.sr = Math.min(1, h.sr + 0.1);
        h.cf = 0;
        this.delay += rt;
      }
      h.last = now;
    });
    let c = this.h.map((h, i) => [h, i]).filter(([h]) => h.cf < 3 && h.sr > 0.5);
    if (!c.length) c = this.h.map((h, i) => [h, i]);
    const ws = c.map(([h]) => (1 / (h.rt + 1)) * h.sr);
    const sum = ws.reduce((a, b) => a + b, 0);
    let x = this.random() * sum;
    for (let k = 0; k < c.length; k++) {
      x -= ws[k];
      if (x <= 0) return c[k][1];
    }
    return c[c.length - 1][1];
  }
  pickDelay() {
    return this.delay;
  }
}
class Oracle extends Base {
  pick(r, ex) {
    let best = -1,
      bs = Infinity;
    for (let i = 0; i < this.n; i++)
      if (!ex.has(i)) {
        const s = this.eps[i].expected(r.work);
        if (s < bs) {
          bs = s;
          best = i;
        }
      }
    return best;
  }
  nextAvailable(now) {
    return now + 0.01;
  }
  hasOther() {
    return true;
  }
}

// ---- health layer: ejection, rate-limit pauses, pacing, half-open probe, panic ----
// Wraps any policy class. o: { consecutive: 5, failRate: 0.5, minVolume: 10, window: 10, base: 5, max: 60,
//   panic: 0.5 (share of usable endpoints under which ejection is ignored), pause429: true, rates: [rps|null] , burst, adapt: AIMD on 429 }
export const withHealth = (Inner) =>
  class extends Inner {
    constructor(o) {
      super(o);
      this.clock = o.clock;
      this.H = {
        consecutive: 5,
        failRate: 0.5,
        minVolume: 10,
        window: 10,
        base: 5,
        max: 60,
        panic: 0.5,
        pause429: true,
        probe: true,
        ...o.health_,
      };
      this.s = Array.from({ length: this.n }, (_, i) => ({
        cf: 0,
        until: 0,
        count: 0,
        ring: [],
        pause: 0,
        half: false,
        probing: false,
        q: [],
        timer: false,
        rate: this.H.rates?.[i] ?? 0,
        tok: this.H.rates?.[i] ? (this.H.burst ?? 1) : 0,
        tokAt: 0,
        last429: -1e9,
        okSince429: 0,
        sent: [],
      }));
    }
    #tok(i, now) {
      const s = this.s[i];
      if (!s.rate) return Infinity;
      s.tok = Math.min(this.H.burst ?? Math.max(1, s.rate * 0.25), s.tok + (now - s.tokAt) * s.rate);
      s.tokAt = now;
      return s.tok;
    }
    #wait(i, now) {
      const s = this.s[i];
      let w = Math.max(0, s.pause - now);
      if (s.rate) {
        const t = this.#tok(i, now);
        if (t < 1 || s.q.length) w += Math.max(0, s.q.length + 1 - t) / s.rate;
      }
      return w;
    }
    #drain(i) {
      // one timer per endpoint; the queue follows the current rate and the current pause
      const s = this.s[i];
      const now = this.clock.now();
      s.timer = false;
      const again = (dt) => {
        if (!s.timer) {
          s.timer = true;
          this.clock.schedule(Math.max(dt, 1e-3), () => this.#drain(i));
        }
      };
      if (s.pause > now) return again(s.pause - now);
      while (s.q.length && this.#tok(i, now) >= 1 - 1e-9) {
        const f = s.q.shift();
        if (f() !== false) {
          /* onStart takes the token */
        }
      }
      if (s.q.length) again((1 - s.tok) / s.rate);
    }
    park(i, f) {
      const s = this.s[i];
      s.q.push(f);
      if (!s.timer) {
        s.timer = true;
        this.clock.schedule(Math.max(1e-3, this.#wait(i, this.clock.now())), () => this.#drain(i));
      }
    }
    // waitAware: a paced or paused endpoint stays a candidate. A request joins its FIFO queue when nothing else is usable, or when
    // everything else is expected to take more than twice as long as waiting for it. Waiters never poll and never stampede.
    pick(r, ex, now) {
      this.delay = 0;
      const u = super.pick(r, ex, now);
      if (!this.H.waitAware || r.hedgePick) return u;
      let best = -1,
        bt = Infinity;
      for (let i = 0; i < this.n; i++) {
        if (ex.has(i) || this.ejected(i, now)) continue;
        const w = this.#wait(i, now);
        if (w <= 0) continue;
        const e = this.est(i, now);
        const t = w + (Number.isNaN(e) ? 1 : e) * r.work;
        if (t < bt) {
          bt = t;
          best = i;
        }
      }
      if (best < 0 || !this.s[best].rate || (u !== -1 && !(this.est(u, now) * r.work > 2 * bt))) return u;
      this.delay = Infinity;
      return best;
    }
    pickDelay() {
      return this.delay ?? 0;
    }
    ejected(i, now) {
      const s = this.s[i];
      return s.until > now || (s.half && s.probing);
    }
    usable(i, now) {
      const s = this.s[i];
      if (s.pause > now) return false;
      if (s.rate && (this.#tok(i, now) < 1 || s.q.length)) return false;
      if (!this.ejected(i, now)) return true;
      // panic: too few endpoints left -> ignore ejection (not rate-limit pauses)
      let up = 0;
      for (let k = 0; k < this.n; k++) if (!this.ejected(k, now)) up++;
      return up / this.n < this.H.panic && !(s.half && s.probing && up > 0);
    }
    nextAvailable(now) {
      let t = Infinity;
      for (const s of this.s) {
        let x = Math.max(s.pause, s.until, now + 0.005);
        if (s.rate && s.tok < 1) x = Math.max(x, now + (1 - s.tok) / s.rate);
        t = Math.min(t, x);
      }
      return t;
    }
    onStart(i, now, r) {
      super.onStart(i, now, r);
      const s = this.s[i];
      if (s.rate) s.tok -= 1;
      s.sent.push(now);
      if (s.sent.length > 200) s.sent.shift();
      if (s.until && s.until <= now && !s.half) s.half = true;
      if (s.half && !s.probing) {
        s.probing = true;
        s.probeReq = r;
      }
    }
    onEnd(i, now, r, x) {
      super.onEnd(i, now, r, x);
      const s = this.s[i];
      if (x.kind === 'cancel') {
        if (s.probeReq === r) s.probing = false;
        return;
      }
      if (x.kind === 'ratelimit' || x.kind === 'overloaded') {
        if (this.H.pause429)
          s.pause = Math.max(s.pause, now + (x.retryAfter ?? 1) * (1 + 0.1 * this.random()));
        if (this.H.adapt && now - s.last429 > 1) {
          // AIMD on the rate: measure what was being sent, cut to beta of it
          const recent = s.sent.filter((t) => t > now - 2).length / 2;
          const cur = s.rate ? Math.min(s.rate, Math.max(recent, 1)) : Math.max(recent, 1);
          s.rate = Math.max(0.5, cur * 0.7);
          s.tok = Math.min(0, s.tok);
          s.tokAt = now;
          s.last429 = now;
        }
        if (s.probeReq === r) {
          s.probing = false;
          s.half = false;
          s.until = 0;
          s.probeReq = null;
        }
        return;
      }
      if (this.H.adapt && s.rate && x.kind === 'ok') {
        s.rate += (0.15 / Math.max(1, s.rate)) * (now - s.last429 > 10 ? 4 : 1);
      }
      const bad = x.kind !== 'ok';
      s.ring.push([now, bad]);
      while (s.ring.length && s.ring[0][0] < now - this.H.window) s.ring.shift();
      if (s.probeReq === r || s.half) {
        s.probing = false;
        s.probeReq = null;
        if (!bad) {
          s.half = false;
          s.until = 0;
          s.cf = 0;
          s.count = Math.max(0, s.count - 1);
          s.ring = [];
          this.resetEstimate?.(i, x.latency / r.work);
          return;
        }
      }
      s.cf = bad ? s.cf + 1 : 0;
      const fails = s.ring.reduce((a, b) => a + (b[1] ? 1 : 0), 0);
      const trip =
        bad &&
        s.until <= now &&
        (s.half ||
          s.cf >= this.H.consecutive ||
          (s.ring.length >= this.H.minVolume && fails / s.ring.length > this.H.failRate));
      if (trip) {
        s.count++;
        s.half = false;
        const d = Math.min(this.H.max, this.H.base * 2 ** (s.count - 1));
        s.until = now + d * (0.9 + 0.2 * this.random());
        s.cf = 0;
        s.ring = [];
        this.trips = (this.trips ?? 0) + 1;
      }
    }
  };

const HRR = withHealth(RoundRobin),
  HLeast = withHealth(Least),
  HPeak = withHealth(PeakEwma),
  HLat = withHealth(LatencyAware);
// 'H' = health layer with a 50 % panic threshold (Envoy's default); 'H0' = ejection ignored only when nothing else is left;
// 'A' = AIMD on the send rate after a 429; 'R' = the rate limit is configured
export const policies = {
  'seed (/health flat)': (o) => new Seed(o),
  'seed (/health ∝ speed)': (o) => new Seed({ ...o, health: 'prop' }),
  'round robin': (o) => new RoundRobin(o),
  'least outstanding': (o) => new Least(o),
  'P2C least-request': (o) => new Least({ ...o, choices: 2 }),
  'P2C peak-EWMA': (o) => new PeakEwma({ ...o, choices: 2 }),
  'round robin +H': (o) => new HRR(o),
  'least outstanding +H': (o) => new HLeast(o),
  'P2C least-request +H': (o) => new HLeast({ ...o, choices: 2 }),
  'P2C peak-EWMA +H': (o) => new HPeak({ ...o, choices: 2, failPenalty: 3 }),
  'scan peak-EWMA +H': (o) => new HPeak({ ...o, failPenalty: 3 }),
  'scan EWMA/unit +H': (o) => new HPeak({ ...o, failPenalty: 3, perUnit: true, peak: false }),
  'latency-aware α=1 +H': (o) => new HLat({ ...o }),
  'latency-aware α=2 +H': (o) => new HLat({ ...o, alpha: 2 }),
  'latency-aware α=2 raw latency +H': (o) => new HLat({ ...o, alpha: 2, raw: true }),
  'latency-aware α=2 no age floor +H': (o) => new HLat({ ...o, alpha: 2, ageFloor: false }),
  'latency-aware α=2 P2C +H': (o) => new HLat({ ...o, alpha: 2, choices: 2 }),
  'recommended (α=2 +H0+A)': (o) =>
    new HLat({ ...o, alpha: 2, health_: { panic: 0, adapt: true, waitAware: true } }),
  'recommended, rate known (+H0+R)': (o) =>
    new HLat({
      ...o,
      alpha: 2,
      health_: {
        panic: 0,
        waitAware: true,
        rates: o.endpoints.map((e) => (e.cfg.rps ? e.cfg.rps * 0.98 : 0)),
        burst: 2,
      },
    }),
  oracle: (o) => new Oracle(o),
};
// M independent client processes, each with its own view of the fleet
export const many = (make, m) => (o) => {
  const inst = Array.from({ length: m }, () => make(o));
  const of = (r) => inst[(r.cl ??= Math.floor(o.random() * m))];
  let last;
  return {
    pick: (r, ex, now) => (last = of(r)).pick(r, ex, now),
    pickDelay: (i, now) => last.pickDelay?.(i, now) ?? 0,
    park: (...waiting) => last.park(...waiting),
    onStart: (i, now, r) => of(r).onStart(i, now, r),
    onEnd: (i, now, r, x) => of(r).onEnd(i, now, r, x),
    hasOther: (t, now) => inst[0].hasOther(t, now),
    nextAvailable: (now) => Math.min(...inst.map((p) => p.nextAvailable?.(now) ?? now + 0.05)),
  };
};
// ---- adaptive concurrency per endpoint --------------------------------------
// aimd: +1 per limit's worth of successes while at least half used, x0.9 on 429/503/timeout at most once per second;
//   slowStart: +1 per success (doubles each round trip) until the first cut
// gradient: Netflix Gradient2 formula on 1 s windows (long/short RTT ratio), x0.9 on drops;  fixed: constant
export const limiters = {
  none: () => ({ limit: Infinity, end() {} }),
  fixed: (n) => () => ({ limit: n, end() {} }),
  aimd:
    (init = 20, min = 1, max = 1000, slowStart = false) =>
    () => {
      const L = {
        limit: init,
        lastCut: -9,
        ss: slowStart,
        end(now, x, out) {
          if (x.kind === 'ok') {
            if (out * 2 >= L.limit) L.limit = Math.min(max, L.limit + (L.ss ? 1 : 1 / L.limit));
          } else if (x.kind !== 'cancel' && now - L.lastCut > 1) {
            L.limit = Math.max(min, (L.ss ? Math.min(L.limit, out) : L.limit) * 0.9);
            L.lastCut = now;
            L.ss = false;
          }
        },
      };
      return L;
    },
  gradient:
    (init = 20, min = 1, max = 1000, tol = 1.5) =>
    () => {
      const L = {
        limit: init,
        win: [],
        at: 0,
        long: 0,
        n: 0,
        lastCut: -9,
        peak: 0,
        end(now, x, out, unit) {
          L.peak = Math.max(L.peak, out);
          if (x.kind !== 'ok') {
            if (x.kind !== 'cancel' && now - L.lastCut > 1) {
              L.limit = Math.max(min, L.limit * 0.9);
              L.lastCut = now;
            }
            return;
          }
          L.win.push(unit);
          if (now - L.at < 1 || L.win.length < 10) return;
          const short = L.win.reduce((a, b) => a + b, 0) / L.win.length;
          L.n++;
          L.long = L.n <= 10 ? L.long + (short - L.long) / L.n : L.long + ((short - L.long) * 2) / 601;
          if (L.long / short > 2) L.long *= 0.95;
          if (L.peak >= L.limit / 2) {
            const g = Math.max(0.5, Math.min(1, (tol * L.long) / short));
            L.limit = Math.max(min, Math.min(max, L.limit * 0.8 + (L.limit * g + 4) * 0.2));
          }
          L.win = [];
          L.at = now;
          L.peak = 0;
        },
      };
      return L;
    },
};
export const withLimit = (Inner, mk) =>
  class extends Inner {
    constructor(o) {
      super(o);
      this.L = Array.from({ length: this.n }, () => mk());
      this.waitsForRelease = true;
    }
    usable(i, now) {
      return super.usable(i, now) && this.out[i] < Math.max(1, Math.floor(this.L[i].limit));
    }
    onEnd(i, now, r, x) {
      const out = this.out[i];
      super.onEnd(i, now, r, x);
      this.L[i].end(now, x, out, x.latency / r.work);
    }
  };
export { LatencyAware, Random, RoundRobin, Least, LeastWeighted, PeakEwma, Seed, Oracle, Base, Scored };
