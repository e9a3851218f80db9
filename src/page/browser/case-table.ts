import type { CasePage, CaseQuery, CaseRow, CaseSource } from '../case-data.js';
import { caseName, CHANGES, changeBadge, outcomeBadge } from './case-badges.js';
import { openCase } from './case-dialog.js';
import { el, newId, refill } from './dom.js';
import { count, things } from '../../foundation/counted.js';
import { duration, score } from '../figures.js';
import { seen } from '../unseen.js';
import { appendVisible, visible } from './visible-text.js';

const PAGE_ROWS = 50;
const SEARCH_DELAY_MS = 150;

const SORTS: NonNullable<CaseTableOptions['sorts']> = [
  ['first', 'Worst news first'],
  ['lowest', 'Lowest score'],
  ['highest', 'Highest score'],
  ['slowest', 'Slowest'],
  ['fell', 'Fell most'],
  ['rose', 'Rose most'],
];

/** Options of {@link caseTable}. */
export interface CaseTableOptions {
  /** Orders that the source has, by what they are called; it begins with the first. @default all */
  readonly sorts?: readonly (readonly [sort: CaseQuery['sort'], name: string])[];
}

/** A table of cases with search, filters, sort and pages; a case opens in a dialog. */
export function caseTable(source: CaseSource, options: CaseTableOptions = {}): HTMLElement {
  return new CaseTable(source, options).element;
}

/** What filters say when nothing is asked. */
const UNFILTERED: CaseQuery = {
  search: '',
  outcome: '',
  group: null,
  dimension: -1,
  maxScore: null,
  change: '',
  sort: 'first',
  offset: 0,
  limit: PAGE_ROWS,
};

class CaseTable {
  readonly element: HTMLElement;
  readonly #source: CaseSource;
  readonly #body = el('tbody');
  readonly #scoreHead = el('th', { scope: 'col', class: 'number' }, 'Score');
  readonly #status = el('p', { class: 'quiet', role: 'status' });
  readonly #pager = el('nav', { class: 'pager', 'aria-label': 'Pages of cases' });
  readonly #back = this.#turn('← Previous', -PAGE_ROWS);
  readonly #on = this.#turn('Next →', PAGE_ROWS);
  readonly #filters: HTMLElement;
  #query = UNFILTERED;
  #asking = new AbortController();
  #rows: readonly CaseRow[] = [];

  constructor(source: CaseSource, options: CaseTableOptions) {
    this.#source = source;
    this.#filters = this.#filterBar(options);
    const { compared } = source.head;
    const head = el(
      'tr',
      {},
      el('th', { scope: 'col' }, 'Case'),
      el('th', { scope: 'col' }, 'Outcome'),
      this.#scoreHead,
      compared && el('th', { scope: 'col' }, 'Against baseline'),
      el('th', { scope: 'col' }, 'Question'),
      el('th', { scope: 'col' }, 'Answer'),
      el('th', { scope: 'col', class: 'number' }, 'Time'),
    );
    this.element = el(
      'div',
      { class: 'case-table' },
      this.#filters,
      this.#status,
      el(
        'div',
        { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Table of cases' },
        el('table', { class: 'cases' }, el('thead', {}, head), this.#body),
      ),
      this.#pager,
    );
    void this.#show({ sort: options.sorts?.[0]?.[0] ?? 'first' });
  }

  #filterBar({ sorts = SORTS }: CaseTableOptions): HTMLElement {
    const { compared } = this.#source.head;
    return el(
      'form',
      { class: 'filters', role: 'search', onsubmit: (event) => event.preventDefault() },
      labelled('Search', this.#searchField()),
      this.#outcomeChoice(),
      this.#dimensionChoice(),
      labelled('At most', this.#scoreField()),
      this.#groupChoice(),
      compared && this.#changeChoice(),
      labelled(
        'Sort',
        choice(
          sorts.filter(([sort]) => compared || (sort !== 'fell' && sort !== 'rose')),
          (value) => void this.#show({ sort: value as CaseQuery['sort'] }),
        ),
      ),
    );
  }

  #searchField(): HTMLElement {
    let waiting: ReturnType<typeof setTimeout> | undefined;
    const search = el('input', {
      type: 'search',
      placeholder: 'id, question or answer',
      oninput: () => {
        clearTimeout(waiting);
        waiting = setTimeout(() => void this.#show({ search: search.value }), SEARCH_DELAY_MS);
      },
    });
    return search;
  }

  #scoreField(): HTMLElement {
    const atMost = el('input', {
      type: 'number',
      min: 0,
      max: 1,
      step: 0.05,
      oninput: () => void this.#show({ maxScore: atMost.value === '' ? null : Number(atMost.value) }),
    });
    return atMost;
  }

  #outcomeChoice(): HTMLElement {
    return labelled(
      'Outcome',
      choice(
        [
          ['', 'All'],
          ['failed', 'Failed'],
          ['passed', 'Passed'],
          ['unscored', 'Unscored'],
          ['errored', 'Errored'],
        ],
        (value) => void this.#show({ outcome: value as CaseQuery['outcome'] }),
      ),
    );
  }

  #dimensionChoice(): HTMLElement | false {
    const { dimensions } = this.#source.head;
    return (
      dimensions.length > 0 &&
      labelled(
        'Score of',
        choice(
          [['-1', 'Overall'], ...dimensions.map((name, i) => [String(i), seen(name)] as const)],
          (value) => void this.#show({ dimension: Number(value) }),
        ),
      )
    );
  }

