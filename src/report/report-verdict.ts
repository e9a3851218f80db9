import type { MetricComparison } from '../statistics/pair-set.js';
import type { RunComparison } from '../statistics/compare-runs.js';
import type { RunSummaryData } from '../batch/summary/run-summary.js';
import type { ReportData, ShownDifference } from '../page/report-data.js';
import { count, things } from '../foundation/counted.js';
import { probability, score, signed } from '../page/figures.js';

/** What can be said of a difference: as `formatComparison` says it. */
export function outcomeOf(metric: MetricComparison, level: number): ShownDifference['outcome'] {
  const { adjustedPValue, difference, interval } = metric;
  if (adjustedPValue === null || difference === null) return 'none';
  const holdsZero = interval !== null && interval.low <= 0 && interval.high >= 0;
  if (adjustedPValue > 1 - level || difference === 0 || holdsZero) return 'open';
  return difference > 0 ? 'better' : 'worse';
}

/** The verdict of a run without a baseline. */
export function plainVerdict(
  { overall, errorsByCode }: RunSummaryData,
  counts: ReportData['counts'],
): Pick<ReportData['verdict'], 'tone' | 'sentence'> {
  if (overall.mean === null) {
    const worst = Object.entries(errorsByCode).sort(([, a], [, b]) => b - a)[0];
    const why =
      counts.results === 0
        ? 'The run has no results.'
        : `None of ${things(counts.results, 'result')} has a score: ${count(counts.errored)} errored, ${count(counts.unscored)} unscored` +
          (worst === undefined ? '.' : `; most often ${worst[0]}.`);
    return { tone: 'unknown', sentence: why };
  }
  return {
    tone: 'plain',
    sentence:
      `The mean score is ${score(overall.mean)}${between(overall.interval, score)}, over ${things(overall.scored, 'scored answer')}: ` +
      `${count(counts.passed)} passed, ${count(counts.scored - counts.passed)} did not` +
      (counts.errored === 0 ? '.' : `; ${count(counts.errored)} errored.`),
  };
}

/** The verdict against a baseline. */
export function comparedVerdict({
  metrics,
  level,
  b,
  forcedDifferences,
}: RunComparison): Pick<ReportData['verdict'], 'tone' | 'sentence'> {
  const overall = metrics[0];
  if (overall === undefined || overall.difference === null)
    return { tone: 'unknown', sentence: `The run and ${b.runId} have no case with a score in both.` };
  const outcome = outcomeOf(overall, level);
  const { difference, interval, pairs, adjustedPValue, test } = overall;
  const p = probability(adjustedPValue);
  const by =
    `${signed(difference)}${between(interval, signed)}, ${TESTS[test]} ` +
    `${p.startsWith('<') ? `p ${p}` : `p = ${p}`}, over ${things(pairs, 'paired answer')}`;
  const moved = metrics.slice(1).map((metric) => ({ metric, outcome: outcomeOf(metric, level) }));
  const named = (wanted: ShownDifference['outcome']): string =>
    moved
      .filter((each) => each.outcome === wanted)
      .map(({ metric }) => `${metric.name} (${signed(metric.difference)})`)
      .join(', ');
  const parts = (['worse', 'better'] as const)
    .map((each) => [each, named(each)] as const)
    .filter(([, names]) => names !== '')
    .map(([each, names]) => ` ${each === 'worse' ? 'Worse' : 'Better'} in ${names}.`);
  const sentence =
    (outcome === 'better' || outcome === 'worse'
      ? `The run scores ${outcome === 'better' ? 'higher' : 'lower'} than ${b.runId}: ${by}.`
      : `No difference from ${b.runId} was found in the overall score: ${by}.` +
        (interval !== null && interval.low < 0
          ? ` A drop of more than ${score(-interval.low)} is outside of the interval.`
          : '')) + parts.join('');
  if (forcedDifferences.length > 0)
    return { tone: 'unknown', sentence: `Not scored alike, so this may be the scoring: ${sentence}` };
  const worse = outcome === 'worse' || (outcome !== 'better' && named('worse') !== '');
  return { tone: worse ? 'worse' : outcome === 'better' ? 'better' : 'plain', sentence };
}

const TESTS: Readonly<Record<MetricComparison['test'], string>> = {
  t: 't test',
  'clustered-t': 'clustered t test',
  mcnemar: 'McNemar',
  'sign-flip': 'sign flips',
};

const between = (
  interval: { readonly low: number; readonly high: number; readonly level: number } | null,
  shown: (value: number) => string,
): string =>
  interval === null
    ? ''
    : ` (${Number((100 * interval.level).toFixed(1))} % interval ${shown(interval.low)} to ${shown(interval.high)})`;

/** What a reader of a comparison has to know. */
export function comparisonNotes(comparison: RunComparison): string[] {
  const { forcedDifferences, warnings, onlyInA, onlyInB, changedCases, metrics } = comparison;
  const overall = metrics[0];
  const notes = forcedDifferences.map((difference) => `Not scored alike: ${difference}`);
  const some = (ids: readonly string[], all: number): string =>
    ids.length === 0 ? '' : ` (${ids.slice(0, 3).join(', ')}${all > 3 ? ', …' : ''})`;
  if (changedCases.count > 0)
    notes.push(
      `${things(changedCases.count, 'case')} ${changedCases.count === 1 ? 'has' : 'have'} another content than in the baseline${some(changedCases.ids, changedCases.count)}: there a difference may be that of the cases.`,
    );
  if (onlyInA.count > 0)
    notes.push(
      `${things(onlyInA.count, 'result')} of the run ${onlyInA.count === 1 ? 'is' : 'are'} not in the baseline${some(onlyInA.ids, onlyInA.count)}.`,
    );
  if (onlyInB.count > 0)
    notes.push(
      `${things(onlyInB.count, 'result')} of the baseline ${onlyInB.count === 1 ? 'is' : 'are'} not in the run${some(onlyInB.ids, onlyInB.count)}.`,
    );
  if (overall !== undefined && overall.missingInA + overall.missingInB > 0)
    notes.push(
      `Without a score, so in no comparison: ${count(overall.missingInA)} in the run, ${count(overall.missingInB)} in the baseline.`,
    );
  return [...notes, ...warnings];
}
