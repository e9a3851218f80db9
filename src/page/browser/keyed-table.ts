import { el } from './dom.js';
import { appendVisible } from './visible-text.js';

/** A column of a {@link KeyedTable}. */
export interface KeyedColumn<Row> {
  /** A name that begins with `#` is of a column of numbers. */
  readonly name: string;
  readonly text: (row: Row) => string;
  /** Class of the cell's text, which a change of it follows. */
  readonly tone?: (row: Row) => string;
}

/** Options of a {@link KeyedTable}. */
export interface KeyedTableOptions<Row> {
  /** What it is of, for those who hear the page. */
  readonly label: string;
  readonly columns: readonly KeyedColumn<Row>[];
  /** Names a row. */
  readonly key: (row: Row) => string;
  /** Where a row's name leads; without it, nowhere. */
  readonly link?: (row: Row) => string;
  /** What stands there without rows. */
  readonly empty: string;
}

interface ShownRow {
  readonly element: HTMLTableRowElement;
  readonly cells: readonly HTMLElement[];
}

/** A table whose rows change while it is looked at: what stays the same is left alone, so focus and selection stay, too. */
export class KeyedTable<Row> {
  readonly element: HTMLElement;
  readonly #options: KeyedTableOptions<Row>;
  readonly #body = el('tbody');
  readonly #empty: HTMLElement;
  readonly #scroll: HTMLElement;
  #rows = new Map<string, ShownRow>();

  constructor(options: KeyedTableOptions<Row>) {
    const { label, columns, empty } = options;
    this.#options = options;
    this.#empty = el('p', { class: 'quiet' }, empty);
    const head = columns.map(({ name }) =>
      el('th', { scope: 'col', class: isNumber(name) ? 'number' : null }, name.replace('#', '')),
    );
    this.#scroll = el(
      'div',
      { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label },
      el('table', {}, el('thead', {}, el('tr', {}, head)), this.#body),
    );
    this.element = el('div', {}, this.#empty, this.#scroll);
    this.show([]);
  }

  /** Shows these rows, in their order. */
  show(rows: readonly Row[]): void {
    const { key, columns } = this.#options;
    const shown = new Map<string, ShownRow>();
    rows.forEach((row, i) => {
      const there = this.#rows.get(key(row)) ?? this.#made(row);
      shown.set(key(row), there);
      if (this.#body.children[i] !== there.element)
        this.#body.insertBefore(there.element, this.#body.children[i] ?? null);
      columns.forEach((column, c) => setText(there.cells[c] as HTMLElement, column, row));
    });
    for (const [name, { element }] of this.#rows) if (!shown.has(name)) element.remove();
    this.#rows = shown;
    this.#empty.hidden = rows.length > 0;
    this.#scroll.hidden = rows.length === 0;
  }

  #made(row: Row): ShownRow {
    const { columns, link } = this.#options;
    const cells = columns.map((_, i) =>
      i === 0 && link !== undefined ? el('a', { dir: 'auto', href: link(row) }) : el('span', { dir: 'auto' }),
    );
    const element = el(
      'tr',
      {},
      cells.map((cell, i) =>
        i === 0
          ? el('th', { scope: 'row' }, cell)
          : el('td', { class: isNumber(columns[i]?.name ?? '') ? 'number' : null }, cell),
      ),
    );
    return { element, cells };
  }
}

const isNumber = (name: string): boolean => name.startsWith('#');

const texts = new WeakMap<HTMLElement, string>();

function setText<Row>(cell: HTMLElement, { text, tone }: KeyedColumn<Row>, row: Row): void {
  const now = text(row);
  if (tone !== undefined) cell.className = tone(row);
  if (texts.get(cell) === now) return;
  texts.set(cell, now);
  cell.textContent = '';
  appendVisible(cell, now);
}
