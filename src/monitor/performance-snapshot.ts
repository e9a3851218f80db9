import type { LiveScore } from '../batch/summary/prefix-score.js';

/**
 * The numbers of a {@link PerformanceSnapshot} that are kept in the history. `null` always means "not known
 * here", never zero.
 */
export interface PerformanceMetrics {
  // ── machine and process ──────────────────────────────────────────────────────────────────────────────────
  /**
   * How busy the CPU is that this process may use, 0..100: of its cgroup quota or cpuset when it has one, else
   * of the whole machine (other processes included).
   */
  readonly cpuPercent: number | null;
  /** CPU time of this process alone, in percent of one core; two busy threads are 200. */
  readonly processCpuPercent: number | null;
  /** `memoryUsedBytes` in percent of `memoryLimitBytes`. */
  readonly memoryPercent: number | null;
  /** Memory in use, without what the kernel can take back at once: of the cgroup if that is limited, else of the machine. */
  readonly memoryUsedBytes: number | null;
  /** The cgroup's memory limit, else the memory of the machine. */
  readonly memoryLimitBytes: number | null;
  /** Resident memory of this process, bytes. */
  readonly rssBytes: number | null;
  /** JavaScript heap in use, bytes. */
  readonly heapUsedBytes: number | null;
  /** Read from the machine's disks, bytes a second. */
  readonly diskReadBytesPerSecond: number | null;
  /** Written to the machine's disks, bytes a second. */
  readonly diskWriteBytesPerSecond: number | null;
  /** Sent over the network (without loopback), bytes a second. */
  readonly networkSentBytesPerSecond: number | null;
  /** Received over the network (without loopback), bytes a second. */
  readonly networkReceivedBytesPerSecond: number | null;
  /** Share of the time that the event loop was busy, 0..1. */
  readonly eventLoopUtilization: number | null;
  /** 99th percentile of how late the event loop was, milliseconds. */
  readonly eventLoopDelayP99Ms: number | null;
  /** The latest that the event loop was, milliseconds. */
  readonly eventLoopDelayMaxMs: number | null;

  // ── evaluations ──────────────────────────────────────────────────────────────────────────────────────────
  /** Finished cases a second. */
  readonly evaluationsPerSecond: number;
  /** Cases being worked on, from the gauge of a processor; else from its progress events. */
  readonly activeWorkers: number | null;
  /** Requests being answered, from a gauge of the client; else the cases being worked on. */
  readonly inFlight: number | null;
  /** Cases or calls that wait for their turn, from a gauge. */
  readonly queueDepth: number | null;
  /** Share of the cases finished in this interval that errored, 0..1. */
  readonly errorRate: number | null;
  /** How long no case has finished, milliseconds; `null` while no run is going on. */
  readonly sinceLastCaseMs: number | null;
  /** Results so far of the runs going on, earlier starts included. */
  readonly doneCases: number | null;
  /** Cases times repetitions of the runs going on, when all of them say how many they have. */
  readonly totalCases: number | null;
  /** Cost of the runs going on, projected to their end; of one that does not say how many cases it has, so far. */
  readonly projectedCost: number | null;
  /**
   * Mean overall score of the runs going on, 0..1, each over the longest complete prefix of what was submitted: what
   * finishes first is no sample. `runs` has each with its interval.
   */
  readonly prefixScore: number | null;

  // ── calls to endpoints ───────────────────────────────────────────────────────────────────────────────────
  /** Requests to endpoints a second, retries and hedges included. */
  readonly apiCallsPerSecond: number;
  /** Mean time of the answered requests of this interval, milliseconds. */
  readonly averageResponseTimeMs: number | null;
  /** Median time of the answered requests of this interval, milliseconds. */
  readonly p50ResponseTimeMs: number | null;
  /** 95th percentile of the same. */
  readonly p95ResponseTimeMs: number | null;
  /** 99th percentile of the same. */
  readonly p99ResponseTimeMs: number | null;
  /** Share of the requests of this interval that failed, 0..1. */
  readonly requestErrorRate: number | null;
  /** Share of the requests of this interval that were answered with 429, 0..1; known only from a watched client. */
  readonly rateLimitedRate: number | null;
  /** Retries a second. */
  readonly retriesPerSecond: number;
  /** Endpoints that get no calls at the moment because they failed. */
  readonly ejectedEndpoints: number;

