import type { BatchSummary } from './result-store.js';

/** A batch summary with the id of its row. */
export interface SummaryRow {
  readonly id: number;
  readonly summary: BatchSummary;
}

/** Where a page of summaries begins, and how many rows it may have. */
export interface SummaryPage {
  /** Time and id of the last row before it; `undefined` for the first page. */
  readonly after: readonly [timestamp: number, id: number] | undefined;
  readonly rows: number;
}

const PAGE_ROWS = 256;

/** The batch summaries of a database in flat memory: `readPage` gives those of one page, oldest first. */
export async function* pagedSummaries(
  readPage: (page: SummaryPage) => Promise<readonly SummaryRow[]>,
): AsyncGenerator<BatchSummary, void, undefined> {
  let after: SummaryPage['after'];
  for (;;) {
    const rows = await readPage({ after, rows: PAGE_ROWS });
    for (const { summary } of rows) yield summary;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE_ROWS) return;
    after = [last.summary.at, last.id];
  }
}
