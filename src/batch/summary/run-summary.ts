import type { CorpusSummary } from '../../evaluation/corpus-metric.js';
import type { JudgeUsage } from '../../evaluation/judge-usage.js';
import { hasFewClusters } from '../../statistics/cluster-robust.js';
import type { Interval } from '../../statistics/intervals.js';
import { budgetNotes, type BudgetSummary } from './budget-summary.js';
import { costText, count, countsByCode, things } from '../../foundation/counted.js';
import { shownName, terminalSafe } from '../../foundation/plain-text.js';

/** Why a run ended. Everything but `end` leaves cases that a resumed run would do. */
export type StopReason =
  'end' | 'settled' | 'drained' | 'aborted' | 'budget' | 'case-error' | 'store-error' | 'input-error';

/** One measured quantity over the scored results. Undefined statistics are `null`, never 0. */
export interface MetricSummary {
  /** Results that have a score. */
  readonly scored: number;
  /** Results without a score, for a stated reason. */
  readonly unscored: number;
  /** Results for which the measurement failed, or that it never reached since the target failed. */
  readonly errored: number;
  /** Mean over the scored ones. */
  readonly mean: number | null;
  /** Sample standard deviation (n - 1); `null` below two scores. */
  readonly standardDeviation: number | null;
  /** Standard error of the mean; clustered (CR2) when all scored cases carry a cluster. */
  readonly standardError: number | null;
  /**
   * Confidence interval of the mean, within 0..1 and never without width: Wilson for 0/1 scores, else mid-Gaffke. When
   * clustered, mid-Gaffke over the means of the clusters; where all scores are 0, or all 1, Wilson with each cluster as
   * one trial. `null` with one cluster.
   */
  readonly interval: Interval | null;
  /** Lowest score; `null` when nothing is scored. */
  readonly min: number | null;
  /** Highest score; `null` when nothing is scored. */
  readonly max: number | null;
  /** Number of clusters, when the standard error is clustered. */
  readonly clusters: number | null;
  /** n² / Σ size²: how many clusters of equal size would weigh alike; `null` where `clusters` is, and for one cluster. */
  readonly effectiveClusters: number | null;
  /** Satterthwaite's, of the clustered standard error; below 4 it says little. `null` where `effectiveClusters` is. */
  readonly degreesOfFreedom: number | null;
}

/** Means over groups: macro weighs each group alike, micro each result. */
export interface GroupsSummary {
  /** Mean of the means of the groups; `null` when no group has a score. */
  readonly macroMean: number | null;
  /** Mean over all scored results, those without a group included; `null` when there are none. */
  readonly microMean: number | null;
  /** The overall score within each group. */
  readonly byName: Readonly<Record<string, MetricSummary>>;
}

/** What repetitions say of each case, averaged over cases. */
export interface RepetitionsSummary {
  /** How often each case is asked. */
  readonly repetitions: number;
  /** Cases with at least one scored repetition. */
  readonly cases: number;
  /** Chance that at least one of k answers passes, by k (Chen et al. 2021, unbiased); `null`: undefined for all cases. */
  readonly passAtK: Readonly<Record<string, number | null>>;
  /** Chance that all of k answers pass, by k (C(c,k) / C(n,k)). */
  readonly passHatK: Readonly<Record<string, number | null>>;
}

/** Durations, milliseconds. */
export interface DurationSummary {
  /** How many durations were measured. */
  readonly count: number;
  /** Arithmetic mean, exact; `null` when there are none. */
  readonly meanMs: number | null;
  /** Median, within 0.1 %; `null` when there are none. */
  readonly p50Ms: number | null;
  /** 95th percentile, within 0.1 %; `null` when there are none. */
  readonly p95Ms: number | null;
  /** 99th percentile, within 0.1 %; `null` when there are none. */
  readonly p99Ms: number | null;
  /** Longest, exact; `null` when there are none. */
  readonly maxMs: number | null;
}

/** What stands in a {@link RunSummary}. */
export interface RunSummaryData {
  /** Names the run. */
  readonly runId: string;
  /** Why it ended. */
  readonly stopReason: StopReason;
  /** Wall-clock start, milliseconds since the epoch. */
  readonly startedAt: number;
  /** Length of this start, milliseconds. */
  readonly durationMs: number;
  /** Cases times repetitions that came to this start: `scored + unscored + errored + skipped`. */
  readonly submitted: number;
  /** Results of this start with an overall score. */
  readonly scored: number;
  /** Results of this start without a score, for a stated reason. */
  readonly unscored: number;
  /** Results of this start whose target or evaluator failed. */
  readonly errored: number;
  /** Finished by an earlier start of the same run, so not done again. */
  readonly skipped: number;
  /** Of `overall.scored`: those whose score counts as passed (`passThreshold`; without one as the evaluation says, else 1). */
  readonly passed: number;
  /** The overall score, over the whole run: results of earlier starts are in it. */
  readonly overall: MetricSummary;
  /** Each dimension, over the whole run. */
  readonly dimensions: Readonly<Record<string, MetricSummary>>;
  /** `null` when no case carries a group. */
  readonly groups: GroupsSummary | null;
  /** `null` with one repetition. */
  readonly repetitions: RepetitionsSummary | null;
  /** Metrics of the whole run by dimension, for scorers such as `bleu` that are no mean of their cases. */
  readonly corpus: Readonly<Record<string, CorpusSummary>>;
  /** The target's time, over answers that did not come from the cache. */
  readonly latency: DurationSummary;
  /** `null` when nothing was streamed. */
  readonly timeToFirstToken: DurationSummary | null;
  /** Tokens that were paid for; answers from the cache are not in it. */
  readonly tokens: {
    /** Tokens that were sent. */
    readonly input: number;
    /** Tokens that were answered. */
    readonly output: number;
  };
  /** `null` without a price table. */
  readonly cost: number | null;
  /** What the budget has counted; `null` without one. */
  readonly budget: BudgetSummary | null;
  /** What judges cost, apart from the target; `null` when none was asked. */
  readonly judges: JudgeUsage | null;
  /** Results whose answer came from the response cache. */
  readonly cacheHits: number;
  /** Results of this start a second. */
  readonly resultsPerSecond: number;
  /** Errored results by error code. */
  readonly errorsByCode: Readonly<Record<string, number>>;
  /** What a reader of the numbers has to know. */
  readonly warnings: readonly string[];
}

