import type { RandomSource } from '../../foundation/seeded-random.js';

/** What a policy sees of an endpoint. */
export interface EndpointCandidate {
  /** Id of the endpoint, as in events and results. */
  readonly id: string;
  /** Position in the client's `endpoints`. */
  readonly index: number;
  /** Share of the load relative to others of equal speed, > 0. */
  readonly weight: number;
  /** Calls in flight there. */
  readonly inFlight: number;
  /** Milliseconds per unit of work; `NaN` before the first answer. */
  estimateAt(now: number): number;
  /** What its oldest call in flight proves already, milliseconds per unit of work. */
  floorAt(now: number): number;
  /** Whether it has no fresh sample and should get one call to see how fast it is. */
  wantsSample(now: number): boolean;
}

/** What a policy picks for. */
export interface PickContext {
  /** Monotonic time, milliseconds. */
  readonly now: number;
  /** The client's random source, for ties and draws. */
  readonly random: RandomSource;
}

/**
 * Chooses one of the endpoints that could take a call now. Health, limits, priorities and failover are decided
 * before: every candidate is usable. Bring your own by implementing this.
 */
export interface EndpointPolicy {
  /** Name in snapshots. */
  readonly name: string;
  /** Picks from one or more candidates. The array is reused: do not keep it. */
  pick(candidates: readonly EndpointCandidate[], context: PickContext): EndpointCandidate;
}

/** The policies that come with the client. */
export type PolicyName = 'latency-aware' | 'round-robin' | 'least-outstanding' | 'weighted-random';

/** Makes one of the policies that come with the client. */
export function createPolicy(name: PolicyName): EndpointPolicy {
  switch (name) {
    case 'latency-aware':
      return latencyAware();
    case 'round-robin':
      return roundRobin();
    case 'least-outstanding':
      return leastOutstanding;
    case 'weighted-random':
      return weightedRandom;
  }
}

/**
 * Lowest estimate² x (in flight + 1) / weight over all candidates, ties at random. Squaring the latency keeps
 * load off a slow endpoint until the fast ones are really busy; a full scan and not two random choices, since
 * half of those pairs see two bad endpoints in a small fleet (p99 13.7 instead of 1.2 times the oracle's). An
 * endpoint nobody knows yet is taken to be as slow as the slowest known one; one whose knowledge is stale gets
 * one call.
 */
function latencyAware(): EndpointPolicy {
  return {
    name: 'latency-aware',
    pick(candidates, { now, random }) {
      let best = candidates[0]!;
      if (candidates.length === 1) return best;
      let bestScore = Number.POSITIVE_INFINITY;
      let ties = 1;
      let slowest = -1;
      for (const each of candidates) {
        let score: number;
        if (each.wantsSample(now)) {
          score = -1;
        } else {
          let estimate = each.estimateAt(now);
          if (Number.isNaN(estimate)) {
            if (slowest === -1) slowest = slowestKnown(candidates, now);
            estimate = Math.max(slowest, each.floorAt(now));
          }
          score = (estimate * estimate * (each.inFlight + 1)) / each.weight;
        }
        if (score < bestScore) {
          bestScore = score;
          best = each;
          ties = 1;
        } else if (score === bestScore && random() * ++ties < 1) {
          best = each; // reservoir: each of the ties with equal chance
        }
      }
      return best;
    },
  };
}

function slowestKnown(candidates: readonly EndpointCandidate[], now: number): number {
  let slowest = 0;
  for (const each of candidates) {
    const estimate = each.estimateAt(now);
    if (estimate > slowest) slowest = estimate;
  }
  return slowest === 0 ? 1 : slowest * Math.SQRT2;
}

/** One after the other, by weight (smooth weighted round robin, as in nginx). */
function roundRobin(): EndpointPolicy {
  const credit: number[] = [];
  return {
    name: 'round-robin',
    pick(candidates) {
      let total = 0;
      let best = candidates[0]!;
      let bestCredit = Number.NEGATIVE_INFINITY;
      for (const each of candidates) {
        total += each.weight;
        const has = (credit[each.index] ?? 0) + each.weight;
        credit[each.index] = has;
        if (has > bestCredit) {
          bestCredit = has;
          best = each;
        }
      }
      credit[best.index] = bestCredit - total;
      return best;
    },
  };
}

/** Fewest calls in flight for its weight, ties at random. */
const leastOutstanding: EndpointPolicy = {
  name: 'least-outstanding',
  pick(candidates, { random }) {
    let best = candidates[0]!;
    let bestScore = Number.POSITIVE_INFINITY;
    let ties = 1;
    for (const each of candidates) {
      const score = (each.inFlight + 1) / each.weight;
      if (score < bestScore) {
        bestScore = score;
        best = each;
        ties = 1;
      } else if (score === bestScore && random() * ++ties < 1) {
        best = each;
      }
    }
    return best;
  },
};

/** At random by weight over latency: the rule of many simple balancers. */
const weightedRandom: EndpointPolicy = {
  name: 'weighted-random',
  pick(candidates, { now, random }) {
    const fallback = slowestKnown(candidates, now);
    const weightOf = (each: EndpointCandidate): number => {
      const estimate = each.estimateAt(now);
      return each.weight / (Number.isNaN(estimate) ? fallback : Math.max(estimate, 1e-6));
    };
    let left = random() * candidates.reduce((sum, each) => sum + weightOf(each), 0);
    for (const each of candidates) {
      left -= weightOf(each);
      if (left <= 0) return each;
    }
    return candidates[candidates.length - 1]!;
  },
};
