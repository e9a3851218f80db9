import { displayWidth, fitWidth, padWidth } from './display-width.js';
import { safeLine, type Output, type Tone } from './output.js';

/** A column of a table. */
export interface Column<Row> {
  /** Stands above it. */
  readonly title: string;
  /** What it shows of a row; made harmless and put into one line. */
  readonly cell: (row: Row) => string;
  /** @default 'left' */
  readonly align?: 'left' | 'right';
  /** Columns that it may shrink to when there is too little room. @default its width */
  readonly least?: number;
  /** When there still is too little room, columns are left out, the highest number first. @default never */
  readonly leaveOut?: number;
  /** How its cells stand out. */
  readonly tone?: (row: Row) => Tone | undefined;
}

const GAP = 2;
const MOST_TEXT = 100; // of a cell where nothing says how wide the place is

/**
 * A table that fits the terminal: text columns shrink, then the least important ones are left out, then lines are cut.
 * Without a terminal columns are as wide as they need, text at most 100.
 */
export function formatTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  output: Pick<Output, 'columns' | 'paint'>,
): string {
  const cells = rows.map((row) => columns.map(({ cell }) => safeLine(cell(row))));
  const needed = columns.map(({ title, least }, at) => {
    const widest = Math.max(displayWidth(title), ...cells.map((line) => displayWidth(line[at] as string)));
    return least === undefined ? widest : Math.min(widest, Math.max(MOST_TEXT, least));
  });
  const { shown, widths } = fit(columns, needed, output.columns);
  const line = (texts: readonly string[], toneOf: (at: number) => Tone | undefined): string => {
    const last = shown.at(-1);
    const parts = shown.map((at) => {
      const width = widths[at] as number;
      const text = fitWidth(texts[at] as string, width);
      const side = columns[at]?.align === 'right' ? 'left' : 'right';
      const padded = at === last && side === 'right' ? text : padWidth(text, width, side);
      return output.paint(padded, toneOf(at));
    });
    return parts.join(' '.repeat(GAP)).trimEnd();
  };
  const head = line(
    columns.map(({ title }) => title),
    () => 'strong',
  );
  return [head, ...cells.map((texts, i) => line(texts, (at) => columns[at]?.tone?.(rows[i] as Row)))].join(
    '\n',
  );
}

function fit<Row>(
  columns: readonly Column<Row>[],
  needed: readonly number[],
  room: number,
): { readonly shown: readonly number[]; readonly widths: readonly number[] } {
  const widths = [...needed];
  let shown = columns.map((_, at) => at);
  const surplus = (): number => shown.reduce((sum, at) => sum + (widths[at] as number) + GAP, -GAP) - room;
  const shrink = (leastOf: (at: number) => number): void => {
    for (let over = surplus(); over > 0; over = surplus()) {
      const widest = shown
        .filter((at) => (widths[at] as number) > leastOf(at))
        .sort((a, b) => (widths[b] as number) - (widths[a] as number))[0];
      if (widest === undefined) return;
      const width = widths[widest] as number;
      widths[widest] = width - Math.max(1, Math.min(over, Math.floor((width - leastOf(widest)) / 2)));
    }
  };
  shrink((at) => columns[at]?.least ?? (needed[at] as number));
  while (surplus() > 0) {
    const out = shown
      .filter((at) => columns[at]?.leaveOut !== undefined)
      .sort((a, b) => (columns[b]?.leaveOut ?? 0) - (columns[a]?.leaveOut ?? 0))[0];
    if (out === undefined) break;
    shown = shown.filter((at) => at !== out);
    for (const at of shown) widths[at] = needed[at] as number; // what was left out leaves room
    shrink((at) => columns[at]?.least ?? (needed[at] as number));
  }
  shrink(() => 3);
  return { shown, widths };
}
