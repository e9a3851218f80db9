import type { CaseDetail } from '../case-data.js';
import type { ReportData, ShownDifference } from '../report-data.js';
import { caseName, changeBadge } from './case-badges.js';
import { diffBlock } from './case-detail.js';
import { openCase } from './case-dialog.js';
import { forestPlot, meansPlot } from './charts.js';
import { append, el, type Child } from './dom.js';
import type { EmbeddedCases, EmbeddedRow } from './embedded-cases.js';
import { count, things } from '../../foundation/counted.js';
import { percent, probability, score, signed } from '../figures.js';
import { section, table } from './parts.js';
import { appendVisible, textBlock, visible } from './visible-text.js';

/** What has to be known of the verdict, and how many results there are. */
export function summaryPart({ verdict, counts, run }: ReportData): Child {
  const { results, scored, unscored, errored, passed } = counts;
  const tile = (name: string, value: string, more = ''): HTMLElement =>
    el(
      'div',
      { class: 'tile' },
      el('dt', {}, name),
      el('dd', {}, value, more !== '' && el('small', {}, more)),
    );
  return [
    verdict.notes.length > 0 &&
      el(
        'ul',
        { class: 'notes' },
        verdict.notes.map((note) => el('li', {}, visible('span', note))),
      ),
    el(
      'dl',
      { class: 'tiles' },
      tile('Results', count(results)),
      tile('Passed', count(passed), `${percent(passed, scored)} of the scored`),
      tile('Failed', count(scored - passed)),
      tile('Unscored', count(unscored)),
      tile('Errored', count(errored), percent(errored, results)),
    ),
    el(
      'details',
      {},
      el('summary', {}, 'What was run'),
      el(
        'dl',
        { class: 'facts' },
        run.facts.map(([name, value]) =>
          el('div', {}, el('dt', {}, name), el('dd', {}, visible('span', value))),
        ),
      ),
    ),
  ];
}

/** Each dimension against the baseline, or its mean without one. */
export function scorePart({ metrics, differences }: ReportData): Child {
  if (differences.length > 0)
    return section(
      'Against the baseline',
      'Paired by case. A verdict needs an interval without 0 and a small p-value, corrected for the number of dimensions.',
      forestPlot(differences),
      differenceTable(differences),
    );
  if (metrics.every(({ mean }) => mean === null)) return null;
  return section('Scores', '', meansPlot(metrics), metricTable('Scores', metrics));
}

const OUTCOMES: Readonly<Record<ShownDifference['outcome'], string>> = {
  better: '▲ better',
  worse: '▼ worse',
  open: 'no difference found',
  none: '–',
};

function differenceTable(differences: readonly ShownDifference[]): HTMLElement {
  return table(
    ['Score', '#Run', '#Baseline', '#Difference', '#Interval', '#p', '#Won / lost / tied', 'Verdict'],
    differences.map(
      ({ name, mean, baselineMean, difference, interval, pValue, wins, losses, ties, outcome }) => [
        visible('th', name, { scope: 'row' }),
        score(mean),
        score(baselineMean),
        signed(difference),
        interval === null ? '–' : `${signed(interval.low)} to ${signed(interval.high)}`,
        probability(pValue),
        `${count(wins)} / ${count(losses)} / ${count(ties)}`,
        el(
          'span',
          { class: outcome === 'better' || outcome === 'worse' ? `${outcome}-ink` : 'quiet' },
          OUTCOMES[outcome],
        ),
      ],
    ),
  );
}

