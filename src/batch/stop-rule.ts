import type { CaseResult } from '../evaluation/evaluation-types.js';

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

interface Place {
  readonly caseId: string;
  cluster: string | undefined;
  score: number | null | undefined;
}

/**
 * Hands the scores of a run to a {@link StopWatch} in the order in which cases were submitted, each once all before it
 * are there. What finishes first is no fair sample: failures often take longer.
 */
export class SubmissionPrefix {
  readonly #watch: StopWatch;
  readonly #onEnough: () => void;
  readonly #places: Place[] = [];
  readonly #open = new Map<string, Place>();
  readonly #early = new Map<
    string,
    { readonly score: number | null; readonly cluster: string | undefined }
  >();
  #enough = false;

  constructor(watch: StopWatch, onEnough: () => void) {
    this.#watch = watch;
    this.#onEnough = onEnough;
  }

  /** A case of the input, in order, whether it is asked or was finished by an earlier start. */
  readonly submit = (caseId: string, repetition: number): void => {
    const key = `${repetition}:${caseId}`;
    const known = this.#early.get(key);
    const place: Place = { caseId, cluster: known?.cluster, score: known?.score };
    this.#places.push(place);
    if (known === undefined) this.#open.set(key, place);
    else {
      this.#early.delete(key);
      this.#advance();
    }
  };

  /** A result, whenever it comes. */
  settle(result: CaseResult): void {
    const key = `${result.repetition}:${result.caseId}`;
    const score = this.#watch.scoreOf(result);
    const place = this.#open.get(key);
    if (place === undefined) {
      this.#early.set(key, { score, cluster: result.cluster });
      return;
    }
    this.#open.delete(key);
    place.score = score;
    place.cluster = result.cluster;
    this.#advance();
  }

  /** What the watch has to say in the summary. */
  get notes(): readonly string[] {
    const note = this.#watch.note();
    return note === undefined ? [] : [note];
  }

  #advance(): void {
    while (!this.#enough) {
      const place = this.#places[0];
      if (place === undefined || place.score === undefined) return;
      this.#places.shift();
      this.#enough = this.#watch.add(place.score, place);
      if (this.#enough) this.#onEnough();
    }
  }
}
