// Medians and ratios out of the rows of .bench/contenders.jsonl.
import { BASE } from './registry.mjs';
import { median } from './results.mjs';

const cellKey = ({ latency, c, n }) => `${latency}|${c}|${n}`;

/** Groups rows into cells of equal latency, concurrency and number of cases, in rising order. */
export function cellsOf(rows) {
  const cells = new Map();
  for (const row of rows) {
    const key = cellKey(row);
    if (!cells.has(key)) cells.set(key, { latency: row.latency, c: row.c, n: row.n, rows: [] });
    cells.get(key).rows.push(row);
  }
  return [...cells.values()].sort((a, b) => a.latency - b.latency || a.c - b.c || a.n - b.n);
}

/** The cell of a latency, concurrency and number of cases, or `undefined`. */
export const findCell = (rows, latency, c, n) =>
  cellsOf(rows).find((cell) => cell.latency === latency && cell.c === c && cell.n === n);

const good = (cell, name) => cell?.rows.filter((row) => row.name === name && !row.error) ?? [];

/** Median of a figure over the good runs of a contender. */
export const figure = (cell, name, read) => median(good(cell, name).map(read));

/**
 * Median over the repetitions of what `compare` makes of a run of one contender and the run of another in the same
 * repetition: the machine's slow minutes then hit both.
 */
export function compared(cell, name, other, compare) {
  const others = new Map(good(cell, other).map((row) => [row.repetition, row]));
  const pairs = good(cell, name).filter((row) => others.has(row.repetition));
  return median(pairs.map((row) => compare(row, others.get(row.repetition))));
}

/** {@link compared} by their CPU times, one divided by the other. */
export const ratio = (cell, name, other = BASE) =>
  compared(cell, name, other, (row, beside) => row.cpuMsPer1k / beside.cpuMsPer1k);

/** From process start to the first result, milliseconds. */
export const firstResultMs = (row) => row.extra?.firstMs ?? row.firstMs;

/** Names in a cell, in the order of their runs, with how many runs went well and badly. */
export function contendersOf(cell) {
  const names = [...new Set(cell.rows.map((row) => row.name))];
  return names.map((name) => {
    const runs = good(cell, name).length;
    const failures = cell.rows.filter((row) => row.name === name && row.error);
    return { name, runs, failures };
  });
}
