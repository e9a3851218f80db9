import type { DurationSummary, RunSummaryData } from '../batch/summary/run-summary.js';
import type { MetricComparison } from '../statistics/pair-set.js';
import { count } from '../foundation/counted.js';
import { duration, money, percent } from '../page/figures.js';
import type {
  ReportData,
  ShownCost,
  ShownDifference,
  ShownDraw,
  ShownHistogram,
  ShownMetric,
  ShownRun,
} from '../page/report-data.js';
import { cutText } from './cut-text.js';
import type { ReadRun, ReadRuns } from './read-runs.js';
import { comparedVerdict, comparisonNotes, outcomeOf, plainVerdict } from './report-verdict.js';
import { shownMetric } from './shown-metric.js';
import { valueText } from './shown-value.js';

const OVERALL = 'Overall';
const LONGEST_FACT = 400;
const MOST_GROUPS = 500;

/** Everything in a report but its cases. */
export function reportDataOf(
  read: ReadRuns,
  more: { readonly draw: ShownDraw | null; readonly anchored: readonly string[] },
): ReportData {
  const { run, baseline, comparison } = read;
  const { counts, errors, agreement, slices } = run.figures;
  const plain = plainVerdict(run.summary, counts);
  const groups = entries(run.summary.groups?.byName);
  return {
    run: shownRun(run),
    baseline: baseline === undefined ? null : shownRun(baseline),
    verdict: {
      ...(comparison === undefined ? plain : comparedVerdict(comparison)),
      notes: [
        ...(comparison === undefined ? [] : [plain.sentence]),
        ...stateNotes(run, 'run'),
        ...(baseline === undefined ? [] : stateNotes(baseline, 'baseline')),
        ...(comparison === undefined ? [] : comparisonNotes(comparison)),
        ...read.notes,
        ...run.summary.warnings,
        ...(groups.length > MOST_GROUPS
          ? [`Only the first ${MOST_GROUPS} of ${count(groups.length)} groups are shown.`]
          : []),
      ],
    },
    counts,
    metrics: metricsOf(run.summary, baseline?.summary),
    differences: (comparison?.metrics ?? []).map((metric) =>
      shownDifference(metric, comparison?.level ?? 0.95),
    ),
    changes: comparison === undefined ? null : read.changes,
    groups: groups
      .slice(0, MOST_GROUPS)
      .map(([name, metric]) =>
        shownMetric(name, metric, { baseline: own(baseline?.summary.groups?.byName, name) }),
      ),
    slices: slices.map((slice) => {
      const before = baseline?.figures.slices.find(({ name }) => name === slice.name);
      return { ...slice, baselineMean: before?.mean ?? null, baselineInterval: before?.interval ?? null };
    }),
    histograms: histogramsOf(run, baseline),
    errors,
    costs: costsOf(run.summary, baseline?.summary),
    agreement,
    anchored: more.anchored,
    draw: more.draw,
  };
}

const entries = <T>(record: Readonly<Record<string, T>> | undefined): [string, T][] =>
  Object.entries(record ?? {});

const own = <T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined =>
  record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;

function metricsOf(summary: RunSummaryData, baseline: RunSummaryData | undefined): ShownMetric[] {
  return [
    shownMetric(OVERALL, summary.overall, { baseline: baseline?.overall }),
    ...entries(summary.dimensions).map(([name, metric]) =>
      shownMetric(name, metric, { baseline: own(baseline?.dimensions, name) }),
    ),
  ];
}

function shownDifference(metric: MetricComparison, level: number): ShownDifference {
  const { name, kind, pairs, meanA, meanB, difference, interval, adjustedPValue, test, wins, losses, ties } =
    metric;
  return {
    name: kind === 'overall' ? OVERALL : name,
    pairs,
    mean: meanA,
    baselineMean: meanB,
    difference,
    interval,
    pValue: adjustedPValue,
    test,
    wins,
    losses,
    ties,
    outcome: outcomeOf(metric, level),
  };
}

/** The overall scores, and those of each dimension where they are not the same. */
function histogramsOf({ figures }: ReadRun, baseline: ReadRun | undefined): ShownHistogram[] {
  const before = baseline?.figures.histograms;
  const found = Array.from(figures.histograms, ([name, bins]) => ({
    name: name === '' ? OVERALL : name,
    bins,
    baseline: before?.get(name) ?? null,
  })).filter(({ bins }) => bins.some((value) => value > 0));
  return found.length === 2 && String(found[0]?.bins) === String(found[1]?.bins) ? found.slice(0, 1) : found;
}

