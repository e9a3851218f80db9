import { inspect } from 'node:util';
import { AssayError } from '../errors.js';
import { systemClock, type Clock, type ClockTimer } from '../foundation/clock.js';
import { EventSource } from '../foundation/event-source.js';
import { checkCall } from './call/check-call.js';
import { CallReporter } from './call/call-reporter.js';
import { CallStream } from './call/call-stream.js';
import type { AbortableCall, CallSettings, CallSink } from './call/call-settings.js';
import { withoutKeys } from '../foundation/key-like.js';
import { LinkedList, ListNode } from '../foundation/linked-list.js';
import { ClientCall } from './call/client-call.js';
import type { ClientEvents } from './client-events.js';
import type { LoadBalancedClientOptions } from './client-options.js';
import { identityOf } from './client-identity.js';
import { readClientOptions, type ClientSettings } from './client-settings.js';
import { snapshotClient, type ClientSnapshot } from './client-snapshot.js';
import { DeadlineList, DeadlineLists } from './call/deadline-list.js';
import { Endpoint } from './balancing/endpoint.js';
import { EndpointConnection } from './http/endpoint-connection.js';
import { EndpointError } from './endpoint-error.js';
import { EndpointSelector } from './balancing/endpoint-selector.js';
import { GivenUpRequests } from './http/given-up-requests.js';
import { HealthChecker } from './http/health-checker.js';
import { HedgePlan } from './call/hedge.js';
import type {
  CallOptions,
  ModelClient,
  ModelRequest,
  ModelResponse,
  ModelStreamEvent,
  TokenUsage,
} from './model-client.js';
import { estimateCost } from './price-table.js';
import { RetryBudget } from './call/retry-budget.js';
import { Transport } from './http/transport.js';
import { WorkEstimate } from './call/work-estimate.js';

/** How a client is closed. */
export interface CloseOptions {
  /** How long calls in flight may take to finish, milliseconds; then they are aborted. Default 10,000. */
  readonly timeoutMs?: number | undefined;
}

const CLOSE_TIMEOUT_MS = 10_000;

/**
 * Asks one or many model servers and survives them: picks the fastest, ejects what fails, paces what is limited,
 * retries elsewhere, hedges stragglers, streams. See the guide "Four vLLM servers".
 *
 * Its errors are {@link EndpointError}s; a call is settled exactly once, by its deadline at the latest. Keys
 * appear in no error, event, snapshot or inspection.
 *
 * @example
 * const client = new LoadBalancedClient({
 *   endpoints: ['http://gpu1:8000/v1', 'http://gpu2:8000/v1'],
 *   model: 'llama-3.1-8b',
 * });
 * const { text } = await client.complete({ input: 'What is the capital of France?' });
 * await client.close();
 */
