import type { CaseResult, DimensionResult } from '../evaluation/evaluation-types.js';
import type { CaseDetail, CaseRow, CutText, ShownAnswer, ShownDimension } from '../page/case-data.js';
import { count } from '../foundation/counted.js';
import { money } from '../page/figures.js';
import { scoreOf } from '../stores/result-query.js';
import type { QueriedResult } from '../stores/result-store.js';
import { cutText, excerpt } from './cut-text.js';
import { shownMessages, shownToolCalls, shownValue, valueText } from './shown-value.js';

const EXCERPT = 120;

/** What a row says beside its result. */
export interface RowContext {
  /** Names of the dimensions, in the order of the row's scores. */
  readonly dimensions: readonly string[];
  readonly passed: boolean | null;
  readonly change: CaseRow['change'];
  readonly baselineScore: number | null;
}

/** A result as a row of the case table. */
export function caseRowOf(result: QueriedResult, context: RowContext): CaseRow {
  const { caseId, repetition, outcome, group, evaluation, response, testCase, timings } = result;
  const question = testCase === undefined ? '' : lastUserText(testCase.input);
  return {
    caseId,
    repetition,
    outcome,
    score: scoreOf(result),
    passed: context.passed,
    scores: context.dimensions.map((name) => finite(dimensionNamed(evaluation?.dimensions, name)?.score)),
    group: group ?? null,
    errorCode: result.error?.code ?? null,
    latencyMs: response === undefined && timings.targetMs === 0 ? null : timings.targetMs,
    question: excerpt(question, EXCERPT),
    answer: excerpt(answerText(response) ?? '', EXCERPT),
    change: context.change,
    baselineScore: context.baselineScore,
  };
}

/** Everything that is shown of a case when it is opened; texts are cut to `limit` UTF-16 units. */
export function caseDetailOf(
  result: QueriedResult,
  { limit, baseline }: { readonly limit: number; readonly baseline: ShownAnswer | null },
): CaseDetail {
  const { testCase, evaluation, metadata } = result;
  const { metadata: notes, culturalContext } = evaluation ?? {};
  const said = { ...(culturalContext === undefined ? {} : { culturalContext }), ...notes };
  return {
    ...shownAnswerOf(result, limit),
    messages: testCase === undefined ? [] : shownMessages(testCase.input, limit),
    expected: shownValue(testCase?.expected, limit),
    metadata: shownValue(testCase?.metadata ?? metadata, limit),
    dimensions: (evaluation?.dimensions ?? []).map((dimension) => shownDimension(dimension, limit)),
    notes: Object.keys(said).length === 0 ? null : shownValue(said, limit),
    facts: factsOf(result),
    timings: timingsOf(result),
    baseline,
  };
}

/** The answer of a run to a case. */
export function shownAnswerOf(result: CaseResult, limit: number): ShownAnswer {
  const { response } = result;
  const text = answerText(response);
  return {
    text: text === null ? null : cutText(text, limit),
    json: response?.output !== undefined,
    reasoning: shownValue(response?.reasoning, limit),
    toolCalls: shownToolCalls(response?.toolCalls ?? [], limit),
    finishReason: response?.finishReason ?? '',
    contexts: (response?.contexts ?? []).map((context) =>
      cutText(typeof context === 'string' ? context : (context.text ?? valueText(context)), limit),
    ),
    score: scoreOf(result),
    problem: problemOf(result, limit),
  };
}

/** An answer that is no text as indented JSON. */
function answerText(response: CaseResult['response']): string | null {
  if (response === undefined) return null;
  return response.output === undefined ? response.text : valueText(response.output);
}

function problemOf(result: CaseResult, limit: number): CutText | null {
  switch (result.outcome) {
    case 'errored':
      return cutText(`${result.error.code}: ${result.error.message}`, limit);
    case 'unscored':
      return cutText(`Not scored: ${result.reason}`, limit);
    case 'scored': {
      const { reason } = result.evaluation;
      return reason === undefined ? null : cutText(reason, limit);
    }
  }
}

function shownDimension(dimension: DimensionResult, limit: number): ShownDimension {
  const { name, outcome, score, label, reason, confidence, evidence, metadata, error, durationMs } =
    dimension;
  const { culturalRelevance, culturalMarkers } = dimension;
  const said = {
    ...(culturalRelevance === undefined ? {} : { culturalRelevance }),
    ...(culturalMarkers === undefined ? {} : { culturalMarkers }),
    ...metadata,
  };
  return {
    name,
    outcome,
    score: finite(score),
    ...(label === undefined ? {} : { label }),
    ...(reason === undefined ? {} : { reason: cutText(reason, limit) }),
    ...(confidence === undefined ? {} : { confidence }),
    evidence: (evidence ?? []).map((each) =>
      typeof each === 'string'
        ? { text: excerpt(each, limit) }
        : { text: excerpt(each.text, 500), start: each.start, end: each.end },
    ),
    ...(Object.keys(said).length === 0 ? {} : { notes: cutText(valueText(said), limit) }),
    ...(error === undefined ? {} : { error: `${error.code}: ${error.message}` }),
    durationMs,
  };
}

function factsOf(result: CaseResult): [string, string][] {
  const { model, endpoint, attempts, usage, cost, cached, group, cluster } = result;
  const facts: [string, string | null][] = [
    ['Model', model],
    ['Endpoint', endpoint],
    ['Group', group ?? null],
    ['Cluster', cluster ?? null],
    ['Attempts', attempts > 1 ? String(attempts) : null],
    ['Tokens in', usage === null ? null : count(usage.inputTokens)],
    ['Tokens out', usage === null ? null : count(usage.outputTokens)],
    ['Cost', cost === null ? null : money(cost)],
    ['From the cache', cached ? 'yes' : null],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== null);
}

function timingsOf({ timings }: CaseResult): [string, number][] {
  const { queuedMs, targetMs, timeToFirstTokenMs, evaluationMs } = timings;
  return [
    ['Waited', queuedMs],
    ['Target', targetMs],
    ...(timeToFirstTokenMs === null ? [] : [['First token', timeToFirstTokenMs] as [string, number]]),
    ['Evaluation', evaluationMs],
  ];
}

/** Of messages what the user said last; everything else as text. */
function lastUserText(input: unknown): string {
  const messages = shownMessages(input, 2000);
  return (messages.findLast(({ role }) => role === 'user') ?? messages.at(-1))?.content.text ?? '';
}

const dimensionNamed = (
  dimensions: readonly DimensionResult[] | undefined,
  name: string,
): DimensionResult | undefined => dimensions?.find((dimension) => dimension.name === name);

const finite = (value: number | null | undefined): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;
