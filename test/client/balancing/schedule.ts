import type { Dispatcher } from 'undici';
import type { Endpoint } from '../../../src/client/balancing/endpoint.js';
import type { PlacedCall } from '../../../src/client/balancing/endpoint-selector.js';
import type { Place, Waiter } from '../../../src/client/balancing/waiting-room.js';
import { ClientCall } from '../../../src/client/call/client-call.js';
import type { CallSettings } from '../../../src/client/call/call-settings.js';
import type { LoadBalancedClientOptions } from '../../../src/client/client-options.js';
import { assembleClient } from '../../../src/client/client-parts.js';
import { readClientOptions } from '../../../src/client/client-settings.js';
import type { EndpointError } from '../../../src/client/endpoint-error.js';
import type { Clock, ClockTimer } from '../../../src/foundation/clock.js';
import { seededRandom } from '../../../src/foundation/seeded-random.js';
import { chatReply } from '../model-server.js';

interface JumpTimer {
  readonly at: number;
  callback: (() => void) | undefined;
}

/** A clock that jumps from timer to timer, without a turn of the event loop in between. */
class JumpingClock implements Clock {
  #now = 0;
  readonly #timers: JumpTimer[] = [];

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return 1_700_000_000_000 + this.#now;
  }

  schedule(callback: () => void, delayMs: number): ClockTimer {
    const timer: JumpTimer = { at: this.#now + Math.max(delayMs, 0.001), callback };
    const later = this.#timers.findLastIndex((each) => each.at <= timer.at);
    this.#timers.splice(later + 1, 0, timer);
    return { cancel: () => void (timer.callback = undefined) };
  }

  /** Fires the next timer; `false` when there is none. */
  step(): boolean {
    for (;;) {
      const next = this.#timers.shift();
      if (next === undefined) return false;
      if (next.callback === undefined) continue;
      this.#now = next.at;
      next.callback();
      return true;
    }
  }
}

export type Reply = {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
};

const error = (message: string): unknown => ({ error: { message } });
const KINDS: Readonly<Record<string, Reply | 'refused' | 'silent'>> = {
  well: { status: 200, body: chatReply('ok') },
  server: { status: 500, body: error('boo') },
  strange: { status: 418, body: '' },
  missing: { status: 404, body: error('no such model') },
  bad: { status: 400, body: error('bad request') },
  key: { status: 401, body: error('no') },
  forbidden: { status: 403, body: error('no') },
  empty: { status: 200, body: { choices: [{ message: {}, finish_reason: 'stop' }] } },
  limited: { status: 429, body: error('slow down'), headers: { 'retry-after': '1' } },
  closed: { status: 429, body: error('slow down'), headers: { 'retry-after': '400' } },
  overloaded: { status: 503, body: error('later') },
  hollow: { status: 200, body: { choices: [{ message: { content: '' }, finish_reason: 'length' }] } },
  garbage: { status: 200, body: '<html>' },
  refused: 'refused',
  silent: 'silent',
};
const NAMES = Object.keys(KINDS);

/** What a fleet made of 400 calls. */
export interface BlackHoleOutcome {
  /** Calls that failed, by code, and those that got an answer without a word, as `hollow`. */
  readonly lost: Readonly<Record<string, number>>;
  /** Attempts at each endpoint. */
  readonly attempts: readonly number[];
}

/** What a server of a fleet says, or by the number of the request, and how long it takes. */
export interface FleetServer {
  readonly reply: Reply | 'silent' | ((request: number) => Reply | 'silent');
  readonly latencyMs: number;
}

/** A reply of status 200 with this text. */
export const replyOf = (text: string, reason = 'stop'): Reply => ({
  status: 200,
  body: { choices: [{ message: { content: text }, finish_reason: reason }] },
});

/** Sends 400 calls to four endpoints of which the first answers at once, and always with that reply. */
export function runBlackHole(
  reply: Reply,
  options: Omit<LoadBalancedClientOptions, 'endpoints'>,
): BlackHoleOutcome {
  const well: FleetServer = { reply: KINDS['well'] as Reply, latencyMs: 30 };
  return runFleet([{ reply, latencyMs: 1 }, well, well, well], options);
}