export class LoadBalancedClient extends EventSource<ClientEvents> implements ModelClient {
  /** It tries failed calls again by itself. */
  readonly retriesItself = true;
  readonly #settings: ClientSettings;
  readonly #clock: Clock;
  readonly #selector: EndpointSelector;
  readonly #endpoints: readonly Endpoint[];
  readonly #connections: readonly EndpointConnection[];
  readonly #calls: CallSettings;
  readonly #deadlines: readonly (DeadlineList | DeadlineLists)[];
  readonly #healthChecker: HealthChecker | undefined;
  readonly #reporter: CallReporter;
  // A list, not a Set: see InFlightCases for what a Set of short-lived members costs the collector (17 % of a call's CPU).
  readonly #active = new LinkedList<AbortableCall>();
  #callCount = 0;
  #cacheIdentity: string | undefined;
  #closing: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  /** @throws AssayError `ASSAY_INVALID_OPTION` */
  constructor(options: LoadBalancedClientOptions) {
    super();
    const settings = readClientOptions(options);
    this.#settings = settings;
    const clock = (this.#clock = settings.clock ?? systemClock);
    const now = clock.now();
    const { timeouts } = settings;
    this.#endpoints = settings.endpoints.map((each) => new Endpoint(each.state, now));
    this.#connections = settings.endpoints.map(
      (each, index) =>
        new EndpointConnection({
          ...each.connection,
          endpoint: this.#endpoints[index]!,
          transport: new Transport(each.transport),
        }),
    );
    this.#selector = new EndpointSelector({
      endpoints: this.#endpoints,
      policy: settings.policy,
      clock,
      random: settings.random,
      concurrency: settings.concurrency,
    });
    const list = (durationMs: number): DeadlineList => new DeadlineList(clock, durationMs);
    const attempts = {
      clock,
      connect: list(timeouts.connectMs),
      firstByte: list(timeouts.firstByteMs),
      idle: list(timeouts.idleMs),
      whole: list(timeouts.attemptMs),
      givenUp: new GivenUpRequests(),
      maxResponseBytes: settings.maxResponseBytes,
    };
    const deadlines = new DeadlineLists(clock);
    const healthyWaits = list(settings.waitForHealthyMs);
    this.#deadlines = [
      attempts.connect,
      attempts.firstByte,
      attempts.idle,
      attempts.whole,
      deadlines,
      healthyWaits,
    ];
    this.#reporter = new CallReporter({
      clock,
      model: settings.model,
      prices: settings.prices,
      parameters: settings.parameters,
      includeRaw: settings.includeRaw,
      reasoning: settings.reasoning,
      wants: (event) => this.wants(event),
      emit: (event, payload) => this.emit(event, payload),
    });
    this.#healthChecker =
      settings.healthCheck === undefined
        ? undefined
        : new HealthChecker(settings.healthCheck, clock, {
            alive: (endpoint) => this.#selector.offer(endpoint, clock.now()),
            checked: (endpoint, outcome) => this.#reporter.checked(endpoint, outcome),
          });
    this.#calls = {
      clock,
      random: settings.random,
      selector: this.#selector,
      connections: this.#connections,
      attempts,
      deadlines,
      deadlineMs: timeouts.deadlineMs,
      healthyWaits,
      retry: settings.retry,
      budget: settings.retryBudget === undefined ? undefined : new RetryBudget(settings.retryBudget),
      hedge: settings.hedging === undefined ? undefined : new HedgePlan(settings.hedging),
      work: new WorkEstimate(this.#endpoints.some((each) => each.limit.tokensPerSecond !== null)),
      model: settings.model,
      parameters: settings.parameters,
      reporter: this.#reporter,
      healthChecker: this.#healthChecker,
      ended: (call) => {
        if (call.place !== undefined) this.#active.remove(call.place);
        if (this.#onIdle !== undefined && this.#active.size === 0) this.#onIdle();
      },
    };
  }

  /**
   * Asks and waits for the whole answer.
   *
   * @throws EndpointError with the code of the last failure; `ASSAY_DEADLINE`, `ASSAY_ABORTED`,
   *   `ASSAY_NO_ENDPOINT`, `ASSAY_CLOSED` or `ASSAY_INVALID_OPTION` where no endpoint is the reason.
   */
  complete(request: ModelRequest, options?: CallOptions): Promise<ModelResponse> {
    return new Promise((resolve, reject) => {
      const sink: CallSink = { answered: resolve, failed: reject };
      this.#begin(request, sink, this.#settings.streamForTiming, options);
    });
  }

  /**
   * Asks and yields the answer as it comes; the last event carries the whole response. Failures before the first
   * text are retried as in {@link LoadBalancedClient.complete}, later ones throw. Leaving the loop cancels the
   * call; a reader that is slow slows the server down.
   */
  stream(request: ModelRequest, options?: CallOptions): AsyncIterable<ModelStreamEvent> {
    return {
      [Symbol.asyncIterator]: () => {
        const begin = (sink: CallSink): ClientCall | undefined => this.#begin(request, sink, true, options);
        return new CallStream(begin);
      },
    };
  }

  /** Health, speed, limits and load of every endpoint, as plain data. */
  snapshot(): ClientSnapshot {
    return snapshotClient(
      this.#endpoints,
      this.#connections,
      this.#selector,
      this.#calls.budget,
      this.#clock,
    );
  }

  /** What identifies this client in a run manifest: models, protocols and parameters; no addresses, no keys. */
  describe(): Readonly<Record<string, unknown>> {
    const { model, parameters, endpoints } = this.#settings;
    const models = new Set(endpoints.map((each) => each.connection.model ?? model ?? ''));
    const protocols = new Set(endpoints.map((each) => each.connection.protocol.name));
    return {
      client: 'LoadBalancedClient',
      models: [...models].sort(),
      protocols: [...protocols].sort(),
      parameters: withoutKeys(parameters ?? {}),
    };
  }

  /** What identifies it for caches: `cacheIdentity` of its options, else a hash of all that decides an answer. */
  get cacheIdentity(): string {
    return (this.#cacheIdentity ??= this.#settings.cacheIdentity ?? identityOf(this.#settings));
  }

  /** As {@link ModelClient.estimateCost}, by the client's price table. */
  estimateCost(usage: TokenUsage, model?: string): number | null {
    return estimateCost(this.#settings.prices, model ?? this.#settings.model ?? '', usage);
  }

  /**
   * Ends an endpoint's ejection or quarantine now: its key was renewed, its model loaded.
   *
   * @throws AssayError `ASSAY_INVALID_OPTION` for an id that the client does not have.
   */
  restore(endpointId: string): void {
    const endpoint = this.#endpoints.find((each) => each.id === endpointId);
    if (endpoint === undefined) {
      throw new AssayError(
        'ASSAY_INVALID_OPTION',
        `Expected the id of an endpoint, got ${JSON.stringify(endpointId)}`,
      );
    }
    const now = this.#clock.now();
    if (endpoint.health.restore(now) === 'none') return;
    this.#reporter.restored(endpoint, now);
    this.#selector.offer(endpoint, now);
  }

  /**
   * Takes no more calls, lets those in flight finish, aborts what is left after `timeoutMs`, and closes all
   * connections. Never rejects; a second call waits for the first.
   */
  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options.timeoutMs ?? CLOSE_TIMEOUT_MS);
    return this.#closing;
  }

  /** Same as {@link LoadBalancedClient.close}, with its default time. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What `console.log` shows: the snapshot, and nothing else. */
  [inspect.custom](): unknown {
    return { LoadBalancedClient: this.snapshot() };
  }

  #begin(
    request: ModelRequest,
    sink: CallSink,
    stream: boolean,
    options: CallOptions | undefined,
  ): ClientCall | undefined {
    const refusal =
      this.#closing === undefined
        ? checkCall(request, options)
        : new EndpointError('ASSAY_CLOSED', 'the client is closed');
    if (refusal !== undefined) {
      sink.failed(refusal);
      return undefined;
    }
    const call = new ClientCall(this.#calls, ++this.#callCount, request, sink, stream, this.#clock.now());
    call.place = new ListNode<AbortableCall>(call);
    this.#active.push(call.place);
    call.start(options);
    return call;
  }

  async #close(timeoutMs: number): Promise<void> {
    await this.#idle(timeoutMs);
    for (let next = this.#active.shift(); next !== undefined; next = this.#active.shift()) {
      next.abort(undefined, 'ASSAY_CLOSED', 'the client was closed');
    }
    this.#healthChecker?.close();
    this.#selector.close();
    for (const list of this.#deadlines) list.close();
    await Promise.all(this.#connections.map((each) => each.transport.destroy()));
  }

  #idle(timeoutMs: number): Promise<void> {
    if (this.#active.size === 0 || timeoutMs === 0) return Promise.resolve();
    return new Promise((resolve) => {
      let timer: ClockTimer | undefined = undefined;
      this.#onIdle = () => {
        timer?.cancel();
        resolve();
      };
      timer = this.#clock.schedule(resolve, timeoutMs);
    });
  }
}
