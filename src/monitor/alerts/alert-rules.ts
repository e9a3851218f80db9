import { checkOptions, integer, number, positive } from '../../foundation/options.js';
import type { AlertRule } from './alert-rule.js';
import type { MonitorTotals, PerformanceSnapshot } from '../performance-snapshot.js';
import { money } from '../terminal/progress-line.js';

/** Thresholds of {@link defaultAlertRules}. */
export interface DefaultAlertRulesOptions {
  /**
   * Money that a run may cost; `budget_burn` looks at it, ahead where the run says how many cases it has. Without it
   * only exhausted budgets are told.
   */
  readonly maxCost?: number | undefined;
  /** A run counts as stalled when no case has finished for this long, milliseconds, > 0. @default 60000 */
  readonly stalledAfterMs?: number | undefined;
  /** Time over which rates and shares are taken, milliseconds, > 0. @default 60000 */
  readonly windowMs?: number | undefined;
  /** Share of errored cases over the window, 0..1. @default 0.1 */
  readonly maxErrorRate?: number | undefined;
  /** Share of requests answered with 429 over the window, 0..1. @default 0.2 */
  readonly maxRateLimitedRate?: number | undefined;
  /**
   * Fewest cases or requests before a share is looked at, >= 1. Where the window holds fewer and the run goes on, it
   * reaches back to as many. @default 20
   */
  readonly minSamples?: number | undefined;
}

const MINUTE_MS = 60_000;

/**
 * The rules that most runs want: the four of the original guide (names, thresholds, severities and cooldowns
 * as there) and six about the run itself. Rates and shares are taken over a window (`windowMs`, 60 s): of single
 * seconds, a case every two seconds or a cache that is read now and then would keep them silent for ever. Each call makes
 * new rules: those about shares remember what they saw, so give each manager its own.
 *
 * | rule | fires when | severity |
 * |---|---|---|
 * | `high_cpu_usage` | CPU over 90 %, now or on average over the window, for 10 s | warning |
 * | `high_memory_usage` | memory over 85 % | critical |
 * | `low_evaluation_rate` | under 1 evaluation a second, now or on average over the window, for 30 s while cases are worked on | warning |
 * | `low_cache_hit_rate` | under 30 % of the window's cache reads hit, for 30 s | info |
 * | `high_error_rate` | over 10 % of the window's cases errored | critical |
 * | `rate_limited` | over 20 % of the window's requests got a 429 | warning |
 * | `budget_burn` | a budget is used up, or the projected cost is over `maxCost` | critical |
 * | `endpoint_ejected` | an endpoint gets no calls because it failed, or got none for a moment | warning |
 * | `stalled_run` | no case has finished for 60 s while cases are worked on | critical |
 * | `store_failing` | a store could not write | critical |
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`
 */
