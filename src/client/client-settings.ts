import { reasoningHandling, type ReasoningHandling } from '../foundation/reasoning-trace.js';
import { AssayError } from '../errors.js';
import type { Clock } from '../foundation/clock.js';
import {
  anything,
  boolean,
  callable,
  checkOptions,
  either,
  integer,
  milliseconds,
  object,
  oneOf,
  positive,
  requireOptions,
  text,
  type OptionCheck,
  type OptionChecks,
} from '../foundation/options.js';
import { looksLikeKey } from '../foundation/key-like.js';
import { systemRandom, type RandomSource } from '../foundation/seeded-random.js';
import { adaptiveConcurrencyOptions } from './balancing/adaptive-concurrency.js';
import { checkParameters } from './check-parameters.js';
import type { EndpointOptions, LoadBalancedClientOptions, TimeoutOptions } from './client-options.js';
import type { EndpointSettings } from './balancing/endpoint.js';
import { endpointAddress, type EndpointConnectionSettings } from './http/endpoint-connection.js';
import { healthCheckOptions, type HealthCheckSettings } from './http/health-check.js';
import { hedgingOptions, type HedgingSettings } from './call/hedge.js';
import type { ModelParameters } from './model-client.js';
import { FirstWave } from './balancing/first-wave.js';
import { outlierEjectionOptions } from './balancing/outlier-ejection.js';
import { createPolicy, type EndpointPolicy, type PolicyName } from './balancing/endpoint-policy.js';
import { checkPrices, type PriceTable } from './price-table.js';
import { PROTOCOLS, type ProtocolName } from './protocols/protocol-names.js';
import type { Protocol } from './protocols/protocol.js';
import { rateLimitOptions } from './balancing/rate-limit.js';
import { retryBudgetOptions, type RetryBudgetSettings } from './call/retry-budget.js';
import { retryOptions, type RetrySettings } from './call/retry.js';
import { Secrets } from './http/secrets.js';
import type { TlsOptions, TransportSettings } from './http/transport.js';

/** One endpoint's settings, by the part that needs them. */
export interface EndpointParts {
  readonly state: EndpointSettings;
  readonly connection: Omit<EndpointConnectionSettings, 'endpoint' | 'transport'>;
  readonly transport: TransportSettings;
}

/** Options of a client, checked, with nothing left open. */
export interface ClientSettings {
  readonly endpoints: readonly EndpointParts[];
  readonly model: string | undefined;
  readonly cacheIdentity: string | undefined;
  readonly parameters: ModelParameters | undefined;
  readonly policy: EndpointPolicy;
  readonly concurrency: number;
  readonly retry: RetrySettings;
  readonly retryBudget: RetryBudgetSettings | undefined;
  readonly healthCheck: HealthCheckSettings | undefined;
  readonly hedging: HedgingSettings | undefined;
  readonly timeouts: { readonly [Name in keyof TimeoutOptions]-?: number };
  readonly waitForHealthyMs: number;
  readonly maxResponseBytes: number;
  readonly prices: PriceTable | undefined;
  readonly includeRaw: boolean;
  readonly reasoning: ReasoningHandling;
  readonly streamForTiming: boolean;
  readonly clock: Clock | undefined;
  readonly random: RandomSource;
}

const OWNER = 'LoadBalancedClient';

/**
 * Checks a client's options and fills in the defaults. No message shows a key or a header, also not one that was given
 * in another place as well.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`
 */
export function readClientOptions(options: LoadBalancedClientOptions): ClientSettings {
  try {
    return readOptions(options);
  } catch (error) {
    if (!AssayError.is(error)) throw error;
    const secrets = secretsOf(options);
    throw new AssayError(error.code, secrets.hide(error.message));
  }
}

// Whatever is a secret in options that may be wrong in any way.
function secretsOf(options: Partial<LoadBalancedClientOptions>): Secrets {
  const secrets = new Secrets('');
  const endpoints: readonly unknown[] = Array.isArray(options.endpoints) ? options.endpoints : [];
  for (const each of [options, ...endpoints]) {
    if (typeof each !== 'object' || each === null) continue;
    const { apiKey, headers } = each as Readonly<Record<string, unknown>>;
    if (typeof apiKey === 'string') secrets.addKey(apiKey);
    if (typeof headers !== 'object' || headers === null) continue;
    for (const [name, value] of Object.entries(headers)) {
      if (typeof value === 'string') secrets.addHeader(name, value);
    }
  }
  return secrets;
}

const offOrObject: OptionCheck = (value) =>
  value === false || (typeof value === 'object' && value !== null) ? undefined : 'false or an object';

const protocolOption: OptionCheck = (value) => {
  if (typeof value === 'string') return oneOf(...Object.keys(PROTOCOLS))(value);
  const protocol = value as Partial<Protocol> | null;
  const complete =
    typeof protocol === 'object' &&
    protocol !== null &&
    typeof protocol.name === 'string' &&
    typeof protocol.path === 'string' &&
    typeof protocol.body === 'function' &&
    typeof protocol.parse === 'function' &&
    typeof protocol.stream === 'function';
  return complete ? undefined : 'a protocol name or an object with name, path, body, parse and stream';
};

