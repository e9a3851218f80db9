import { promisify } from 'node:util';
import type { ZlibOptions } from 'node:zlib';
import { AssayError } from '../errors.js';
import { zlib } from '../foundation/late-modules.js';
import type { CaseDetail, CaseRow, CaseTableHead, ShownAnswer } from '../page/case-data.js';
import { caseKey, type ChosenCase } from './case-selection.js';
import { base64Block } from './html-page.js';
import type { ReportStore } from './read-runs.js';
import type { ReportFile } from './report-file.js';
import { caseDetailOf, caseRowOf, shownAnswerOf } from './shown-case.js';

/** Cases whose details are compressed together: opening one inflates so many. */
const DETAILS_A_PORTION = 80;
const ROWS_A_PORTION = 2000;

/** A row as the page has it: with the place of its detail. */
export interface EmbeddedRow extends CaseRow {
  readonly portion: number;
  readonly position: number;
  readonly label?: number;
}

/** What {@link writeCases} writes. */
export interface WrittenCases {
  readonly runId: string;
  readonly baselineRunId: string | undefined;
  readonly cases: ReadonlyMap<string, ChosenCase>;
  readonly head: Pick<CaseTableHead, 'dimensions'>;
  readonly signal: AbortSignal | undefined;
}

/** Longest text in the page, UTF-16 units: the more cases, the less of a long one. */
const longestText = (cases: number): number => (cases <= 1000 ? 16_384 : cases <= 10_000 ? 8192 : 4096);

/**
 * Writes the chosen cases into a page: their details, compressed in portions as the results stream by, then their rows in
 * the order of the table. Resolves to the number of cases, which is smaller than what was chosen only where results went
 * away meanwhile.
 */
export async function writeCases(
  file: ReportFile,
  store: ReportStore,
  written: WrittenCases,
): Promise<number> {
  const { runId, cases, head, signal } = written;
  const limit = longestText(cases.size);
  const before = await baselineAnswers(store, written, limit);
  const rows: { readonly rank: number; readonly row: EmbeddedRow }[] = [];
  let details: CaseDetail[] = [];
  let portion = 0;
  const flush = async (): Promise<void> => {
    if (details.length === 0) return;
    await file.write(await compressedBlock(`data-details="${portion++}"`, details));
    details = [];
  };
  const left = new Map(cases);
  if (left.size > 0)
    for await (const result of store.query({ runId, withCase: true })) {
      checkAborted(signal);
      const key = caseKey(result);
      const chosen = left.get(key);
      if (chosen === undefined) continue;
      left.delete(key);
      const { rank, label, passed, change, baselineScore } = chosen;
      const place = { portion, position: details.length, ...(label === undefined ? {} : { label }) };
      const row = caseRowOf(result, { dimensions: head.dimensions, passed, change, baselineScore });
      rows.push({ rank, row: { ...row, ...place } });
      details.push(caseDetailOf(result, { limit, baseline: before.get(key) ?? null }));
      if (details.length === DETAILS_A_PORTION) await flush();
      if (left.size === 0) break;
    }
  await flush();
  rows.sort((a, b) => a.rank - b.rank);
  for (let from = 0; from < rows.length; from += ROWS_A_PORTION) {
    const some = rows.slice(from, from + ROWS_A_PORTION).map(({ row }) => row);
    await file.write(await compressedBlock('data-rows', some));
  }
  return rows.length;
}

/** What the baseline answered to the cases that changed. */
async function baselineAnswers(
  store: ReportStore,
  { baselineRunId, cases, signal }: WrittenCases,
  limit: number,
): Promise<ReadonlyMap<string, ShownAnswer>> {
  const wanted = new Set(
    [...cases].filter(([, { change }]) => change !== null && change !== 'same').map(([key]) => key),
  );
  const answers = new Map<string, ShownAnswer>();
  if (baselineRunId === undefined || wanted.size === 0) return answers;
  for await (const result of store.query({ runId: baselineRunId })) {
    checkAborted(signal);
    const key = caseKey(result);
    if (!wanted.delete(key)) continue;
    answers.set(key, shownAnswerOf(result, limit));
    if (wanted.size === 0) break;
  }
  return answers;
}

function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true)
    throw new AssayError('ASSAY_ABORTED', 'Writing the report was aborted', { cause: signal.reason });
}

async function compressedBlock(attributes: string, value: unknown): Promise<string> {
  const deflate = promisify<Buffer, ZlibOptions, Buffer>(zlib().deflateRaw);
  return base64Block(attributes, await deflate(Buffer.from(JSON.stringify(value), 'utf8'), { level: 9 }));
}