  // ── tokens, money, cache, store ──────────────────────────────────────────────────────────────────────────
  /** Input and output tokens a second. */
  readonly tokensPerSecond: number;
  /** Money a second, in the unit of the host's price table. */
  readonly costPerSecond: number | null;
  /** Share of cache reads of this interval that were hits, 0..1. */
  readonly cacheHitRate: number | null;
  /** Results made durable a second. */
  readonly storedPerSecond: number;
  /** Failed writes of a store in this interval. */
  readonly storeErrors: number;
}

/** Name of a number that the monitor keeps. */
export type MetricName = keyof PerformanceMetrics;

/** All metric names, in the order of {@link PerformanceMetrics}. */
export const METRIC_NAMES: readonly MetricName[] = Object.keys({
  cpuPercent: 0,
  processCpuPercent: 0,
  memoryPercent: 0,
  memoryUsedBytes: 0,
  memoryLimitBytes: 0,
  rssBytes: 0,
  heapUsedBytes: 0,
  diskReadBytesPerSecond: 0,
  diskWriteBytesPerSecond: 0,
  networkSentBytesPerSecond: 0,
  networkReceivedBytesPerSecond: 0,
  eventLoopUtilization: 0,
  eventLoopDelayP99Ms: 0,
  eventLoopDelayMaxMs: 0,
  evaluationsPerSecond: 0,
  activeWorkers: 0,
  inFlight: 0,
  queueDepth: 0,
  errorRate: 0,
  sinceLastCaseMs: 0,
  doneCases: 0,
  totalCases: 0,
  projectedCost: 0,
  prefixScore: 0,
  apiCallsPerSecond: 0,
  averageResponseTimeMs: 0,
  p50ResponseTimeMs: 0,
  p95ResponseTimeMs: 0,
  p99ResponseTimeMs: 0,
  requestErrorRate: 0,
  rateLimitedRate: 0,
  retriesPerSecond: 0,
  ejectedEndpoints: 0,
  tokensPerSecond: 0,
  costPerSecond: 0,
  cacheHitRate: 0,
  storedPerSecond: 0,
  storeErrors: 0,
} satisfies Record<MetricName, 0>) as MetricName[];

/** Counts since the monitor was made; they only grow. */
export interface MonitorTotals {
  /** Cases with a score. */
  readonly scored: number;
  /** Cases that nothing could be said of. */
  readonly unscored: number;
  /** Cases whose target or evaluator failed. */
  readonly errored: number;
  /** Cases that were answered from the response cache. */
  readonly cachedCases: number;
  /** Requests to endpoints, retries and hedges included. */
  readonly requests: number;
  /** Requests that failed; cancelled hedges are none. */
  readonly failedRequests: number;
  /** Requests answered with 429. */
  readonly rateLimited: number;
  /** Calls that were tried again. */
  readonly retries: number;
  /** Requests that were answered. */
  readonly answered: number;
  /** Sum of the times of answered requests, milliseconds. */
  readonly responseTimeMs: number;
  /** Tokens of prompts. */
  readonly inputTokens: number;
  /** Tokens of answers. */
  readonly outputTokens: number;
  /** Money, in the unit of the host's price table. */
  readonly cost: number;
  /** Reads of a cache that found something. */
  readonly cacheHits: number;
  /** Reads of a cache that found nothing. */
  readonly cacheMisses: number;
  /** Entries that left a cache. */
  readonly cacheEvictions: number;
  /** Results made durable. */
  readonly stored: number;
  /** Failed writes of a store. */
  readonly storeErrors: number;
  /** Times that an endpoint was ejected. */
  readonly ejections: number;
  /** Budgets that were used up. */
  readonly budgetsExhausted: number;
}

