import type { CaseResult } from '../evaluation/evaluation-types.js';
import { SubmissionOrder } from './summary/submission-order.js';

/** Says when a run has enough results; `meanWithin` of `assaykit/decisions` makes one. */
export interface StopRule {
  /** Begins to watch a run. */
  begin(): StopWatch;
}

/** A {@link StopRule} at work in one run. */
export interface StopWatch {
  /** What it needs of a result: a score; `null` when there is none. */
  scoreOf(result: CaseResult): number | null;
  /** Takes in the next score of the submission order, with what its case depends on; `true`: enough. */
  add(score: number | null, of: { readonly caseId: string; readonly cluster: string | undefined }): boolean;
  /** What was found, for the warnings of the summary; `undefined` for nothing. */
  note(): string | undefined;
}

/** Follows a run for a rule; `undefined` without one. */
export function followPrefix(rule: StopRule | undefined, onEnough: () => void): SubmissionPrefix | undefined {
  return rule === undefined ? undefined : new SubmissionPrefix(rule.begin(), onEnough);
}

interface Judged {
  readonly caseId: string;
  readonly cluster: string | undefined;
  readonly score: number | null;
}

/** Hands the scores of a run to a {@link StopWatch} in the order in which cases were submitted. */
export class SubmissionPrefix {
  readonly #watch: StopWatch;
  readonly #onEnough: () => void;
  readonly #order = new SubmissionOrder<Judged>((judged) => this.#take(judged));
  readonly #open = new Map<string, number>(); // places of cases and repetitions that have no result
  readonly #early = new Map<string, Judged>(); // of an earlier start, before the input comes to them
  #places = 0;
  #enough = false;

  constructor(watch: StopWatch, onEnough: () => void) {
    this.#watch = watch;
    this.#onEnough = onEnough;
  }

  /** A case of the input, in order, whether it is asked or was finished by an earlier start. */
  readonly submit = (caseId: string, repetition: number): void => {
    const key = `${repetition}:${caseId}`;
    const known = this.#early.get(key);
    const place = this.#places++;
    if (known === undefined) {
      this.#open.set(key, place);
      return;
    }
    this.#early.delete(key);
    this.#order.settle(place, known);
  };

  /** A result, whenever it comes. */
  settle(result: CaseResult): void {
    const { caseId, repetition, cluster } = result;
    const key = `${repetition}:${caseId}`;
    const judged = { caseId, cluster, score: this.#watch.scoreOf(result) };
    const place = this.#open.get(key);
    if (place === undefined) {
      this.#early.set(key, judged);
      return;
    }
    this.#open.delete(key);
    this.#order.settle(place, judged);
  }

  /** What the watch has to say in the summary; a host's own may throw. */
  notes(onFailed: (error: unknown) => void): readonly string[] {
    try {
      const note = this.#watch.note();
      return note === undefined ? [] : [note];
    } catch (error) {
      onFailed(error);
      return [];
    }
  }

  #take(judged: Judged): void {
    if (this.#enough) return;
    this.#enough = this.#watch.add(judged.score, judged);
    if (this.#enough) this.#onEnough();
  }
}
