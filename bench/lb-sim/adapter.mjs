// The shipped selector, health and limits (built from src/client) behind the simulator's policy interface:
//   npm run build && node bench/lb-sim/run.mjs mixed --policy-module ./bench/lb-sim/adapter.mjs
// The simulator counts in seconds, the client in milliseconds; a unit of work is the simulator's.
import { Endpoint } from '../../dist/client/balancing/endpoint.js';
import { EndpointSelector } from '../../dist/client/balancing/endpoint-selector.js';
import { Place, WaitingRoom } from '../../dist/client/balancing/waiting-room.js';
import { FirstWave } from '../../dist/client/balancing/first-wave.js';
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
            maxPauseMs: 300_000,
            firstWave: FirstWave.callsOf(endpoints.length),
            random,
          },
          0,
        ),
    );
    this.selector = new EndpointSelector({
      endpoints: this.endpoints,
      policy: createPolicy(policy),
      random,
      concurrency: Number.POSITIVE_INFINITY,
    });
    this.room = new WaitingRoom({ selector: this.selector, clock: this.clock });
    this.tickets = new Map();
    this.trips = 0;
    this.waited = 0;
  }
  pick(request, exclude, now) {
    const call = { work: request.work, tokens: 0, tried: this.endpointsOf(exclude), barred: [] };
    if (request.hedgePick) return this.selector.chooseSecond(call, now * 1000)?.index ?? -1;
    const choice = this.selector.choose(call, now * 1000);
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
    const admitted = (endpoint) => void go(endpoint.index);
    this.#wait(
      { kind: 'queue', endpoint: this.endpoints[index] },
      { work, tried, admitted, rerouted: again },
    );
  }
  enterLobby(again) {
    this.#wait({ kind: 'wait' }, { work: 1, tried: [], admitted: again, rerouted: again });
  }
  #wait(choice, { work, tried, admitted, rerouted }) {
    const call = {
      id: ++this.waited,
      work,
      tokens: 0,
      tried: this.endpointsOf(tried),
      barred: [],
      returns: false,
      admitted,
      rerouted,
    };
    this.room.enter(new Place(call), choice, this.clock.now());
  }
  hasOther(tried, now) {
    return this.selector.canFailOver(
      { work: 1, tokens: 0, tried: this.endpointsOf(tried), barred: [] },
      now * 1000,
    );
  }
  onStart(index, now, request) {
    this.selector.attemptStarted(this.endpoints[index]);
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
    this.selector.attemptEnded();
    if (kind === 'ok') {
      endpoint.succeeded(ticket, { work: request.work, tokens: 0 }, at);
    } else {
      const retryAfterMs = retryAfter === undefined ? undefined : retryAfter * 1000;
      if (endpoint.failed(ticket, { outcome: OUTCOME[kind], retryAfterMs }, at) === 'ejected') this.trips++;
      if (!endpoint.health.available(at) || at < endpoint.limit.pausedUntil)
        this.room.endpointHeldBack(endpoint, at);
    }
    this.room.serve(at);
  }
}

const knownRate = ({ rps }) => (rps ? { requestsPerMinute: rps * 60, burst: 2 } : {});

export const policies = {
  'x: shipped': (o) => new ShippedPolicy(o),
  'x: shipped, rate known': (o) => new ShippedPolicy(o, { rateLimit: knownRate }),
};
