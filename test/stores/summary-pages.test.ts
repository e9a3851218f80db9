import { describe, expect, it } from 'vitest';
import type { BatchSummary } from '../../src/stores/result-store.js';
import { pagedSummaries, type SummaryPage, type SummaryRow } from '../../src/stores/summary-pages.js';

const summaryOf = (at: number): BatchSummary => ({
  runId: 'run',
  batchId: `batch-${at}`,
  at,
  total: 1,
  scored: 1,
  unscored: 0,
  errored: 0,
  averageScore: 1,
  durationMs: 1,
});

/** A table of so many summaries, two at each time, that notes what it was asked for. */
function table(size: number): {
  readonly asked: SummaryPage[];
  readonly readPage: (page: SummaryPage) => Promise<SummaryRow[]>;
} {
  const all = Array.from({ length: size }, (_, id) => ({ id, summary: summaryOf(id >> 1) }));
  const asked: SummaryPage[] = [];
  return {
    asked,
    async readPage(page) {
      asked.push(page);
      const [time, id] = page.after ?? [-1, -1];
      const rest = all.filter((row) => row.summary.at > time || (row.summary.at === time && row.id > id));
      return rest.slice(0, page.rows);
    },
  };
}

describe('pagedSummaries', () => {
  it.each([0, 1, 255, 256, 257, 1_000])('gives %i summaries once each, in their order', async (size) => {
    const { asked, readPage } = table(size);
    const found: number[] = [];
    for await (const { at } of pagedSummaries(readPage)) found.push(at);
    expect(found).toEqual(Array.from({ length: size }, (_, id) => id >> 1));
    expect(asked).toHaveLength(Math.floor(size / 256) + 1);
  });

  it('goes on after the last row of a page, by its time and its id', async () => {
    const { asked, readPage } = table(300);
    for await (const _ of pagedSummaries(readPage)) void _;
    expect(asked.map(({ after }) => after)).toEqual([undefined, [127, 255]]);
  });

  it('reads no page before it is asked for one, and none after its reader has left', async () => {
    const { asked, readPage } = table(1_000);
    const summaries = pagedSummaries(readPage);
    expect(asked).toHaveLength(0);
    for await (const _ of summaries) break;
    expect(asked).toHaveLength(1);
  });
});
