import type { ShownDifference, ShownHistogram, ShownInterval, ShownMetric } from '../report-data.js';
import { el, refill, svg } from './dom.js';
import { count } from '../../foundation/counted.js';
import { score, signed } from '../figures.js';
import { seen } from '../unseen.js';

const RIGHT = 26;

/** Measures of a plot: names stand left of their lines, and above them where there is no room. */
interface Measures {
  readonly width: number;
  readonly row: number;
  readonly left: number;
  readonly longestName: number;
  readonly narrow: boolean;
}

const WIDE: Measures = { width: 1040, row: 30, left: 250, longestName: 34, narrow: false };
const NARROW: Measures = { width: 370, row: 46, left: 26, longestName: 46, narrow: true };

interface PlotRow {
  readonly name: string;
  readonly value: number | null;
  readonly interval: ShownInterval | null;
  readonly tone: string;
  /** A second mark, of the baseline. */
  readonly base: number | null;
  readonly title: string;
}

/** Differences from the baseline with their intervals, a line each. */
export function forestPlot(differences: readonly ShownDifference[]): HTMLElement {
  const rows = differences.map(({ name, difference, interval, outcome }) => ({
    name,
    value: difference,
    interval,
    tone: outcome === 'better' || outcome === 'worse' ? outcome : '',
    base: null,
    title: `${name}: ${signed(difference)}${interval === null ? '' : ` (${signed(interval.low)} to ${signed(interval.high)})`}`,
  }));
  const reach = Math.max(
    0.02,
    ...rows.flatMap(({ value, interval }) => extent(value, interval).map(Math.abs)),
  );
  const end = niceEnd(reach);
  return figure(
    rows,
    { from: -end, to: end, ticks: [-end, -end / 2, 0, end / 2, end], tick: signed },
    `Difference from the baseline; the line is the ${levelOf(differences)} interval. Right of 0 the run scores higher.`,
  );
}

/** Means with their intervals, a line each; an open ring is the baseline's mean. */
export function meansPlot(metrics: readonly ShownMetric[]): HTMLElement {
  const rows = metrics.map(({ name, mean, interval, baselineMean }) => ({
    name,
    value: mean,
    interval,
    tone: '',
    base: baselineMean,
    title: `${name}: ${score(mean)}${interval === null ? '' : ` (${score(interval.low)} to ${score(interval.high)})`}`,
  }));
  const compared = metrics.some(({ baselineMean }) => baselineMean !== null);
  return figure(
    rows,
    { from: 0, to: 1, ticks: [0, 0.25, 0.5, 0.75, 1], tick: (value) => value.toFixed(2) },
    `Mean score; the line is the ${levelOf(metrics)} interval.${compared ? ' The ring is the baseline.' : ''}`,
  );
}

const levelOf = (rows: readonly { readonly interval: ShownInterval | null }[]): string =>
  `${Number((100 * (rows.find(({ interval }) => interval !== null)?.interval?.level ?? 0.95)).toFixed(1))} %`;

const extent = (value: number | null, interval: ShownInterval | null): number[] => [
  ...(value === null ? [] : [value]),
  ...(interval === null ? [] : [interval.low, interval.high]),
];

/** The next of 1, 2, 5 times a power of ten; at most 1. */
function niceEnd(reach: number): number {
  const power = 10 ** Math.floor(Math.log10(reach));
  return Math.min(1, (([1, 2, 5, 10].find((step) => step * power >= reach) as number) ?? 10) * power);
}

interface Axis {
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly number[];
  readonly tick: (value: number) => string;
}

function figure(rows: readonly PlotRow[], axis: Axis, caption: string): HTMLElement {
  const holder = el('div');
  const narrow = matchMedia('(max-width: 640px)');
  const draw = (): void => refill(holder, plot(rows, axis, narrow.matches ? NARROW : WIDE));
  narrow.addEventListener('change', draw);
  draw();
  return el('figure', {}, holder, el('figcaption', {}, caption));
}

