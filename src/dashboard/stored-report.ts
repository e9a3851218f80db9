import { matchesFilters, rowOrder } from '../page/case-filters.js';
import type { CasePage, CaseQuery, CaseRow } from '../page/case-data.js';
import type { StoredReport } from '../page/dashboard-data.js';
import { caseKey, type ChosenCase } from '../report/case-selection.js';
import { readRuns, type ReportStore } from '../report/read-runs.js';
import { reportDataOf } from '../report/report-data.js';
import { caseRowOf } from '../report/shown-case.js';

/** Rows of a comparison that are held: those that got worse, failed and got better first. */
const MOST_ROWS = 2000;

/** What is asked for. */
export interface StoredReportQuery {
  readonly runId: string;
  readonly baselineRunId: string | undefined;
  readonly signal: AbortSignal;
}

/** A report with the rows that only a comparison knows. */
export interface HeldReport {
  readonly stored: StoredReport;
  /** In the order of what is told first; `undefined` without a baseline, where the store itself is asked for rows. */
  readonly rows: readonly CaseRow[] | undefined;
}

/** Reads a run, and its baseline, as the HTML report does. */
export async function readStoredReport(store: ReportStore, query: StoredReportQuery): Promise<HeldReport> {
  const { runId, baselineRunId, signal } = query;
  const maxCases = baselineRunId === undefined ? 0 : MOST_ROWS;
  const read = await readRuns(store, { runId, baselineRunId, maxCases, slices: {}, signal });
  const report = reportDataOf(read, { draw: null, anchored: [] });
  const { dimensions } = read.run.figures;
  const rows =
    baselineRunId === undefined
      ? undefined
      : await chosenRows(store, query, { dimensions, cases: read.selection.choose(runId).cases });
  const head = {
    dimensions,
    groups: report.groups.map(({ name }) => name),
    compared: report.changes !== null,
    total: report.counts.results,
    available: rows?.length ?? report.counts.results,
  };
  return { stored: { report, head }, rows };
}

async function chosenRows(
  store: ReportStore,
  { runId, signal }: StoredReportQuery,
  {
    dimensions,
    cases,
  }: { readonly dimensions: readonly string[]; readonly cases: ReadonlyMap<string, ChosenCase> },
): Promise<CaseRow[]> {
  const rows: { readonly rank: number; readonly row: CaseRow }[] = [];
  if (cases.size > 0)
    for await (const result of store.query({ runId, withCase: true })) {
      signal.throwIfAborted();
      const chosen = cases.get(caseKey(result));
      if (chosen === undefined) continue;
      const { passed, change, baselineScore, rank } = chosen;
      rows.push({ rank, row: caseRowOf(result, { dimensions, passed, change, baselineScore }) });
      if (rows.length === cases.size) break;
    }
  return rows.sort((a, b) => a.rank - b.rank).map(({ row }) => row);
}

/** Rows of a comparison that match. Texts are searched as far as rows hold them. */
export function pageOfRows(all: readonly CaseRow[], query: CaseQuery): CasePage {
  const search = query.search.toLowerCase();
  const found = all.filter(
    (row) =>
      matchesFilters(row, query) &&
      (search === '' ||
        [row.caseId, row.question, row.answer].some((text) => text.toLowerCase().includes(search))),
  );
  const compare = rowOrder(query);
  const sorted = compare === undefined ? found : found.sort(compare);
  const end = query.offset + query.limit;
  return { rows: sorted.slice(query.offset, end), matches: sorted.length, more: end < sorted.length };
}
