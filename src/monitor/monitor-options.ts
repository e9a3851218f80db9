import type { Clock } from '../foundation/clock.js';
import type { BaseEventMap, ForeignEmitter, WatchableSource } from '../foundation/event-source.js';
import type { MonitorGauges } from './activity-metrics.js';
import type { PerformanceSnapshot } from './performance-snapshot.js';
import type { SystemSampler } from './machine/system-sampler.js';

/** Events of a RealTimeMonitor. */
export interface MonitorEvents extends BaseEventMap {
  /** A snapshot was taken. */
  snapshot: {
    /** Same as `snapshot.at`: wall-clock time, milliseconds since the epoch. */
    readonly at: number;
    /** The figures of the interval that has ended. */
    readonly snapshot: PerformanceSnapshot;
  };
}

/** Options of a RealTimeMonitor. */
export interface RealTimeMonitorOptions {
  /** Time between two snapshots, milliseconds, > 0. @default 1000 */
  readonly intervalMs?: number | undefined;
  /** How many snapshots the history keeps, 1..1000000. @default 3600 */
  readonly historySize?: number | undefined;
  /**
   * Where the figures of the machine and the process come from; `false`: nowhere, they are all `null`.
   * One of yours is not closed by the monitor. @default /proc and cgroups on Linux, `os` elsewhere
   */
  readonly system?: SystemSampler | false | undefined;
  /** Where time comes from. @default the machine's clock */
  readonly clock?: Clock | undefined;
}

/**
 * What can be watched: any event source or emitter that uses the event names of this package. At each snapshot one
 * with `gauges()` is asked for values that no event tells, else one with `snapshot()` (a LoadBalancedClient) for
 * its `inFlight` and `waiting`. Both must be cheap; one that throws is not known at this snapshot.
 */
export type MonitoredSource = (WatchableSource | ForeignEmitter) & {
  /** Values that no event tells, as they are now. */
  gauges?(): MonitorGauges;
  /** A client's state; its numbers `inFlight` and `waiting` are read. */
  snapshot?(): unknown;
};

/** Cumulative response times by fixed bucket, for exporters. */
export interface ResponseTimeBuckets {
  /** Upper bounds, milliseconds. */
  readonly boundsMs: readonly number[];
  /** For each bound how many were at most it; one more number for all of them. */
  readonly cumulative: readonly number[];
  /** Sum of all, milliseconds. */
  readonly sumMs: number;
}
