import type { Interval } from '../../statistics/intervals.js';

/** What a gate, or one of its checks, came to. */
export type GateOutcome = 'pass' | 'fail' | 'undecided' | 'not-comparable';

/** What a {@link GateCheck} looks at. */
export type GateCheckKind =
  'min' | 'max' | 'noWorse' | 'maxDrop' | 'maxErrorRate' | 'maxCost' | 'maxLatencyP95Ms';

/** One requirement and what came of it. */
export interface GateCheck {
  /** `overall`, a dimension's name, or what a limit is of: `error rate`, `cost`, `latency p95`. */
  readonly metric: string;
  /** The group that it is about; `null`: all cases. */
  readonly group: string | null;
  /** The slice that it is about; `null`: all cases. */
  readonly slice: string | null;
  /** What was required. */
  readonly kind: GateCheckKind;
  /** What came of it. */
  readonly outcome: GateOutcome;
  /** The threshold that was asked for; 0 for `noWorse`. */
  readonly asked: number;
  /** The mean, or the mean difference from the baseline (above 0: the run scores higher); `null` where there is none. */
  readonly value: number | null;
  /** Mean of the baseline over the same cases; `null` without one. */
  readonly baseline: number | null;
  /** Interval of `value`; `null` for limits and where none is defined. */
  readonly interval: Interval | null;
  /** Which test or interval decided: `mid-p`, `mcnemar-unconditional`, `sign-flip`, `tango`, `clustered-t` and so on. */
  readonly method: string;
  /** Cases (pairs of cases) that it rests on. Repetitions are averaged: they are no cases. */
  readonly n: number;
  /** Clusters that these cases come in; `null` when they are independent. */
  readonly clusters: number | null;
  /** Degrees of freedom of a clustered error; `null` without clusters. */
  readonly degreesOfFreedom: number | null;
  /** Share of the pairs that differ; `null` where nothing is paired. */
  readonly discordant: number | null;
  /** p-value of the test that the requirement is broken; `null` for limits. */
  readonly p: number | null;
  /** `p` after Holm's correction over all checks: it fails at 1 - level or below. */
  readonly adjustedP: number | null;
  /** Difference (drop, for comparisons) that so many cases find with a chance of 80 %; `null` where none is, or not asked. */
  readonly detectable: number | null;
  /** Cases that would decide an undecided check if the scores go on like this; `null` when decided, or no number would. */
  readonly casesNeeded: number | null;
  /** The outcome in a sentence. */
  readonly reason: string;
}

/** One of the worst cases of a run, for people. */
export interface WorstCase {
  /** The case's `id`. */
  readonly caseId: string;
  /** 0-based. */
  readonly repetition: number;
  /** Overall score; `null` when it errored or nothing could be scored. */
  readonly score: number | null;
  /** The baseline's score of the same case; `null` without one. */
  readonly baselineScore: number | null;
  /** What was asked, as text; `null` when it was not kept. */
  readonly question: string | null;
  /** What was expected, as text; `null` when there was nothing or it was not kept. */
  readonly expected: string | null;
  /** What was answered; `null` without an answer. */
  readonly answer: string | null;
  /** Why it scored so, or what failed; `null` when nothing was said. */
  readonly reason: string | null;
}

/** What a gate knows of a run. */
export interface GatedRun {
  /** Names the run. */
  readonly runId: string;
  /** Results that were read. */
  readonly results: number;
  /** Cases that they belong to. */
  readonly cases: number;
  /** Errored results. */
  readonly errored: number;
}

/** May this change be merged? Plain data, JSON-serialisable. */
export interface GateVerdictData {
  /** `not-comparable` before `fail` before `undecided` before `pass`: the first that any check came to. */
  readonly outcome: GateOutcome;
  /** 0 pass, 1 fail, 2 undecided when that is asked to fail, 3 not comparable (also where no case was scored). */
  readonly exitCode: 0 | 1 | 2 | 3;
  /** Nominal coverage of the intervals; 1 - level is the chance of a false alarm over all checks. */
  readonly level: number;
  /** What was asked to happen when undecided. */
  readonly undecided: 'warn' | 'fail';
  /** The run that was judged. */
  readonly run: GatedRun;
  /** What it was compared with; `null` without a baseline. */
  readonly baseline: GatedRun | null;
  /** Each requirement, in the order in which it was asked. */
  readonly checks: readonly GateCheck[];
  /** Why the runs cannot be compared, a line each; empty when they can. */
  readonly differences: readonly string[];
  /** The worst cases: what got worse first, then the lowest scores. */
  readonly worst: readonly WorstCase[];
}

/** A {@link GateVerdictData} that reads like a sentence as text. */
export interface GateVerdict extends GateVerdictData {
  toString(): string;
}
