import { shownName } from '../foundation/plain-text.js';
import type { QueriedResult } from '../stores/result-store.js';
import { scoreText } from './case-lines.js';
import { lengthOfTime, localTime } from './local-time.js';
import { safeLine, safeLines, type Output } from './output.js';

const INDENT = '  ';

/** All that is known of a result, for a person: texts whole, with their line breaks. */
export function caseDetail(result: QueriedResult, output: Pick<Output, 'paint'>): string {
  const { testCase, response, evaluation, error } = result;
  const lines = [output.paint(safeLine(headOf(result)), 'strong'), ...factsOf(result)];
  const part = (title: string, value: unknown): void => {
    if (value === undefined || value === null || value === '') return;
    lines.push('', output.paint(title, 'strong'), ...indented(textOf(value)));
  };
  if (testCase === undefined) lines.push('', '(the case was not kept: `keepCases`)');
  else lines.push(...inputLines(testCase.input, output));
  part('expected', testCase?.expected);
  part('reasoning', response?.reasoning);
  part('answered', response?.text === undefined ? undefined : response.text || '(an empty text)');
  for (const { name, argumentsText } of toolCalls(response?.toolCalls))
    part(`tool call ${safeLine(name)}`, argumentsText);
  part('contexts', response?.contexts);
  if (evaluation !== undefined) lines.push(...evaluationLines(evaluation, output));
  part('error', error === undefined ? undefined : `${error.code}: ${error.message}`);
  part('metadata', testCase?.metadata ?? result.metadata);
  part('warnings', response?.warnings);
  return lines.join('\n');
}

function headOf({ caseId, repetition, runId, ...rest }: QueriedResult): string {
  const which = repetition === 0 ? '' : `, repetition ${repetition}`;
  return `${scoreText({ caseId, repetition, runId, ...rest } as QueriedResult)}  ${shownName(caseId)}${which}  of ${shownName(runId)}`;
}

function factsOf(result: QueriedResult): string[] {
  const { model, endpoint, attempts, usage, cost, cached, timings, startedAt, group, cluster } = result;
  const facts = [
    localTime(startedAt),
    `answered in ${lengthOfTime(timings.targetMs)}${attempts > 1 ? ` (${attempts} attempts)` : ''}`,
    `judged in ${lengthOfTime(timings.evaluationMs)}`,
    ...(model === null ? [] : [`model ${model}`]),
    ...(endpoint === null ? [] : [`at ${endpoint}`]),
    ...(usage === null ? [] : [`${usage.inputTokens} tokens in, ${usage.outputTokens} out`]),
    ...(cost === null ? [] : [`cost ${cost}`]),
    ...(cached ? ['from the cache'] : []),
    ...(group === undefined ? [] : [`group ${group}`]),
    ...(cluster === undefined ? [] : [`cluster ${cluster}`]),
  ];
  return [safeLine(facts.join(', '))];
}

function inputLines(input: unknown, output: Pick<Output, 'paint'>): string[] {
  const messages = Array.isArray(input) ? input : (input as { messages?: unknown } | null)?.messages;
  const isChat =
    Array.isArray(messages) &&
    messages.length > 0 &&
    messages.every((message) => typeof (message as { role?: unknown } | null)?.role === 'string');
  if (!isChat) return ['', output.paint('asked', 'strong'), ...indented(textOf(input))];
  return (messages as readonly { readonly role: string; readonly content?: unknown }[]).flatMap(
    ({ role, content, ...rest }) => [
      '',
      output.paint(`asked, ${safeLine(role)}`, 'strong'),
      ...indented(textOf(content ?? rest)),
    ],
  );
}

function evaluationLines(
  { dimensions, reason }: NonNullable<QueriedResult['evaluation']>,
  output: Pick<Output, 'paint'>,
): string[] {
  const lines = ['', output.paint('scores', 'strong')];
  for (const dimension of dimensions) {
    const { name, score, label, reason: why, evidence, error } = dimension;
    const said = [
      ...(label === undefined ? [] : [`read as ${label}`]),
      ...(why === undefined ? [] : [why]),
      ...(error === undefined ? [] : [`${error.code}: ${error.message}`]),
    ].join('; ');
    const shown = score === null ? '-' : score.toFixed(2);
    lines.push(`${INDENT}${safeLine(name)}  ${shown}${said === '' ? '' : `  ${safeLine(said)}`}`);
    for (const each of evidence ?? [])
      lines.push(`${INDENT}${INDENT}found ${safeLine(typeof each === 'string' ? each : textOf(each))}`);
  }
  if (reason !== undefined) lines.push(`${INDENT}${safeLine(reason)}`);
  return lines;
}

function toolCalls(
  calls: NonNullable<QueriedResult['response']>['toolCalls'],
): readonly { readonly name: string; readonly argumentsText: string }[] {
  return (calls ?? []).map(({ name, ...rest }) => ({ name, argumentsText: textOf(rest.arguments) }));
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value, null, 2) ?? String(value);
  } catch {
    return String(value); // it holds itself, or a BigInt
  }
}

const indented = (text: string): string[] =>
  safeLines(text)
    .split('\n')
    .map((line) => INDENT + line);
