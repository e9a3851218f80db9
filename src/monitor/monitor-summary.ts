import type { MetricName } from './performance-snapshot.js';
import type { MetricOverTime } from './snapshot-history.js';

/** What a window of time came to. */
export interface MonitorSummary {
  /** How many snapshots it is made from. */
  readonly snapshots: number;
  /** Measured time that they cover, milliseconds. */
  readonly durationMs: number;
  /** Each metric: mean over time, least, largest and latest; `null` when it was never known. */
  readonly metrics: Readonly<Record<MetricName, MetricOverTime | null>>;
  /** Response times of all answered requests of the window, from their merged distribution. */
  readonly responseTimes: {
    /** How many requests. */
    readonly count: number;
    readonly averageMs: number | null;
    readonly minMs: number | null;
    readonly maxMs: number | null;
    readonly p50Ms: number | null;
    readonly p90Ms: number | null;
    readonly p95Ms: number | null;
    readonly p99Ms: number | null;
    readonly p999Ms: number | null;
    /**
     * Snapshots that the distribution covers: exactly the window up to 3,600 snapshots (fewer when they hold more
     * than two million different times, read to 0.2 %), beyond that rounded up by at most 1/120 of the history.
     */
    readonly snapshots: number;
  };
}
