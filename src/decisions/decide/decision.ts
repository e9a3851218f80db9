import { plainText } from '../../foundation/plain-text.js';
import type { RunSummaryData } from '../../batch/summary/run-summary.js';
import type { Ends } from '../../statistics/paired-table.js';
import type { DecisionLook, DecisionOutcome } from './stopping-rule.js';
import { costText, count, countsByCode } from '../../foundation/counted.js';

/** Why a decision came to its end. Everything but `settled` and `end` can be resumed. */
export type DecisionStop = 'settled' | 'end' | 'budget' | 'drained' | 'unequal-errors';

/** What became of one side. */
export interface DecisionSide {
  /** Its run in the store. */
  readonly runId: string;
  /** Results that it has, those of earlier starts among them. */
  readonly asked: number;
  /** Of the cases that were judged: those that errored. */
  readonly errored: number;
  /** Mean score over the pairs that were judged; `null` for none. */
  readonly mean: number | null;
  /** What its answers cost; `null` when nothing is known. */
  readonly cost: number | null;
  /** The summary of its run. */
  readonly summary: RunSummaryData;
}

/** Which of two is better? Plain data, JSON-serialisable. */
export interface DecisionData {
  /** `a` or `b` is better, or they differ by less than the margin; `undecided` when none of it was shown. */
  readonly outcome: DecisionOutcome;
  /** Why it ended. */
  readonly stopReason: DecisionStop;
  /** Names the decision; its runs are called `<runId>-a` and `<runId>-b`. */
  readonly runId: string;
  /** The score that was compared: `overall` or a dimension's name. */
  readonly metric: string;
  /** `plan`: looks fixed beforehand; `open`: any number of looks. */
  readonly mode: 'plan' | 'open';
  /** 1 - level is the chance of naming a winner where there is none, over all looks. */
  readonly level: number;
  /** Difference that does not matter; `null` when nobody asked. */
  readonly equivalence: number | null;
  /** Cases that were judged: the first of the order, finished on both sides. */
  readonly cases: number;
  /** Those with a score on both sides. */
  readonly pairs: number;
  /** Interval of a - b that allows for the looks; `null` without pairs. */
  readonly interval: Ends | null;
  /** Nominal coverage of `interval`: `level`, or for `equivalent` that of two one-sided tests, 1 - 2·(1 - level). */
  readonly intervalLevel: number;
  /** Estimate of a - b; `null` without pairs. */
  readonly estimate: number | null;
  /** p-value of no difference that allows for the looks; `null` where none is defined before the end. */
  readonly p: number | null;
  /** How interval and p-value were made. */
  readonly method: string;
  /** The looks; of an open decision the last hundred. */
  readonly looks: readonly DecisionLook[];
  /** Side a. */
  readonly a: DecisionSide;
  /** Side b. */
  readonly b: DecisionSide;
  /** Calls that were made, on both sides. */
  readonly calls: number;
  /** Calls that asking all cases would have taken beyond; `null` when their number is not known. */
  readonly callsSaved: number | null;
  /** What these would have cost; `null` without a price. */
  readonly costSaved: number | null;
}

/** A {@link DecisionData} that reads like a sentence as text. */
export interface Decision extends DecisionData {
  toString(): string;
}

/** Adds the readable form to a decision. */
export function createDecision(data: DecisionData): Decision {
  return Object.defineProperty({ ...data }, 'toString', {
    value: () => formatDecision(data),
    enumerable: false,
  }) as Decision;
}

/** A decision in words. */
export function formatDecision(decision: DecisionData): string {
  const { outcome, a, b, cases, pairs, intervalLevel, interval, p, mode, looks, metric } = decision;
  const lines = [headline(decision)];
  const means = `a ${score(a.mean)}, b ${score(b.mean)}`;
  const ends =
    interval === null
      ? ''
      : `; a - b between ${points(interval[0])} and ${points(interval[1])} points (${percent(intervalLevel)})`;
  lines.push(
    `  ${metric}: ${means}${ends}${p === null ? '' : `, p ${p < 0.0001 ? 'below 0.0001' : score(p)}`}`,
  );
  const errored =
    a.errored + b.errored === 0 ? '' : `, ${a.errored} errored on side a, ${b.errored} on side b`;
  const looked = mode === 'plan' ? `${looks.length} of the planned looks` : 'any number of looks';
  lines.push(`  judged ${count(cases)} cases (${count(pairs)} pairs${errored}), ${looked}`);
  for (const [name, { summary }] of Object.entries({ a, b })) {
    const errors = countsByCode(summary.errorsByCode);
    if (errors !== '') lines.push(`  errors of ${name}: ${errors}`);
  }
  if (decision.callsSaved !== null) {
    const money = decision.costSaved === null ? '' : ` and ${costText(decision.costSaved)} of cost`;
    lines.push(`  ${count(decision.calls)} calls; ${count(decision.callsSaved)} calls${money} saved`);
  }
  if (outcome === 'undecided' && decision.stopReason !== 'end')
    lines.push('  can be resumed: it goes on where it stands');
  return lines.map(plainText).join('\n');
}

function headline({ outcome, stopReason, equivalence, a, b, pairs }: DecisionData): string {
  if (outcome === 'a' || outcome === 'b') return `${outcome} is better.`;
  if (outcome === 'equivalent')
    return `Equivalent: they differ by less than ${points(equivalence as number)} points.`;
  const why = {
    settled: '',
    end: pairs === 0 ? 'no case has a score on both sides' : 'no difference was shown with these cases',
    budget: 'the budget is used up',
    drained: 'the run was drained',
    'unequal-errors': `one side failed far more often (a ${a.errored}, b ${b.errored}), so their scores are not alike`,
  }[stopReason];
  return `Undecided: ${why}.`;
}

const score = (value: number | null): string => (value === null ? '-' : String(Number(value.toFixed(4))));
const points = (value: number): string => String(Number((100 * value).toFixed(1)));
const percent = (share: number): string => `${Number((100 * share).toFixed(1))} %`;
