import type { ReasoningHandling } from '../foundation/reasoning-trace.js';
import type { Dispatcher } from 'undici';
import type { Clock } from '../foundation/clock.js';
import type { RandomSource } from '../foundation/seeded-random.js';
import type { AdaptiveConcurrencyOptions } from './balancing/adaptive-concurrency.js';
import type { ApiKey } from './http/endpoint-connection.js';
import type { HealthCheckOptions } from './http/health-check.js';
import type { TlsOptions } from './http/transport.js';
import type { HedgingOptions } from './call/hedge.js';
import type { ModelParameters } from './model-client.js';
import type { OutlierEjectionOptions } from './balancing/outlier-ejection.js';
import type { EndpointPolicy, PolicyName } from './balancing/endpoint-policy.js';
import type { PriceTable } from './price-table.js';
import type { Protocol } from './protocols/protocol.js';
import type { ProtocolName } from './protocols/protocol-names.js';
import type { EndpointRateLimit } from './balancing/rate-limit.js';
import type { RetryBudgetOptions } from './call/retry-budget.js';
import type { RetryOptions } from './call/retry.js';

/** One model server. */
export interface EndpointOptions {
  /** Name in events, snapshots and results. @default the URL without credentials and query */
  readonly id?: string | undefined;
  /**
   * Base URL, as `http://gpu1:8000/v1`. The protocol adds its path; a bare origin also gets the protocol's
   * prefix (`http://gpu1:8000` works), and a URL that already ends with the full path is taken as it is. A
   * query (`?api-version=…`) is kept.
   */
  readonly url: string;
  /** Language of this server. @default the client's */
  readonly protocol?: ProtocolName | Protocol | undefined;
  /** Model name on this server, where it differs. @default the call's, else the client's */
  readonly model?: string | undefined;
  /** Key for this server. @default the client's */
  readonly apiKey?: ApiKey | undefined;
  /** Further request headers, on top of the client's. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Share of the load relative to others of equal speed, > 0. @default 1 */
  readonly weight?: number | undefined;
  /** Tier: endpoints of the lowest number are used while one of them is usable. Integer >= 0. @default 0 */
  readonly priority?: number | undefined;
  /** Most calls in flight at this endpoint, and its sockets. @default no limit of its own */
  readonly concurrency?: number | undefined;
  /** What the endpoint allows. Without it a limit is learned from the server's headers and from 429s. */
  readonly rateLimit?: EndpointRateLimit | undefined;
}

/** Time limits, milliseconds; `Infinity` for none. */
export interface TimeoutOptions {
  /** To connect, with TLS. @default 10000 */
  readonly connectMs?: number | undefined;
  /** From the request to the reply's first byte; without streaming that is the whole generation. @default 300000 */
  readonly firstByteMs?: number | undefined;
  /** Between two pieces of the reply. @default 60000 */
  readonly idleMs?: number | undefined;
  /** For one attempt as a whole. @default 600000 */
  readonly attemptMs?: number | undefined;
  /** For a call with all its attempts and waits. @default 1800000 */
  readonly deadlineMs?: number | undefined;
}

