import type { MetricSummary, RunSummaryData } from '../../batch/summary/run-summary.js';
import { AssayError } from '../../errors.js';
import { show, unknownOption } from '../../foundation/options.js';

import { blankCheck, openCheck, type TestedCheck, unscoredCheck } from './gate-check.js';
import type { GateSource, Requirement } from './gate-options.js';
import type { GatedRun } from './gate-verdict.js';
import { casesFor, type CheckOptions, checkScore } from './score-check.js';

/** Whether a source is the summary of a run. */
export function isSummary(source: GateSource): source is RunSummaryData {
  return 'overall' in source && 'dimensions' in source && 'stopReason' in source;
}

/** What a verdict says of a run that is known by its summary. */
export function gatedSummary(summary: RunSummaryData): GatedRun {
  const { runId, overall } = summary;
  const results = overall.scored + overall.unscored + overall.errored;
  return { runId, results, cases: results, errored: overall.errored };
}

/** Checks a requirement against a summary: means against thresholds; what needs case by case scores stays open. */
export function checkSummary(
  requirement: Requirement,
  summary: RunSummaryData,
  options: CheckOptions,
): TestedCheck {
  const { kind, slice } = requirement;
  const give = 'give its store or its results';
  if (kind === 'noWorse' || kind === 'maxDrop') {
    return openCheck(requirement, {
      outcome: 'not-comparable',
      reason: `a summary holds no scores of single cases: ${give}`,
    });
  }
  if (slice !== null)
    return openCheck(requirement, { outcome: 'undecided', reason: `a summary holds no slices: ${give}` });
  if (summary.repetitions !== null) {
    return openCheck(requirement, {
      outcome: 'undecided',
      reason: `a summary of repetitions does not tell cases apart: ${give}`,
    });
  }
  const metric = metricOf(requirement, summary);
  const { scored: n = 0, mean = null } = metric ?? {};
  if (metric === undefined || n === 0 || mean === null)
    return unscoredCheck(requirement, gatedSummary(summary));
  if (metric.clusters === null && isBinary(metric)) {
    const ones = Math.round(mean * n);
    return checkScore(
      requirement,
      { values: new Array<number>(ones).fill(1).concat(new Array<number>(n - ones).fill(0)), clusters: null },
      options,
    );
  }
  return byInterval(requirement, metric, options);
}

/** Graded or clustered scores: all that a summary has of them is their interval. */
function byInterval(requirement: Requirement, metric: MetricSummary, { level }: CheckOptions): TestedCheck {
  const { interval, scored: n, clusters } = metric;
  const value = metric.mean as number;
  const known = { ...blankCheck(requirement), value, n, clusters, interval };
  if (interval === null || interval.level < level) {
    const had = interval === null ? 'no interval' : `an interval of level ${interval.level}`;
    return {
      ...known,
      verdict: { outcome: 'undecided', reason: `the summary has ${had} where ${level} is asked for` },
    };
  }
  const { kind, asked } = requirement;
  const broken = kind === 'min' ? interval.high < asked : interval.low > asked;
  return {
    ...known,
    method: interval.method,
    met: kind === 'min' ? interval.low >= asked : interval.high <= asked,
    p: broken ? 1 - interval.level : 1,
    casesNeeded: casesFor({ value, interval, n, asked }),
  };
}

function metricOf({ metric, group }: Requirement, summary: RunSummaryData): MetricSummary | undefined {
  const { overall, dimensions, groups } = summary;
  if (group !== null) {
    if (metric !== 'overall') {
      throw new AssayError(
        'ASSAY_INVALID_OPTION',
        `Expected a group of \`overall\`, got one of ${show(metric)}: a summary has no other; give the run's store or results`,
      );
    }
    const byName = groups?.byName ?? {};
    if (Object.keys(byName).length > 0 && !Object.hasOwn(byName, group))
      throw unknownOption('gate.require.overall.groups', group, Object.keys(byName));
    return byName[group];
  }
  if (metric === 'overall') return overall;
  const known = Object.keys(dimensions);
  if (known.length > 0 && !known.includes(metric))
    throw unknownOption('gate.require', metric, ['overall', ...known]);
  return dimensions[metric];
}

/** Whether scores were 0 or 1: no others with this mean have so large a spread. */
function isBinary({ min, max, mean, standardDeviation, scored: n }: MetricSummary): boolean {
  if (![0, 1].includes(min as number) || ![0, 1].includes(max as number)) return false;
  if (n < 2 || min === max) return true;
  const most = ((mean as number) * (1 - (mean as number)) * n) / (n - 1);
  return Math.abs((standardDeviation as number) ** 2 - most) <= 1e-9;
}
