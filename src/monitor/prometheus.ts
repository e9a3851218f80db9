import { Exposition, type Sample } from './exposition.js';
import type {
  EndpointActivity,
  MetricName,
  ModelActivity,
  MonitorTotals,
  PerformanceSnapshot,
} from './performance-snapshot.js';

/** What {@link prometheusText} writes. */
export interface PrometheusInput {
  readonly totals: MonitorTotals;
  readonly errorTotals: Readonly<Record<string, number>>;
  readonly buckets: {
    readonly boundsMs: readonly number[];
    readonly cumulative: readonly number[];
    readonly sumMs: number;
  };
  /** Counts of this moment; those of the snapshot would be up to an interval behind the totals. */
  readonly endpoints: Readonly<Record<string, Pick<EndpointActivity, 'requests' | 'failed' | 'state'>>>;
  /** The same by model. */
  readonly models: Readonly<Record<string, Pick<ModelActivity, 'calls' | 'inputTokens' | 'outputTokens'>>>;
  readonly snapshot: PerformanceSnapshot | null;
  /** Wall-clock time of the monitor's beginning, milliseconds since the epoch. */
  readonly startedAt: number;
}

const PERCENT = 0.01;
const MILLISECONDS = 0.001;

/** Gauges that come from the latest snapshot, in Prometheus' base units (seconds, bytes, ratios). */
const GAUGES: readonly (readonly [metric: MetricName, name: string, help: string, factor?: number])[] = [
  ['cpuPercent', 'cpu_utilization_ratio', 'Busy share of the CPU that the process may use.', PERCENT],
  ['processCpuPercent', 'process_cpu_cores', 'CPU time of the process, in cores.', PERCENT],
  ['memoryUsedBytes', 'memory_used_bytes', 'Memory in use, of the cgroup if limited, else of the machine.'],
  ['memoryLimitBytes', 'memory_limit_bytes', 'Memory that there is for the process.'],
  ['rssBytes', 'process_resident_memory_bytes', 'Resident memory of the process.'],
  ['heapUsedBytes', 'process_heap_used_bytes', 'JavaScript heap in use.'],
  ['diskReadBytesPerSecond', 'disk_read_bytes_per_second', 'Bytes read from the disks a second.'],
  ['diskWriteBytesPerSecond', 'disk_written_bytes_per_second', 'Bytes written to the disks a second.'],
  ['networkSentBytesPerSecond', 'network_sent_bytes_per_second', 'Bytes sent over the network a second.'],
  [
    'networkReceivedBytesPerSecond',
    'network_received_bytes_per_second',
    'Bytes received over the network a second.',
  ],
  ['eventLoopUtilization', 'event_loop_utilization_ratio', 'Busy share of the event loop.'],
  [
    'eventLoopDelayP99Ms',
    'event_loop_delay_p99_seconds',
    '99th percentile of the event loop delay.',
    MILLISECONDS,
  ],
  ['eventLoopDelayMaxMs', 'event_loop_delay_max_seconds', 'Longest event loop delay.', MILLISECONDS],
  ['activeWorkers', 'active_workers', 'Cases being worked on.'],
  ['inFlight', 'in_flight', 'Requests being answered.'],
  ['queueDepth', 'queue_depth', 'Cases or calls that wait for their turn.'],
  [
    'sinceLastCaseMs',
    'since_last_case_seconds',
    'Time since a case has finished, while a run is going on.',
    MILLISECONDS,
  ],
  ['doneCases', 'run_done_cases', 'Results so far of the runs going on.'],
  ['totalCases', 'run_cases', 'Cases times repetitions of the runs going on.'],
  ['prefixScore', 'run_prefix_score', 'Mean score of the complete prefix of the runs going on.'],
  ['ejectedEndpoints', 'ejected_endpoints', 'Endpoints that get no calls because they failed.'],
];

/**
 * The state of a monitor in Prometheus' text format, version 0.0.4. All names begin with `assaykit_`; what is
 * not known is left out.
 */
export function prometheusText(input: PrometheusInput): string {
  const out = new Exposition();
  writeTotals(out, input);
  writePlaces(out, input);
  writeTimes(out, input);
  return out.toString();
}

