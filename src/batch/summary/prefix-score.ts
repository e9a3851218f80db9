import type { CaseResult } from '../../evaluation/evaluation-types.js';
import { ExactSum } from '../../foundation/exact-sum.js';
import { SubmissionOrder } from './submission-order.js';
import { MetricStatistics } from './metric-statistics.js';

/** Mean overall score with its interval. */
export interface LiveScore {
  /** Scored results that it is the mean of, >= 1. */
  readonly n: number;
  /** Results that were submitted first and are finished, all of them, with a score or not; at least `n`. */
  readonly results: number;
  /** 0..1. */
  readonly mean: number;
  /** Lower end of the interval; `null` when there is none yet. */
  readonly low: number | null;
  /** Upper end of the interval; `null` when there is none yet. */
  readonly high: number | null;
}

type Finished = Pick<CaseResult, 'caseId' | 'outcome'> & {
  readonly score: number | null;
  readonly cluster: string | undefined;
};

/** An interval is taken anew once there are so many times the results of the last one. */
const GROWTH = 1.02;

/**
 * The overall score of the cases that were submitted first, up to the first that is not finished. A result that comes
 * before its turn waits as a few numbers, some 100 bytes.
 */
export class PrefixScore {
  readonly #repetitions: number;
  readonly #overall = new MetricStatistics();
  readonly #order = new SubmissionOrder<Finished>((result) => this.#take(result));
  #results = 0;
  #caseId: string | undefined;
  #caseSum = new ExactSum();
  #caseScored = 0;
  #shown: (LiveScore & { readonly level: number }) | undefined;

  constructor(repetitions: number) {
    this.#repetitions = repetitions;
  }

  /** Adds a result of an earlier start of the run: all of them are finished. */
  addEarlier(result: CaseResult): void {
    this.#take(finished(result));
  }

  /** Adds the result of the task that was the `sequence`-th to be submitted, from 0. */
  add(sequence: number, result: CaseResult): void {
    this.#order.settle(sequence, finished(result));
  }

  /** The score so far; `null` before the first. `last`: at the end of the run, to be taken exactly. */
  score(level: number, last: boolean): LiveScore | null {
    if (last) this.#closeCase();
    const { scored: n, mean } = this.#overall;
    const results = this.#results;
    if (mean === null) return null;
    const shown = this.#shown;
    if (!last && shown !== undefined && shown.level === level && n < shown.n * GROWTH) {
      return { n, results, mean, low: shown.low, high: shown.high };
    }
    const { interval } = this.#overall.summary(level);
    const found = { n, results, mean, low: interval?.low ?? null, high: interval?.high ?? null };
    this.#shown = { ...found, level };
    return found;
  }

  #take({ caseId, outcome, score, cluster }: Finished): void {
    this.#results++;
    this.#overall.add(outcome, score, cluster);
    if (this.#repetitions === 1) return;
    if (caseId !== this.#caseId) {
      this.#closeCase();
      this.#caseId = caseId;
    }
    if (score === null) return;
    this.#caseSum.add(score);
    this.#caseScored++;
  }

  /** Repetitions of a case are submitted one after the other. */
  #closeCase(): void {
    if (this.#caseScored > 0) this.#overall.addCase(this.#caseSum.value, this.#caseScored);
    this.#caseSum = new ExactSum();
    this.#caseScored = 0;
  }
}

function finished({ caseId, outcome, evaluation, cluster }: CaseResult): Finished {
  return { caseId, outcome, score: evaluation?.overallScore ?? null, cluster };
}
