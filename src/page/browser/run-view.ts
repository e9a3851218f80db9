import type { StoredReport, StoredRuns } from '../dashboard-data.js';
import { quotedIfBlank } from '../../foundation/plain-text.js';
import { seen } from '../unseen.js';
import { runAddress } from './addresses.js';
import { askServer } from './ask-server.js';
import { caseTable, choice, labelled } from './case-table.js';
import { append, el, refill } from './dom.js';
import type { View } from './live-view.js';
import { agreementPart, costPart, errorPart, groupPart, histogramPart } from './report-figures.js';
import { changePart, scorePart, summaryPart } from './report-summary.js';
import { ServedCases } from './served-cases.js';
import { visible } from './visible-text.js';

const OTHERS = 200;

/** A run of the store, alone or against a baseline: its figures, and its cases by pages. */
export function runView(runId: string, baseline: string | undefined): View {
  const leaving = new AbortController();
  const body = el('div', {}, el('p', { class: 'quiet', role: 'status' }, 'Reading the run …'));
  const others = el('div');
  const element = el('div', {}, visible('h1', quotedIfBlank(runId)), others, body);
  void askServer<StoredReport>('/run', { asked: { run: runId, baseline }, signal: leaving.signal }).then(
    (stored) => refill(body, parts(stored, runId, baseline)),
    (error: Error) => {
      if (leaving.signal.aborted) return;
      refill(
        body,
        el('p', { class: 'warning', role: 'alert' }, `The run could not be read: ${error.message}`),
      );
    },
  );
  void askServer<StoredRuns>('/runs', { asked: { limit: OTHERS }, signal: leaving.signal }).then(
    ({ runs }) => append(others, baselineChoice(runId, baseline, { runs: runs.map((run) => run.runId) })),
    () => {}, // what is wrong with the store is told above
  );
  return { element, close: () => leaving.abort() };
}

function parts({ report, head }: StoredReport, runId: string, baseline: string | undefined): HTMLElement {
  const cases = new ServedCases(head, runId, { baseline });
  const { tone, sentence } = report.verdict;
  const sorts =
    baseline === undefined
      ? ([
          ['lowest', 'Lowest score'],
          ['highest', 'Highest score'],
          ['slowest', 'Slowest'],
          ['first', 'Oldest first'],
        ] as const)
      : undefined;
  const about = [report.run.description, report.run.tags.join(', ')]
    .filter((text) => text !== '')
    .join(' · ');
  return el(
    'div',
    {},
    about !== '' && visible('p', about, { class: 'quiet' }),
    visible('p', sentence, { class: `verdict ${tone}` }),
    summaryPart(report),
    scorePart(report),
    changePart(report, undefined),
    groupPart(report),
    histogramPart(report),
    errorPart(report, cases),
    costPart(report),
    agreementPart(report),
    el(
      'section',
      { 'aria-label': 'Cases' },
      el('h2', {}, 'Cases'),
      caseTable(cases, sorts === undefined ? {} : { sorts }),
    ),
  );
}

function baselineChoice(
  runId: string,
  baseline: string | undefined,
  { runs }: { readonly runs: readonly string[] },
): HTMLElement {
  const known = baseline === undefined || runs.includes(baseline) ? runs : [baseline, ...runs];
  const others = known.filter((other) => other !== runId);
  const select = choice(
    [['', 'nothing'], ...others.map((other, i) => [String(i), seen(other)] as const)],
    (value) => {
      location.hash = runAddress(runId, value === '' ? undefined : others[Number(value)]);
    },
  );
  if (baseline !== undefined) select.value = String(others.indexOf(baseline));
  return el('div', { class: 'filters' }, labelled('Compare with', select));
}
