import { inspect } from 'node:util';
import { AssayError } from '../errors.js';
import type { ClockTimer } from '../foundation/clock.js';
import { EventSource } from '../foundation/event-source.js';
import { withoutKeys } from '../foundation/key-like.js';
import { LinkedList, ListNode } from '../foundation/linked-list.js';
import { TraceStream } from '../foundation/trace-stream.js';
import type { AbortableCall, CallSink, NewCall } from './call/call-settings.js';
import { CallStream } from './call/call-stream.js';
import { checkCall } from './call/check-call.js';
import { ClientCall } from './call/client-call.js';
import type { ClientEvents } from './client-events.js';
import { identityOf } from './client-identity.js';
import type { LoadBalancedClientOptions } from './client-options.js';
import { assembleClient, type ClientParts } from './client-parts.js';
import { readClientOptions, type ClientSettings } from './client-settings.js';
import { snapshotClient, type ClientSnapshot } from './client-snapshot.js';
import { EndpointError } from './endpoint-error.js';
import type {
  CallOptions,
  ModelClient,
  ModelRequest,
  ModelResponse,
  ModelStreamEvent,
  TokenUsage,
} from './model-client.js';
import { estimateCost } from './price-table.js';

/** How a client is closed. */
export interface CloseOptions {
  /** How long calls in flight may take to finish, milliseconds; then they are aborted. @default 10000 */
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
  readonly #parts: ClientParts;
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
    this.#parts = assembleClient(settings, {
      wants: (event) => this.wants(event),
      emit: (event, payload) => this.emit(event, payload),
      ended: (call) => {
        if (call.entry !== undefined) this.#active.remove(call.entry);
        if (this.#onIdle !== undefined && this.#active.size === 0) this.#onIdle();
      },
    });
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
      const stream = this.#settings.streamForTiming && !request?.includeRaw;
      this.#begin(request, options, { sink, stream });
    });
  }

  /**
   * Asks and yields the answer as it comes, reasoning that stands in its text apart; the last event carries the whole response. Failures before the first
   * text are retried as in {@link LoadBalancedClient.complete}, later ones throw. Leaving the loop cancels the
   * call; a reader that is slow slows the server down.
   */
  stream(request: ModelRequest, options?: CallOptions): AsyncIterable<ModelStreamEvent> {
    return {
      [Symbol.asyncIterator]: () => {
        const begin = (sink: CallSink): ClientCall | undefined =>
          this.#begin(request, options, { sink, stream: true });
        return new CallStream(begin, TraceStream.for(this.#settings.reasoning));
      },
    };
  }

  /** Health, speed, limits and load of every endpoint, as plain data. */
  snapshot(): ClientSnapshot {
    return snapshotClient(this.#parts.calls);
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
    return estimateCost(this.#settings.prices, { model: model ?? this.#settings.model ?? '', usage });
  }

  /**
   * Ends an endpoint's ejection or quarantine now: its key was renewed, its model loaded.
   *
   * @throws AssayError `ASSAY_INVALID_OPTION` for an id that the client does not have.
   */
  restore(endpointId: string): void {
    const { clock, selector, reporter, room } = this.#parts.calls;
    const endpoint = selector.endpoints.find((each) => each.id === endpointId);
    if (endpoint === undefined) {
      throw new AssayError(
        'ASSAY_INVALID_OPTION',
        `Expected the id of an endpoint, got ${JSON.stringify(endpointId)}`,
      );
    }
    const now = clock.now();
    if (endpoint.health.restore(now) === 'none') return;
    reporter.restored(endpoint, now);
    room.serve(now);
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
    options: CallOptions | undefined,
    { sink, stream }: Pick<NewCall, 'sink' | 'stream'>,
  ): ClientCall | undefined {
    const refusal =
      this.#closing === undefined
        ? checkCall(request, options)
        : new EndpointError('ASSAY_CLOSED', 'the client is closed');
    if (refusal !== undefined) {
      sink.failed(refusal);
      return undefined;
    }
    const call = new ClientCall(this.#parts.calls, { id: ++this.#callCount, request, stream, sink });
    call.entry = new ListNode<AbortableCall>(call);
    this.#active.push(call.entry);
    call.start(options);
    return call;
  }

  async #close(timeoutMs: number): Promise<void> {
    await this.#idle(timeoutMs);
    for (let next = this.#active.shift(); next !== undefined; next = this.#active.shift()) {
      next.abort(undefined, { code: 'ASSAY_CLOSED', message: 'the client was closed' });
    }
    const { calls, stopTimers } = this.#parts;
    stopTimers();
    await Promise.all(calls.connections.map((each) => each.transport.destroy()));
  }

  #idle(timeoutMs: number): Promise<void> {
    if (this.#active.size === 0 || timeoutMs === 0) return Promise.resolve();
    return new Promise((resolve) => {
      let timer: ClockTimer | undefined = undefined;
      this.#onIdle = () => {
        timer?.cancel();
        resolve();
      };
      timer = this.#parts.calls.clock.schedule(resolve, timeoutMs);
    });
  }
}
