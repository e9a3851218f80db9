import type { CaseDetail, CasePage, CaseQuery, CaseRow, CaseSource, CaseTableHead } from '../case-data.js';
import type { ShownError } from '../report-data.js';
import { askServer } from './ask-server.js';

/** A row as the server has it: with what finds its result again. */
interface ServedRow extends CaseRow {
  readonly startedAt?: number;
}

/** The cases of a run, by pages from the server. */
export class ServedCases implements CaseSource {
  readonly head: CaseTableHead;
  readonly #runId: string;
  readonly #baseline: string | undefined;

  constructor(head: CaseTableHead, runId: string, { baseline }: { readonly baseline: string | undefined }) {
    this.head = head;
    this.#runId = runId;
    this.#baseline = baseline;
  }

  async page(query: CaseQuery, signal: AbortSignal): Promise<CasePage> {
    const { dimension, maxScore, ...others } = query;
    const asked = {
      ...others,
      run: this.#runId,
      baseline: this.#baseline,
      score: this.head.dimensions[dimension],
      'at-most': maxScore,
    };
    const page = await askServer<CasePage>('/cases', { asked, signal });
    if (dimension < 0 || this.#baseline !== undefined) return page;
    // Of a dimension that was asked for the rows hold the one score.
    const scores = (row: CaseRow): (number | null)[] =>
      this.head.dimensions.map((_, i) => (i === dimension ? (row.scores[0] ?? null) : null));
    return { ...page, rows: page.rows.map((row) => ({ ...row, scores: scores(row) })) };
  }

  detail({ caseId, repetition, startedAt }: ServedRow): Promise<CaseDetail> {
    const asked = {
      run: this.#runId,
      baseline: this.#baseline,
      case: caseId,
      repetition,
      started: startedAt,
    };
    return askServer('/case', { asked });
  }

  /** What is known of a case that failed as a whole. Of one with a failed dimension the outcome is not. */
  rowsOf({ caseId, repetition }: ShownError['examples'][number], dimension: string): readonly CaseRow[] {
    if (dimension !== '') return [];
    const unknown = {
      score: null,
      passed: null,
      scores: [],
      group: null,
      latencyMs: null,
      baselineScore: null,
    };
    const texts = { errorCode: null, question: '', answer: '', change: null };
    return [{ caseId, repetition, outcome: 'errored', ...unknown, ...texts }];
  }
}
