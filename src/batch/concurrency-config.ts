import type { LoadBalancedClientOptions } from '../client/client-options.js';
import { AssayError, messageOf } from '../errors.js';
import {
  checkOptions,
  integer,
  number,
  object,
  positive,
  show,
  type OptionCheck,
  type OptionChecks,
} from '../foundation/options.js';
import { POOL_CHECKS, type WorkerPoolOptions } from '../workers/pool-options.js';
import type { BatchProcessorOptions } from './batch-options.js';

/** What a concurrency configuration comes to: options to spread into the constructors. */
export interface ConcurrencySettings {
  /** For a `BatchProcessor`. */
  readonly processor: Pick<
    BatchProcessorOptions,
    'concurrency' | 'batchSize' | 'queueSize' | 'caseTimeoutMs' | 'rateLimit'
  >;
  /** For `workerEvaluator` or a `WorkerPool`. */
  readonly workers: Pick<
    WorkerPoolOptions,
    'workers' | 'taskTimeoutMs' | 'memoryPerWorkerMb' | 'cpuAffinity'
  >;
  /** For a `LoadBalancedClient`. */
  readonly client: Pick<LoadBalancedClientOptions, 'concurrency' | 'retry'>;
}

interface ConcurrencyConfig {
  readonly workers?: number;
  readonly batch_size?: number;
  readonly queue_size?: number;
  readonly worker_timeout?: number;
  readonly rate_limiting?: RateLimiting;
  readonly resource_limits?: ResourceLimits;
}

interface RateLimiting {
  readonly requests_per_second?: number;
  readonly burst_size?: number;
  readonly backoff_factor?: number;
}

interface ResourceLimits {
  readonly memory_per_worker_mb?: number;
  readonly cpu_affinity?: 'auto' | 'none' | readonly (readonly number[])[];
  readonly max_concurrent_api_calls?: number;
}

const LONGEST_BACKOFF_MS = 8000; // the client's default

const NO_AFFINITY: OptionCheck = (value) =>
  value === 'none' ? undefined : withNone(POOL_CHECKS.cpuAffinity(value));

const CHECKS: OptionChecks<ConcurrencyConfig> = {
  workers: integer(1, 1024),
  batch_size: integer(1),
  queue_size: integer(1),
  worker_timeout: positive,
  rate_limiting: object,
  resource_limits: object,
};

const RATE_CHECKS: OptionChecks<RateLimiting> = {
  requests_per_second: positive,
  burst_size: number(1),
  backoff_factor: positive,
};

const RESOURCE_CHECKS: OptionChecks<ResourceLimits> = {
  memory_per_worker_mb: integer(16),
  cpu_affinity: NO_AFFINITY,
  max_concurrent_api_calls: integer(1),
};

/**
 * Turns the nested concurrency configuration of the Python framework into options of this package. Takes the parsed
 * JSON (`{ "concurrency": { … } }`, or what is inside) or its text. A key that is left out sets nothing; every key
 * that is there has an effect:
 *
 * | key | option |
 * | --- | --- |
 * | `workers` | `processor.concurrency` (cases in flight) and `workers.workers` |
 * | `batch_size`, `queue_size` | `processor.batchSize`, `processor.queueSize` |
 * | `worker_timeout` (seconds) | `processor.caseTimeoutMs` and `workers.taskTimeoutMs` |
 * | `rate_limiting.requests_per_second`, `.burst_size` | `processor.rateLimit.requestsPerSecond`, `.burst` |
 * | `rate_limiting.backoff_factor` (seconds, doubling, as urllib3 has it) | `client.retry.initialBackoffMs`, `.maxBackoffMs` |
 * | `resource_limits.memory_per_worker_mb`, `.cpu_affinity` | `workers.memoryPerWorkerMb`, `.cpuAffinity` (`"none"`: not pinned) |
 * | `resource_limits.max_concurrent_api_calls` | `client.concurrency` |
 *
 * @throws AssayError `ASSAY_INVALID_OPTION` for an unknown key (with the nearest known one), a bad value, or a
 * `burst_size` without a rate that it could be a burst of.
 */
export function fromConcurrencyConfig(config: unknown): ConcurrencySettings {
  const given = checkOptions('concurrency', section(config), CHECKS);
  const rate = checkOptions('concurrency.rate_limiting', given.rate_limiting ?? {}, RATE_CHECKS);
  const resources = checkOptions('concurrency.resource_limits', given.resource_limits ?? {}, RESOURCE_CHECKS);
  if (rate.burst_size !== undefined && rate.requests_per_second === undefined) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      'Expected `burst_size` of concurrency.rate_limiting to come with `requests_per_second`: without a rate nothing limits a burst',
    );
  }
  const timeoutMs = given.worker_timeout === undefined ? undefined : given.worker_timeout * 1000;
  const backoffMs = rate.backoff_factor === undefined ? undefined : rate.backoff_factor * 1000;
  const affinity = resources.cpu_affinity === 'none' ? undefined : resources.cpu_affinity;
  return {
    processor: defined({
      concurrency: given.workers,
      batchSize: given.batch_size,
      queueSize: given.queue_size,
      caseTimeoutMs: timeoutMs,
      rateLimit:
        rate.requests_per_second === undefined
          ? undefined
          : defined({ requestsPerSecond: rate.requests_per_second, burst: rate.burst_size }),
    }),
    workers: defined({
      workers: given.workers,
      taskTimeoutMs: timeoutMs,
      memoryPerWorkerMb: resources.memory_per_worker_mb,
      cpuAffinity: affinity,
    }),
    client: defined({
      concurrency: resources.max_concurrent_api_calls,
      retry:
        backoffMs === undefined
          ? undefined
          : { initialBackoffMs: backoffMs, maxBackoffMs: Math.max(LONGEST_BACKOFF_MS, backoffMs) },
    }),
  };
}

/** The part that is about concurrency, of text, of a whole file or of itself. */
function section(config: unknown): ConcurrencyConfig {
  const parsed = typeof config === 'string' ? parse(config) : config;
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected the concurrency configuration to be an object or its JSON text, got ${show(parsed)}`,
    );
  }
  if (!Object.hasOwn(parsed, 'concurrency')) return parsed;
  const whole = checkOptions('the configuration', parsed as { readonly concurrency?: object }, {
    concurrency: object,
  });
  return whole.concurrency ?? {};
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `The concurrency configuration is not JSON: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** Without the members that are undefined, so that spreading it overrides nothing. */
function defined<Options extends object>(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options;
}

function withNone(expected: string | undefined): string | undefined {
  return expected === undefined ? undefined : `${expected}, or 'none'`;
}
