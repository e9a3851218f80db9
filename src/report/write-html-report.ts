import { anchored } from '../decisions/anchored/anchored.js';
import type { LabelSet } from '../decisions/anchored/label-set.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';
import {
  callable,
  checkOptions,
  integer,
  object,
  requireOptions,
  signal,
  text,
} from '../foundation/options.js';
import { PAGE_STYLES, REPORT_SCRIPT, THEME_SCRIPT } from '../page/page-code.js';
import type { ReportData } from '../page/report-data.js';
import { writeCases } from './embedded-cases.js';
import { dataBlock, escapeHtml, pageHead } from './html-page.js';
import { readRuns, type ReportStore } from './read-runs.js';
import { reportDataOf } from './report-data.js';
import { ReportFile } from './report-file.js';

/** Options of {@link writeHtmlReport}. */
export interface HtmlReportOptions {
  /** The run that is reported. */
  readonly runId: string;
  /** A run over the same cases, in the same store, that it is compared with. @default none */
  readonly baselineRunId?: string | undefined;
  /** Where the file goes; folders are made. One that exists is replaced. */
  readonly path: string;
  /**
   * Results that can be looked at in the page, 0 to 100,000: those that got worse first, then errors, failures, those that
   * got better, and others. All are in the figures. @default 10000
   */
  readonly maxCases?: number | undefined;
  /** Parts of the cases by name, whose means are shown: whether a result belongs to it. @default none */
  readonly slices?: Readonly<Record<string, (result: CaseResult) => boolean>> | undefined;
  /** Labels that people gave, from `readLabels`: the page then says whether the evaluator can be believed. @default none */
  readonly labels?: LabelSet | Promise<LabelSet> | undefined;
  /** Ends the writing; no file is left then. */
  readonly signal?: AbortSignal | undefined;
}

/** What was written. */
export interface HtmlReport {
  /** The file. */
  readonly path: string;
  /** Its size. */
  readonly bytes: number;
  /** Results of the run; all of them are in the figures. */
  readonly results: number;
  /** Results that can be looked at in the page. */
  readonly cases: number;
}

const MOST_CASES = 100_000;

/**
 * Writes a run as one HTML file that anybody can open, offline: the verdict with its interval, each dimension against the
 * baseline, what got worse and better with the answers side by side, groups, errors, time and cost, and every case with
 * search, filters and its whole story. It loads nothing and sends nothing: a strict policy allows its own code only, and
 * what models wrote is text and never markup.
 *
 * Results are streamed, so the size of the run does not matter for memory; `maxCases` bounds what the page holds. The same
 * results give the same bytes. Long texts are cut in the middle, and the page says how much. A run that is still going on
 * is reported as far as it is stored. A store without the cases (`keepCases: false`) gives a report without questions.
 *
 * @throws AssayError `ASSAY_EMPTY_INPUT` for a run that the store does not know; `ASSAY_INVALID_OPTION`, also for a file
 *   that cannot be written; `ASSAY_ABORTED`; what the store and `anchored` reject with.
 *
 * @example
 * await writeHtmlReport(store, { runId: 'tuesday', baselineRunId: 'monday', path: 'report.html' });
 */
export async function writeHtmlReport(store: ReportStore, options: HtmlReportOptions): Promise<HtmlReport> {
  const checked = checkOptions<HtmlReportOptions>('writeHtmlReport', options, {
    runId: text,
    baselineRunId: text,
    path: text,
    maxCases: integer(0, MOST_CASES),
    slices: object,
    labels: object,
    signal,
  });
  requireOptions('writeHtmlReport', checked, ['runId', 'path']);
  const { runId, baselineRunId, path, maxCases = 10_000, slices = {} } = checked;
  checkOptions(
    'writeHtmlReport.slices',
    slices,
    Object.fromEntries(Object.keys(slices).map((name) => [name, callable])),
  );
  const given = Promise.resolve(checked.labels);
  given.catch(() => undefined); // awaited below, when the runs are read
  const read = await readRuns(store, { runId, baselineRunId, maxCases, slices, signal: checked.signal });
  const { cases, draw } = read.selection.choose(runId);
  const labels = await given;
  const believed =
    labels === undefined ? [] : String(await anchored({ run: { store, runId }, labels })).split('\n');
  const report = reportDataOf(read, { draw, anchored: believed });
  const head = {
    dimensions: read.run.figures.dimensions,
    groups: report.groups.map(({ name }) => name),
    compared: report.changes !== null,
    total: report.counts.results,
  };
  const file = await ReportFile.create(path);
  try {
    await file.write(beginning(report));
    const written = { runId, baselineRunId, cases, head, signal: checked.signal };
    const available = await writeCases(file, store, written);
    await file.write(dataBlock('id="report"', { report, head: { ...head, available } }));
    await file.write(`<script>${REPORT_SCRIPT}</script>\n</body>\n</html>\n`);
    return { path, bytes: await file.finish(), results: report.counts.results, cases: available };
  } catch (error) {
    await file.discard();
    throw error;
  }
}

/** The page up to its cases: what can be read without its script. */
function beginning({ run, baseline, verdict }: ReportData): string {
  const about = [
    run.description,
    run.tags.join(', '),
    baseline === null ? '' : `compared with ${baseline.runId}`,
  ].filter((each) => each !== '');
  return (
    pageHead({
      title: `${run.runId} · assaykit`,
      styles: PAGE_STYLES,
      headScript: THEME_SCRIPT,
      script: REPORT_SCRIPT,
    }) +
    '<body>\n<header class="top"><span class="brand">assaykit report</span></header>\n<main>\n' +
    `<h1 dir="auto">${escapeHtml(run.runId)}</h1>\n` +
    (about.length === 0 ? '' : `<p class="quiet" dir="auto">${escapeHtml(about.join(' · '))}</p>\n`) +
    `<p class="verdict ${verdict.tone}" dir="auto">${escapeHtml(verdict.sentence)}</p>\n` +
    // Not `noscript`: a viewer may have scripts and refuse these.
    '<p class="warning" id="unread">Everything else on this page needs JavaScript. It runs only what stands in this file.</p>\n' +
    '</main>\n'
  );
}