const policyObject: OptionCheck = (value) =>
  typeof (value as { pick?: unknown } | null)?.pick === 'function' ? undefined : 'an object with `pick`';

const CLIENT_CHECKS: OptionChecks<LoadBalancedClientOptions> = {
  endpoints: (value) =>
    Array.isArray(value) && value.length > 0 ? undefined : 'a list of at least one endpoint',
  model: text,
  cacheIdentity: text,
  protocol: protocolOption,
  apiKey: anything, // checked without being shown
  headers: anything,
  parameters: object,
  policy: either(oneOf('latency-aware', 'round-robin', 'least-outstanding', 'weighted-random'), policyObject),
  concurrency: integer(1),
  retry: object,
  retryBudget: offOrObject,
  outlierEjection: offOrObject,
  healthCheck: offOrObject,
  adaptiveConcurrency: either(boolean, object),
  hedging: either(boolean, object),
  timeouts: object,
  waitForHealthyMs: milliseconds,
  maxPauseMs: positive,
  maxResponseBytes: integer(1),
  allowH2: boolean,
  tls: object,
  dispatcher: (value) =>
    typeof (value as { dispatch?: unknown } | null)?.dispatch === 'function'
      ? undefined
      : 'an undici Dispatcher',
  connectionMaxAgeMs: positive,
  keepAliveMs: positive,
  prices: either(callable, object),
  includeRaw: boolean,
  reasoning: reasoningHandling,
  streamForTiming: boolean,
  clock: object,
  random: callable,
};

function readOptions(options: LoadBalancedClientOptions): ClientSettings {
  const checked = checkOptions(OWNER, options, CLIENT_CHECKS);
  requireOptions(OWNER, checked, ['endpoints']);
  if (checked.prices !== undefined) checkPrices(checked.prices);
  const wrong = checkParameters(checked.parameters);
  if (wrong !== undefined) throw wrong;
  const timeouts = timeoutOptions(checked.timeouts ?? {});
  const random = checked.random ?? systemRandom;
  const endpoints = checked.endpoints.map((each, index) =>
    readEndpoint(typeof each === 'string' ? { url: each } : each, {
      index,
      client: checked,
      timeouts,
      random,
    }),
  );
  return {
    endpoints: withDistinctIds(endpoints),
    model: checked.model,
    cacheIdentity: checked.cacheIdentity,
    parameters: checked.parameters,
    policy: policyOf(checked.policy ?? 'latency-aware'),
    concurrency: checked.concurrency ?? Number.POSITIVE_INFINITY,
    retry: retryOptions(checked.retry ?? {}, endpoints.length),
    retryBudget: retryBudgetOptions(checked.retryBudget ?? {}),
    healthCheck: healthCheckOptions(checked.healthCheck ?? false),
    hedging: hedgingOptions(checked.hedging ?? false),
    timeouts,
    waitForHealthyMs: checked.waitForHealthyMs ?? 30_000,
    maxResponseBytes: checked.maxResponseBytes ?? 8 * 1024 * 1024,
    prices: checked.prices,
    includeRaw: checked.includeRaw ?? false,
    reasoning: checked.reasoning ?? 'apart',
    streamForTiming: checked.streamForTiming ?? false,
    clock: checked.clock,
    random,
  };
}

const ENDPOINT_CHECKS: OptionChecks<EndpointOptions> = {
  id: text,
  url: anything, // may hold credentials, so a bad one is never shown
  protocol: protocolOption,
  model: text,
  apiKey: anything,
  headers: anything,
  weight: positive,
  priority: integer(0),
  concurrency: integer(1),
  rateLimit: object,
};

interface EndpointPlace {
  readonly index: number;
  readonly client: LoadBalancedClientOptions;
  readonly timeouts: ClientSettings['timeouts'];
  readonly random: RandomSource;
}

