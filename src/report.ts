/**
 * A run as one HTML file that anybody can open, offline.
 *
 * @module assaykit/report
 */

export { writeHtmlReport } from './report/write-html-report.js';
export type { HtmlReport, HtmlReportOptions } from './report/write-html-report.js';
export type { ReportStore } from './report/read-runs.js';
