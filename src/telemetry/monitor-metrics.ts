import type { Meter, Observable, ObservableResult, Attributes } from '@opentelemetry/api';
import type { MonitorTotals, PerformanceSnapshot } from '../monitor/performance-snapshot.js';

/** What the metrics are read from: a RealTimeMonitor. */
export interface MonitorReadings {
  /** Counts of this moment. */
  totals(): MonitorTotals;
  /** The latest snapshot; `null` before the first. */
  current(): PerformanceSnapshot | null;
}

type Read = (result: ObservableResult, totals: MonitorTotals, snapshot: PerformanceSnapshot | null) => void;
type Metric = readonly [name: string, unit: string, description: string];

const TOTALS: readonly (readonly [total: keyof MonitorTotals, ...Metric])[] = [
  ['requests', 'requests', '{request}', 'Requests to endpoints, retries and hedges included.'],
  ['failedRequests', 'request.failures', '{request}', 'Requests to endpoints that failed.'],
  ['rateLimited', 'request.rate_limited', '{request}', 'Requests that were answered with 429.'],
  ['retries', 'retries', '{retry}', 'Calls that were tried again.'],
  ['cost', 'cost', '1', 'Money spent, in the unit of the price table.'],
  ['stored', 'stored_results', '{result}', 'Results made durable.'],
  ['storeErrors', 'store.errors', '{error}', 'Failed writes of a store.'],
];

type GaugeName =
  'activeWorkers' | 'inFlight' | 'queueDepth' | 'ejectedEndpoints' | 'cacheHitRate' | 'eventLoopUtilization';

const GAUGES: readonly (readonly [gauge: GaugeName, ...Metric])[] = [
  ['activeWorkers', 'cases.active', '{case}', 'Cases being worked on.'],
  ['inFlight', 'requests.in_flight', '{request}', 'Requests being answered.'],
  ['queueDepth', 'queue.depth', '{case}', 'Cases or calls that wait for their turn.'],
  ['ejectedEndpoints', 'endpoints.ejected', '{endpoint}', 'Endpoints out of use.'],
  ['cacheHitRate', 'cache.hit_ratio', '1', 'Share of cache reads that were hits.'],
  ['eventLoopUtilization', 'event_loop.utilization', '1', 'Busy share of the event loop.'],
];

/**
 * Reports a monitor's counts and gauges through a meter, each time that the SDK collects; returns the stop.
 * Names are this package's own; calls and tokens by model come from the GenAI metrics.
 */
export function reportMonitor(meter: Meter, monitor: MonitorReadings): () => void {
  const stops: (() => void)[] = [];
  const observe = (observable: Observable, read: Read): void => {
    const callback = (result: ObservableResult): void => read(result, monitor.totals(), monitor.current());
    observable.addCallback(callback);
    stops.push(() => observable.removeCallback(callback));
  };
  const counter = ([name, unit, description]: Metric, read: Read): void =>
    observe(meter.createObservableCounter(`assaykit.${name}`, { unit, description }), read);

  counter(['cases', '{case}', 'Finished cases by outcome.'], (result, totals) => {
    for (const outcome of ['scored', 'unscored', 'errored'] as const) {
      result.observe(totals[outcome], { 'assaykit.outcome': outcome } satisfies Attributes);
    }
  });
  for (const [total, ...metric] of TOTALS) {
    counter(metric, (result, totals) => result.observe(totals[total]));
  }
  for (const [gauge, name, unit, description] of GAUGES) {
    const observable = meter.createObservableGauge(`assaykit.${name}`, { unit, description });
    observe(observable, (result, _totals, snapshot) => {
      const value = snapshot?.[gauge] ?? null;
      if (value !== null) result.observe(value);
    });
  }
  return () => {
    for (const stop of stops.splice(0)) stop();
  };
}