/** Sends 400 calls to a fleet. */
export function runFleet(
  fleet: readonly FleetServer[],
  options: Omit<LoadBalancedClientOptions, 'endpoints'>,
): BlackHoleOutcome {
  const clock = new JumpingClock();
  const servers = fleet.map(({ reply: kind, latencyMs }) => ({
    phases: [{ until: Number.POSITIVE_INFINITY, kind, latencyMs }],
  }));
  const lost: Record<string, number> = {};
  const { calls, stopTimers } = assembleClient(
    readClientOptions({
      model: 'm',
      clock,
      random: seededRandom(1),
      dispatcher: fakeDispatcher(servers, clock),
      endpoints: servers.map((_, index) => `http://server-${index}`),
      ...options,
    }),
    { wants: () => false, emit: () => {}, ended: () => {}, verify: true },
  );
  let settled = 0;
  const lose = (why: string): void => void (lost[why] = (lost[why] ?? 0) + 1);
  for (let id = 1; id <= 400; id++) {
    const failed = ({ code }: EndpointError): void => {
      settled++;
      lose(code);
    };
    const answered = ({ text }: { readonly text: string }): void => {
      settled++;
      if (text.trim() === '') lose('hollow');
    };
    const sink = { answered, failed };
    clock.schedule(
      () => new ClientCall(calls, { id, request: { input: 'x' }, stream: false, sink }).start(undefined),
      0,
    );
  }
  while (settled < 400 && clock.step());
  stopTimers();
  return { lost, attempts: calls.selector.endpoints.map(({ counts }) => counts.attempts) };
}

/** What one random schedule came to. */
export interface ScheduleOutcome {
  readonly calls: number;
  readonly answered: number;
  readonly attempts: number;
  /** Why somebody stood still; `undefined` when nobody did. */
  readonly stall: string | undefined;
}

interface Server {
  readonly phases: readonly {
    readonly until: number;
    readonly kind: string | FleetServer['reply'];
    readonly latencyMs: number;
  }[];
}