function plot(rows: readonly PlotRow[], axis: Axis, measures: Measures): SVGElement {
  const { width, row, left } = measures;
  const height = rows.length * row + 28;
  const x = (value: number): number =>
    left + ((value - axis.from) / (axis.to - axis.from)) * (width - left - RIGHT);
  return svg(
    'svg',
    {
      class: 'chart',
      viewBox: `0 0 ${width} ${height}`,
      role: 'img',
      'aria-label': rows.map(({ title }) => seen(title)).join('; '),
    },
    axis.ticks.map((tick) => [
      svg('line', {
        x1: x(tick),
        x2: x(tick),
        y1: 0,
        y2: height - 24,
        class: tick === 0 && axis.from < 0 ? 'zero' : 'grid',
      }),
      svg('text', { x: x(tick), y: height - 6, 'text-anchor': 'middle', class: 'axis' }, axis.tick(tick)),
    ]),
    rows.map((each, i) => mark(each, x, { top: i * row, measures })),
  );
}

function mark(
  { name, value, interval, tone, base, title }: PlotRow,
  x: (value: number) => number,
  { top, measures }: { readonly top: number; readonly measures: Measures },
): SVGElement {
  const { row, left, longestName, narrow } = measures;
  const shown = seen(name);
  const short = shown.length > longestName ? `${shown.slice(0, longestName - 1)}…` : shown;
  const y = top + (narrow ? row - 14 : row / 2);
  return svg(
    'g',
    {},
    svg('title', {}, seen(title)),
    narrow
      ? svg('text', { x: 4, y: top + 15 }, short)
      : svg('text', { x: left - 14, y: y + 4.5, 'text-anchor': 'end' }, short),
    interval !== null &&
      svg('line', { x1: x(interval.low), x2: x(interval.high), y1: y, y2: y, class: `range ${tone}` }),
    base !== null && svg('circle', { cx: x(base), cy: y, r: 6.5, class: 'base' }),
    value !== null && svg('circle', { cx: x(value), cy: y, r: 5, class: `point ${tone}` }),
    value === null && svg('text', { x: x(0), y: y + 4.5, class: 'axis' }, 'no score'),
  );
}

const CHART_HEIGHT = 150;

/** How often each score came; the outline is the baseline. */
export function histogramChart({ name, bins, baseline }: ShownHistogram): HTMLElement {
  const most = Math.max(1, ...bins, ...(baseline ?? []));
  const width = 380;
  const step = (width - 8) / bins.length;
  const y = (value: number): number => CHART_HEIGHT - (value / most) * (CHART_HEIGHT - 18);
  const total = bins.reduce((sum, value) => sum + value, 0);
  const partOf = (i: number): string =>
    `${(i / bins.length).toFixed(2)} to ${((i + 1) / bins.length).toFixed(2)}`;
  const said = bins.flatMap((value, i) => (value === 0 ? [] : [`${partOf(i)}: ${count(value)}`]));
  return el(
    'figure',
    {},
    svg(
      'svg',
      {
        class: 'chart',
        viewBox: `0 0 ${width} ${CHART_HEIGHT + 22}`,
        role: 'img',
        'aria-label': `Scores of ${seen(name)}: ${said.join('; ') || 'none'}`,
      },
      bins.map((value, i) =>
        svg(
          'rect',
          {
            x: 4 + i * step + 1,
            y: y(value),
            width: step - 2,
            height: CHART_HEIGHT - y(value),
            class: 'bar',
          },
          svg('title', {}, `${partOf(i)}: ${count(value)}`),
        ),
      ),
      baseline !== null && svg('path', { class: 'base', d: outline(baseline, step, y) }),
      svg('line', { x1: 4, x2: width - 4, y1: CHART_HEIGHT, y2: CHART_HEIGHT, class: 'grid' }),
      [0, 0.5, 1].map((tick, i) =>
        svg(
          'text',
          {
            x: 4 + tick * (width - 8),
            y: CHART_HEIGHT + 17,
            class: 'axis',
            'text-anchor': ['start', 'middle', 'end'][i],
          },
          String(tick),
        ),
      ),
      svg('text', { x: 4, y: 11, class: 'axis' }, `most: ${count(most)}`),
    ),
    el(
      'figcaption',
      {},
      `${seen(name)}: ${count(total)} scores${baseline === null ? '' : '; the outline is the baseline'}`,
    ),
  );
}

function outline(bins: readonly number[], step: number, y: (value: number) => number): string {
  const points = bins.map((value, i) => `V${y(value).toFixed(1)}H${(4 + (i + 1) * step).toFixed(1)}`);
  return `M4 ${CHART_HEIGHT}${points.join('')}V${CHART_HEIGHT}`;
}
