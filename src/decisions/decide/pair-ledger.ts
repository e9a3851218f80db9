import type { CaseResult } from '../../evaluation/evaluation-types.js';
import type { JudgedPair } from './stopping-rule.js';

type Side = 0 | 1;

interface Entry {
  readonly caseId: string;
  readonly cluster: string | undefined;
  readonly scores: [number | null | undefined, number | null | undefined];
  readonly errored: [boolean, boolean];
}

/** What one side's result says: its score, `null` without one, and whether it errored. */
interface Known {
  readonly score: number | null;
  readonly errored: boolean;
}

/**
 * Results of two sides in the order in which their cases were submitted: a case is given out once both have it and all
 * cases before it are out. The order in which results come must not matter: failures take longer than successes.
 */
export class PairLedger {
  readonly #metric: string;
  readonly #open: Entry[] = [];
  readonly #byId = new Map<string, Entry>();
  readonly #early: [Map<string, Known>, Map<string, Known>] = [new Map(), new Map()]; // known before their case was submitted
  readonly errored: [number, number] = [0, 0];
  readonly erroredAlone: [number, number] = [0, 0];
  #out = 0;

  constructor(metric: string) {
    this.#metric = metric;
  }

  /** Cases that were given out. */
  get settled(): number {
    return this.#out;
  }

  /** Takes in the next case of the order. */
  submit(testCase: { readonly id: string; readonly cluster?: string | undefined }): void {
    const { id, cluster } = testCase;
    const entry: Entry = { caseId: id, cluster, scores: [undefined, undefined], errored: [false, false] };
    this.#open.push(entry);
    this.#byId.set(id, entry);
    for (const side of [0, 1] as const) {
      const known = this.#early[side].get(id);
      if (known === undefined) continue;
      this.#early[side].delete(id);
      entry.scores[side] = known.score;
      entry.errored[side] = known.errored;
    }
  }

  /** Takes in a result of a side. */
  record(side: Side, result: CaseResult): void {
    const { evaluation, caseId } = result;
    const score =
      this.#metric === 'overall'
        ? evaluation?.overallScore
        : evaluation?.dimensions.find(({ name }) => name === this.#metric)?.score;
    const known: Known = { score: score ?? null, errored: result.outcome === 'errored' };
    const entry = this.#byId.get(caseId);
    if (entry === undefined) {
      this.#early[side].set(caseId, known);
      return;
    }
    entry.scores[side] = known.score;
    entry.errored[side] = known.errored;
  }

  /** The next pair of the order, once it is complete. */
  take(): JudgedPair | undefined {
    const entry = this.#open[0];
    if (entry === undefined) return undefined;
    const { caseId, cluster, errored } = entry;
    const [a, b] = entry.scores;
    if (a === undefined || b === undefined) return undefined;
    this.#open.shift();
    this.#byId.delete(caseId);
    this.#out++;
    for (const side of [0, 1] as const) {
      if (!errored[side]) continue;
      this.errored[side]++;
      if (!errored[1 - side]) this.erroredAlone[side]++;
    }
    return { cluster, a, b };
  }
}
