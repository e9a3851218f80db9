import type { CaseResult } from '../evaluation/evaluation-types.js';
import {
  boolean,
  checkOptions,
  integer,
  number,
  object,
  oneOf,
  requireOptions,
  type OptionCheck,
} from '../foundation/options.js';
import type { ResultQuery } from './result-store.js';
import { compareText } from './storable-text.js';

const anyText: OptionCheck = (value) => (typeof value === 'string' ? undefined : 'a string');

/**
 * Checks the filters of a query and returns a copy; a misspelled filter would otherwise return everything.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`.
 */
export function checkQuery(query: ResultQuery): Readonly<ResultQuery> {
  const checked = checkOptions<ResultQuery>('query', query, {
    runId: anyText,
    model: anyText,
    idPrefix: anyText,
    minScore: number(Number.NEGATIVE_INFINITY),
    maxScore: number(Number.NEGATIVE_INFINITY),
    passed: boolean,
    group: anyText,
    dimension: object,
    outcome: oneOf('scored', 'unscored', 'errored'),
    errorCode: anyText,
    from: number(Number.NEGATIVE_INFINITY),
    to: number(Number.NEGATIVE_INFINITY),
    order: oneOf('oldest-first', 'newest-first', 'lowest-first', 'highest-first'),
    limit: integer(0),
    withCase: boolean,
  });
  if (checked.dimension === undefined) return checked;
  const dimension = checkOptions<NonNullable<ResultQuery['dimension']>>(
    'query.dimension',
    checked.dimension,
    {
      name: anyText,
      minScore: number(Number.NEGATIVE_INFINITY),
      maxScore: number(Number.NEGATIVE_INFINITY),
    },
  );
  requireOptions('query.dimension', dimension, ['name']);
  return { ...checked, dimension };
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

/** Whether the overall score counts as passed; `null` for a result that has none. */
export function passedOf(result: CaseResult): boolean | null {
  const score = scoreOf(result);
  return score === null ? null : (result.evaluation?.passed ?? score === 1);
}

/** Whether a result passes the filters of a query that its facts tell. */
export function matchesFacts(facts: ResultFacts, query: ResultQuery): boolean {
  return (
    (query.runId === undefined || facts.runId === query.runId) &&
    (query.model === undefined || facts.model === query.model) &&
    (query.outcome === undefined || facts.outcome === query.outcome) &&
    (query.errorCode === undefined || facts.outcome === 'errored') &&
    (query.passed === undefined || facts.score !== null) &&
    (query.minScore === undefined || (facts.score !== null && facts.score >= query.minScore)) &&
    (query.maxScore === undefined || (facts.score !== null && facts.score <= query.maxScore)) &&
    (query.from === undefined || facts.startedAt >= query.from) &&
    (query.to === undefined || facts.startedAt < query.to) &&
    (query.idPrefix === undefined || facts.caseId.startsWith(query.idPrefix))
  );
}

/** Whether a result passes the filters of a query that only the result itself tells. */
export function matchesRest(result: CaseResult, query: ResultQuery): boolean {
  return (
    (query.group === undefined || result.group === query.group) &&
    (query.errorCode === undefined || result.error?.code === query.errorCode) &&
    (query.passed === undefined || passedOf(result) === query.passed) &&
    (query.dimension === undefined || matchesDimension(result, query.dimension))
  );
}

/** Whether a dimension of a result has a score within the bounds. */
export function matchesDimension(
  result: CaseResult,
  { name, minScore, maxScore }: NonNullable<ResultQuery['dimension']>,
): boolean {
  const score = result.evaluation?.dimensions.find((dimension) => dimension.name === name)?.score ?? null;
  return (
    score !== null &&
    Number.isFinite(score) &&
    (minScore === undefined || score >= minScore) &&
    (maxScore === undefined || score <= maxScore)
  );
}

/** Order by start time, then case id, then repetition; oldest first. */
export function compareFacts(a: ResultFacts, b: ResultFacts): number {
  return a.startedAt - b.startedAt || compareText(a.caseId, b.caseId) || a.repetition - b.repetition;
}

/** How results are compared in the order of a query. */
export function orderOf(order: ResultQuery['order'] = 'oldest-first'): typeof compareFacts {
  switch (order) {
    case 'oldest-first':
      return compareFacts;
    case 'newest-first':
      return (a, b) => compareFacts(b, a);
    case 'lowest-first':
      return (a, b) => compareScores(a.score, b.score, 1) ?? compareFacts(a, b);
    case 'highest-first':
      return (a, b) =>
        compareScores(a.score, b.score, -1) ?? (a.score === null ? compareFacts(a, b) : compareFacts(b, a));
  }
}

/** Those without a score come last; `undefined`: equal. */
function compareScores(a: number | null, b: number | null, direction: 1 | -1): number | undefined {
  if (a === b) return undefined;
  if (a === null) return 1;
  if (b === null) return -1;
  return direction * (a - b);
}
