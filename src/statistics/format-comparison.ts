import { shownName, terminalSafe } from '../foundation/plain-text.js';
import type { Interval } from './intervals.js';
import type { RunComparison } from './compare-runs.js';
import type { UnmatchedResults } from './join-results.js';
import type { MetricComparison } from './pair-set.js';

const NONE = '-';
const SHOWN_IDS = 10;
const GAP = '  ';

/** Options of {@link formatComparison}. */
export interface FormatComparisonOptions {
  /** Columns that the table should fit into, > 0: it leaves out what matters least until it does. @default no limit */
  readonly columns?: number | undefined;
}

const COLUMNS: readonly {
  readonly title: (comparison: RunComparison) => string;
  readonly cell: (metric: MetricComparison, comparison: RunComparison) => string;
  /** When the table is too wide, columns are left out, the highest number first. */
  readonly leaveOut?: number;
  readonly align?: 'left';
}[] = [
  { title: () => 'metric', cell: ({ name }) => shownName(name), align: 'left' },
  { title: () => 'pairs', cell: ({ pairs }) => String(pairs), leaveOut: 1 },
  { title: () => 'a', cell: ({ meanA }) => score(meanA), leaveOut: 2 },
  { title: () => 'b', cell: ({ meanB }) => score(meanB), leaveOut: 2 },
  { title: () => 'a - b', cell: ({ difference }) => signed(difference) },
  {
    title: ({ level }) => `${Number((level * 100).toFixed(4))} % interval`,
    cell: ({ interval: found }) => interval(found),
  },
  { title: () => 'p', cell: ({ pValue }) => probability(pValue) },
  {
    title: () => 'p (Holm)',
    cell: ({ kind, adjustedPValue }) => (kind === 'overall' ? '' : probability(adjustedPValue)),
    leaveOut: 4,
  },
  {
    title: () => 'test',
    cell: ({ test, pValue }) => (pValue === null ? NONE : test),
    align: 'left',
    leaveOut: 5,
  },
  {
    title: () => 'win/loss/tie',
    cell: ({ wins, losses, ties }) => `${wins}/${losses}/${ties}`,
    align: 'left',
    leaveOut: 3,
  },
  { title: () => 'verdict', cell: (metric, { level }) => verdict(metric, level), align: 'left' },
];

/**
 * A comparison as a table of plain text, for a terminal or a log; control characters in names are shown as `\u{1b}`. A
 * verdict needs a p-value of at most 1 - level, after Holm's correction for dimensions, and an interval that does not hold
 * 0; `no difference found` says that these cases do not show one, not that there is none.
 */
export function formatComparison(
  comparison: RunComparison,
  { columns: room = Number.POSITIVE_INFINITY }: FormatComparisonOptions = {},
): string {
  const { a, b, pairs, metrics, forcedDifferences, warnings, onlyInA, onlyInB, changedCases } = comparison;
  const rows = [
    COLUMNS.map(({ title }) => title(comparison)),
    ...metrics.map((metric) => COLUMNS.map(({ cell }) => cell(metric, comparison))),
  ];
  const widths = COLUMNS.map((_, i) => Math.max(...rows.map((row) => (row[i] as string).length)));
  const shown = fittingColumns(widths, room);
  const lines = [
    `a = ${shownName(a.runId)} (${a.results} results), b = ${shownName(b.runId)} (${b.results} results): ${pairs} pairs`,
    ...forcedDifferences.map((difference) => `FORCED although not scored alike: ${difference}`),
    '',
    ...rows.map((row) => tableRow(row, widths, shown)),
  ];
  const missing = metrics
    .filter(({ missingInA, missingInB }) => missingInA + missingInB > 0)
    .map(
      ({ name, missingInA, missingInB }) =>
        `no score for ${shownName(name)}: ${missingInA} in a, ${missingInB} in b`,
    );
  const unseen = metrics
    .filter(couldBeOutweighed)
    .map(
      ({ name, intervals }) =>
        `${shownName(name)}: a rare, large loss that these pairs did not show could outweigh it (${interval(intervals.midGaffke)} within the range of scores)`,
    );
  const unmatched = [
    ...idLines('only in a', onlyInA),
    ...idLines('only in b', onlyInB),
    ...idLines('cases whose content changed', changedCases),
  ];
  const notes = [...warnings.map((warning) => `note: ${warning}`), ...unseen, ...missing, ...unmatched];
  if (notes.length > 0) lines.push('', ...notes);
  return lines.map(terminalSafe).join('\n');
}

/** Which columns fit into the room, the most important ones in any case. */
function fittingColumns(widths: readonly number[], room: number): readonly number[] {
  let shown = widths.map((_, at) => at);
  const isTooWide = (): boolean =>
    shown.reduce((sum, at) => sum + (widths[at] as number) + GAP.length, -GAP.length) > room;
  for (let rank = 5; rank > 0 && isTooWide(); rank--)
    shown = shown.filter((at) => COLUMNS[at]?.leaveOut !== rank);
  return shown;
}

function tableRow(cells: readonly string[], widths: readonly number[], shown: readonly number[]): string {
  return shown
    .map((at) => {
      const [cell, width] = [cells[at] as string, widths[at] as number];
      return COLUMNS[at]?.align === 'left' ? cell.padEnd(width) : cell.padStart(width);
    })
    .join(GAP)
    .trimEnd();
}

function verdict({ adjustedPValue, difference, interval: found }: MetricComparison, level: number): string {
  if (adjustedPValue === null || difference === null) return NONE;
  if (adjustedPValue > 1 - level || difference === 0 || holdsZero(found)) return 'no difference found';
  return difference > 0 ? 'a is better' : 'b is better';
}

const holdsZero = (found: Interval | null): boolean => found !== null && found.low <= 0 && found.high >= 0;

/** t goes by the spread that was seen: of samples of 20 with one loss of 0.9 in 20 cases, a third show none. */
const couldBeOutweighed = ({ interval: found, intervals: { t, midGaffke } }: MetricComparison): boolean =>
  found === t && !holdsZero(t) && holdsZero(midGaffke);

function idLines(what: string, { count, ids }: UnmatchedResults): string[] {
  if (count === 0) return [];
  const shown = ids.slice(0, SHOWN_IDS).map((id) => JSON.stringify(id));
  const more = count > shown.length ? `${shown.length > 0 ? ', ' : ''}${count - shown.length} more` : '';
  return [`${what}: ${count} (${shown.join(', ')}${more})`];
}

function score(value: number | null): string {
  return value === null ? NONE : value.toFixed(4);
}

function signed(value: number | null): string {
  if (value === null) return NONE;
  const text = value.toFixed(4);
  return Number(text) === 0 ? text.replace('-', '') : value > 0 ? `+${text}` : text;
}

function interval(found: Interval | null): string {
  return found === null ? NONE : `${signed(found.low)} to ${signed(found.high)}`;
}

function probability(value: number | null): string {
  if (value === null) return NONE;
  return value < 0.0001 ? '<0.0001' : value.toFixed(4);
}
