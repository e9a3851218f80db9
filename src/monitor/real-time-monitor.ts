import { systemClock, type Clock, type ClockTimer } from '../foundation/clock.js';
import { EventSource } from '../foundation/event-source.js';
import { listenTo } from '../foundation/listen-to.js';
import {
  checkArgument,
  checkOptions,
  either,
  having,
  integer,
  milliseconds,
  object,
  positive,
  type OptionCheck,
} from '../foundation/options.js';
import { activityMetrics, runActivities, type MonitorGauges } from './activity-metrics.js';
import { EventCounters } from './event-counters.js';
import { RESPONSE_TIME_BUCKETS_MS } from './fixed-buckets.js';
import type {
  MonitorEvents,
  MonitoredSource,
  RealTimeMonitorOptions,
  ResponseTimeBuckets,
} from './monitor-options.js';
import type { MonitorSummary } from './monitor-summary.js';
import {
  METRIC_NAMES,
  type HistoryEntry,
  type MetricName,
  type MonitorTotals,
  type PerformanceSnapshot,
} from './performance-snapshot.js';
import { prometheusText } from './prometheus.js';
import { ResponseTimeHistory, responseTimeMetrics } from './response-times.js';
import { SnapshotHistory, type MetricOverTime } from './snapshot-history.js';
import {
  UNKNOWN_SYSTEM,
  createSystemSampler,
  type SystemMetrics,
  type SystemSampler,
} from './machine/system-sampler.js';

/** The first reading of the machine takes 5 to 9 ms, which a run that begins with the monitor has better uses for. */
const OPEN_AFTER_MS = 100;
const SUMMARY_PERCENTS = [50, 90, 95, 99, 99.9] as const;

/**
 * Watches runs: how fast, how healthy, how expensive, at any second. Handlers of events only count (about 1 us
 * a case); everything else happens once a second.
 *
 * Rates divide by the measured time between two snapshots, on the monotonic clock: a blocked event loop, a
 * late timer, a wall clock that jumps or a machine that slept do not bend them. The timer never keeps the
 * process running. Watch the processor *and* its clients where possible: only clients see requests one by one.
 *
 * @example
 * ```ts
 * const monitor = new RealTimeMonitor();
 * monitor.watch(processor, client, cache, store);
 * monitor.start();
 * monitor.on('snapshot', ({ snapshot }) => console.log(snapshot.evaluationsPerSecond));
 * ```
 */
export class RealTimeMonitor extends EventSource<MonitorEvents> {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #systemOption: SystemSampler | false | undefined;
  readonly #counters: EventCounters;
  readonly #history: SnapshotHistory;
  readonly #responseTimes: ResponseTimeHistory;
  readonly #watched = new Map<MonitoredSource, () => void>();
  readonly #bornAt: number;
  #system: SystemSampler | undefined;
  #before: { readonly totals: MonitorTotals; readonly errors: Counts; readonly requestErrors: Counts };
  #lastAt: number;
  #systemAt = 0;
  #dueAt = 0;
  #timer: ClockTimer | undefined;
  #opening: ClockTimer | undefined; // of the readings of the machine
  #running = false;
  #current: PerformanceSnapshot | null = null;

  /** @throws AssayError `ASSAY_INVALID_OPTION` */
  constructor(options: RealTimeMonitorOptions = {}) {
    super();
    const given = checkOptions('RealTimeMonitor', options, {
      intervalMs: positive,
      historySize: integer(1, 1_000_000),
      system: either(having('an object', 'sample'), isFalse),
      clock: object,
    });
    this.#clock = given.clock ?? systemClock;
    this.#intervalMs = given.intervalMs ?? 1000;
    this.#systemOption = given.system;
    const historySize = given.historySize ?? 3600;
    this.#counters = new EventCounters(() => this.#clock.now());
    this.#history = new SnapshotHistory(historySize);
    this.#responseTimes = new ResponseTimeHistory(historySize);
    this.#bornAt = this.#clock.wallTime();
    this.#lastAt = this.#clock.now();
    this.#before = this.#counts();
  }