export function defaultAlertRules(options: DefaultAlertRulesOptions = {}): AlertRule[] {
  const given = checkOptions('defaultAlertRules', options, {
    maxCost: positive,
    stalledAfterMs: positive,
    windowMs: positive,
    maxErrorRate: number(0, 1),
    maxRateLimitedRate: number(0, 1),
    minSamples: integer(1),
  });
  const { maxCost = Number.POSITIVE_INFINITY, stalledAfterMs = 60_000, windowMs = MINUTE_MS } = given;
  const { maxErrorRate = 0.1, maxRateLimitedRate = 0.2, minSamples = 20 } = given;
  const errors = recentShare(
    ({ errored }) => errored,
    ({ scored, unscored, errored }) => scored + unscored + errored,
    { minSamples, windowMs },
  );
  const rateLimits = recentShare(
    ({ rateLimited }) => rateLimited,
    ({ requests }) => requests,
    { minSamples, windowMs },
  );
  const cacheHits = recentShare(
    ({ cacheHits: hits }) => hits,
    ({ cacheHits: hits, cacheMisses }) => hits + cacheMisses,
    { minSamples: 1, windowMs },
  );
  const last = `the last ${durationText(windowMs)}`;
  const stalled = (snapshot: PerformanceSnapshot): boolean =>
    (snapshot.sinceLastCaseMs ?? 0) >= stalledAfterMs && snapshot.activeWorkers !== 0;
  let budgetsExhausted = 0;
  let ejections = 0;
  return [
    {
      name: 'high_cpu_usage',
      condition: (recent, latest = recent) => Math.max(recent.cpuPercent ?? 0, latest.cpuPercent ?? 0) > 90,
      severity: 'warning',
      message: `High CPU usage: {cpuPercent:1}% over ${last}`,
      overMs: windowMs,
      forMs: 10_000,
      cooldownMs: 300_000,
    },
    {
      name: 'high_memory_usage',
      condition: ({ memoryPercent }) => (memoryPercent ?? 0) > 85,
      severity: 'critical',
      message: 'High memory usage: {memoryPercent:1}%',
      cooldownMs: 180_000,
    },
    {
      name: 'low_evaluation_rate',
      condition: (recent, latest = recent) =>
        (recent.activeWorkers ?? 0) > 0 &&
        Math.min(recent.evaluationsPerSecond, latest.evaluationsPerSecond) < 1,
      severity: 'warning',
      message: `Low evaluation rate: {evaluationsPerSecond:1}/s over ${last} with {activeWorkers:1} active workers`,
      overMs: windowMs,
      forMs: 30_000,
      cooldownMs: 600_000,
    },
    {
      name: 'low_cache_hit_rate',
      condition: (snapshot) => (cacheHits(snapshot) ?? snapshot.cacheHitRate ?? 1) < 0.3,
      severity: 'info',
      message: (snapshot) =>
        `Low cache hit rate: ${percent(cacheHits(snapshot) ?? snapshot.cacheHitRate)} of ${last}`,
      overMs: windowMs,
      forMs: 30_000,
      cooldownMs: 900_000,
    },
    {
      name: 'high_error_rate',
      condition: (snapshot) => (errors(snapshot) ?? 0) > maxErrorRate,
      // Well below the threshold, so that a rate around it does not fire again and again.
      resolve: (snapshot) => (errors(snapshot) ?? 0) <= maxErrorRate / 2,
      severity: 'critical',
      message: (snapshot) => `${percent(errors(snapshot))} of the cases of ${last} errored`,
      cooldownMs: 300_000,
    },
    {
      name: 'rate_limited',
      condition: (snapshot) => (rateLimits(snapshot) ?? 0) > maxRateLimitedRate,
      resolve: (snapshot) => (rateLimits(snapshot) ?? 0) <= maxRateLimitedRate / 2,
      severity: 'warning',
      message: (snapshot) =>
        `${percent(rateLimits(snapshot))} of the requests of ${last} were answered with 429`,
      cooldownMs: 300_000,
    },
    {
      name: 'budget_burn',
      condition: ({ totals, projectedCost }) => {
        const exhausted = totals.budgetsExhausted > budgetsExhausted;
        return exhausted || (projectedCost ?? 0) > maxCost;
      },
      resolve: ({ totals, projectedCost, totalCases, doneCases }) => {
        if ((projectedCost ?? 0) > maxCost) return false;
        const runOver = totalCases === null && doneCases === null;
        if (totals.budgetsExhausted > budgetsExhausted && !runOver) return false;
        budgetsExhausted = totals.budgetsExhausted;
        return true;
      },
      severity: 'critical',
      message: ({ totals, projectedCost }) =>
        totals.budgetsExhausted > budgetsExhausted
          ? 'A budget of the run is used up: no further case is begun'
          : `The run is going to cost ${money(projectedCost ?? 0)}, more than ${maxCost}`,
      cooldownMs: 300_000,
    },
    {
      name: 'endpoint_ejected',
      // One that is restored before the next snapshot shows in the count alone.
      condition: ({ ejectedEndpoints, totals }) => ejectedEndpoints > 0 || totals.ejections > ejections,
      resolve: ({ ejectedEndpoints, totals }) => {
        if (ejectedEndpoints > 0) return false;
        ({ ejections } = totals);
        return true;
      },
      severity: 'warning',
      message: ejectedMessage,
      cooldownMs: MINUTE_MS,
    },
    {
      name: 'stalled_run',
      condition: stalled,
      severity: 'critical',
      message: ({ sinceLastCaseMs }) =>
        `No case has finished for ${Math.round((sinceLastCaseMs ?? 0) / 1000)} s`,
      cooldownMs: 300_000,
    },
    {
      name: 'store_failing',
      condition: ({ storeErrors }) => storeErrors > 0,
      // Over when results are being stored again, or when nothing more is to be stored.
      resolve: ({ storeErrors, storedPerSecond, sinceLastCaseMs }) =>
        storeErrors === 0 && (storedPerSecond > 0 || sinceLastCaseMs === null),
      severity: 'critical',
      message: 'The result store could not write; what it has acknowledged is safe',
      cooldownMs: 300_000,
    },
  ];
}

