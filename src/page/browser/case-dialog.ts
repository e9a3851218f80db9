import type { CaseRow, CaseSource } from '../case-data.js';
import { caseDetail } from './case-detail.js';
import { caseName, changeBadge, outcomeBadge } from './case-badges.js';
import { el, refill } from './dom.js';
import { score } from '../figures.js';
import { visible } from './visible-text.js';

/** Which case is opened, and among which. */
export interface OpenedCase {
  readonly source: CaseSource;
  readonly rows: readonly CaseRow[];
  readonly index: number;
}

/** Opens a case in a dialog, from which the ones before and after it can be reached. Escape closes it. */
export function openCase({ source, rows, index }: OpenedCase): void {
  const title = el('h2', { id: 'case-title', tabindex: '-1' });
  const state = el('p', { class: 'case-state' });
  const body = el('div', {
    class: 'case-body',
    tabindex: '0',
    role: 'region',
    'aria-labelledby': 'case-title',
  });
  let at = index;
  const step = (by: number, label: string, key: string): HTMLButtonElement =>
    el('button', { type: 'button', title: key, 'aria-keyshortcuts': key, onclick: () => void go(by) }, label);
  const back = step(-1, '←', 'ArrowLeft');
  const on = step(1, '→', 'ArrowRight');
  back.setAttribute('aria-label', 'Previous case');
  on.setAttribute('aria-label', 'Next case');
  const close = el('button', { type: 'button', onclick: () => dialog.close() }, 'Close');
  const dialog = el(
    'dialog',
    { class: 'case', 'aria-labelledby': 'case-title', onclose: () => dialog.remove() },
    el(
      'header',
      {},
      el('div', { class: 'case-head' }, title, state),
      el('div', { class: 'buttons' }, back, on, close),
    ),
    body,
  );
  dialog.addEventListener('keydown', ({ key }) => {
    if (key === 'ArrowLeft') void go(-1);
    if (key === 'ArrowRight') void go(1);
  });
  async function go(by: number): Promise<void> {
    const row = rows[at + by];
    if (row === undefined) return;
    at += by;
    back.setAttribute('aria-disabled', String(at === 0));
    on.setAttribute('aria-disabled', String(at === rows.length - 1));
    refill(title, visible('span', caseName(row)));
    refill(state, outcomeBadge(row), ` score ${score(row.score)} `, source.head.compared && changeBadge(row));
    refill(body, el('p', { class: 'quiet' }, 'Reading …'));
    const detail = await source.detail(row).catch((error: Error) => error);
    if (rows[at] !== row) return; // another one was asked for meanwhile
    refill(
      body,
      detail instanceof Error
        ? el('p', { role: 'alert' }, `The case could not be read: ${detail.message}`)
        : caseDetail(detail),
    );
    body.scrollTop = 0;
  }
  document.body.append(dialog);
  dialog.showModal();
  title.focus();
  void go(0);
}
