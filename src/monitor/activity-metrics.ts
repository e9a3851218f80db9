import type { ProgressEvent } from '../batch/batch-events.js';
import { perSecond, share } from './activity.js';
import type { RunState } from './event-counters.js';
import type { MonitorTotals, PerformanceMetrics, RunActivity } from './performance-snapshot.js';
import type { ResponseTimeMetrics } from './response-times.js';
import type { SystemMetrics } from './machine/system-sampler.js';

/** Values that no event tells; read at each snapshot. `null` or `undefined`: not known. */
export interface MonitorGauges {
  /** Cases being worked on. */
  readonly activeWorkers?: number | null | undefined;
  /** Requests being answered. */
  readonly inFlight?: number | null | undefined;
  /** Cases or calls that wait for their turn. */
  readonly queueDepth?: number | null | undefined;
}

const MOST_RUNS = 100;

type RunMetrics = Pick<
  PerformanceMetrics,
  'inFlight' | 'sinceLastCaseMs' | 'doneCases' | 'totalCases' | 'projectedCost' | 'prefixScore'
>;

/** What {@link activityMetrics} needs to know. */
export interface ActivityInput {
  /** Monotonic time of the snapshot. */
  readonly now: number;
  /** Measured time since the snapshot before, milliseconds. */
  readonly elapsedMs: number;
  /** Totals of the snapshot before. */
  readonly before: MonitorTotals;
  /** Totals of this moment. */
  readonly after: MonitorTotals;
  /** Endpoints that are ejected now. */
  readonly ejectedEndpoints: number;
  /** Whether requests are seen one by one. */
  readonly clientHeard: boolean;
  /** Whether anything said what it cost. */
  readonly costKnown: boolean;
  /** The runs that are going on. */
  readonly runs: Iterable<RunState>;
  /** Gauges of all sources. */
  readonly gauges: readonly MonitorGauges[];
}

/** The part of a snapshot that comes from counts, runs and gauges. */
export function activityMetrics(
  input: ActivityInput,
): Omit<PerformanceMetrics, keyof SystemMetrics | keyof ResponseTimeMetrics> {
  const { before, after, elapsedMs } = input;
  const grown = (...names: readonly (keyof MonitorTotals)[]): number =>
    names.reduce((total, name) => total + after[name] - before[name], 0);
  const cases = grown('scored', 'unscored', 'errored');
  const requests = grown('requests');
  const runs = runMetrics([...input.runs], input.now, after.scored + after.unscored + after.errored > 0);
  const gauge = (name: keyof MonitorGauges): number | null => {
    const known = input.gauges.map((each) => each[name]).filter(isKnown);
    return known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
  };
  return {
    ...runs,
    evaluationsPerSecond: perSecond(cases, elapsedMs),
    activeWorkers: gauge('activeWorkers') ?? runs.inFlight,
    inFlight: gauge('inFlight') ?? runs.inFlight,
    queueDepth: gauge('queueDepth'),
    errorRate: share(grown('errored'), cases),
    apiCallsPerSecond: perSecond(requests, elapsedMs),
    requestErrorRate: share(grown('failedRequests'), requests),
    rateLimitedRate: input.clientHeard ? share(grown('rateLimited'), requests) : null,
    retriesPerSecond: perSecond(grown('retries'), elapsedMs),
    ejectedEndpoints: input.ejectedEndpoints,
    tokensPerSecond: perSecond(grown('inputTokens', 'outputTokens'), elapsedMs),
    costPerSecond: input.costKnown ? perSecond(grown('cost'), elapsedMs) : null,
    cacheHitRate: share(grown('cacheHits'), grown('cacheHits', 'cacheMisses')),
    storedPerSecond: perSecond(grown('stored'), elapsedMs),
    storeErrors: grown('storeErrors'),
  };
}

/** What the runs that are going on say together. */
function runMetrics(runs: readonly RunState[], now: number, everRan: boolean): RunMetrics {
  const progress = runs.flatMap((run) => (run.progress === undefined ? [] : [run.progress]));
  return {
    // Before its first progress event a run does not say how many cases it works on.
    inFlight: runs.length === 0 ? (everRan ? 0 : null) : sum(progress.map((each) => each.inFlight)),
    sinceLastCaseMs: runs.length === 0 ? null : now - Math.max(...runs.map((run) => run.lastCaseAt)),
    doneCases: sum(progress.map((each) => each.done)),
    totalCases: sum(runs.map((run) => run.total)),
    projectedCost: sum(progress.map(projectedCost)),
    prefixScore: prefixScore(progress),
  };
}

/** Both cost and results include those of an earlier start. */
function projectedCost({ cost, total, done }: ProgressEvent): number | null {
  if (cost === null || done === 0) return null;
  return total === null ? cost : (cost / done) * total;
}

/** The mean over all scored results of all prefixes. */
function prefixScore(progress: readonly ProgressEvent[]): number | null {
  let n = 0;
  let total = 0;
  for (const { score } of progress) {
    if (!isKnown(score?.mean)) continue;
    n += score.n;
    total += score.mean * score.n;
  }
  return n === 0 ? null : total / n;
}

/** What each run that is going on says of itself; at most {@link MOST_RUNS}. The object has no prototype: an id may be anything. */
export function runActivities(runs: ReadonlyMap<string, RunState>): Readonly<Record<string, RunActivity>> {
  const activities = Object.create(null) as Record<string, RunActivity>;
  let told = 0;
  for (const [runId, { progress }] of runs) {
    if (progress === undefined || told++ >= MOST_RUNS) continue;
    const { done, total, ratePerSecond, etaMs, score } = progress;
    activities[runId] = Object.freeze({ done, total, ratePerSecond, etaMs, score: score ?? null });
  }
  return Object.freeze(activities);
}

/** The sum; `null` of nothing, or when one of them is not known. */
function sum(values: readonly (number | null)[]): number | null {
  let total = 0;
  for (const value of values) {
    if (!isKnown(value)) return null;
    total += value;
  }
  return values.length === 0 ? null : total;
}

/** A foreign source may leave a number out, or say NaN: both are not known. */
function isKnown(value: number | null | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