function readEndpoint(
  options: EndpointOptions,
  { index, client, timeouts, random }: EndpointPlace,
): EndpointParts {
  const owner = `endpoints[${index}]`;
  const checked = checkOptions(owner, options, ENDPOINT_CHECKS);
  const protocol = protocolOf(checked.protocol ?? client.protocol ?? 'openai-chat');
  requireOptions(owner, checked, ['url']);
  const address = endpointAddress(checked.url, { owner, protocol });
  const apiKey = checked.apiKey ?? client.apiKey;
  if (apiKey !== undefined && typeof apiKey !== 'function' && (typeof apiKey !== 'string' || apiKey === '')) {
    throw hidden(owner, 'apiKey', 'a non-empty string or a function');
  }
  const concurrency = checked.concurrency ?? Number.POSITIVE_INFINITY;
  const adaptive = client.adaptiveConcurrency ?? false;
  const adaptiveSettings =
    adaptive === false ? undefined : adaptiveConcurrencyOptions(adaptive === true ? {} : adaptive);
  const connections = Math.min(
    concurrency,
    client.concurrency ?? Number.POSITIVE_INFINITY,
    adaptiveSettings?.maximum ?? Number.POSITIVE_INFINITY,
  );
  return {
    state: {
      id: checked.id ?? address.shown,
      index,
      weight: checked.weight ?? 1,
      priority: checked.priority ?? 0,
      concurrency,
      rateLimit: rateLimitOptions(checked.rateLimit ?? {}),
      ejection: outlierEjectionOptions(client.outlierEjection ?? {}),
      adaptive: adaptiveSettings,
      maxPauseMs: client.maxPauseMs ?? 300_000,
      firstWave: FirstWave.callsOf(client.endpoints.length, callsFor(client, checked.priority)),
      penaltyCapMs: Math.min(timeouts.attemptMs, timeouts.firstByteMs, 60_000),
      random,
    },
    connection: {
      address,
      protocol,
      model: checked.model,
      apiKey,
      headers: { ...headersOf(OWNER, client.headers), ...headersOf(owner, checked.headers) },
    },
    transport: {
      origin: address.origin,
      connections,
      connectMs: timeouts.connectMs,
      connectionMaxAgeMs: client.connectionMaxAgeMs ?? 300_000,
      keepAliveMs: client.keepAliveMs ?? 60_000,
      allowH2: client.allowH2 ?? false,
      tls: client.tls === undefined ? undefined : tlsOptions(client.tls),
      dispatcher: client.dispatcher,
    },
  };
}

function timeoutOptions(options: TimeoutOptions): ClientSettings['timeouts'] {
  const checked = checkOptions('timeouts', options, {
    connectMs: milliseconds,
    firstByteMs: milliseconds,
    idleMs: milliseconds,
    attemptMs: milliseconds,
    deadlineMs: milliseconds,
  });
  return {
    connectMs: checked.connectMs ?? 10_000,
    firstByteMs: checked.firstByteMs ?? 300_000,
    idleMs: checked.idleMs ?? 60_000,
    attemptMs: checked.attemptMs ?? 600_000,
    deadlineMs: checked.deadlineMs ?? 1_800_000,
  };
}

function tlsOptions(options: TlsOptions): TlsOptions {
  return checkOptions('tls', options, {
    ca: anything,
    cert: anything,
    key: anything,
    passphrase: anything,
    servername: text,
    rejectUnauthorized: boolean,
  });
}

function headersOf(owner: string, headers: unknown): Readonly<Record<string, string>> {
  if (headers === undefined) return {};
  if (typeof headers !== 'object' || headers === null) throw hidden(owner, 'headers', 'an object');
  for (const [index, [name, value]] of Object.entries(headers).entries()) {
    // The value may be a key, and where the two were taken for each other the name; hosts know which the n-th is.
    const place = looksLikeKey(name) ? `header ${index + 1}` : `headers[${JSON.stringify(name)}]`;
    if (
      !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) ||
      typeof value !== 'string' ||
      /[^\t\x20-\x7e\x80-\xff]/.test(value)
    ) {
      throw hidden(owner, place, 'a name and a string that a header can hold');
    }
    if (OF_THE_CONNECTION.has(name.toLowerCase())) {
      throw hidden(owner, place, 'left out: the connection sees to it');
    }
    if (looksLikeKey(name)) throw hidden(owner, place, 'a name and its value; its name looks like a key');
  }
  return headers as Record<string, string>;
}

/** Headers that would contradict what is sent: each call would fail with them. */
const OF_THE_CONNECTION: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'expect',
  'upgrade',
  'keep-alive',
]);

function hidden(owner: string, option: string, expected: string): AssayError {
  return new AssayError('ASSAY_INVALID_OPTION', `Expected \`${option}\` of ${owner} to be ${expected}`);
}

function withDistinctIds(endpoints: readonly EndpointParts[]): readonly EndpointParts[] {
  const ids = new Set<string>();
  for (const { state } of endpoints) {
    if (ids.has(state.id)) {
      throw new AssayError(
        'ASSAY_INVALID_OPTION',
        `Expected every endpoint to have its own id, got ${JSON.stringify(state.id)} twice; set \`id\``,
      );
    }
    ids.add(state.id);
  }
  return endpoints;
}

function protocolOf(protocol: ProtocolName | Protocol): Protocol {
  return typeof protocol === 'string' ? PROTOCOLS[protocol] : protocol;
}

function policyOf(policy: PolicyName | EndpointPolicy): EndpointPolicy {
  return typeof policy === 'string' ? createPolicy(policy) : policy;
}

/** How many calls may be in flight for each endpoint of a priority. */
function callsFor({ endpoints, concurrency }: LoadBalancedClientOptions, priority = 0): number {
  const alike = endpoints.filter(
    (each) => (typeof each === 'string' ? 0 : (each.priority ?? 0)) === priority,
  );
  return (concurrency ?? Number.POSITIVE_INFINITY) / Math.max(1, alike.length);
}
