import { checkOptions, integer, number, positive } from '../../foundation/options.js';
import type { AlertRule } from './alert-rule.js';
import type { PerformanceSnapshot } from '../performance-snapshot.js';
import { money } from '../terminal/progress-line.js';
import { recentShare } from './recent-share.js';

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
  return [
    ...machineRules(windowMs),
    ...rateRules(windowMs),
    errorRule(maxErrorRate, { minSamples, windowMs }),
    rateLimitRule(maxRateLimitedRate, { minSamples, windowMs }),
    budgetRule(maxCost),
    endpointRule(),
    ...runRules(stalledAfterMs),
  ];
}

/** What a share is taken over. */
interface ShareWindow {
  readonly minSamples: number;
  readonly windowMs: number;
}

function machineRules(windowMs: number): AlertRule[] {
  return [
    {
      name: 'high_cpu_usage',
      condition: (recent, latest = recent) => Math.max(recent.cpuPercent ?? 0, latest.cpuPercent ?? 0) > 90,
      severity: 'warning',
      message: `High CPU usage: {cpuPercent:1}% over ${windowText(windowMs)}`,
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
  ];
}

function rateRules(windowMs: number): AlertRule[] {
  const last = windowText(windowMs);
  const cacheHits = recentShare(
    ({ cacheHits: hits }) => hits,
    ({ cacheHits: hits, cacheMisses }) => hits + cacheMisses,
    { minSamples: 1, windowMs },
  );
  return [
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
  ];
}

function errorRule(maxErrorRate: number, window: ShareWindow): AlertRule {
  const errors = recentShare(
    ({ errored }) => errored,
    ({ scored, unscored, errored }) => scored + unscored + errored,
    window,
  );
  return {
    name: 'high_error_rate',
    condition: (snapshot) => (errors(snapshot) ?? 0) > maxErrorRate,
    // Well below the threshold, so that a rate around it does not fire again and again.
    resolve: (snapshot) => (errors(snapshot) ?? 0) <= maxErrorRate / 2,
    severity: 'critical',
    message: (snapshot) =>
      `${percent(errors(snapshot))} of the cases of ${windowText(window.windowMs)} errored`,
    cooldownMs: 300_000,
  };
}

function rateLimitRule(maxRateLimitedRate: number, window: ShareWindow): AlertRule {
  const rateLimits = recentShare(
    ({ rateLimited }) => rateLimited,
    ({ requests }) => requests,
    window,
  );
  return {
    name: 'rate_limited',
    condition: (snapshot) => (rateLimits(snapshot) ?? 0) > maxRateLimitedRate,
    resolve: (snapshot) => (rateLimits(snapshot) ?? 0) <= maxRateLimitedRate / 2,
    severity: 'warning',
    message: (snapshot) =>
      `${percent(rateLimits(snapshot))} of the requests of ${windowText(window.windowMs)} were answered with 429`,
    cooldownMs: 300_000,
  };
}

function budgetRule(maxCost: number): AlertRule {
  let budgetsExhausted = 0;
  return {
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
  };
}

function endpointRule(): AlertRule {
  let ejections = 0;
  return {
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
  };
}

function runRules(stalledAfterMs: number): AlertRule[] {
  return [
    {
      name: 'stalled_run',
      condition: ({ sinceLastCaseMs, activeWorkers }) =>
        (sinceLastCaseMs ?? 0) >= stalledAfterMs && activeWorkers !== 0,
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

/** `the last minute`, `the last 10 minutes`, `the last 30 s`. */
function windowText(windowMs: number): string {
  return `the last ${durationText(windowMs)}`;
}

function durationText(ms: number): string {
  if (ms % MINUTE_MS !== 0) return `${Math.round(ms / 100) / 10} s`;
  return ms === MINUTE_MS ? 'minute' : `${ms / MINUTE_MS} minutes`;
}
