import type { EventLoopUtilization, IntervalHistogram } from 'node:perf_hooks';
import { perfHooks } from '../../foundation/late-modules.js';
import { openMachineReader, type MachineCounters, type MachineReader } from './machine-counters.js';
import type { ByteCounts } from './proc-files.js';
import type { PerformanceMetrics } from '../performance-snapshot.js';

/** The part of a snapshot that is about the machine and the process. */
export type SystemMetrics = Pick<
  PerformanceMetrics,
  | 'cpuPercent'
  | 'processCpuPercent'
  | 'memoryPercent'
  | 'memoryUsedBytes'
  | 'memoryLimitBytes'
  | 'rssBytes'
  | 'heapUsedBytes'
  | 'diskReadBytesPerSecond'
  | 'diskWriteBytesPerSecond'
  | 'networkSentBytesPerSecond'
  | 'networkReceivedBytesPerSecond'
  | 'eventLoopUtilization'
  | 'eventLoopDelayP99Ms'
  | 'eventLoopDelayMaxMs'
>;

/** Where a monitor gets {@link SystemMetrics} from; give your own in tests or on an unusual platform. */
export interface SystemSampler {
  /**
   * The metrics since the call before.
   *
   * @param elapsedMs measured time since then
   * @param latenessMs how much later than planned this sample is taken
   */
  sample(elapsedMs: number, latenessMs: number): SystemMetrics;
  /** Frees file descriptors and timers. */
  close(): void;
}

/** Nothing is known of the machine. */
export const UNKNOWN_SYSTEM: SystemMetrics = {
  cpuPercent: null,
  processCpuPercent: null,
  memoryPercent: null,
  memoryUsedBytes: null,
  memoryLimitBytes: null,
  rssBytes: null,
  heapUsedBytes: null,
  diskReadBytesPerSecond: null,
  diskWriteBytesPerSecond: null,
  networkSentBytesPerSecond: null,
  networkReceivedBytesPerSecond: null,
  eventLoopUtilization: null,
  eventLoopDelayP99Ms: null,
  eventLoopDelayMaxMs: null,
};

const RESOLUTION_MS = 20;
const NANOSECONDS = 1_000_000;

/** Samples the machine and this process. Nothing of it keeps the process running. */
export function createSystemSampler(reader: MachineReader = openMachineReader()): SystemSampler {
  const { monitorEventLoopDelay, performance } = perfHooks();
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  let loop: EventLoopUtilization = performance.eventLoopUtilization();
  let cpu = process.cpuUsage();
  let machine = reader.read();
  return {
    sample(elapsedMs, latenessMs) {
      const previous = machine;
      machine = reader.read();
      const nextLoop = performance.eventLoopUtilization();
      const busy = performance.eventLoopUtilization(nextLoop, loop);
      loop = nextLoop;
      const used = process.cpuUsage(cpu);
      cpu = process.cpuUsage();
      const delay = readDelays(delays, latenessMs);
      const memory = process.memoryUsage();
      return {
        ...machineMetrics(previous, machine, elapsedMs),
        processCpuPercent: elapsedMs > 0 ? ((used.user + used.system) / 1000 / elapsedMs) * 100 : null,
        rssBytes: memory.rss,
        heapUsedBytes: memory.heapUsed,
        eventLoopUtilization: busy.idle + busy.active > 0 ? busy.utilization : null,
        ...delay,
      };
    },
    close() {
      delays.disable();
      reader.close();
    },
  };
}

/** Rates and shares from two readings of the machine, `elapsedMs` apart. */
export function machineMetrics(
  before: MachineCounters,
  after: MachineCounters,
  elapsedMs: number,
): Pick<
  SystemMetrics,
  | 'cpuPercent'
  | 'memoryPercent'
  | 'memoryUsedBytes'
  | 'memoryLimitBytes'
  | 'diskReadBytesPerSecond'
  | 'diskWriteBytesPerSecond'
  | 'networkSentBytesPerSecond'
  | 'networkReceivedBytesPerSecond'
> {
  const { memoryUsedBytes: used, memoryLimitBytes: limit } = after;
  return {
    cpuPercent: cpuPercent(before, after, elapsedMs),
    memoryPercent: used === null || limit === null || limit === 0 ? null : (used / limit) * 100,
    memoryUsedBytes: used,
    memoryLimitBytes: limit,
    diskReadBytesPerSecond: bytesPerSecond(before.disk, after.disk, { direction: 'inBytes', elapsedMs }),
    diskWriteBytesPerSecond: bytesPerSecond(before.disk, after.disk, { direction: 'outBytes', elapsedMs }),
    networkSentBytesPerSecond: bytesPerSecond(before.network, after.network, {
      direction: 'outBytes',
      elapsedMs,
    }),
    networkReceivedBytesPerSecond: bytesPerSecond(before.network, after.network, {
      direction: 'inBytes',
      elapsedMs,
    }),
  };
}

function cpuPercent(before: MachineCounters, after: MachineCounters, elapsedMs: number): number | null {
  if (before.cgroupCpuMs !== null && after.cgroupCpuMs !== null && after.cgroupCores !== null) {
    if (elapsedMs <= 0) return null;
    return percent((after.cgroupCpuMs - before.cgroupCpuMs) / (elapsedMs * after.cgroupCores));
  }
  if (before.cpu === null || after.cpu === null) return null;
  const total = after.cpu.total - before.cpu.total; // the machine's own measure of the time that has passed
  return total > 0 ? percent((after.cpu.busy - before.cpu.busy) / total) : null;
}

/** 0..100; a cgroup may use a little more than its quota in one period, and counters may step back. */
function percent(share: number): number {
  return Math.min(Math.max(share * 100, 0), 100);
}

function bytesPerSecond(
  before: ByteCounts | null,
  after: ByteCounts | null,
  { direction, elapsedMs }: { readonly direction: keyof ByteCounts; readonly elapsedMs: number },
): number | null {
  if (before === null || after === null || elapsedMs <= 0) return null;
  // A device that was taken away makes the sum step back: no traffic, not a negative one.
  return Math.max(0, ((after[direction] - before[direction]) / elapsedMs) * 1000);
}

function readDelays(
  delays: IntervalHistogram,
  latenessMs: number,
): Pick<SystemMetrics, 'eventLoopDelayP99Ms' | 'eventLoopDelayMaxMs'> {
  // The histogram holds whole intervals: its resolution is part of every value. An empty one says p99 511.
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS);
  const empty = delays.count === 0;
  // Trap: reset() also drops the interval that is going on, so a block that begins right after it is not in
  // the histogram. The lateness of our own sample shows that one.
  const max = Math.max(latenessMs, empty ? 0 : late(delays.max));
  const p99 = empty ? (latenessMs > RESOLUTION_MS ? latenessMs : null) : late(delays.percentile(99));
  delays.reset();
  return { eventLoopDelayP99Ms: p99, eventLoopDelayMaxMs: max };
}
