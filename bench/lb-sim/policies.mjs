// The policies that docs/decisions/load-balancing.md compares the shipped one with; the figures of the others that were
// tried are in results.md. Interface (also that of a policy module):
//   pick(req, exclude: Set<int>, now) -> index | -1 ; onStart(i, now, req) ; onEnd(i, now, req, {kind, latency, retryAfter})
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

/** Power of two choices by peak-EWMA: the estimate jumps to peaks and decays, also without samples, as Finagle's does. */
class PeakEwma extends Base {
  decay = 10;
  failPenalty = 3; // a failed attempt counts as at least so many estimates
  constructor(o) {
    super(o);
    this.e = new Array(this.n).fill(0);
    this.t = new Array(this.n).fill(0);
    this.seen = new Array(this.n).fill(false);
  }
  pick(_r, ex, now) {
    let c = this.cand(ex, now);
    if (!c.length) return -1;
    if (c.length > 2) {
      const a = Math.floor(this.random() * c.length);
      let b = Math.floor(this.random() * (c.length - 1));
      if (b >= a) b++;
      c = [c[a], c[b]];
    }
    let best = [],
      bs = Infinity;
    for (const i of c) {
      const s = this.score(i, now);
      if (s < bs - 1e-12) {
        bs = s;
        best = [i];
      } else if (s <= bs + 1e-12) best.push(i);
    }
    return this.rand(best);
  }
  est(i, now) {
    return this.e[i] * Math.exp(-(now - this.t[i]) / this.decay);
  }
  observe(i, now, x) {
    const w = Math.exp(-(now - this.t[i]) / this.decay);
    this.e[i] = x <= this.e[i] && this.seen[i] ? this.e[i] * w + x * (1 - w) : x;
    this.t[i] = now;
    this.seen[i] = true;
  }
  score(i, now) {
    if (!this.seen[i]) return this.out[i] ? 1e6 + this.out[i] : 0; // one probe at a time until the first sample
    return Math.max(this.est(i, now), 1e-4) * (this.out[i] + 1);
  }
  onEnd(i, now, r, x) {
    super.onEnd(i);
    if (x.kind === 'cancel' || x.kind === 'ratelimit' || x.kind === 'overloaded') return;
    let l = x.latency;
    if (x.kind !== 'ok') l = Math.max(l, Math.min(60, Math.max(5, this.est(i, now) * this.failPenalty)));
    this.observe(i, now, l);
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

// ---- health layer: ejection, pauses after a 429, half-open probe, panic ----
const HEALTH = {
  consecutive: 5,
  failRate: 0.5,
  minVolume: 10,
  window: 10,
  base: 5,
  max: 60,
  panic: 0.5, // share of usable endpoints under which ejection is ignored: Envoy's default
};

const withHealth = (Inner) =>
  class extends Inner {
    constructor(o) {
      super(o);
      this.s = Array.from({ length: this.n }, () => ({
        cf: 0,
        until: 0,
        count: 0,
        ring: [],
        pause: 0,
        half: false,
        probing: false,
      }));
    }
    ejected(i, now) {
      const s = this.s[i];
      return s.until > now || (s.half && s.probing);
    }
    usable(i, now) {
      const s = this.s[i];
      if (s.pause > now) return false;
      if (!this.ejected(i, now)) return true;
      let up = 0;
      for (let k = 0; k < this.n; k++) if (!this.ejected(k, now)) up++;
      return up / this.n < HEALTH.panic && !(s.half && s.probing && up > 0);
    }
    nextAvailable(now) {
      return Math.min(...this.s.map((s) => Math.max(s.pause, s.until, now + 0.005)));
    }
    onStart(i, now, r) {
      super.onStart(i, now, r);
      const s = this.s[i];
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
        s.pause = Math.max(s.pause, now + (x.retryAfter ?? 1) * (1 + 0.1 * this.random()));
        if (s.probeReq === r) {
          s.probing = false;
          s.half = false;
          s.until = 0;
          s.probeReq = null;
        }
        return;
      }
      const bad = x.kind !== 'ok';
      s.ring.push([now, bad]);
      while (s.ring.length && s.ring[0][0] < now - HEALTH.window) s.ring.shift();
      if (s.probeReq === r || s.half) {
        s.probing = false;
        s.probeReq = null;
        if (!bad) {
          s.half = false;
          s.until = 0;
          s.cf = 0;
          s.count = Math.max(0, s.count - 1);
          s.ring = [];
          return;
        }
      }
      s.cf = bad ? s.cf + 1 : 0;
      const fails = s.ring.filter(([, failed]) => failed).length;
      const trip =
        bad &&
        s.until <= now &&
        (s.half ||
          s.cf >= HEALTH.consecutive ||
          (s.ring.length >= HEALTH.minVolume && fails / s.ring.length > HEALTH.failRate));
      if (trip) {
        s.count++;
        s.half = false;
        const d = Math.min(HEALTH.max, HEALTH.base * 2 ** (s.count - 1));
        s.until = now + d * (0.9 + 0.2 * this.random());
        s.cf = 0;
        s.ring = [];
        this.trips = (this.trips ?? 0) + 1;
      }
    }
  };

const HealthyPeakEwma = withHealth(PeakEwma);

/** By name; `+H` has the health layer and the good client around it. */
export const policies = {
  'seed (/health flat)': (o) => new Seed(o),
  'round robin': (o) => new RoundRobin(o),
  'P2C peak-EWMA +H': (o) => new HealthyPeakEwma(o),
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