function stateNotes({ runId, record, summary }: ReadRun, role: string): string[] {
  const state = record?.state;
  const notes: string[] = [];
  if (state === 'running' || state === 'waiting')
    notes.push(`The ${role} ${runId} is still going on: this is what was stored when the page was written.`);
  if (state === 'crashed') notes.push(`The ${role} ${runId} never told how it ended: cases may be missing.`);
  if ((state === 'ended' || state === 'drained') && summary.stopReason !== 'end')
    notes.push(`The ${role} ${runId} ended early (${summary.stopReason}): cases may be missing.`);
  return notes;
}

function shownRun({ runId, record, summary }: ReadRun): ShownRun {
  const manifest = record?.manifest;
  const facts: [string, unknown][] = [
    ['Run', runId],
    ['State', record?.state],
    ['Evaluator', manifest === undefined ? undefined : `${manifest.evaluator} ${manifest.evaluatorVersion}`],
    ['Models', record?.end?.models.join(', ')],
    ['Target', manifest?.target],
    ['Repetitions', manifest?.repetitions],
    ['Judged again from', manifest?.origin?.runId],
    ...entries(manifest?.conventions).map(([name, convention]): [string, string] => [
      `Scorer of ${name}`,
      convention,
    ]),
    ...entries(manifest?.labels),
    ['Started', manifest === undefined ? undefined : isoTime(manifest.startedAt)],
    ['Fingerprint of the cases', manifest?.fingerprint],
    ['Package', manifest === undefined ? undefined : `assaykit ${manifest.packageVersion}`],
  ];
  return {
    runId,
    state: record?.state ?? 'unknown',
    stopReason: (record?.end ?? null) === null ? '' : summary.stopReason,
    description: manifest?.description ?? '',
    tags: manifest?.tags ?? [],
    facts: facts
      .filter(([, value]) => value !== undefined && value !== '')
      .map(([name, value]) => [name, cutText(valueText(value), LONGEST_FACT).text]),
    startedAt: summary.startedAt,
  };
}

function isoTime(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}

const COSTS: readonly (readonly [name: string, value: (summary: RunSummaryData) => string])[] = [
  ['Answer, median', ({ latency }) => duration(latency.p50Ms)],
  ['Answer, 95th percentile', ({ latency }) => duration(latency.p95Ms)],
  ['Answer, 99th percentile', ({ latency }) => duration(latency.p99Ms)],
  ['Answer, longest', ({ latency }) => duration(latency.maxMs)],
  ['First token, median', ({ timeToFirstToken }) => duration(ofDurations(timeToFirstToken, 'p50Ms'))],
  [
    'First token, 95th percentile',
    ({ timeToFirstToken }) => duration(ofDurations(timeToFirstToken, 'p95Ms')),
  ],
  ['Whole run', ({ durationMs }) => duration(durationMs)],
  ['Results a second', ({ resultsPerSecond }) => resultsPerSecond.toFixed(1)],
  ['Answers from the cache', ({ cacheHits }) => (cacheHits === 0 ? '–' : count(cacheHits))],
  ['Tokens in', ({ tokens }) => (tokens.input === 0 ? '–' : count(tokens.input))],
  ['Tokens out', ({ tokens }) => (tokens.output === 0 ? '–' : count(tokens.output))],
  ['Cost', ({ cost }) => money(cost)],
  [
    'Cost for each that passed',
    ({ cost, passed }) => (cost === null || passed === 0 ? '–' : money(cost / passed)),
  ],
  ['Calls of judges', ({ judges }) => (judges === null ? '–' : count(judges.calls))],
  ['Cost of judges', ({ judges }) => money(judges?.cost ?? null)],
  ['Errored', ({ errored, scored, unscored }) => percent(errored, errored + scored + unscored)],
];

const ofDurations = (durations: DurationSummary | null, name: 'p50Ms' | 'p95Ms'): number | null =>
  durations === null ? null : durations[name];

function costsOf(summary: RunSummaryData, baseline: RunSummaryData | undefined): ShownCost[] {
  return COSTS.map(([name, valueOf]) => ({
    name,
    value: valueOf(summary),
    baseline: baseline === undefined ? '' : valueOf(baseline),
  })).filter(({ value, baseline: before }) => value !== '–' || !['', '–'].includes(before));
}
