// The shipped selector, health and limits (built from src/client) behind the simulator's policy interface:
//   npm run build && node bench/lb-sim/run.mjs mixed --policy-module ./bench/lb-sim/adapter.mjs
// The simulator counts in seconds, the client in milliseconds; a unit of work is the simulator's.
import { Endpoint } from '../../dist/client/balancing/endpoint.js';
import { EndpointSelector } from '../../dist/client/balancing/endpoint-selector.js';
import { ListNode } from '../../dist/foundation/linked-list.js';
import { outlierEjectionOptions } from '../../dist/client/balancing/outlier-ejection.js';
import { adaptiveConcurrencyOptions } from '../../dist/client/balancing/adaptive-concurrency.js';
import { createPolicy } from '../../dist/client/balancing/endpoint-policy.js';

const OUTCOME = {
  error: 'failed',
  timeout: 'failed',
  ratelimit: 'rate-limited',
  overloaded: 'overloaded',
  cancel: 'cancelled',
};

/** A simulated client's view: what `LoadBalancedClient` does around an attempt, without HTTP. */
export class ShippedPolicy {
  constructor(
    { endpoints, random, clock },
    { policy = 'latency-aware', rateLimit = () => ({}), adaptive, ejection = {} } = {},
  ) {
    this.clock = {
      now: () => clock.now() * 1000,
      wallTime: () => clock.now() * 1000,
      schedule: (callback, delayMs) => {
        let live = true;
        clock.schedule(Math.max(delayMs, 0) / 1000, () => live && callback());
        return { cancel: () => void (live = false) };
      },
    };
    this.endpoints = endpoints.map(
      (each, index) =>
        new Endpoint(
          {
            id: each.cfg.name ?? `e${index}`,
            index,
            weight: 1,
            priority: 0,
            concurrency: Number.POSITIVE_INFINITY,
            rateLimit: rateLimit(each.cfg),
            ejection: outlierEjectionOptions(ejection),
            adaptive: adaptive === undefined ? undefined : adaptiveConcurrencyOptions(adaptive),
            penaltyCapMs: 60_000,
            random,
          },
          0,
        ),
    );
    this.selector = new EndpointSelector({
      endpoints: this.endpoints,
      policy: createPolicy(policy),
      clock: this.clock,
      random,
      concurrency: Number.POSITIVE_INFINITY,
    });
    this.tickets = new Map();
    this.trips = 0;
  }
  pick(request, exclude, now) {
    const tried = this.endpointsOf(exclude);
    const choice = this.selector.choose(request.work, 0, tried, now * 1000, request.hedgePick);
    this.queued = choice.kind === 'queue';
    return choice.kind === 'wait' ? -1 : choice.endpoint.index;
  }
  endpointsOf(indices) {
    return [...indices].map((index) => this.endpoints[index]);
  }
  pickDelay() {
    return this.queued ? Number.POSITIVE_INFINITY : 0;
  }
  park(index, go, again, { work, tried }) {
    const waiter = {
      work,
      tokens: 0,
      tried: this.endpointsOf(tried),
      admitted: (endpoint) => void go(endpoint.index),
      rerouted: again,
    };
    this.selector.enqueue(this.endpoints[index], new ListNode(waiter), this.clock.now());
  }
  enterLobby(again) {
    const waiter = { work: 1, tokens: 0, tried: [], admitted: again, rerouted: again };
    this.selector.enterLobby(new ListNode(waiter), this.clock.now());
  }
  hasOther(tried, now) {
    return this.selector.hasOther(0, this.endpointsOf(tried), now * 1000);
  }
  onStart(index, now, request) {
    this.selector.began();
    const ticket = this.endpoints[index].started(request.work, 0, now * 1000);
    let ofRequest = this.tickets.get(request);
    if (ofRequest === undefined) this.tickets.set(request, (ofRequest = new Map()));
    ofRequest.set(index, ticket);
  }
  onEnd(index, now, request, { kind, retryAfter }) {
    const endpoint = this.endpoints[index];
    const at = now * 1000;
    const ofRequest = this.tickets.get(request);
    const ticket = ofRequest.get(index);
    ofRequest.delete(index);
    if (ofRequest.size === 0) this.tickets.delete(request);
    this.selector.left();
    if (kind === 'ok') {
      endpoint.succeeded(ticket, request.work, 0, at);
    } else {
      const retryAfterMs = retryAfter === undefined ? undefined : retryAfter * 1000;
      if (endpoint.failed(ticket, OUTCOME[kind], retryAfterMs, at) === 'ejected') this.trips++;
      if (!endpoint.health.available(at) || at < endpoint.limit.pausedUntil) this.selector.held(endpoint, at);
    }
    this.selector.offer(endpoint, at);
  }
}

const knownRate = ({ rps }) => (rps ? { requestsPerMinute: rps * 60, burst: 2 } : {});

export const policies = {
  'x: shipped': (o) => new ShippedPolicy(o),
  'x: shipped, rate known': (o) => new ShippedPolicy(o, { rateLimit: knownRate }),
};
