import type { BudgetSummary } from '../batch/summary/budget-summary.js';
import type { MetricSummary, RunSummary, StopReason } from '../batch/summary/run-summary.js';
import { countsByCode } from '../foundation/counted.js';
import { plainText } from '../foundation/plain-text.js';
import { compareRuns } from '../statistics/compare-runs.js';
import { costPerSolved, type CostPerSolved } from '../statistics/cost-per-solved.js';
import type { Interval } from '../statistics/intervals.js';
import { holm } from '../statistics/multiple-comparisons.js';
import type { MetricComparison } from '../statistics/pair-set.js';
import type { MatrixCell, ResolvedMatrix } from './matrix-options.js';

/** What a combination came to. */
export interface MatrixCellReport extends MatrixCell {
  /** Its run in the store. */
  readonly runId: string;
  /** The score that is compared: its mean, interval and counts, over the whole run. */
  readonly score: MetricSummary;
  /** What a solved case costs. */
  readonly costPerSolved: CostPerSolved;
  /** The summary of its run. */
  readonly summary: RunSummary;
}

/** Two combinations, compared case by case. */
export interface MatrixComparison {
  /** The combination that is looked at. */
  readonly a: MatrixCell;
  /** What it is compared with. */
  readonly b: MatrixCell;
  /** Cases and repetitions that both have a score for. */
  readonly pairs: number;
  /** Mean of a - b; `null` without pairs. */
  readonly difference: number | null;
  /** Its interval, of this comparison alone. */
  readonly interval: Interval | null;
  /** Of this comparison alone. */
  readonly pValue: number | null;
  /** After Holm's correction over all comparisons of the matrix. */
  readonly adjustedPValue: number | null;
}

/** What a matrix came to. Plain data. */
export interface MatrixData {
  /** Names the matrix. */
  readonly matrixId: string;
  /** The score that is compared. */
  readonly metric: string;
  /** Coverage of the intervals. */
  readonly level: number;
  /** Why it ended: `end` when every run has all cases. */
  readonly stopReason: StopReason;
  /** The combinations, models in their order, each with the prompts in theirs. */
  readonly cells: readonly MatrixCellReport[];
  /** The comparisons, in the order of the cells. */
  readonly comparisons: readonly MatrixComparison[];
  /** What the budget has counted over all runs, in this start; `null` without one. */
  readonly budget: BudgetSummary | null;
}

/** A {@link MatrixData} that is two tables as text. */
export interface Matrix extends MatrixData {
  toString(): string;
}

/** How a matrix ended. */
export interface MatrixEnd {
  readonly matrixId: string;
  readonly runIds: readonly string[];
  readonly summaries: readonly RunSummary[];
  readonly budget: BudgetSummary | null;
}

/** Sums the runs up and compares them. */
export async function reportMatrix(matrix: ResolvedMatrix, end: MatrixEnd): Promise<Matrix> {
  const { settings, cells } = matrix;
  const { metric = 'overall', level = 0.95, store } = settings;
  const reports: MatrixCellReport[] = [];
  for (const [i, { model, prompt }] of cells.entries()) {
    const summary = end.summaries[i]!;
    const runId = end.runIds[i]!;
    const score = metric === 'overall' ? summary.overall : (summary.dimensions[metric] ?? NOTHING);
    const costs = await costPerSolved({ store, runId }, { level });
    reports.push({ model, prompt, runId, score, costPerSolved: costs, summary });
  }
  const data: MatrixData = {
    matrixId: end.matrixId,
    metric,
    level,
    stopReason: reasonOf(end.summaries.map(({ stopReason }) => stopReason)),
    cells: reports,
    comparisons: await compareCells(matrix, reports),
    budget: end.budget,
  };
  return Object.defineProperty({ ...data }, 'toString', {
    value: () => formatMatrix(data),
    enumerable: false,
  }) as Matrix;
}

/** Why the first run ended; the others are drained for it. */
const reasonOf = (reasons: readonly StopReason[]): StopReason =>
  reasons.find((reason) => reason !== 'end' && reason !== 'drained') ??
  reasons.find((reason) => reason !== 'end') ??
  'end';

/** A metric that no result has. */
const NOTHING: MetricSummary = Object.freeze({
  scored: 0,
  unscored: 0,
  errored: 0,
  mean: null,
  standardDeviation: null,
  standardError: null,
  interval: null,
  min: null,
  max: null,
  clusters: null,
  effectiveClusters: null,
  degreesOfFreedom: null,
});

