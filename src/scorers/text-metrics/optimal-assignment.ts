/**
 * The one-to-one assignment of rows to columns with the largest sum: for each row its column, or -1 when there are
 * more rows than columns and it stays alone. Hungarian method with potentials, O(rows² columns).
 */
export function optimalAssignment(worth: readonly (readonly number[])[]): number[] {
  const rows = worth.length;
  const columns = worth[0]?.length ?? 0;
  if (columns === 0) return worth.map(() => -1);
  if (rows > columns) {
    const flipped = Array.from({ length: columns }, (_, c) => worth.map((row) => row[c]!));
    const assigned = worth.map(() => -1);
    optimalAssignment(flipped).forEach((row, column) => (assigned[row] = column));
    return assigned;
  }
  const rowPotential = new Float64Array(rows + 1);
  const columnPotential = new Float64Array(columns + 1);
  const rowOf = new Int32Array(columns + 1); // 1-based row of each column; 0 is free
  for (let row = 1; row <= rows; row++) {
    const cameFrom = new Int32Array(columns + 1);
    const slack = new Float64Array(columns + 1).fill(Number.POSITIVE_INFINITY);
    const done = new Uint8Array(columns + 1);
    let column = 0;
    rowOf[0] = row;
    do {
      done[column] = 1;
      const current = rowOf[column]!;
      let step = Number.POSITIVE_INFINITY;
      let next = 0;
      for (let c = 1; c <= columns; c++) {
        if (done[c]) continue;
        const reduced = -worth[current - 1]![c - 1]! - rowPotential[current]! - columnPotential[c]!;
        if (reduced < slack[c]!) {
          slack[c] = reduced;
          cameFrom[c] = column;
        }
        if (slack[c]! < step) {
          step = slack[c]!;
          next = c;
        }
      }
      for (let c = 0; c <= columns; c++) {
        if (done[c]) {
          rowPotential[rowOf[c]!]! += step;
          columnPotential[c]! -= step;
        } else slack[c]! -= step;
      }
      column = next;
    } while (rowOf[column] !== 0);
    while (column !== 0) {
      const previous = cameFrom[column]!;
      rowOf[column] = rowOf[previous]!;
      column = previous;
    }
  }
  const assigned = worth.map(() => -1);
  for (let c = 1; c <= columns; c++) if (rowOf[c] !== 0) assigned[rowOf[c]! - 1] = c - 1;
  return assigned;
}
