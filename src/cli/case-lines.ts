import { worstCase } from '../decisions/gate/worst-cases.js';
import type { QueriedResult, ResultStore } from '../stores/result-store.js';
import { shownName } from '../foundation/plain-text.js';
import { fitWidth } from './display-width.js';
import { safeLine, type Output } from './output.js';

const MOST_TEXT = 100; // where nothing says how wide the place is
const LABEL = 12;

/** What a result scored, in a few characters. */
export function scoreText({ outcome, evaluation }: QueriedResult): string {
  const score = evaluation?.overallScore ?? null;
  return score === null || outcome === 'errored' ? outcome : score.toFixed(2);
}

/** The cases of a run that scored lowest, those with a full score left out; errored ones where nothing else is wrong. */
export async function worstOf(
  store: Pick<ResultStore, 'query'>,
  { runId, limit }: { readonly runId: string; readonly limit: number },
): Promise<QueriedResult[]> {
  const worst: QueriedResult[] = [];
  const lowest = store.query({ runId, outcome: 'scored', order: 'lowest-first', limit, withCase: true });
  for await (const result of lowest) if (result.evaluation?.overallScore !== 1) worst.push(result);
  if (worst.length === 0)
    for await (const result of store.query({ runId, outcome: 'errored', limit, withCase: true }))
      worst.push(result);
  return worst;
}

/** A result in a few lines: its score, what was asked, answered and expected, and why it counted so. */
export function caseLines(result: QueriedResult, output: Pick<Output, 'columns' | 'paint'>): string {
  const { caseId, repetition, question, answer, expected, reason } = worstCase(result);
  const room = Math.min(output.columns, LABEL + MOST_TEXT);
  const line = (label: string, text: string | null): string[] =>
    text === null ? [] : [`  ${label.padEnd(LABEL - 2)}${fitWidth(safeLine(text), room - LABEL)}`];
  const head = `${scoreText(result)}  ${shownName(caseId)}${repetition === 0 ? '' : `, repetition ${repetition}`}`;
  return [
    output.paint(fitWidth(head, room), 'strong'),
    ...line('asked', question),
    ...line('answered', answer),
    ...line('expected', expected),
    ...line('because', reason),
  ].join('\n');
}

/** A result as JSON shows it: its moment as text. */
export function caseJson({ startedAt, ...result }: QueriedResult): object {
  return { ...result, startedAt: new Date(startedAt).toISOString() };
}