async function compareCells(
  { settings, baseline }: ResolvedMatrix,
  reports: readonly MatrixCellReport[],
): Promise<MatrixComparison[]> {
  const { compare = 'baseline', metric = 'overall', level = 0.95, store, signal } = settings;
  const found: Omit<MatrixComparison, 'adjustedPValue'>[] = [];
  for (const [a, b] of pairsOf(compare, baseline, reports)) {
    const cellOf = ({ model, prompt }: MatrixCell): MatrixCell => ({ model, prompt });
    const compared = await comparedMetric(a, b);
    const { pairs = 0, difference = null, interval = null, pValue = null } = compared ?? {};
    found.push({ a: cellOf(a), b: cellOf(b), pairs, difference, interval, pValue });
  }
  const adjusted = holm(found.map(({ pValue }) => pValue));
  return found.map((each, i) => ({ ...each, adjustedPValue: adjusted[i]! }));

  async function comparedMetric(
    a: MatrixCellReport,
    b: MatrixCellReport,
  ): Promise<MetricComparison | undefined> {
    if ([a, b].some(({ score }) => score.scored === 0)) return undefined; // nothing to pair: it ended before
    const sides = [a, b].map(({ runId }) => ({ store, runId })) as [StoredSide, StoredSide];
    const { metrics } = await compareRuns(...sides, {
      level,
      permutation: false,
      ...(signal === undefined ? {} : { signal }),
    });
    return metrics.find(
      ({ name, kind }) => name === metric && (kind === 'overall') === (metric === 'overall'),
    );
  }
}

interface StoredSide {
  readonly store: ResolvedMatrix['settings']['store'];
  readonly runId: string;
}

function pairsOf<Cell>(
  compare: 'baseline' | 'all' | 'none',
  baseline: number,
  cells: readonly Cell[],
): [Cell, Cell][] {
  if (compare === 'none') return [];
  if (compare === 'baseline')
    return cells.filter((_, i) => i !== baseline).map((cell) => [cell, cells[baseline]!]);
  return cells.flatMap((b, i) => cells.slice(i + 1).map((a): [Cell, Cell] => [a, b]));
}

/** A matrix as plain text: the combinations with their scores, then the comparisons. */
export function formatMatrix(data: MatrixData): string {
  const { matrixId, metric, level, stopReason, cells, comparisons } = data;
  const share = `${Number((100 * level).toFixed(4))} %`;
  const head = plainText(
    `Matrix ${matrixId}${stopReason === 'end' ? '' : ` (ended early: ${stopReason})`}: ${metric}`,
  );
  const priced = cells.some(({ summary }) => summary.cost !== null);
  const scores = cells.map(({ model, prompt, score }) => [
    plainText(model),
    prompt === null ? NONE : plainText(prompt),
    figure(score.mean),
    range(score.interval),
    ...[score.scored, score.unscored, score.errored].map(String),
  ]);
  const costs = cells.map(({ summary, costPerSolved: { cost, interval } }) =>
    summary.cost === null ? [NONE, NONE, NONE] : [figure(summary.cost), figure(cost), range(interval)],
  );
  const rows = [
    ['model', 'prompt', 'mean', `${share} interval`, 'scored', 'unscored', 'errored'],
    ...scores,
  ].map((row, i) =>
    priced ? [...row, ...(i === 0 ? ['cost', 'a solved case', `${share} interval`] : costs[i - 1]!)] : row,
  );
  const errors = cells.flatMap((cell) => {
    const counts = countsByCode(cell.summary.errorsByCode);
    return counts === '' ? [] : [`errors of ${nameOf(cell)}: ${counts}`];
  });
  const lines = [head, '', ...table(rows), ...(errors.length === 0 ? [] : ['', ...errors])];
  if (comparisons.length === 0) return lines.join('\n');
  const compared = comparisons.map((each) => [
    `${nameOf(each.a)} - ${nameOf(each.b)}`,
    String(each.pairs),
    signed(each.difference),
    each.interval === null ? NONE : `${signed(each.interval.low)} to ${signed(each.interval.high)}`,
    probability(each.pValue),
    probability(each.adjustedPValue),
    verdict(each, level),
  ]);
  const titles = ['difference', 'pairs', 'mean', `${share} interval`, 'p', 'p (Holm)', 'verdict'];
  return [...lines, '', ...table([titles, ...compared])].join('\n');
}

const NONE = '-';
const nameOf = ({ model, prompt }: MatrixCell): string =>
  plainText(prompt === null ? model : `${model}/${prompt}`);
const figure = (value: number | null): string => (value === null ? NONE : value.toFixed(4));
const probability = (value: number | null): string =>
  value !== null && value < 0.0001 ? '<0.0001' : figure(value);
const signed = (value: number | null): string =>
  value === null ? NONE : value > 0 ? `+${value.toFixed(4)}` : value.toFixed(4).replace(/^-(0\.0+)$/, '$1');
const range = (interval: { readonly low: number; readonly high: number } | null): string =>
  interval === null ? NONE : `${figure(interval.low)} to ${figure(interval.high)}`;

/** As `formatComparison` says it: the corrected p-value and the interval must both say so. */
function verdict({ adjustedPValue, difference, interval }: MatrixComparison, level: number): string {
  if (adjustedPValue === null || difference === null) return NONE;
  const holdsZero = interval !== null && interval.low <= 0 && interval.high >= 0;
  if (adjustedPValue > 1 - level || difference === 0 || holdsZero) return 'no difference found';
  return difference > 0 ? 'better' : 'worse';
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
}