  /**
   * Listens to event sources (processors, clients, caches, stores, or your own with the same event names);
   * returns the unwatch for these. Watching a source again changes nothing. A payload of yours that cannot be read
   * is reported by `listener:error`.
   *
   * @throws AssayError `ASSAY_INVALID_OPTION` for what is no event source
   */
  watch(...sources: readonly MonitoredSource[]): () => void {
    for (const source of sources)
      checkArgument(source, having('an event source', 'on', 'onAny'), ' to watch');
    const onError = (event: string, error: unknown): void => this.reportListenerError(event, error);
    for (const source of sources) {
      if (this.#watched.has(source)) continue;
      this.#watched.set(source, listenTo(source, { handlers: this.#counters.handlersOf(source), onError }));
    }
    return () => this.unwatch(...sources);
  }

  /** Stops listening to sources; what was counted stays. Unknown ones are ignored. */
  unwatch(...sources: readonly MonitoredSource[]): void {
    for (const source of sources) {
      this.#watched.get(source)?.();
      this.#watched.delete(source);
      this.#counters.forget(source);
    }
  }

  /** Takes a snapshot every `intervalMs` from now on. Harmless when it already does. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    if (this.#systemOption !== undefined) this.#openSystem();
    else this.#opening = this.#clock.schedule(() => this.#openSystem(), OPEN_AFTER_MS, { keepAlive: false });
    this.#lastAt = this.#clock.now();
    this.#before = this.#counts();
    this.#counters.beginInterval();
    this.#dueAt = this.#lastAt + this.#intervalMs;
    this.#schedule();
  }

  /** Ends the snapshots and frees timers and files. History and counts stay; `start` goes on. */
  stop(): void {
    this.#running = false;
    this.#opening?.cancel();
    this.#opening = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#system === undefined || this.#system === this.#systemOption) return; // the host's goes on counting
    this.#system.close();
    this.#system = undefined;
  }

  /** Same as {@link RealTimeMonitor.stop}, and unwatches everything. */
  close(): void {
    this.stop();
    this.unwatch(...this.#watched.keys());
  }

  /** Same as {@link RealTimeMonitor.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** The latest snapshot; `null` before the first. */
  current(): PerformanceSnapshot | null {
    return this.#current;
  }

  /** Counts of this moment, not of the latest snapshot. */
  totals(): MonitorTotals {
    return Object.freeze({ ...this.#counters.totals });
  }

  /** Errored cases since the monitor was made, by error code. */
  errorTotals(): Readonly<Record<string, number>> {
    return record(this.#counters.errorsByCode.read());
  }

  /** Response times since the monitor was made, by fixed buckets. */
  responseTimeBuckets(): ResponseTimeBuckets {
    return {
      boundsMs: RESPONSE_TIME_BUCKETS_MS,
      cumulative: this.#counters.buckets.cumulative(),
      sumMs: this.#counters.totals.responseTimeMs,
    };
  }

  /**
   * Snapshots that are kept, oldest first, without their breakdowns.
   *
   * @param options.lastMs only those taken in the last so many milliseconds.
   * @default all
   */
  history(options: { readonly lastMs?: number | undefined } = {}): readonly HistoryEntry[] {
    return this.#history.latest(this.#window('history', options));
  }

  /**
   * What a window of the history came to.
   *
   * @param options.lastMs length of the window in milliseconds.
   * @default all that is kept
   */
  summary(options: { readonly lastMs?: number | undefined } = {}): MonitorSummary {
    const count = this.#window('summary', options);
    const metrics = {} as Record<MetricName, MetricOverTime | null>;
    for (const name of METRIC_NAMES) metrics[name] = this.#history.summarize(name, count);
    const { times, covered } = this.#responseTimes.latest(count);
    const [p50Ms = null, p90Ms = null, p95Ms = null, p99Ms = null, p999Ms = null] =
      times.percentiles(SUMMARY_PERCENTS);
    return Object.freeze({
      snapshots: count,
      durationMs: this.#history.elapsed(count),
      evaluations: this.#history.total('evaluationsPerSecond', count),
      metrics: Object.freeze(metrics),
      responseTimes: Object.freeze({
        count: times.count,
        averageMs: times.mean,
        minMs: times.min,
        maxMs: times.max,
        p50Ms,
        p90Ms,
        p95Ms,
        p99Ms,
        p999Ms,
        snapshots: covered,
      }),
    });
  }

  /** The counts and the latest snapshot in Prometheus' text format (version 0.0.4). */
  prometheus(): string {
    return prometheusText({
      totals: this.#counters.totals,
      errorTotals: this.errorTotals(),
      buckets: this.responseTimeBuckets(),
      endpoints: this.#counters.endpoints.readAll(({ requests, failed, state }) => ({
        requests,
        failed,
        state,
      })),
      models: this.#counters.models.readAll(({ calls, inputTokens, outputTokens }) => ({
        calls,
        inputTokens,
        outputTokens,
      })),
      snapshot: this.#current,
      startedAt: this.#bornAt,
    });
  }

  /** Takes a snapshot now, as the timer of {@link RealTimeMonitor.start} does. Without a timer, end with `stop`. */
  sample(): PerformanceSnapshot {
    const now = this.#clock.now();
    return this.#sample(now, this.#running ? Math.max(0, now - this.#dueAt) : 0);
  }

  #openSystem(): void {
    this.#opening?.cancel();
    this.#opening = undefined;
    if (this.#systemOption === false) return;
    if (this.#system !== undefined) return;
    try {
      this.#system = this.#systemOption ?? createSystemSampler();
    } catch {
      return; // thrown from a timer it would end the host's process; the next snapshot tries again
    }
    this.#systemAt = this.#clock.now();
  }

  #systemMetrics(now: number, latenessMs: number): SystemMetrics {
    this.#openSystem();
    const elapsedMs = now - this.#systemAt;
    this.#systemAt = now;
    try {
      return this.#system?.sample(elapsedMs, latenessMs) ?? UNKNOWN_SYSTEM;
    } catch {
      return UNKNOWN_SYSTEM; // thrown from a timer it would end the host's process
    }
  }

  #schedule(): void {
    this.#timer = this.#clock.schedule(() => this.#tick(), this.#dueAt - this.#clock.now(), {
      keepAlive: false,
    });
  }

  #tick(): void {
    const now = this.#clock.now();
    const lateness = Math.max(0, now - this.#dueAt);
    // After a late tick the next one is a full interval away: no burst of snapshots to catch up.
    this.#dueAt = lateness < this.#intervalMs / 2 ? this.#dueAt + this.#intervalMs : now + this.#intervalMs;
    this.#schedule();
    this.#sample(now, lateness);
  }

  #sample(now: number, latenessMs: number): PerformanceSnapshot {
    const elapsedMs = now - this.#lastAt;
    this.#lastAt = now;
    const counters = this.#counters;
    const before = this.#before;
    this.#before = this.#counts();
    const times = counters.takeTimes();
    const snapshot: PerformanceSnapshot = Object.freeze({
      at: this.#clock.wallTime(),
      elapsedMs,
      ...this.#systemMetrics(now, latenessMs),
      ...activityMetrics({
        now,
        elapsedMs,
        before: before.totals,
        after: this.#before.totals,
        ejectedEndpoints: counters.ejectedEndpoints,
        clientHeard: counters.clientHeard,
        costKnown: counters.costKnown,
        runs: counters.runs.values(),
        gauges: this.#gauges(),
      }),
      ...responseTimeMetrics(times),
      totals: this.#before.totals,
      errorsByCode: difference(before.errors, this.#before.errors),
      requestErrorsByCode: difference(before.requestErrors, this.#before.requestErrors),
      endpoints: counters.endpoints.readAll((endpoint) => endpoint.read(elapsedMs)),
      models: counters.models.readAll((model) => model.read(elapsedMs)),
      runs: runActivities(counters.runs),
    });
    this.#current = snapshot;
    this.#history.add(now, snapshot);
    this.#responseTimes.add(times);
    if (this.wants('snapshot')) this.emit('snapshot', { at: snapshot.at, snapshot });
    return snapshot;
  }

  #gauges(): MonitorGauges[] {
    const read: MonitorGauges[] = [];
    for (const source of this.#watched.keys()) {
      try {
        if (typeof source.gauges === 'function') read.push(source.gauges());
        else if (typeof source.snapshot === 'function') read.push(clientGauges(source.snapshot()));
      } catch {
        // not known then: a source that fails must not cost the snapshot
      }
    }
    return read;
  }

  #counts(): { readonly totals: MonitorTotals; readonly errors: Counts; readonly requestErrors: Counts } {
    return {
      totals: Object.freeze({ ...this.#counters.totals }),
      errors: this.#counters.errorsByCode.read(),
      requestErrors: this.#counters.requestErrorsByCode.read(),
    };
  }

  #window(owner: string, options: { readonly lastMs?: number | undefined }): number {
    const { lastMs } = checkOptions(owner, options, { lastMs: milliseconds });
    if (lastMs === undefined || lastMs === Number.POSITIVE_INFINITY) return this.#history.count;
    return this.#history.countSince(this.#clock.now() - lastMs);
  }
}

type Counts = ReadonlyMap<string, number>;

/** What the snapshot of a LoadBalancedClient says of its load. */
function clientGauges(snapshot: unknown): MonitorGauges {
  const { inFlight, waiting } = snapshot as { readonly inFlight?: unknown; readonly waiting?: unknown };
  return {
    inFlight: typeof inFlight === 'number' ? inFlight : null,
    queueDepth: typeof waiting === 'number' ? waiting : null,
  };
}

const isFalse: OptionCheck = (value) => (value === false ? undefined : 'false');

function record(counts: Counts): Readonly<Record<string, number>> {
  const plain = Object.create(null) as Record<string, number>;
  for (const [key, count] of counts) plain[key] = count;
  return Object.freeze(plain);
}

function difference(before: Counts, after: Counts): Readonly<Record<string, number>> {
  return record(
    new Map(
      [...after]
        .map(([key, count]) => [key, count - (before.get(key) ?? 0)] as const)
        .filter(([, n]) => n > 0),
    ),
  );
}
