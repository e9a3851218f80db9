import type { CaseTableHead } from '../case-data.js';
import type { ReportData } from '../report-data.js';
import { caseTable } from './case-table.js';
import { append, el } from './dom.js';
import { EmbeddedCases } from './embedded-cases.js';
import { labelling } from './labelling.js';
import { agreementPart, costPart, errorPart, groupPart, histogramPart } from './report-figures.js';
import { changePart, scorePart, summaryPart } from './report-summary.js';
import { themeButton } from './theme-button.js';

/** What stands in the page as JSON beside its cases. */
interface EmbeddedReport {
  readonly report: ReportData;
  readonly head: CaseTableHead;
}

const { report, head } = JSON.parse(document.getElementById('report')?.textContent ?? '') as EmbeddedReport;
document.querySelector('.top')?.append(themeButton());
void EmbeddedCases.read(head).then((cases) => {
  const main = document.querySelector('main') as HTMLElement;
  document.getElementById('unread')?.remove();
  append(main, [
    summaryPart(report),
    scorePart(report),
    changePart(report, cases),
    groupPart(report),
    histogramPart(report),
    errorPart(report, cases),
    costPart(report),
    agreementPart(report),
    el('section', { 'aria-label': 'Cases' }, el('h2', { id: 'cases' }, 'Cases'), caseTable(cases)),
    labelling(report, cases),
  ]);
}, unread);

/** Says what keeps the page from being shown: an old browser, or a file that has lost a part. */
function unread(error: Error): void {
  const notice = document.getElementById('unread');
  if (notice !== null) notice.textContent = `The rest of this page could not be read: ${error.message}`;
}
