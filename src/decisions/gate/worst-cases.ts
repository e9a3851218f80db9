import type { CaseResult } from '../../evaluation/evaluation-types.js';
import type { QueriedResult } from '../../stores/result-store.js';
import type { WorstCase } from './gate-verdict.js';

const LONGEST_TEXT = 2000;

/** Picks the worst cases of a run while its results stream by: what fell against the baseline, then the lowest scores. */
export class WorstCases {
  readonly #most: number;
  readonly #kept: { readonly rank: readonly number[]; readonly worst: WorstCase }[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** Takes in a result. `baselineScore`: the overall score of the same case; NaN without one. */
  add(result: QueriedResult, baselineScore: number): void {
    if (this.#most === 0) return;
    const score = result.evaluation?.overallScore ?? null;
    if (score === 1 || (score === null && result.outcome !== 'errored')) return;
    const drop = score === null || Number.isNaN(baselineScore) ? 0 : Math.max(0, baselineScore - score);
    const rank = [-drop, score === null ? 2 : score];
    const last = this.#kept.at(-1);
    if (this.#kept.length === this.#most && last !== undefined && compare(last.rank, rank) <= 0) return;
    const at = this.#kept.findIndex((each) => compare(each.rank, rank) > 0);
    this.#kept.splice(at === -1 ? this.#kept.length : at, 0, {
      rank,
      worst: worstCase(result, baselineScore),
    });
    if (this.#kept.length > this.#most) this.#kept.pop();
  }

  /** The worst first. */
  get list(): readonly WorstCase[] {
    return this.#kept.map(({ worst }) => worst);
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  const i = a.findIndex((value, at) => value !== b[at]);
  return i === -1 ? 0 : (a[i] as number) - (b[i] as number);
}

/** What a person wants to know of a result, its texts cut to 2000 characters. `baselineScore`: NaN without one. */
export function worstCase(result: QueriedResult, baselineScore = Number.NaN): WorstCase {
  const { caseId, repetition, response, testCase } = result;
  return {
    caseId,
    repetition,
    score: result.evaluation?.overallScore ?? null,
    baselineScore: Number.isNaN(baselineScore) ? null : baselineScore,
    question: testCase === undefined ? null : inputText(testCase.input),
    expected: testCase === undefined ? null : textOf(testCase.expected),
    answer: response === undefined ? null : cut(response.text),
    reason: reasonOf(result),
  };
}

function reasonOf(result: CaseResult): string | null {
  if (result.outcome === 'errored') return cut(`${result.error.code}: ${result.error.message}`);
  const reasons = result.evaluation.dimensions
    .filter(({ score, reason }) => reason !== undefined && (score === null || score < 1))
    .map(({ name, reason }) => `${name}: ${reason as string}`);
  return reasons.length === 0 ? (result.evaluation.reason ?? null) : cut(reasons.join('; '));
}

/** Of messages the last one that the user sent; anything else as it is. */
function inputText(input: unknown): string | null {
  const messages = Array.isArray(input)
    ? input
    : (input as { messages?: unknown } | null | undefined)?.messages;
  if (Array.isArray(messages)) {
    const last: unknown = messages.findLast(
      (message) => (message as { role?: unknown } | null)?.role === 'user',
    );
    if (last !== undefined) return textOf((last as { content?: unknown }).content);
  }
  return textOf(input);
}

function textOf(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return cut(value);
  try {
    return cut(JSON.stringify(value) ?? '');
  } catch {
    return null; // a value with a cycle, or a BigInt
  }
}

const cut = (text: string): string =>
  text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 1)}…` : text;
