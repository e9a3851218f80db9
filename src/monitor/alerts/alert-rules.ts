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
  /** Share of errored cases over the last minute, 0..1. @default 0.1 */
  readonly maxErrorRate?: number | undefined;
  /** Share of requests answered with 429 over the last minute, 0..1. @default 0.2 */
  readonly maxRateLimitedRate?: number | undefined;
  /** Fewest cases or requests in the minute before a share is looked at, >= 1. @default 20 */
  readonly minSamples?: number | undefined;
}

const MINUTE_MS = 60_000;

/**
 * The rules that most runs want: the four of the original guide (names, thresholds, severities and cooldowns
 * as there) and six about the run itself. Each call makes new ones: rules over a minute remember that minute,
 * so give each manager its own.
 *
 * | rule | fires when | severity |
 * |---|---|---|
 * | `high_cpu_usage` | CPU over 90 % for 10 s | warning |
 * | `high_memory_usage` | memory over 85 % | critical |
 * | `low_evaluation_rate` | under 1 evaluation a second for 30 s while cases are worked on | warning |
 * | `low_cache_hit_rate` | under 30 % of cache reads hit for 60 s | info |
 * | `high_error_rate` | over 10 % of the last minute's cases errored | critical |
 * | `rate_limited` | over 20 % of the last minute's requests got a 429 | warning |
 * | `budget_burn` | a budget is used up, or the projected cost is over `maxCost` | critical |
 * | `endpoint_ejected` | an endpoint gets no calls because it failed | warning |
 * | `stalled_run` | no case has finished for 60 s while cases are worked on | critical |
 * | `store_failing` | a store could not write | critical |
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`
 */
export function defaultAlertRules(options: DefaultAlertRulesOptions = {}): AlertRule[] {
  const given = checkOptions('defaultAlertRules', options, {
    maxCost: positive,
    stalledAfterMs: positive,
    maxErrorRate: number(0, 1),
    maxRateLimitedRate: number(0, 1),
    minSamples: integer(1),
  });
  const { maxCost = Number.POSITIVE_INFINITY, stalledAfterMs = 60_000, minSamples = 20 } = given;
  const { maxErrorRate = 0.1, maxRateLimitedRate = 0.2 } = given;
  const errors = shareOverMinute(
    (totals) => totals.errored,
    (totals) => totals.scored + totals.unscored + totals.errored,
    minSamples,
  );
  const rateLimits = shareOverMinute(
    (totals) => totals.rateLimited,
    (totals) => totals.requests,
    minSamples,
  );
  const stalled = (snapshot: PerformanceSnapshot): boolean =>
    (snapshot.sinceLastCaseMs ?? 0) >= stalledAfterMs && snapshot.activeWorkers !== 0;
  let budgetsExhausted = 0;
  return [
    {
      name: 'high_cpu_usage',
      condition: ({ cpuPercent }) => (cpuPercent ?? 0) > 90,
      severity: 'warning',
      message: 'High CPU usage: {cpuPercent:1}%',
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
      condition: ({ evaluationsPerSecond, activeWorkers }) =>
        evaluationsPerSecond < 1 && (activeWorkers ?? 0) > 0,
      severity: 'warning',
      message: 'Low evaluation rate: {evaluationsPerSecond:1}/s with {activeWorkers} active workers',
      forMs: 30_000,
      cooldownMs: 600_000,
    },
    {
      name: 'low_cache_hit_rate',
      condition: ({ cacheHitRate }) => cacheHitRate !== null && cacheHitRate < 0.3,
      severity: 'info',
      message: 'Low cache hit rate: {cacheHitRate:percent}',
      forMs: MINUTE_MS,
      cooldownMs: 900_000,
    },
    {
      name: 'high_error_rate',
      condition: (snapshot) => (errors(snapshot) ?? 0) > maxErrorRate,
      // Well below the threshold, so that a rate around it does not fire again and again.
      resolve: (snapshot) => (errors(snapshot) ?? 0) <= maxErrorRate / 2,
      severity: 'critical',
      message: (snapshot) => `${percent(errors(snapshot))} of the last minute's cases errored`,
      cooldownMs: 300_000,
    },
    {
      name: 'rate_limited',
      condition: (snapshot) => (rateLimits(snapshot) ?? 0) > maxRateLimitedRate,
      resolve: (snapshot) => (rateLimits(snapshot) ?? 0) <= maxRateLimitedRate / 2,
      severity: 'warning',
      message: (snapshot) =>
        `${percent(rateLimits(snapshot))} of the last minute's requests were answered with 429`,
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
      condition: ({ ejectedEndpoints }) => ejectedEndpoints > 0,
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
  const noun = ejectedEndpoints === 1 ? 'endpoint gets' : 'endpoints get';
  return `${ejectedEndpoints} ${noun} no calls: ${names.slice(0, MOST_NAMED).join(', ')}${more}`;
}

/** An endpoint's id may be its URL: user, password, query and fragment have no business in a chat room. */
function withoutSecrets(endpoint: string): string {
  if (!URL.canParse(endpoint)) return endpoint;
  const { protocol, host, pathname } = new URL(endpoint);
  return host === '' ? endpoint : `${protocol}//${host}${pathname}`;
}

/**
 * A share of counts over the last minute of measured time; `null` with fewer than `minSamples`. It may be asked
 * several times about one snapshot.
 */
function shareOverMinute(
  part: (totals: MonitorTotals) => number,
  whole: (totals: MonitorTotals) => number,
  minSamples: number,
): (snapshot: PerformanceSnapshot) => number | null {
  let points: { readonly time: number; readonly part: number; readonly whole: number }[] = [];
  let time = 0;
  let seen: PerformanceSnapshot | undefined;
  return (snapshot) => {
    const now = { part: part(snapshot.totals), whole: whole(snapshot.totals) };
    if (snapshot !== seen) {
      seen = snapshot;
      time += snapshot.elapsedMs;
      const last = points.at(-1);
      // Fewer than before: another monitor, whose counts began anew.
      if (last !== undefined && now.whole < last.whole) points = [{ time, part: 0, whole: 0 }];
      points.push({ time, ...now });
      while ((points[1]?.time ?? time) <= time - MINUTE_MS) points.shift();
    }
    const first = points[0];
    const count = now.whole - (first?.whole ?? 0);
    return count < minSamples ? null : (now.part - (first?.part ?? 0)) / count;
  };
}