  #groupChoice(): HTMLElement | false {
    const { groups } = this.#source.head;
    const group = (value: string): string | null => (value === '' ? null : (groups[Number(value)] ?? null));
    return (
      groups.length > 0 &&
      labelled(
        'Group',
        choice(
          [['', 'All'], ...groups.map((name, i) => [String(i), seen(name)] as const)],
          (value) => void this.#show({ group: group(value) }),
        ),
      )
    );
  }

  #changeChoice(): HTMLElement {
    return labelled(
      'Against baseline',
      choice(
        [['', 'All'], ['changed', 'Changed'], ...Object.entries(CHANGES)],
        (value) => void this.#show({ change: value as CaseQuery['change'] }),
      ),
    );
  }

  /** Asks for rows anew, from the first page unless another is asked for. */
  async #show(asked: Partial<CaseQuery>): Promise<void> {
    this.#query = { ...this.#query, offset: 0, ...asked };
    this.#asking.abort();
    const { signal } = (this.#asking = new AbortController());
    let page: CasePage;
    try {
      page = await this.#source.page(this.#query, signal);
    } catch (error) {
      if (!signal.aborted) refill(this.#status, `The cases could not be read: ${(error as Error).message}`);
      return;
    }
    if (!signal.aborted) this.#fill(page);
  }

  #fill({ rows, matches, more }: CasePage): void {
    const { head } = this.#source;
    const { offset, dimension } = this.#query;
    this.#rows = rows;
    refill(this.#scoreHead);
    appendVisible(this.#scoreHead, dimension < 0 ? 'Score' : (head.dimensions[dimension] ?? 'Score'));
    refill(
      this.#body,
      rows.map((row, i) => this.#row(row, i)),
    );
    const shown =
      rows.length === 0 ? 'No case matches' : `${count(offset + 1)}–${count(offset + rows.length)}`;
    const missing = head.total - head.available;
    refill(
      this.#status,
      matches === null || rows.length === 0 ? shown : `${shown} of ${things(matches, 'case')}`,
      missing > 0
        ? `. ${count(missing)} of ${things(head.total, 'result')} are counted above but not in this page.`
        : '',
    );
    this.#pager.hidden = offset === 0 && !more;
    this.#back.setAttribute('aria-disabled', String(offset === 0));
    this.#on.setAttribute('aria-disabled', String(!more));
  }

  /** A button that stays where it is, and keeps the focus, when a page is turned. */
  #turn(label: string, by: number): HTMLElement {
    const button = el(
      'button',
      {
        type: 'button',
        onclick: () => {
          if (button.getAttribute('aria-disabled') !== 'true')
            void this.#show({ offset: Math.max(0, this.#query.offset + by) });
        },
      },
      label,
    );
    this.#pager.append(button);
    return button;
  }

  #row(row: CaseRow, index: number): HTMLElement {
    const { dimension } = this.#query;
    const value = dimension < 0 ? row.score : (row.scores[dimension] ?? null);
    const open = el('button', {
      type: 'button',
      class: 'link',
      onclick: () => openCase({ source: this.#source, rows: this.#rows, index }),
    });
    appendVisible(open, caseName(row));
    return el(
      'tr',
      {},
      el('th', { scope: 'row' }, open, row.group !== null && visible('span', row.group, { class: 'tag' })),
      el('td', {}, outcomeBadge(row)),
      el('td', { class: 'number' }, score(value)),
      this.#source.head.compared && el('td', {}, changeBadge(row)),
      visible('td', row.question, { class: 'excerpt' }),
      visible('td', row.answer, { class: 'excerpt' }),
      el('td', { class: 'number' }, duration(row.latencyMs)),
    );
  }
}

/** A control under its name. */
export function labelled(name: string, control: HTMLElement): HTMLElement {
  const id = newId();
  control.id = id;
  return el('div', { class: 'field' }, el('label', { for: id }, name), control);
}

/** A list to choose one of. */
export function choice(
  options: readonly (readonly [value: string, name: string])[],
  onChoice: (value: string) => void,
): HTMLSelectElement {
  const select = el(
    'select',
    { onchange: () => onChoice(select.value) },
    options.map(([value, name]) => el('option', { value }, name)),
  );
  return select;
}
