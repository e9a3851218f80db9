import type { CaseQuery, CaseRow } from './case-data.js';

const scoreOf = (row: CaseRow, dimension: number): number | null =>
  dimension < 0 ? row.score : (row.scores[dimension] ?? null);

/** Whether a row passes the filters of a query, its search apart. */
export function matchesFilters(row: CaseRow, query: Omit<CaseQuery, 'search'>): boolean {
  const { outcome, group, dimension, maxScore, change } = query;
  const score = scoreOf(row, dimension);
  return (
    (outcome === '' ||
      (outcome === 'passed' || outcome === 'failed'
        ? row.passed === (outcome === 'passed')
        : row.outcome === outcome)) &&
    (group === null || row.group === group) &&
    (maxScore === null || (score !== null && score <= maxScore)) &&
    (change === '' ||
      (change === 'changed' ? row.change !== null && row.change !== 'same' : row.change === change))
  );
}

/** How rows are compared in the order of a query; `undefined`: as they are. Rows without the figure come last. */
export function rowOrder({
  sort,
  dimension,
}: Pick<CaseQuery, 'sort' | 'dimension'>): ((a: CaseRow, b: CaseRow) => number) | undefined {
  const by =
    (figure: (row: CaseRow) => number | null, direction: 1 | -1) =>
    (a: CaseRow, b: CaseRow): number => {
      const [x, y] = [figure(a), figure(b)];
      if (x === null || y === null) return (x === null ? 1 : 0) - (y === null ? 1 : 0);
      return direction * (x - y);
    };
  const rise = (row: CaseRow): number | null =>
    row.score === null || row.baselineScore === null ? null : row.score - row.baselineScore;
  switch (sort) {
    case 'first':
      return undefined;
    case 'lowest':
      return by((row) => scoreOf(row, dimension), 1);
    case 'highest':
      return by((row) => scoreOf(row, dimension), -1);
    case 'slowest':
      return by(({ latencyMs }) => latencyMs, -1);
    case 'fell':
      return by(rise, 1);
    case 'rose':
      return by(rise, -1);
  }
}
