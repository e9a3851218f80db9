import { el, type Child } from './dom.js';

/** A part of a page under its heading. */
export function section(name: string, lead: string, ...content: Child[]): HTMLElement {
  return el(
    'section',
    { 'aria-label': name },
    el('h2', {}, name),
    lead !== '' && el('p', { class: 'lead' }, lead),
    content,
  );
}

/**
 * A table; columns whose name begins with `#` hold numbers. A cell that is a `th` stands as it is. `label` tells it from the
 * others of the page, for those who hear it.
 */
export function table(
  columns: readonly string[],
  rows: readonly (readonly Child[])[],
  { label = columns.join(', ').replaceAll('#', '') }: { readonly label?: string } = {},
): HTMLElement {
  const isNumber = (i: number): boolean => columns[i]?.startsWith('#') === true;
  return el(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label },
    el(
      'table',
      {},
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          columns.map((name, i) =>
            el('th', { scope: 'col', class: isNumber(i) ? 'number' : null }, name.replace('#', '')),
          ),
        ),
      ),
      el(
        'tbody',
        {},
        rows.map((cells) =>
          el(
            'tr',
            {},
            cells.map((cell, i) =>
              cell instanceof HTMLElement && cell.tagName === 'TH'
                ? cell
                : el('td', { class: isNumber(i) ? 'number' : null }, cell),
            ),
          ),
        ),
      ),
    ),
  );
}
