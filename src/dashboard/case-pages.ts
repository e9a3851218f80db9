import { TurnGiver } from '../foundation/event-loop-turns.js';
import { reaches } from '../foundation/rounding.js';
import { systemClock } from '../foundation/clock.js';
import type { CaseDetail, CasePage, CaseQuery, CaseRow } from '../page/case-data.js';
import { matchesFilters, rowOrder } from '../page/case-filters.js';
import { BoundedBest } from '../report/bounded-best.js';
import type { ReportStore } from '../report/read-runs.js';
import { caseDetailOf, caseRowOf, shownAnswerOf } from '../report/shown-case.js';
import { valueText } from '../report/shown-value.js';
import { passedOf, scoreOf } from '../stores/result-query.js';
import type { QueriedResult, ResultQuery } from '../stores/result-store.js';

const LONGEST_TEXT = 100_000;

/** A row with what finds its result again. */
interface ServedRow extends CaseRow {
  /** Wall-clock start, milliseconds since the epoch. */
  readonly startedAt: number;
}

/** Which rows of a run are asked for; `dimension` counts in `dimensions`. */
export interface StoredCasesQuery {
  readonly runId: string;
  /** Names of the dimensions whose scores are wanted. */
  readonly dimensions: readonly string[];
  readonly query: CaseQuery;
  readonly signal: AbortSignal;
}

/**
 * A page of a run's rows, straight from the store. In an order of the store only the rows up to the end of the page are
 * read; for another one all that match, of which no more are held than twice those of the page and the ones before it.
 */
export async function pageOfStore(store: ReportStore, asked: StoredCasesQuery): Promise<CasePage> {
  const { runId, query } = asked;
  const { offset, limit } = query;
  const passThreshold = (await store.manifest(runId))?.statistics?.passThreshold ?? null;
  const order = storeOrder(query);
  const end = offset + limit;
  const best = order === undefined ? new BoundedBest<ServedRow>(end + 1, rowOrder(query) ?? same) : undefined;
  const rows: ServedRow[] = [];
  let matches = 0;
  for await (const row of matchingRows(store, asked, { order, passThreshold })) {
    matches++;
    if (best !== undefined) best.add(row);
    else if (matches > end) return { rows, matches: null, more: true };
    else if (matches > offset) rows.push(row);
  }
  const page = best === undefined ? rows : best.values.slice(offset, end);
  return { rows: page, matches, more: matches > end };
}

const same = (): number => 0;

/** The order of the store that is the one asked for; `undefined`: it has none. */
function storeOrder({ sort, dimension }: CaseQuery): ResultQuery['order'] {
  if (sort === 'first') return 'oldest-first';
  if (dimension >= 0) return undefined;
  if (sort === 'lowest') return 'lowest-first';
  return sort === 'highest' ? 'highest-first' : undefined;
}

interface Reading {
  readonly order: ResultQuery['order'];
  readonly passThreshold: number | null;
}

async function* matchingRows(
  store: ReportStore,
  { runId, dimensions, query, signal }: StoredCasesQuery,
  { order, passThreshold }: Reading,
): AsyncGenerator<ServedRow> {
  const { outcome, group, dimension, maxScore, search } = query;
  const name = dimensions[dimension];
  const filters: ResultQuery = {
    runId,
    order,
    withCase: true,
    group: group ?? undefined,
    outcome: outcome === '' ? undefined : outcome === 'passed' || outcome === 'failed' ? 'scored' : outcome,
    ...(maxScore === null ? {} : name === undefined ? { maxScore } : { dimension: { name, maxScore } }),
  };
  const wanted = search.toLowerCase();
  const turns = new TurnGiver(() => systemClock.now());
  for await (const result of store.query(filters)) {
    signal.throwIfAborted();
    await turns.due();
    if (wanted !== '' && !holds(result, wanted)) continue;
    const passed = passedBy(result, passThreshold);
    const row = caseRowOf(result, { dimensions, passed, change: null, baselineScore: null });
    if (matchesFilters(row, query)) yield { ...row, startedAt: result.startedAt };
  }
}

function passedBy(result: QueriedResult, passThreshold: number | null): boolean | null {
  const score = scoreOf(result);
  return score === null || passThreshold === null ? passedOf(result) : reaches(score, passThreshold);
}

/** Whether id, question or answer holds a text. */
function holds({ caseId, testCase, response }: QueriedResult, wanted: string): boolean {
  const texts = [caseId, testCase?.input, response?.output ?? response?.text];
  return texts.some((text) => text !== undefined && valueText(text).toLowerCase().includes(wanted));
}

/** Which case is opened. */
export interface StoredCaseQuery {
  readonly runId: string;
  readonly baselineRunId: string | undefined;
  readonly caseId: string;
  readonly repetition: number;
  /** When it was started, where that is known: the store need not look further. */
  readonly startedAt: number | undefined;
  readonly signal: AbortSignal;
}

/** Everything that is shown of a case; `undefined` when the run has no result of it. */
export async function detailOfStore(
  store: ReportStore,
  asked: StoredCaseQuery,
): Promise<CaseDetail | undefined> {
  const { runId, baselineRunId, startedAt } = asked;
  const narrow = startedAt === undefined ? {} : { from: startedAt, to: startedAt + 1 };
  const result =
    (await findResult(store, asked, { runId, withCase: true, ...narrow })) ??
    (startedAt === undefined ? undefined : await findResult(store, asked, { runId, withCase: true }));
  if (result === undefined) return undefined;
  const before =
    baselineRunId === undefined ? undefined : await findResult(store, asked, { runId: baselineRunId });
  return caseDetailOf(result, {
    limit: LONGEST_TEXT,
    baseline: before === undefined ? null : shownAnswerOf(before, LONGEST_TEXT),
  });
}

async function findResult(
  store: ReportStore,
  { caseId, repetition, signal }: StoredCaseQuery,
  query: ResultQuery,
): Promise<QueriedResult | undefined> {
  const turns = new TurnGiver(() => systemClock.now());
  for await (const result of store.query({ ...query, idPrefix: caseId })) {
    signal.throwIfAborted();
    await turns.due();
    if (result.caseId === caseId && result.repetition === repetition) return result;
  }
  return undefined;
}
