import type { Interval } from '../../statistics/intervals.js';
import type { GateCheck, GatedRun, GateVerdictData } from './gate-verdict.js';
import { things } from '../../foundation/counted.js';
import { plainText, shownName } from '../../foundation/plain-text.js';

const HEADLINES: Readonly<Record<GateVerdictData['outcome'], string>> = {
  pass: 'Pass',
  fail: 'Fail',
  undecided: 'Undecided',
  'not-comparable': 'Not comparable',
};

/** A verdict in words: what came of it, then a line for each check, what was asked, what was found and what would help. */
export function formatGate(verdict: GateVerdictData): string {
  const { checks, run, baseline } = verdict;
  const lines = [`${headline(verdict)}`, ''];
  for (const check of checks)
    lines.push(`  ${checkName(check)}: ${outcomeWord(check)}. ${sentence(plainText(check.reason))}`);
  lines.push('', runLine('run', run));
  if (baseline !== null) lines.push(runLine('baseline', baseline));
  lines.push(
    `  intervals hold with ${percent(verdict.level)}; a false alarm over all checks has a chance of at most about ${percent(1 - verdict.level)}`,
  );
  return lines.join('\n');
}

function runLine(role: string, { runId, cases, results, errored }: GatedRun): string {
  const errors = errored === 0 ? '' : `, ${errored} of ${results} results errored`;
  return `  ${role} ${shownName(runId)}: ${things(cases, 'case')}${errors}`;
}

/** The first line of a verdict. */
export function headline(verdict: GateVerdictData): string {
  const { outcome, checks } = verdict;
  const named = checks.filter((check) => check.outcome === outcome).map(checkName);
  const word = HEADLINES[outcome];
  if (outcome === 'pass') return `${word}: ${things(checks.length, 'check')}, all met.`;
  const others = checks.filter((check) => check.outcome === 'fail' && outcome !== 'fail').map(checkName);
  return `${word}: ${named.join(', ')}.${others.length > 0 ? ` Failed besides: ${others.join(', ')}.` : ''}`;
}

/** What a check is called: `accuracy of group math, min 0.8`. */
export function checkName({
  metric,
  group,
  slice,
  kind,
  asked,
}: Pick<GateCheck, 'metric' | 'group' | 'slice' | 'kind' | 'asked'>): string {
  const part = group !== null ? ` of group ${group}` : slice !== null ? ` of slice ${slice}` : '';
  const what =
    kind === 'noWorse'
      ? 'no worse than the baseline'
      : kind === 'maxDrop'
        ? `drop below ${score(asked)}`
        : kind === 'min'
          ? `at least ${score(asked)}`
          : `at most ${kind === 'maxErrorRate' ? percent(asked) : kind === 'maxLatencyP95Ms' ? `${score(asked)} ms` : score(asked)}`;
  return plainText(`${metric}${part} ${what}`);
}

/** What came of a check, in a sentence without its name. */
export function describeCheck(check: Omit<GateCheck, 'reason'>): string {
  const { kind, outcome, value, n } = check;
  if (kind === 'maxErrorRate') return `${percent(value as number)} of ${things(n, 'result')} errored`;
  if (kind === 'maxCost') return `the answers cost ${score(value as number)}`;
  if (kind === 'maxLatencyP95Ms') return `95 of 100 answers took at most ${(value as number).toFixed(0)} ms`;
  const over = `${things(n, 'case')}${check.clusters === null ? '' : ` in ${things(check.clusters, 'cluster')}`}`;
  const needed = outcome === 'undecided' ? neededText(check) : '';
  if (kind === 'min' || kind === 'max')
    return `mean ${score(value as number)}${range(check.interval)} over ${over}${needed}`;
  const difference = value as number;
  const way =
    difference === 0
      ? 'no difference'
      : `${points(Math.abs(difference))} ${difference > 0 ? 'higher' : 'lower'}`;
  const differ = `${percent(check.discordant as number)} of the pairs differ`;
  const found = `${way}${differenceRange(check.interval)} over ${over}, ${differ}`;
  if (kind === 'maxDrop') return `${found}${needed}`;
  const p = `one-sided p ${pValue(check.p)}${check.adjustedP === check.p || (check.p ?? 1) > 0.1 ? '' : `, ${pValue(check.adjustedP)} with all checks`}`;
  const detectable =
    check.detectable === null
      ? check.discordant === 0
        ? 'without a pair that differs nobody can say which drop would be found'
        : 'no drop would be found with a chance of 80 %'
      : `a drop of ${points(check.detectable)} would be found with a chance of 80 %`;
  return `${found}; ${p}; ${detectable}`;
}

function neededText({ casesNeeded, n }: Pick<GateCheck, 'casesNeeded' | 'n'>): string {
  if (casesNeeded === null) return '; with scores like these no number of cases would decide';
  return `; about ${things(casesNeeded, 'case')} would decide (${things(casesNeeded - n, 'more case')})`;
}

const outcomeWord = ({ outcome }: GateCheck): string => HEADLINES[outcome].toLowerCase();
const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
const score = (value: number): string => String(Number(value.toFixed(4)));
const percent = (share: number): string => `${Number((100 * share).toFixed(1))} %`;
const points = (difference: number): string => `${Number((100 * difference).toFixed(1))} points`;
const pValue = (p: number | null): string => (p === null ? '-' : p < 0.0001 ? 'below 0.0001' : score(p));
const range = (interval: Interval | null): string =>
  interval === null ? '' : ` (${score(interval.low)} to ${score(interval.high)}, ${interval.method})`;
const signed = (value: number): string => `${value > 0 ? '+' : ''}${Number((100 * value).toFixed(1))}`;
const differenceRange = (interval: Interval | null): string =>
  interval === null
    ? ''
    : ` (${signed(interval.low)} to ${signed(interval.high)} points, ${interval.method})`;