/** Options of a `LoadBalancedClient`. */
export interface LoadBalancedClientOptions {
  /** The servers, at least one; a string is a URL. */
  readonly endpoints: readonly (string | EndpointOptions)[];
  /** Model that is asked for where neither the call nor the endpoint names one. */
  readonly model?: string | undefined;
  /**
   * What answers are cached under (`BatchProcessor`'s `cache`): clients with the same share them.
   * @default a hash of models, protocols, parameters, URLs and headers, so that only a client that asks the same servers
   * the same shares them
   */
  readonly cacheIdentity?: string | undefined;
  /** Language of the servers. @default 'openai-chat' */
  readonly protocol?: ProtocolName | Protocol | undefined;
  /** Key for endpoints without one of their own. Never read from the environment. */
  readonly apiKey?: ApiKey | undefined;
  /** Request headers for all endpoints. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Parameters of every call; the call's own win. */
  readonly parameters?: ModelParameters | undefined;
  /** How an endpoint is picked. @default 'latency-aware' */
  readonly policy?: PolicyName | EndpointPolicy | undefined;
  /** Most calls in flight over all endpoints, integer >= 1. @default no limit */
  readonly concurrency?: number | undefined;
  /** How a failed call is tried again. */
  readonly retry?: RetryOptions | undefined;
  /** `false`: retries are not budgeted. */
  readonly retryBudget?: RetryBudgetOptions | false | undefined;
  /** `false`: endpoints are never ejected for failing. */
  readonly outlierEjection?: OutlierEjectionOptions | false | undefined;
  /** Active checks of ejected endpoints, to re-admit them sooner. @default false */
  readonly healthCheck?: HealthCheckOptions | false | undefined;
  /** Finds each endpoint's concurrency by slow start and AIMD. `true` for the defaults. @default false */
  readonly adaptiveConcurrency?: AdaptiveConcurrencyOptions | boolean | undefined;
  /** Sends a slow call a second time to another endpoint; costs tokens. `true` for the defaults. @default false */
  readonly hedging?: HedgingOptions | boolean | undefined;
  /** Time limits of attempts and calls. */
  readonly timeouts?: TimeoutOptions | undefined;
  /** How long a call waits for an endpoint to come back when none is left, milliseconds. @default 30000 */
  readonly waitForHealthyMs?: number | undefined;
  /**
   * Longest time for which an endpoint gets no calls at its own request (`Retry-After`), milliseconds; then one call shows
   * whether it is open again, whatever time it named. @default 300000
   */
  readonly maxPauseMs?: number | undefined;
  /** Largest reply, in decoded bytes; of a stream its text, not the messages that it comes in. @default 8 MiB */
  readonly maxResponseBytes?: number | undefined;
  /**
   * Offers HTTP/2 over TLS. Costs more CPU a call; cancelling a call then keeps the connection. A connection carries
   * one call at a time, as with HTTP/1.1, so that calls spread over all servers behind an address.
   * @default false
   */
  readonly allowH2?: boolean | undefined;
  /** TLS settings of `https` endpoints; a `dispatcher` of the host has its own. */
  readonly tls?: TlsOptions | undefined;
  /**
   * An undici `Dispatcher` of the host (proxy, mTLS, MockAgent) in place of the client's own pools. It stays
   * the host's: `close()` leaves it open. Its own limits of connections and time stay in force, and `connectMs`
   * does not count: a call may stand in its line. A stream's reader that is slow does not slow the server down there:
   * up to `maxResponseBytes` wait in memory.
   */
  readonly dispatcher?: Dispatcher | undefined;
  /**
   * Connections to named hosts are replaced after this time, so that a change of DNS is followed, milliseconds.
   * (An ejected endpoint gets new connections at once.)
   * @default 300000
   */
  readonly connectionMaxAgeMs?: number | undefined;
  /**
   * How long an idle connection is kept for the next call, milliseconds, > 0; a server that says that it closes sooner
   * (`keep-alive: timeout=…`) is believed. A dispatcher of the host has its own. @default 60000
   */
  readonly keepAliveMs?: number | undefined;
  /** Prices a model, for `cost`. */
  readonly prices?: PriceTable | undefined;
  /**
   * What becomes of reasoning that a model writes into its answer between `<think>` tags and their like: it stands
   * in `response.reasoning`, or is kept in the text. Streamed pieces come as the server sends them.
   * @default 'apart'
   */
  readonly reasoning?: ReasoningHandling | undefined;
  /** Whether responses carry the parsed reply (of a stream: its last message) as `raw`. @default false */
  readonly includeRaw?: boolean | undefined;
  /**
   * Whether `complete()` streams underneath: it then reports the time to the first token, and a server that
   * falls silent is noticed after `idleMs`.
   * @default false
   */
  readonly streamForTiming?: boolean | undefined;
  /** Where time comes from. @default the machine's clock */
  readonly clock?: Clock | undefined;
  /** Random source for ties and jitter. @default Math.random */
  readonly random?: RandomSource | undefined;
}
