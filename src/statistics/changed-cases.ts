import type { ComparedResult } from './join-results.js';

/** Cases whose content is not the same in both runs, although their id is. */
export interface ChangedCases {
  /** How many there are, listed in `ids` or not. */
  readonly count: number;
  /** The first of them by case id. */
  readonly ids: readonly string[];
}

/** Finds cases whose content changed between two runs, by the hashes that their results carry. */
export class ChangedCaseFinder {
  readonly #ids = new Set<string>();

  /** Looks at a pair of results. */
  add(a: ComparedResult, b: ComparedResult): void {
    if (a.caseHash !== undefined && b.caseHash !== undefined && a.caseHash !== b.caseHash)
      this.#ids.add(a.caseId);
  }

  /** What was found, with at most `limit` ids. */
  summary(limit: number): ChangedCases {
    return { count: this.#ids.size, ids: [...this.#ids].sort().slice(0, limit) };
  }
}
