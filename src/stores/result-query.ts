import type { CaseResult } from '../evaluation/evaluation-types.js';
import { checkOptions, integer, number, oneOf, type OptionCheck } from '../foundation/options.js';
import type { ResultQuery } from './result-store.js';
import { compareText } from './storable-text.js';

const anyText: OptionCheck = (value) => (typeof value === 'string' ? undefined : 'a string');

/**
 * Checks the filters of a query and returns a copy; a misspelled filter would otherwise return everything.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`.
 */
export function checkQuery(query: ResultQuery): Readonly<ResultQuery> {
  return checkOptions<ResultQuery>('query', query, {
    runId: anyText,
    model: anyText,
    idPrefix: anyText,
    minScore: number(Number.NEGATIVE_INFINITY),
    outcome: oneOf('scored', 'unscored', 'errored'),
    from: number(Number.NEGATIVE_INFINITY),
    to: number(Number.NEGATIVE_INFINITY),
    order: oneOf('oldest-first', 'newest-first'),
    limit: integer(0),
  });
}

/** What filters and order look at: the part of a result that a store keeps at hand. */
export interface ResultFacts {
  readonly runId: string;
  readonly caseId: string;
  readonly repetition: number;
  readonly outcome: CaseResult['outcome'];
  readonly model: string | null;
  readonly startedAt: number;
  /** `null` when not scored. */
  readonly score: number | null;
}

/** The facts of a result. */
export function factsOf(result: CaseResult): ResultFacts {
  return {
    runId: result.runId,
    caseId: result.caseId,
    repetition: result.repetition,
    outcome: result.outcome,
    model: result.model,
    startedAt: Number.isFinite(result.startedAt) ? result.startedAt : 0,
    score: scoreOf(result),
  };
}

/** The overall score; `null` for everything that has none. */
export function scoreOf(result: CaseResult): number | null {
  const score = result.evaluation?.overallScore ?? null;
  return score !== null && Number.isFinite(score) ? score : null;
}

/** Whether a result passes all filters of a query. */
export function matchesQuery(facts: ResultFacts, query: ResultQuery): boolean {
  return (
    (query.runId === undefined || facts.runId === query.runId) &&
    (query.model === undefined || facts.model === query.model) &&
    (query.outcome === undefined || facts.outcome === query.outcome) &&
    (query.minScore === undefined || (facts.score !== null && facts.score >= query.minScore)) &&
    (query.from === undefined || facts.startedAt >= query.from) &&
    (query.to === undefined || facts.startedAt < query.to) &&
    (query.idPrefix === undefined || facts.caseId.startsWith(query.idPrefix))
  );
}

/** Order of a query: start time, then case id, then repetition; oldest first. */
export function compareFacts(a: ResultFacts, b: ResultFacts): number {
  return a.startedAt - b.startedAt || compareText(a.caseId, b.caseId) || a.repetition - b.repetition;
}