/** Counters without a label of the host's. */
const TOTALS: readonly (readonly [total: keyof MonitorTotals, name: string, help: string])[] = [
  ['cachedCases', 'cached_cases', 'Cases that were answered from the response cache.'],
  ['requests', 'requests', 'Requests to endpoints, retries and hedges included.'],
  ['failedRequests', 'request_failures', 'Requests to endpoints that failed.'],
  ['rateLimited', 'rate_limited', 'Requests that were answered with 429.'],
  ['retries', 'retries', 'Calls that were tried again.'],
  ['cost', 'cost', 'Money spent, in the unit of the price table.'],
  ['cacheEvictions', 'cache_evictions', 'Entries that left a cache.'],
  ['stored', 'stored_results', 'Results made durable.'],
  ['storeErrors', 'store_errors', 'Failed writes of a store.'],
  ['ejections', 'endpoint_ejections', 'Times that an endpoint was taken out of use.'],
  ['budgetsExhausted', 'budgets_exhausted', 'Budgets that were used up.'],
];

function writeTotals(out: Exposition, { totals, errorTotals }: PrometheusInput): void {
  const outcomes = ['scored', 'unscored', 'errored'] as const;
  counter(
    out,
    ['cases', 'Finished cases by outcome.'],
    outcomes.map((outcome): Sample => [{ outcome }, totals[outcome]]),
  );
  counter(
    out,
    ['case_errors', 'Errored cases by error code.'],
    byLabel('code', errorTotals, (count) => count),
  );
  counter(
    out,
    ['tokens', 'Tokens used.'],
    [
      [{ direction: 'input' }, totals.inputTokens],
      [{ direction: 'output' }, totals.outputTokens],
    ],
  );
  counter(
    out,
    ['cache_reads', 'Cache reads by result.'],
    [
      [{ result: 'hit' }, totals.cacheHits],
      [{ result: 'miss' }, totals.cacheMisses],
    ],
  );
  for (const [total, name, help] of TOTALS) counter(out, [name, help], [[{}, totals[total]]]);
}

function writePlaces(out: Exposition, { endpoints, models }: PrometheusInput): void {
  counter(
    out,
    ['endpoint_requests', 'Requests by endpoint.'],
    byLabel('endpoint', endpoints, ({ requests }) => requests),
  );
  counter(
    out,
    ['endpoint_request_failures', 'Failed requests by endpoint.'],
    byLabel('endpoint', endpoints, ({ failed }) => failed),
  );
  out.family('assaykit_endpoint_ejected', {
    type: 'gauge',
    help: 'Whether an endpoint gets no calls because it failed (1) or is in use (0).',
    samples: byLabel('endpoint', endpoints, ({ state }) => (state === 'ejected' ? 1 : 0)),
  });
  counter(
    out,
    ['model_calls', 'Calls by model.'],
    byLabel('model', models, ({ calls }) => calls),
  );
  counter(
    out,
    ['model_tokens', 'Tokens by model.'],
    Object.entries(models).flatMap(([model, { inputTokens, outputTokens }]): Sample[] => [
      [{ model, direction: 'input' }, inputTokens],
      [{ model, direction: 'output' }, outputTokens],
    ]),
  );
}

function writeTimes(out: Exposition, { buckets, snapshot, startedAt }: PrometheusInput): void {
  out.histogram('assaykit_response_time_seconds', 'Time of answered requests.', {
    bounds: buckets.boundsMs.map((bound) => bound / 1000),
    cumulative: buckets.cumulative,
    sum: buckets.sumMs * MILLISECONDS,
  });
  for (const [metric, name, help, factor] of GAUGES) {
    const value = snapshot?.[metric] ?? null;
    out.family(`assaykit_${name}`, {
      type: 'gauge',
      help,
      samples: [[{}, value === null ? null : value * (factor ?? 1)]],
    });
  }
  out.family('assaykit_start_time_seconds', {
    type: 'gauge',
    help: 'When the monitor began, seconds since the epoch.',
    samples: [[{}, startedAt * MILLISECONDS]],
  });
}

function counter(
  out: Exposition,
  [name, help]: readonly [name: string, help: string],
  samples: readonly Sample[],
): void {
  out.family(`assaykit_${name}_total`, { type: 'counter', help, samples });
}

function byLabel<Value>(
  label: string,
  values: Readonly<Record<string, Value>>,
  read: (value: Value) => number | null,
): Sample[] {
  return Object.entries(values).map(([name, value]) => [{ [label]: name }, read(value)]);
}
