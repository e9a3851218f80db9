import type { CaseChange, CaseRow } from '../case-data.js';
import { quotedIfBlank } from '../../foundation/plain-text.js';
import { el } from './dom.js';
import { signed } from '../figures.js';

/** What a change is called. */
export const CHANGES: Readonly<Record<CaseChange, string>> = {
  'to-fail': 'now fails',
  'to-pass': 'now passes',
  lower: 'scored lower',
  higher: 'scored higher',
  lost: 'has no score now',
  gained: 'has a score now',
  same: 'unchanged',
};

/** A case's id; of repetitions after the first with their number. */
export const caseName = ({ caseId, repetition }: Pick<CaseRow, 'caseId' | 'repetition'>): string =>
  repetition === 0 ? quotedIfBlank(caseId) : `${quotedIfBlank(caseId)} #${repetition}`;

/** What came of a case, in a word and a colour. */
export function outcomeBadge({ outcome, passed, errorCode }: CaseRow): HTMLElement {
  if (outcome === 'errored') return el('span', { class: 'badge errored', title: errorCode }, 'errored');
  if (outcome === 'unscored' || passed === null) return el('span', { class: 'badge' }, 'unscored');
  return passed
    ? el('span', { class: 'badge passed' }, 'passed')
    : el('span', { class: 'badge failed' }, 'failed');
}

const WORSE = new Set<CaseChange>(['to-fail', 'lower', 'lost']);

/** How a case stands to the baseline, in words, a sign and a colour. */
export function changeBadge({ change, score: now, baselineScore }: CaseRow): HTMLElement {
  if (change === null) return el('span', { class: 'quiet' }, 'not in it');
  if (change === 'same') return el('span', { class: 'quiet' }, 'unchanged');
  const worse = WORSE.has(change);
  const by = now !== null && baselineScore !== null ? ` ${signed(now - baselineScore)}` : '';
  return el(
    'span',
    { class: worse ? 'change worse' : 'change better' },
    `${worse ? '▼' : '▲'} ${CHANGES[change]}${by}`,
  );
}