/** Means with their intervals and counts. */
export function metricTable(part: string, metrics: ReportData['metrics']): HTMLElement {
  const compared = metrics.some(({ baselineMean }) => baselineMean !== null);
  return table(
    ['Score', '#Mean', '#Interval', ...(compared ? ['#Baseline'] : []), '#Scored', '#Unscored', '#Errored'],
    metrics.map(({ name, mean, interval, baselineMean, scored, unscored, errored, clusters }) => [
      visible('th', name, { scope: 'row' }),
      score(mean),
      interval === null
        ? '–'
        : el(
            'span',
            { title: `${interval.method}, ${100 * interval.level} %` },
            `${score(interval.low)} to ${score(interval.high)}`,
          ),
      ...(compared ? [score(baselineMean)] : []),
      clusters === null ? count(scored) : `${count(scored)} in ${things(clusters, 'cluster')}`,
      count(unscored),
      count(errored),
    ]),
    { label: `Table of ${part.toLowerCase()}` },
  );
}

const MOST_STORIES = 6;

/** What got worse, and what got better; with the difference of the answers, where the cases are at hand. */
export function changePart({ changes }: ReportData, cases: EmbeddedCases | undefined): Child {
  if (changes === null) return null;
  const worse = changes['to-fail'] + changes.lower + changes.lost;
  const better = changes['to-pass'] + changes.higher + changes.gained;
  return [
    section(
      'What got worse',
      worse === 0
        ? 'Nothing: no case scored lower than in the baseline.'
        : `${things(changes['to-fail'], 'case')} passed before and ${changes['to-fail'] === 1 ? 'fails' : 'fail'} now; ` +
            `${count(changes.lower)} scored lower on the same side; ${count(changes.lost)} lost their score.`,
      cases !== undefined && stories(cases, ['to-fail', 'lost', 'lower']),
    ),
    section(
      'What got better',
      better === 0
        ? 'Nothing: no case scored higher than in the baseline.'
        : `${things(changes['to-pass'], 'case')} failed before and ${changes['to-pass'] === 1 ? 'passes' : 'pass'} now; ` +
            `${count(changes.higher)} scored higher on the same side; ${count(changes.gained)} got a score.`,
      cases !== undefined && stories(cases, ['to-pass', 'gained', 'higher']),
    ),
  ];
}

/** The first changed cases in full, the most telling first; the table has the others. */
function stories(cases: EmbeddedCases, kinds: readonly string[]): Child {
  const move = ({ score: now, baselineScore }: EmbeddedRow): number =>
    Math.abs((now ?? 0) - (baselineScore ?? 0));
  const rows = cases.rows
    .filter(({ change }) => change !== null && kinds.includes(change))
    .map((row, at) => ({ row, at, kind: kinds.indexOf(row.change as string) }))
    .sort((a, b) => a.kind - b.kind || move(b.row) - move(a.row) || a.at - b.at)
    .map(({ row }) => row);
  const shown = rows.slice(0, MOST_STORIES);
  return [
    shown.map((_, i) => story(cases, shown, i)),
    rows.length > shown.length &&
      el(
        'p',
        { class: 'quiet' },
        `${count(rows.length - shown.length)} more are in the table of `,
        el('a', { href: '#cases' }, 'cases'),
        '.',
      ),
  ];
}

function story(cases: EmbeddedCases, rows: readonly EmbeddedRow[], index: number): HTMLElement {
  const row = rows[index] as EmbeddedRow;
  const open = el('button', {
    type: 'button',
    class: 'link',
    onclick: () => openCase({ source: cases, rows, index }),
  });
  appendVisible(open, caseName(row));
  const box = el(
    'article',
    { class: 'story', 'aria-label': `Case ${caseName(row)}` },
    el('header', {}, open, changeBadge(row)),
    row.question !== '' && visible('p', row.question, { class: 'asked' }),
  );
  void cases.detail(row).then((detail) => append(box, answers(detail)));
  return box;
}

function answers({ text, baseline, expected, problem }: CaseDetail): Child {
  const [old, now] = [baseline?.text ?? null, text];
  return [
    expected !== null &&
      expected.length <= 200 &&
      el('p', {}, el('span', { class: 'quiet' }, 'Expected '), visible('code', expected.text)),
    problem !== null && textBlock(problem),
    old !== null && now !== null ? diffBlock(old, now) : now !== null && textBlock(now),
  ];
}
