import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../src/cli/display-width.js';
import { formatTable, type Column } from '../../src/cli/table.js';

interface Row {
  readonly id: string;
  readonly text: string;
  readonly n: number;
}
const rows: readonly Row[] = [
  { id: 'first', text: 'a long answer of several words that goes on and on', n: 1 },
  { id: 'ein-日本語', text: 'two\nlines\u001b[2J', n: 22 },
];
const columns: readonly Column<Row>[] = [
  { title: 'id', cell: ({ id }) => id, least: 6 },
  { title: 'n', align: 'right', cell: ({ n }) => String(n), leaveOut: 1 },
  { title: 'text', cell: ({ text }) => text, least: 8, tone: () => 'bad' },
];
const table = (width: number): string =>
  formatTable(rows, columns, { columns: width, paint: (text) => text });

describe('a table', () => {
  it('is as wide as it needs where nothing limits it, and harmless', () => {
    expect(table(Infinity).split('\n')).toEqual([
      'id           n  text',
      'first        1  a long answer of several words that goes on and on',
      'ein-日本語  22  two lines\\u{1b}[2J',
    ]);
  });

  it('never is wider than there is room', () => {
    for (let width = 12; width < 90; width++)
      for (const line of table(width).split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(width);
  });

  it('shrinks its texts first, and then leaves out what matters least', () => {
    expect(table(30).split('\n')[1]).toBe('first        1  a long answer…');
    expect(table(20).split('\n')[0]).toBe('id       n  text');
    expect(table(16).split('\n')[0]).toBe('id      text');
  });

  it('paints whole cells, so that colours take no room', () => {
    const painted = formatTable(rows, columns, {
      columns: 30,
      paint: (text, tone) => (tone === 'bad' ? `<${text}>` : text),
    });
    expect(painted.split('\n')[1]).toBe('first        1  <a long answer…>');
  });
});
