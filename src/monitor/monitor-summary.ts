import type { MetricName } from './performance-snapshot.js';
import type { MetricOverTime } from './snapshot-history.js';

/** What a window of time came to. */
export interface MonitorSummary {
  /** How many snapshots it is made from. */
  readonly snapshots: number;
  /** Measured time that they cover, milliseconds. */
  readonly durationMs: number;
  /** Cases that finished in this time. */
  readonly evaluations: number;
  /** Each metric: mean over time, least, largest and latest; `null` when it was never known. */
  readonly metrics: Readonly<Record<MetricName, MetricOverTime | null>>;
  /** Response times of all answered requests of the window, from their merged distribution. */
  readonly responseTimes: {
    /** How many requests. */
    readonly count: number;
    /** Arithmetic mean; `null` when nothing was answered, as all that follow. */
    readonly averageMs: number | null;
    /** Shortest, exact. */
    readonly minMs: number | null;
    /** Longest, exact. */
    readonly maxMs: number | null;
    /** Median by nearest rank, within 0.1 %. */
    readonly p50Ms: number | null;
    /** 90th percentile by nearest rank, within 0.1 %. */
    readonly p90Ms: number | null;
    /** 95th percentile, likewise. */
    readonly p95Ms: number | null;
    /** 99th percentile, likewise. */
    readonly p99Ms: number | null;
    /** 99.9th percentile, likewise. */
    readonly p999Ms: number | null;
    /**
     * Snapshots that the distribution covers: exactly the window up to 3,600 snapshots (fewer when they hold more
     * than two million different times, read to 0.2 %), beyond that rounded up by at most 1/120 of the history.
     */
    readonly snapshots: number;
  };
}
