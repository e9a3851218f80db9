import type { CaseRow, CaseSource } from '../case-data.js';
import type { ReportData, ShownError } from '../report-data.js';
import { caseName } from './case-badges.js';
import { openCase } from './case-dialog.js';
import { histogramChart, meansPlot } from './charts.js';
import { el, type Child } from './dom.js';
import { count } from '../../foundation/counted.js';
import { score } from '../figures.js';
import { section, table } from './parts.js';
import { metricTable } from './report-summary.js';
import { appendVisible, textBlock, visible } from './visible-text.js';

const MOST_PLOTTED = 40;

/** Means of groups and slices with their intervals. */
export function groupPart({ groups, slices }: ReportData): Child {
  const part = (name: string, lead: string, metrics: ReportData['groups']): Child =>
    metrics.length > 0 &&
    section(name, lead, meansPlot(metrics.slice(0, MOST_PLOTTED)), metricTable(name, metrics));
  return [
    part('Groups', 'The overall score within each group.', groups),
    part('Slices', 'The overall score within each slice; a case may be in several.', slices),
  ];
}

/** How often each score came. */
export function histogramPart({ histograms }: ReportData): Child {
  return (
    histograms.length > 0 &&
    section(
      'How the scores lie',
      '',
      el(
        'div',
        { class: 'columns' },
        histograms.map((histogram) => histogramChart(histogram)),
      ),
    )
  );
}

/** Cases that can be opened from an example of what failed. */
export interface ExampleCases extends CaseSource {
  /** Its row, in a list; empty where it cannot be opened. `dimension` is empty when the whole case failed. */
  rowsOf(example: ShownError['examples'][number], dimension: string): readonly CaseRow[];
}

/** What failed, by code, with examples. */
export function errorPart({ errors }: ReportData, cases: ExampleCases): Child {
  return (
    errors.length > 0 &&
    section(
      'What failed',
      'An error is no score: these are in no mean.',
      errors.map((error) => errorBox(error, cases)),
    )
  );
}

function errorBox({ code, dimension, count: times, examples }: ShownError, cases: ExampleCases): HTMLElement {
  return el(
    'article',
    { class: 'story' },
    el(
      'header',
      {},
      visible('strong', code),
      el('span', {}, `${count(times)} ×`),
      dimension !== '' && visible('span', `dimension ${dimension}`, { class: 'tag' }),
    ),
    examples.map((example) => {
      const rows = cases.rowsOf(example, dimension);
      const link =
        rows.length === 0
          ? el('span')
          : el('button', {
              type: 'button',
              class: 'link',
              onclick: () => openCase({ source: cases, rows, index: 0 }),
            });
      appendVisible(link, caseName(example));
      return el('div', {}, link, textBlock(example.message));
    }),
  );
}

/** Time, tokens and money, beside the baseline's. */
export function costPart({ costs }: ReportData): Child {
  const compared = costs.some(({ baseline }) => baseline !== '');
  return section(
    'Time and cost',
    '',
    table(
      ['Figure', '#Run', ...(compared ? ['#Baseline'] : [])],
      costs.map(({ name, value, baseline }) => [
        visible('th', name, { scope: 'row' }),
        value,
        ...(compared ? [baseline] : []),
      ]),
    ),
  );
}

/** Whether judges agree with each other, with themselves, and with people. */
export function agreementPart({ agreement, anchored }: ReportData): Child {
  if (agreement.length === 0 && anchored.length === 0) return null;
  return section(
    'Can the judges be believed',
    '',
    anchored.map((line) => visible('p', line)),
    agreement.length > 0 &&
      table(
        ['Dimension', 'Measure', '#Value', '#Interval', '#Answers'],
        agreement.map(({ name, measure, value, interval, n }) => [
          visible('th', name, { scope: 'row' }),
          measure,
          score(value),
          interval === null ? '–' : `${score(interval.low)} to ${score(interval.high)}`,
          count(n),
        ]),
      ),
  );
}