/** Runs a client over a random fleet, with random outcomes, limits and callers, until every call has settled. */
export function runSchedule(seed: number): ScheduleOutcome {
  const random = seededRandom(seed);
  const pick = <T>(...values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  const clock = new JumpingClock();
  const servers: Server[] = Array.from({ length: pick(1, 2, 2, 3, 3, 4, 5) }, () => ({
    phases: [0, 1, 2].map((phase) => ({
      until: phase === 2 ? Number.POSITIVE_INFINITY : random() * 4000 * (phase + 1),
      kind: random() < 0.45 ? 'well' : pick(...NAMES),
      latencyMs: pick(1, 5, 20, 100, 800) * (0.5 + random()),
    })),
  }));
  const dispatcher = fakeDispatcher(servers, clock);
  const unlimited = Number.POSITIVE_INFINITY;
  const options: LoadBalancedClientOptions = {
    endpoints: servers.map((_, index) => ({
      url: `http://server-${index}`,
      weight: pick(1, 1, 3),
      priority: pick(0, 0, 0, 1),
      ...(random() < 0.5 ? { concurrency: pick(1, 2, 4) } : {}),
      ...(random() < 0.15 ? { rateLimit: { requestsPerMinute: pick(60, 600, 3000) } } : {}),
    })),
    model: 'm',
    dispatcher,
    clock,
    random,
    policy: pick('latency-aware', 'latency-aware', 'round-robin', 'least-outstanding', 'weighted-random'),
    ...(random() < 0.6 ? { concurrency: pick(1, 2, 3, 8) } : {}),
    ...(random() < 0.3 ? { outlierEjection: false as const } : {}),
    ...(random() < 0.4 ? { retryBudget: false as const } : {}),
    ...(random() < 0.2 ? { adaptiveConcurrency: { initial: 1 } } : {}),
    ...(random() < 0.2 ? { hedging: { minimumDelayMs: 5 } } : {}),
    waitForHealthyMs: pick(100, 3000, 30_000),
    maxPauseMs: pick(2000, 300_000),
    timeouts: {
      firstByteMs: pick(1500, 60_000),
      deadlineMs: pick(5000, 30_000, unlimited),
      attemptMs: 60_000,
    },
  };
  const places = new Map<Waiter, Place>();
  let [settled, answered] = [0, 0];
  const { calls, stopTimers } = assembleClient(readClientOptions(options), {
    wants: () => false,
    emit: () => {},
    ended: () => {},
    verify: true,
  });
  const enter = calls.room.enter.bind(calls.room);
  calls.room.enter = (place, choice, now) => {
    places.set(place.value, place);
    enter(place, choice, now);
  };
  const count = pick(2, 5, 10, 16, 24);
  const start = (id: number): void => {
    const sink = {
      answered: () => void (settled++, answered++),
      failed: () => void settled++,
    };
    const call = new ClientCall(calls, { id, request: { input: 'x' }, stream: false, sink });
    call.start(undefined);
  };
  for (let id = 1; id <= count; id++) {
    const at = random() < 0.5 ? 0 : random() * 6000;
    clock.schedule(() => start(id), at);
  }
  const watch = new StandstillWatch(calls);
  let stall: string | undefined;
  try {
    for (let steps = 0; settled < count && stall === undefined; steps++) {
      if (steps > 20_000) stall = 'it goes round and round';
      else if (!clock.step()) stall = `${count - settled} calls are left and nothing will ever move them`;
      else stall = watch.standstill(places.values(), clock.now());
    }
  } catch (thrown) {
    stall = `threw ${String(thrown)}`;
  }
  stopTimers();
  return { calls: count, answered, attempts: dispatcher.requests, stall };
}

const LOOK_AGAIN_MS = 250;

/**
 * Looks at every call and every endpoint, and asks nothing of the code that decides who goes. What time alone brings about (an
 * endpoint falls silent) may go unnoticed for a moment.
 */
class StandstillWatch {
  readonly #calls: CallSettings;
  readonly #since = new Map<Waiter, number>();

  constructor(calls: CallSettings) {
    this.#calls = calls;
  }

  standstill(places: Iterable<Place>, now: number): string | undefined {
    const { room, selector } = this.#calls;
    if (room.size === 0) return undefined;
    const waiting = [...places].filter(({ line }) => line !== undefined);
    if (selector.inFlight === 0 && !room.timed && !waiting.some(({ value }) => value.returns))
      return `${waiting.length} calls wait with nothing in flight and no timer`;
    for (const { value: call, line } of waiting) {
      const why = selector.full ? undefined : this.#missed(call, line!.target, now);
      if (why === undefined) this.#since.delete(call);
      else if (now - (this.#since.get(call) ?? now) > LOOK_AGAIN_MS + 1) return why;
      else if (!this.#since.has(call)) this.#since.set(call, now);
    }
    return undefined;
  }

  #missed(call: Waiter, target: Endpoint | undefined, now: number): string | undefined {
    const { selector } = this.#calls;
    const [free] = selector.endpoints
      .filter((each) => isFreeFor(each, call, now) && !selector.distrusts(each, now))
      .sort((a, b) => a.priority - b.priority);
    if (free === undefined || free === target) return undefined;
    if (target === undefined) return `a call waits for any endpoint, and ${free.id} has a free place`;
    const staying = target.lastWaitMs(call.tokens, now) + target.estimateAt(now) * call.work;
    // a line is looked at from its head, which may be twice as much work
    return free.estimateAt(now) * call.work * 2 < staying
      ? `a call waits for ${target.id}, and ${free.id} has a free place`
      : undefined;
  }
}

function isFreeFor(endpoint: Endpoint, call: PlacedCall, now: number): boolean {
  return (
    endpoint.waiting === 0 &&
    endpoint.inFlight < endpoint.concurrencyLimit &&
    endpoint.health.available(now) &&
    endpoint.limit.waitMs(call.tokens, now) === 0 &&
    !call.barred.includes(endpoint)
  );
}

function fakeDispatcher(servers: readonly Server[], clock: Clock): Dispatcher & { requests: number } {
  const dispatcher = {
    requests: 0,
    dispatch({ origin }: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
      dispatcher.requests++;
      const { phases } = servers[Number(/\d+/.exec(String(origin))![0])]!;
      const { kind, latencyMs } = phases.find(({ until }) => clock.now() < until)!;
      const said = typeof kind === 'string' ? (KINDS[kind] ?? 'silent') : kind;
      const reply = typeof said === 'function' ? said(dispatcher.requests) : said;
      const controller = {
        abort: () => {},
        pause: () => {},
        resume: () => {},
      } as unknown as Dispatcher.DispatchController;
      handler.onRequestStart?.(controller, {});
      if (reply === 'silent') return true;
      const delay = typeof kind !== 'string' || kind === 'well' ? latencyMs : Math.min(latencyMs, 2);
      clock.schedule(() => {
        if (reply === 'refused') {
          const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
          handler.onResponseError?.(controller, refused);
          return;
        }
        handler.onResponseStart?.(controller, reply.status, reply.headers ?? {}, '');
        const body = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body);
        handler.onResponseData?.(controller, Buffer.from(body));
        handler.onResponseEnd?.(controller, {});
      }, delay);
      return true;
    },
  };
  return dispatcher as unknown as Dispatcher & { requests: number };
}
