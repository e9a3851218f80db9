import type { MetricName, MonitorTotals, PerformanceSnapshot } from '../performance-snapshot.js';

/** Means over the window, each interval weighted by the time that it covers. */
const MEANS = [
  'cpuPercent',
  'processCpuPercent',
  'memoryPercent',
  'memoryUsedBytes',
  'rssBytes',
  'heapUsedBytes',
  'diskReadBytesPerSecond',
  'diskWriteBytesPerSecond',
  'networkSentBytesPerSecond',
  'networkReceivedBytesPerSecond',
  'eventLoopUtilization',
  'activeWorkers',
  'inFlight',
  'queueDepth',
  'evaluationsPerSecond',
  'apiCallsPerSecond',
  'retriesPerSecond',
  'tokensPerSecond',
  'costPerSecond',
  'storedPerSecond',
] as const satisfies readonly MetricName[];

type Count = keyof MonitorTotals;

/** Shares over the window: what of what. */
const SHARES: readonly (readonly [metric: MetricName, part: Count, whole: readonly Count[]])[] = [
  ['errorRate', 'errored', ['scored', 'unscored', 'errored']],
  ['requestErrorRate', 'failedRequests', ['requests']],
  ['rateLimitedRate', 'rateLimited', ['requests']],
  ['cacheHitRate', 'cacheHits', ['cacheHits', 'cacheMisses']],
  ['averageResponseTimeMs', 'responseTimeMs', ['answered']],
];

/**
 * While nothing is going on there is no rate. A run says when it is over; a source that has only a gauge may stand at 0
 * between two cases, and has ended when it did so for this share of the window.
 */
const IDLE_SHARE = 1 / 6;
const PARTS = 120;

/** Some intervals taken together. */
interface Part {
  /** Whether a run was going on, or, without one, whether anything was worked on. */
  readonly state: 'run' | 'busy' | 'idle';
  elapsedMs: number;
  storeErrors: number;
  /** By index of {@link MEANS}: sum of value times time, and the time in which the value was known. */
  readonly sums: Float64Array;
  readonly times: Float64Array;
  /** By index of {@link SHARES}. */
  readonly part: Float64Array;
  readonly whole: Float64Array;
}

/**
 * The latest snapshots of one monitor, for rules that look at more than one interval: what comes once in two seconds is
 * a rate of 1 in one interval and of 0 in the next. Its memory does not depend on the interval.
 */
export class SnapshotWindow {
  readonly #windowMs: number;
  #parts: Part[] = [];
  #totals: MonitorTotals | undefined;
  #latest: PerformanceSnapshot | undefined;

  /** `windowMs`: how far it looks back, > 0. */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Adds a snapshot; the same one again changes nothing. */
  add(snapshot: PerformanceSnapshot): void {
    if (snapshot === this.#latest) return;
    this.#latest = snapshot;
    const added = this.#read(snapshot);
    const last = this.#parts.at(-1);
    if (last !== undefined && last.state === added.state && last.elapsedMs < this.#windowMs / PARTS) {
      merge(last, added);
    } else this.#parts.push(added);
    let covered = this.#parts.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0);
    while (this.#parts.length > 1 && covered - this.#parts[0]!.elapsedMs >= this.#windowMs) {
      covered -= this.#parts.shift()!.elapsedMs;
    }
  }

  /** The latest snapshot with its rates, shares and means taken over the window; `snapshot` must have been added. */
  over(snapshot: PerformanceSnapshot): PerformanceSnapshot {
    const all = together(this.#parts);
    const since = this.#sinceIdle();
    const going = since.length === this.#parts.length ? all : together(since);
    const metrics: Partial<Record<MetricName, number | null>> = { storeErrors: all.storeErrors };
    for (const [index, name] of MEANS.entries()) {
      const of = name === 'evaluationsPerSecond' || name === 'activeWorkers' ? going : all;
      const time = of.times[index]!;
      if (time > 0) metrics[name] = of.sums[index]! / time;
      else if (name === 'activeWorkers' && snapshot.activeWorkers !== null) metrics[name] = 0;
    }
    for (const [index, [name]] of SHARES.entries()) {
      const whole = all.whole[index]!;
      if (whole > 0) metrics[name] = all.part[index]! / whole;
    }
    return Object.freeze({ ...snapshot, ...(metrics as Partial<PerformanceSnapshot>) });
  }

  /** The parts since the work began that is going on; none when nothing is. */
  #sinceIdle(): readonly Part[] {
    const longestGap = this.#parts.some(({ state }) => state === 'run') ? 0 : this.#windowMs * IDLE_SHARE;
    let idleMs = 0;
    let from = this.#parts.length;
    for (let index = this.#parts.length - 1; index >= 0; index--) {
      const part = this.#parts[index]!;
      const idle = part.state === 'idle';
      idleMs = idle ? idleMs + part.elapsedMs : 0;
      if (idle && idleMs >= longestGap) break;
      if (!idle) from = index;
    }
    return this.#parts.slice(from);
  }

  #read(snapshot: PerformanceSnapshot): Part {
    const { elapsedMs, totals, activeWorkers, sinceLastCaseMs, storeErrors } = snapshot;
    const before = this.#totals;
    this.#totals = totals;
    const busy = activeWorkers !== null && activeWorkers > 0;
    const part = emptyPart(sinceLastCaseMs === null ? (busy ? 'busy' : 'idle') : 'run');
    part.elapsedMs = elapsedMs;
    part.storeErrors = storeErrors;
    for (const [index, name] of MEANS.entries()) {
      const value = snapshot[name];
      if (value === null) continue;
      part.sums[index] = value * elapsedMs;
      part.times[index] = elapsedMs;
    }
    for (const [index, [name, counted, among]] of SHARES.entries()) {
      // Fewer than before: the counts began anew.
      const grown = (count: Count): number =>
        before === undefined ? 0 : totals[count] - (totals[count] < before[count] ? 0 : before[count]);
      const whole = among.reduce((sum, count) => sum + grown(count), 0);
      const share = snapshot[name];
      // The first snapshot that is seen, or one of a host's own, may tell its share alone.
      part.whole[index] = whole > 0 ? whole : share === null ? 0 : 1;
      part.part[index] = whole > 0 ? grown(counted) : (share ?? 0);
    }
    return part;
  }
}

function emptyPart(state: Part['state']): Part {
  return {
    state,
    elapsedMs: 0,
    storeErrors: 0,
    sums: new Float64Array(MEANS.length),
    times: new Float64Array(MEANS.length),
    part: new Float64Array(SHARES.length),
    whole: new Float64Array(SHARES.length),
  };
}

function together(parts: readonly Part[]): Part {
  const sum = emptyPart('run');
  for (const part of parts) merge(sum, part);
  return sum;
}

function merge(into: Part, part: Part): void {
  into.elapsedMs += part.elapsedMs;
  into.storeErrors += part.storeErrors;
  for (const name of ['sums', 'times', 'part', 'whole'] as const) {
    for (let index = 0; index < part[name].length; index++) into[name][index]! += part[name][index]!;
  }
}