/** One endpoint, as its requests show it. Counts are since the monitor was made, the rest of this interval. */
export interface EndpointActivity {
  /** Requests, retries and hedges included. */
  readonly requests: number;
  /** Requests that were answered. */
  readonly answered: number;
  /** Those of them that failed. */
  readonly failed: number;
  /** Requests answered with 429. */
  readonly rateLimited: number;
  /** Requests a second. */
  readonly requestsPerSecond: number;
  /** Share of this interval's requests that failed, 0..1. */
  readonly errorRate: number | null;
  /** Mean time of answered requests, milliseconds. */
  readonly averageResponseTimeMs: number | null;
  /** Median of the same. */
  readonly p50ResponseTimeMs: number | null;
  /** 95th percentile of the same. */
  readonly p95ResponseTimeMs: number | null;
  /** 99th percentile of the same. */
  readonly p99ResponseTimeMs: number | null;
  /** `ejected` from `endpoint:eject` until `endpoint:restore`. */
  readonly state: 'in-use' | 'ejected';
}

/** One model, as its calls show it. Counts are since the monitor was made, the rest of this interval. */
export interface ModelActivity {
  /** Calls, whatever number of requests each took. */
  readonly calls: number;
  /** Those of them that failed. */
  readonly failed: number;
  /** Tokens of prompts. */
  readonly inputTokens: number;
  /** Tokens of answers. */
  readonly outputTokens: number;
  /** Money, in the unit of the price table. */
  readonly cost: number;
  /** Calls a second. */
  readonly callsPerSecond: number;
  /** Input and output tokens a second. */
  readonly tokensPerSecond: number;
  /** Mean time of answered requests, milliseconds. */
  readonly averageResponseTimeMs: number | null;
  /** Median of the same. */
  readonly p50ResponseTimeMs: number | null;
  /** 95th percentile of the same. */
  readonly p95ResponseTimeMs: number | null;
  /** 99th percentile of the same. */
  readonly p99ResponseTimeMs: number | null;
}

/** One run that is going on, as its latest progress event shows it. */
export interface RunActivity {
  /** Results so far, earlier starts included. */
  readonly done: number;
  /** Cases times repetitions; `null` when the source does not say how many it has. */
  readonly total: number | null;
  /** Results a second over the last seconds. */
  readonly ratePerSecond: number;
  /** Milliseconds to the end at this rate; `null` when unknown. */
  readonly etaMs: number | null;
  /** Mean overall score of the longest complete prefix of what was submitted, with its interval and its `n`. */
  readonly score: LiveScore | null;
}

/** The state of a run at one moment. Plain frozen data without ids of cases, prompts, answers or keys. */
export interface PerformanceSnapshot extends PerformanceMetrics {
  /** Wall-clock time, milliseconds since the epoch. */
  readonly at: number;
  /** Measured (monotonic) time since the snapshot before, milliseconds: what the rates are divided by. */
  readonly elapsedMs: number;
  /** Counts since the monitor was made. */
  readonly totals: MonitorTotals;
  /** Cases of this interval that errored, by error code; at most 100, the rest together as `(other)`. */
  readonly errorsByCode: Readonly<Record<string, number>>;
  /** The same for failed requests; includes those that a retry made good. */
  readonly requestErrorsByCode: Readonly<Record<string, number>>;
  /** By endpoint id; at most 100, the rest together as `(other)`. */
  readonly endpoints: Readonly<Record<string, EndpointActivity>>;
  /** By model name; at most 100, the rest together as `(other)`. */
  readonly models: Readonly<Record<string, ModelActivity>>;
  /** The runs going on that have told their progress, by run id; at most 100. */
  readonly runs: Readonly<Record<string, RunActivity>>;
}

/** A snapshot as the history keeps it: all numbers, without the breakdowns. */
export interface HistoryEntry extends PerformanceMetrics {
  /** Wall-clock time, milliseconds since the epoch. */
  readonly at: number;
  /** Measured time since the snapshot before, milliseconds. */
  readonly elapsedMs: number;
}
