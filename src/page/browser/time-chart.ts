// oxlint-disable-next-line import/no-unassigned-import -- it is to run before uPlot does
import './known-language.js';
import uPlot from 'uplot';
import { el, refill } from './dom.js';

/** A line of a {@link TimeChart}. */
export interface TimeLine {
  readonly name: string;
  /** Lines are told apart by their dashes, not by colours alone. */
  readonly dash: readonly number[];
  /** Name of the style variable with its colour. */
  readonly color: string;
}

/** Options of a {@link TimeChart}. */
export interface TimeChartOptions {
  readonly title: string;
  readonly lines: readonly TimeLine[];
  readonly format: (value: number | null) => string;
}

const HEIGHT = 190;
const MOST_POINTS = 1800;

/** Figures over time. What the picture shows last is also said in words below it. */
export class TimeChart {
  readonly element: HTMLElement;
  readonly #options: TimeChartOptions;
  readonly #caption = el('figcaption');
  readonly #holder = el('div', { class: 'time-chart', role: 'img' });
  readonly #plot: uPlot;
  readonly #sizes: ResizeObserver;
  readonly #theme: MutationObserver;
  #times: number[] = [];
  #values: (number | null)[][];

  constructor(options: TimeChartOptions) {
    this.#options = options;
    this.#values = options.lines.map(() => []);
    this.element = el('figure', {}, el('h3', {}, options.title), this.#holder, this.#caption);
    this.#plot = new uPlot(plotOptions(options), this.#data(), this.#holder);
    this.#sizes = new ResizeObserver(([entry]) => {
      if (entry !== undefined) this.#plot.setSize({ width: entry.contentRect.width, height: HEIGHT });
    });
    this.#sizes.observe(this.#holder);
    this.#theme = new MutationObserver(() => this.#plot.redraw(false, true));
    this.#theme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    this.#say();
  }

  /** Adds points, oldest first; `values` in the order of the lines. */
  add(points: readonly { readonly at: number; readonly values: readonly (number | null)[] }[]): void {
    const last = (this.#times.at(-1) ?? Number.NEGATIVE_INFINITY) * 1000;
    const fresh = points.filter(({ at }) => at > last);
    if (fresh.length === 0) return;
    this.#times = [...this.#times, ...fresh.map(({ at }) => at / 1000)].slice(-MOST_POINTS);
    this.#values = this.#values.map((line, i) =>
      [...line, ...fresh.map(({ values }) => values[i] ?? null)].slice(-MOST_POINTS),
    );
    this.#plot.setData(this.#data());
    this.#say();
  }

  /** Frees what watches it. */
  close(): void {
    this.#sizes.disconnect();
    this.#theme.disconnect();
    this.#plot.destroy();
  }

  #data(): uPlot.AlignedData {
    return [this.#times, ...this.#values];
  }

  #say(): void {
    const { lines, format, title } = this.#options;
    const last = lines.map(({ name }, i) => `${name} ${format(this.#values[i]?.at(-1) ?? null)}`).join(', ');
    refill(this.#caption, this.#times.length === 0 ? 'Nothing was measured yet.' : `Now: ${last}.`);
    this.#holder.setAttribute('aria-label', `${title} over time`);
  }
}

function plotOptions({ lines, format }: TimeChartOptions): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: () => styleOf('--quiet'),
    grid: { stroke: () => styleOf('--line'), width: 1 },
    ticks: { stroke: () => styleOf('--line'), width: 1 },
    font: '12px system-ui, sans-serif',
  };
  return {
    width: 320,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] } },
    axes: [axis, { ...axis, size: 64, values: (_plot, ticks) => ticks.map((tick) => format(tick)) }],
    series: [
      {},
      ...lines.map(({ name, dash, color }) => ({
        label: name,
        stroke: () => styleOf(color),
        width: 1.75,
        dash: [...dash],
        points: { show: false },
        spanGaps: true,
      })),
    ],
  };
}

const styleOf = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();
