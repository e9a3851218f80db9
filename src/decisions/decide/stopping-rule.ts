import type { Ends } from '../../statistics/paired-table.js';

/** What both sides made of one case, in the order of submission. */
export interface JudgedPair {
  /** The case's cluster; `undefined` when it is independent. */
  readonly cluster: string | undefined;
  /** Score of side a; `null` when it errored or could not be scored. */
  readonly a: number | null;
  /** Score of side b, likewise. */
  readonly b: number | null;
}

/** Which way a comparison has gone. */
export type DecisionOutcome = 'a' | 'b' | 'equivalent' | 'undecided';

/** One look at the cases that are complete. */
export interface DecisionLook {
  /** 1-based. */
  readonly look: number;
  /** Cases of the submission order that it is about, all of which both sides have finished. */
  readonly cases: number;
  /** Those with a score on both sides. */
  readonly pairs: number;
  /** Mean score of side a over these pairs; `null` for none. */
  readonly meanA: number | null;
  /** Mean score of side b over these pairs; `null` for none. */
  readonly meanB: number | null;
  /** Share of the planned information, 0..1; `null` without a plan. */
  readonly fraction: number | null;
  /** Planned: Z of the difference, above 0 when a is better. Open: natural logarithm of the evidence (e-value). */
  readonly statistic: number;
  /** What |Z|, or the logarithm of the evidence, must reach to decide. */
  readonly boundary: number;
  /** Interval of a - b that holds at all looks together; `null` where it was not computed. */
  readonly interval: Ends | null;
  /** What the look decides; `undecided`: go on. */
  readonly outcome: DecisionOutcome;
}

/** What a rule says once it has ended. */
export interface RuleEnd {
  /** Interval of a - b that holds its level although there was looking; `null` without any pair. */
  readonly interval: Ends | null;
  /** Nominal coverage of `interval`: of the rule; for `equivalent` that of two one-sided tests, 1 - 2·(1 - level). */
  readonly intervalLevel: number;
  /** Estimate of a - b: median-unbiased with a plan, else the mean difference; `null` without any pair. */
  readonly estimate: number | null;
  /** p-value of no difference that allows for the looks; `null` without any pair. */
  readonly p: number | null;
  /** How interval and p-value were made. */
  readonly method: string;
}

/** Judges pairs that come in the order of submission, and says when they are enough. */
export interface StoppingRule {
  /** Takes in the next pair; answers with a look when one was made. */
  add(pair: JudgedPair): DecisionLook | undefined;
  /** No further pair will come: a last look, where the rule has one left. */
  finish(): DecisionLook | undefined;
  /** What can be said now. */
  end(): RuleEnd;
}
