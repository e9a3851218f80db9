import type { PerformanceSnapshot } from '../../../src/monitor/performance-snapshot.js';
import { RealTimeMonitor } from '../../../src/monitor/real-time-monitor.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';

const blank = new RealTimeMonitor({ clock: new ManualClock(), system: false }).sample();

/** A snapshot in which nothing is going on, with what a test is about. */
export function snapshotWith(
  overrides: Partial<Omit<PerformanceSnapshot, 'totals'>> & {
    readonly totals?: Partial<PerformanceSnapshot['totals']>;
  } = {},
): PerformanceSnapshot {
  return { ...blank, elapsedMs: 1000, ...overrides, totals: { ...blank.totals, ...overrides.totals } };
}
