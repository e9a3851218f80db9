import { systemClock, type Clock } from '../foundation/clock.js';
import { Endpoint } from './balancing/endpoint.js';
import { EndpointSelector } from './balancing/endpoint-selector.js';
import { SilenceWatch } from './balancing/silence-watch.js';
import { WaitingRoom } from './balancing/waiting-room.js';
import type { AttemptSettings } from './call/attempt-settings.js';
import { CallReporter, type CallReporterSettings } from './call/call-reporter.js';
import type { CallSettings } from './call/call-settings.js';
import { DeadlineList, DeadlineLists } from './call/deadline-list.js';
import { HedgePlan } from './call/hedge.js';
import { RetryBudget } from './call/retry-budget.js';
import { WorkEstimate } from './call/work-estimate.js';
import type { ClientSettings } from './client-settings.js';
import { EndpointConnection } from './http/endpoint-connection.js';
import { GivenUpRequests } from './http/given-up-requests.js';
import { HealthChecker } from './http/health-checker.js';
import { KeyWatch } from './http/key-watch.js';
import { Transport } from './http/transport.js';

/** What the parts of a client need beside its options. */
export interface ClientHooks extends Pick<CallReporterSettings, 'wants' | 'emit'> {
  /** A call is settled. */
  readonly ended: CallSettings['ended'];
  /** See {@link WaitingRoom.standstill}; for tests. */
  readonly verify?: boolean;
}

/** The parts of a client, put together. */
export interface ClientParts {
  /** What its calls share. */
  readonly calls: CallSettings;
  /** Stops all timers. */
  readonly stopTimers: () => void;
}

const ENDING_MS = 2000; // of an answer that is complete, and whose usage is still to come
const SAID_MS = 500; // of a stream that has said its last word, and whose connection stays open
const REFUSAL_MS = 1000; // the words of a refusal are a bonus, and not worth a wait

/** Puts a client together. */
export function assembleClient(settings: ClientSettings, hooks: ClientHooks): ClientParts {
  const clock = settings.clock ?? systemClock;
  const { random, timeouts } = settings;
  const connections = connect(settings, clock);
  const endpoints = connections.map(({ endpoint }) => endpoint);
  const { policy, concurrency } = settings;
  const selector = new EndpointSelector({ endpoints, policy, random, concurrency });
  const room = new WaitingRoom({ selector, clock, verify: hooks.verify ?? false });
  const attempts = attemptSettings(settings, clock);
  const deadlines = new DeadlineLists(clock);
  const healthyWaits = new DeadlineList(clock, settings.waitForHealthyMs);
  const reporter = reporterOf(settings, clock, hooks);
  const back = (): void => room.serve(clock.now());
  const healthChecker =
    settings.healthCheck === undefined
      ? undefined
      : new HealthChecker(settings.healthCheck, {
          clock,
          listener: {
            alive: back,
            checked: (endpoint, outcome) => reporter.checked(endpoint, outcome),
          },
        });
  const keyWatch = new KeyWatch(clock, back);
  const silence = new SilenceWatch(selector, clock);
  const { connect: connecting, firstByte, idle, ending, said, refusal, whole } = attempts;
  const attemptTimes = [connecting, firstByte, idle, ending, said, refusal, whole];
  const timed = [...attemptTimes, deadlines, healthyWaits, room, silence, keyWatch];
  return {
    calls: {
      clock,
      random,
      selector,
      room,
      silence,
      keyWatch,
      connections,
      attempts,
      deadlines,
      deadlineMs: timeouts.deadlineMs,
      healthyWaits,
      retry: settings.retry,
      budget: settings.retryBudget === undefined ? undefined : new RetryBudget(settings.retryBudget),
      hedge: settings.hedging === undefined ? undefined : new HedgePlan(settings.hedging),
      work: new WorkEstimate(endpoints.some((each) => each.limit.tokensPerSecond !== null)),
      model: settings.model,
      parameters: settings.parameters,
      reporter,
      healthChecker,
      ended: hooks.ended,
    },
    stopTimers() {
      healthChecker?.close();
      for (const each of timed) each.close();
    },
  };
}

function connect({ endpoints }: ClientSettings, clock: Clock): readonly EndpointConnection[] {
  const now = clock.now();
  return endpoints.map(
    ({ connection, state, transport }) =>
      new EndpointConnection({
        ...connection,
        endpoint: new Endpoint(state, now),
        transport: new Transport(transport),
      }),
  );
}

function attemptSettings({ timeouts, maxResponseBytes }: ClientSettings, clock: Clock): AttemptSettings {
  const list = (durationMs: number): DeadlineList => new DeadlineList(clock, durationMs);
  return {
    clock,
    connect: list(timeouts.connectMs),
    firstByte: list(timeouts.firstByteMs),
    idle: list(timeouts.idleMs),
    ending: list(Math.min(ENDING_MS, timeouts.idleMs)),
    said: list(Math.min(SAID_MS, timeouts.idleMs)),
    refusal: list(Math.min(REFUSAL_MS, timeouts.idleMs)),
    whole: list(timeouts.attemptMs),
    givenUp: new GivenUpRequests(),
    maxResponseBytes,
  };
}

function reporterOf(settings: ClientSettings, clock: Clock, { wants, emit }: ClientHooks): CallReporter {
  const { model, prices, parameters, includeRaw, reasoning } = settings;
  return new CallReporter({ clock, model, prices, parameters, includeRaw, reasoning, wants, emit });
}