/** What a run came to. JSON-serialisable; `toString()` gives a table for people. */
export interface RunSummary extends RunSummaryData {
  toString(): string;
}

/** Adds the readable form to the numbers of a run. */
export function createRunSummary(data: RunSummaryData): RunSummary {
  return Object.defineProperty({ ...data }, 'toString', {
    value: () => formatRunSummary(data),
    enumerable: false,
  }) as RunSummary;
}

/** The numbers of a run as text: counts, scores with their intervals, time, tokens, cost, errors by code. */
export function formatRunSummary(summary: RunSummaryData): string {
  const seconds = summary.durationMs / 1000;
  const lines = [
    `Run ${shownName(summary.runId)}${summary.stopReason === 'end' ? '' : ` (ended early: ${summary.stopReason})`}`,
    `  ${count(summary.submitted)} submitted = ${count(summary.scored)} scored + ${count(summary.unscored)} unscored + ` +
      `${count(summary.errored)} errored + ${count(summary.skipped)} skipped`,
    '',
    ...metricTable(summary),
  ];
  if (summary.overall.scored > 0)
    lines.push(`  passed      ${count(summary.passed)} of ${count(summary.overall.scored)} scored`);
  const { groups, repetitions, latency, timeToFirstToken, tokens } = summary;
  if (groups !== null) {
    lines.push(
      `  groups      macro mean ${score(groups.macroMean)}, micro mean ${score(groups.microMean)} ` +
        `over ${things(Object.keys(groups.byName).length, 'group')}`,
    );
  }
  if (repetitions !== null) {
    lines.push(`  pass@k      ${byK(repetitions.passAtK)}`, `  pass^k      ${byK(repetitions.passHatK)}`);
  }
  for (const [name, { score: value }] of Object.entries(summary.corpus))
    lines.push(`  ${name} over the corpus ${score(value)}`);
  lines.push(`  latency     ${durations(latency)}`);
  if (timeToFirstToken !== null) lines.push(`  first token ${durations(timeToFirstToken)}`);
  lines.push(
    `  throughput  ${summary.resultsPerSecond.toFixed(1)} results/s over ${seconds.toFixed(seconds < 1 ? 2 : 1)} s` +
      (summary.cacheHits > 0 ? `, ${count(summary.cacheHits)} answers from the cache` : ''),
    `  tokens      ${count(tokens.input)} in, ${count(tokens.output)} out` +
      (summary.cost === null ? '' : `; cost ${costText(summary.cost)}`),
  );
  if (summary.judges !== null) {
    const { calls, inputTokens, outputTokens, cost } = summary.judges;
    lines.push(
      `  judges      ${count(calls)} calls, ${count(inputTokens)} tokens in, ${count(outputTokens)} out` +
        (cost === null ? '' : `; cost ${costText(cost)}`),
    );
  }
  const errors = countsByCode(summary.errorsByCode);
  if (errors !== '') lines.push(`  errors      ${errors}`);
  if (summary.budget !== null)
    for (const note of budgetNotes(summary.budget)) lines.push(`  budget      ${note}`);
  for (const warning of summary.warnings) lines.push(`  note        ${warning}`);
  return lines.map(terminalSafe).join('\n');
}

function metricTable({ overall, dimensions }: RunSummaryData): string[] {
  const rows: [string, MetricSummary][] = [
    ['overall', overall],
    ...Object.entries(dimensions).map(([name, metric]): [string, MetricSummary] => [shownName(name), metric]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length), 9) + 2;
  return rows.map(([name, metric]) => {
    const { interval } = metric;
    const range =
      interval === null
        ? ''
        : `  ${Math.round(interval.level * 1000) / 10} % CI ${score(interval.low)} to ${score(interval.high)} (${interval.method})`;
    const rest = [
      `n ${count(metric.scored)}`,
      ...(metric.unscored > 0 ? [`${count(metric.unscored)} unscored`] : []),
      ...(metric.errored > 0 ? [`${count(metric.errored)} errored`] : []),
      ...(metric.clusters === null ? [] : [clustersOf(metric)]),
    ].join(', ');
    return `  ${name.padEnd(width)} ${score(metric.mean)}  SE ${score(metric.standardError)}${range}  ${rest}`;
  });
}

function clustersOf(metric: MetricSummary): string {
  const all = `${count(metric.clusters ?? 0)} clusters`;
  if (!hasFewClusters(metric)) return all;
  return `${all} (worth ${metric.effectiveClusters?.toFixed(1) ?? 1}: too few)`;
}

const score = (value: number | null): string => (value === null ? '-' : value.toFixed(4));
const ms = (value: number | null): string =>
  value === null ? '-' : `${value.toFixed(value < 10 ? 2 : 0)} ms`;
const durations = (summary: DurationSummary): string =>
  `p50 ${ms(summary.p50Ms)}, p95 ${ms(summary.p95Ms)}, p99 ${ms(summary.p99Ms)}, max ${ms(summary.maxMs)}`;
const byK = (values: Readonly<Record<string, number | null>>): string =>
  Object.entries(values)
    .map(([k, value]) => `${k}: ${score(value)}`)
    .join(', ');