function percent(value: number | null): string {
  return value === null ? 'unknown' : `${(value * 100).toFixed(1)}%`;
}

const MOST_NAMED = 3;

function ejectedMessage({ endpoints, ejectedEndpoints }: PerformanceSnapshot): string {
  const names = Object.entries(endpoints)
    .filter(([, { state }]) => state === 'ejected')
    .map(([name]) => withoutSecrets(name));
  const more = names.length > MOST_NAMED ? ' …' : '';
  if (ejectedEndpoints === 0) return 'An endpoint got no calls for a moment because it failed';
  const noun = ejectedEndpoints === 1 ? 'endpoint gets' : 'endpoints get';
  return `${ejectedEndpoints} ${noun} no calls: ${names.slice(0, MOST_NAMED).join(', ')}${more}`;
}

/** An endpoint's id may be its URL: user, password, query and fragment have no business in a chat room. */
function withoutSecrets(endpoint: string): string {
  if (!URL.canParse(endpoint)) return endpoint;
  const { protocol, host, pathname } = new URL(endpoint);
  return host === '' ? endpoint : `${protocol}//${host}${pathname}`;
}

/** `minute`, `10 minutes`, `30 s`. */
function durationText(ms: number): string {
  if (ms % MINUTE_MS !== 0) return `${Math.round(ms / 100) / 10} s`;
  return ms === MINUTE_MS ? 'minute' : `${ms / MINUTE_MS} minutes`;
}

interface Point {
  readonly time: number;
  readonly part: number;
  readonly whole: number;
}

/** How many windows back a share may reach where nobody says whether a run goes on. */
const MOST_WINDOWS = 5;

/**
 * A share of counts over the window, in measured time; where that holds fewer than `minSamples`, over as many while
 * the work goes on; `null` when there are not so many. It may be asked several times about one snapshot.
 */
function recentShare(
  part: (totals: MonitorTotals) => number,
  whole: (totals: MonitorTotals) => number,
  { minSamples, windowMs }: { readonly minSamples: number; readonly windowMs: number },
): (snapshot: PerformanceSnapshot) => number | null {
  let points: Point[] = []; // where the whole has grown, and the end of the window
  let time = 0;
  let grownAt = 0;
  let seen: MonitorTotals | undefined;
  return ({ totals, elapsedMs, sinceLastCaseMs, activeWorkers }) => {
    const now: Point = { time, part: part(totals), whole: whole(totals) };
    if (totals !== seen) {
      seen = totals;
      time += elapsedMs;
      const last = points.at(-1);
      // Fewer than before: another monitor, whose counts began anew.
      if (last !== undefined && now.whole < last.whole) points = [{ time, part: 0, whole: 0 }];
      if (last === undefined || now.whole !== last.whole) {
        if (points.length > 0) points.push({ ...(points.at(-1) as Point), time: time - elapsedMs });
        points.push({ ...now, time });
        grownAt = time;
      }
      // The first point is the base: it may go when the next one is old enough and leaves enough behind it.
      while (points.length > 1 && points[1]!.time <= time - windowMs) {
        if (now.whole - points[1]!.whole < minSamples) break;
        points.shift();
      }
    }
    const goesOn = sinceLastCaseMs !== null || activeWorkers !== 0;
    const patience = sinceLastCaseMs === null ? MOST_WINDOWS * windowMs : Number.POSITIVE_INFINITY;
    const base = points.find((_point, index) => (points[index + 1]?.time ?? time) > time - windowMs) ?? now;
    const inWindow = now.whole - base.whole;
    if (inWindow >= minSamples) return (now.part - base.part) / inWindow;
    const first = points[0] ?? now;
    const count = now.whole - first.whole;
    if (!goesOn || time - grownAt > patience || count < minSamples) return null;
    return (now.part - first.part) / count;
  };
}
