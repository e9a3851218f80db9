import type { CaseResult } from '../../evaluation/evaluation-types.js';
import { ExactSum } from '../../foundation/exact-sum.js';
import { passAtK, passHatK } from '../../statistics/pass-at-k.js';
import type { RepetitionsSummary } from './run-summary.js';

/** Name under which the overall score is kept beside the dimensions. */
const OVERALL = Symbol('overall');

interface OpenCase {
  readonly group: string | undefined;
  /** Results so far, errored ones included. */
  results: number;
  scored: number;
  passed: number;
  /** Sums of scores, of the overall score and of each dimension. */
  readonly sums: Map<string | typeof OVERALL, { n: number; readonly sum: ExactSum }>;
}

/** Takes the sum over the scored repetitions of a case, and how many they are: of the overall score, or of a dimension. */
export type CaseSumListener = (caseSum: {
  readonly dimension: string | undefined;
  readonly sum: number;
  readonly scored: number;
  readonly group: string | undefined;
}) => void;

/**
 * What belongs to all repetitions of a case together: pass@k, pass^k and the sums of the cases. A case is held only
 * until all its repetitions are in; they are begun one after the other, so few cases are open at any time.
 */
export class RepetitionStatistics {
  readonly #repetitions: number;
  readonly #onCaseSum: CaseSumListener;
  readonly #open = new Map<string, OpenCase>();
  readonly #atK: readonly {
    readonly k: number;
    readonly any: ExactSum;
    readonly all: ExactSum;
    defined: number;
  }[];
  #cases = 0;

  constructor(repetitions: number, onCaseSum: CaseSumListener) {
    this.#repetitions = repetitions;
    this.#onCaseSum = onCaseSum;
    this.#atK = reportedK(repetitions).map((k) => ({
      k,
      any: new ExactSum(),
      all: new ExactSum(),
      defined: 0,
    }));
  }

  /** Adds one repetition of a case; `passed` is `null` when it has no score. */
  add({ caseId, group, evaluation }: CaseResult, passed: boolean | null): void {
    let open = this.#open.get(caseId);
    if (open === undefined) {
      open = { group, results: 0, scored: 0, passed: 0, sums: new Map() };
      this.#open.set(caseId, open);
    }
    open.results++;
    if (passed !== null) open.scored++;
    if (passed === true) open.passed++;
    if (evaluation !== undefined) {
      addTo(open, OVERALL, evaluation.overallScore);
      for (const dimension of evaluation.dimensions) addTo(open, dimension.name, dimension.score);
    }
    if (open.results < this.#repetitions) return;
    this.#open.delete(caseId);
    this.#close(open);
  }

  /** Closes the cases that miss repetitions: they count with those that they have. Nothing is added afterwards. */
  finish(): void {
    for (const open of this.#open.values()) this.#close(open);
    this.#open.clear();
  }

  /** The means over the closed cases. */
  summary(): RepetitionsSummary {
    const byK = (of: 'any' | 'all'): Record<string, number | null> =>
      Object.fromEntries(
        this.#atK.map((at) => [String(at.k), at.defined === 0 ? null : at[of].value / at.defined]),
      );
    return { repetitions: this.#repetitions, cases: this.#cases, passAtK: byK('any'), passHatK: byK('all') };
  }

  #close({ group, scored, passed, sums }: OpenCase): void {
    for (const [name, { n, sum }] of sums) {
      this.#onCaseSum({ dimension: name === OVERALL ? undefined : name, sum: sum.value, scored: n, group });
    }
    if (scored === 0) return;
    this.#cases++;
    for (const at of this.#atK) {
      const any = passAtK(scored, passed, at.k);
      const all = passHatK(scored, passed, at.k);
      if (any === null || all === null) continue;
      at.any.add(any);
      at.all.add(all);
      at.defined++;
    }
  }
}

function addTo({ sums }: OpenCase, name: string | typeof OVERALL, score: number | null): void {
  if (score === null) return;
  let entry = sums.get(name);
  if (entry === undefined) sums.set(name, (entry = { n: 0, sum: new ExactSum() }));
  entry.n++;
  entry.sum.add(score);
}

/** 1, 2, 4, … and the number of repetitions itself. */
function reportedK(repetitions: number): number[] {
  const ks: number[] = [];
  for (let k = 1; k < repetitions; k *= 2) ks.push(k);
  return [...ks, repetitions];
}
