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
  const counter = (name: string, unit: string, description: string, read: Read): void =>
    observe(meter.createObservableCounter(`assaykit.${name}`, { unit, description }), read);
  const gauge = (
    name: string,
    unit: string,
    description: string,
    read: (snapshot: PerformanceSnapshot) => number | null,
  ): void =>
    observe(
      meter.createObservableGauge(`assaykit.${name}`, { unit, description }),
      (result, _totals, snapshot) => {
        const value = snapshot === null ? null : read(snapshot);
        if (value !== null) result.observe(value);
      },
    );

  counter('cases', '{case}', 'Finished cases by outcome.', (result, totals) => {
    for (const outcome of ['scored', 'unscored', 'errored'] as const) {
      result.observe(totals[outcome], { 'assaykit.outcome': outcome } satisfies Attributes);
    }
  });
  counter('requests', '{request}', 'Requests to endpoints, retries and hedges included.', (result, totals) =>
    result.observe(totals.requests),
  );
  counter('request.failures', '{request}', 'Requests to endpoints that failed.', (result, totals) =>
    result.observe(totals.failedRequests),
  );
  counter('request.rate_limited', '{request}', 'Requests that were answered with 429.', (result, totals) =>
    result.observe(totals.rateLimited),
  );
  counter('retries', '{retry}', 'Calls that were tried again.', (result, totals) =>
    result.observe(totals.retries),
  );
  counter('cost', '1', 'Money spent, in the unit of the price table.', (result, totals) =>
    result.observe(totals.cost),
  );
  counter('stored_results', '{result}', 'Results made durable.', (result, totals) =>
    result.observe(totals.stored),
  );
  counter('store.errors', '{error}', 'Failed writes of a store.', (result, totals) =>
    result.observe(totals.storeErrors),
  );
  gauge('cases.active', '{case}', 'Cases being worked on.', (snapshot) => snapshot.activeWorkers);
  gauge('requests.in_flight', '{request}', 'Requests being answered.', (snapshot) => snapshot.inFlight);
  gauge(
    'queue.depth',
    '{case}',
    'Cases or calls that wait for their turn.',
    (snapshot) => snapshot.queueDepth,
  );
  gauge('endpoints.ejected', '{endpoint}', 'Endpoints out of use.', (snapshot) => snapshot.ejectedEndpoints);
  gauge('cache.hit_ratio', '1', 'Share of cache reads that were hits.', (snapshot) => snapshot.cacheHitRate);
  gauge(
    'event_loop.utilization',
    '1',
    'Busy share of the event loop.',
    (snapshot) => snapshot.eventLoopUtilization,
  );
  return () => {
    for (const stop of stops.splice(0)) stop();
  };
}
