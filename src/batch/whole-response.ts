import { toolCallsOf, type GivenToolCall } from '../client/given-tool-calls.js';
import { answerParter, mayHoldReasoning } from '../foundation/reasoning-trace.js';
import type { ModelResponse, TokenUsage } from '../client/model-client.js';
import { AssayError, messageOf } from '../errors.js';
import { textResponse } from '../evaluation/evaluator.js';
import { show } from '../foundation/options.js';

const NO_TEXT = textResponse('');
const FIELDS = Object.keys(NO_TEXT) as readonly (keyof ModelResponse)[];

/**
 * Makes a whole response of what a target gave: a text, any other JSON value, or either with whatever else is known of the
 * call. What was left out, or is `undefined`, gets its default. Costs a few property reads for a response that is whole.
 *
 * @throws AssayError `ASSAY_EMPTY_RESPONSE` for no answer at all, `ASSAY_TARGET_FAILED` for token counts or a cost that
 * nothing could be summed up with, for tool calls or contexts that are no list, for a `text` that is none, and for an answer
 * that is not JSON.
 */
export function responseOf(answer: unknown): ModelResponse {
  if (typeof answer === 'string') return textResponse(answer);
  if (typeof answer === 'object' && answer !== null && !Array.isArray(answer)) {
    if ('text' in answer && answer.text !== undefined) return responseWithText(answer);
    if ('output' in answer) return responseWithOutput(answer);
    if (!('text' in answer)) return valueResponse(answer);
  }
  if (typeof answer === 'number' || typeof answer === 'boolean' || Array.isArray(answer))
    return valueResponse(answer);
  throw new AssayError(
    'ASSAY_EMPTY_RESPONSE',
    `Expected the target to return a text, a JSON value or an object with \`text\` or \`output\`, got ${show(answer)}`,
  );
}

function responseWithText(answer: object): ModelResponse {
  const { text } = answer as { readonly text: unknown };
  if (typeof text !== 'string') {
    throw new AssayError(
      text === null ? 'ASSAY_EMPTY_RESPONSE' : 'ASSAY_TARGET_FAILED',
      `Expected \`text\` of the target's answer to be a string (\`output\` may be any JSON value), got ${show(text)}`,
    );
  }
  checkMembers(answer);
  return apart(isWhole(answer) ? answer : completed(answer));
}

const answerApart = answerParter();

/** Reasoning that stands in the text goes where that of model clients stands. A client has seen to it already. */
function apart(response: ModelResponse): ModelResponse {
  if (!mayHoldReasoning(response.text)) return response;
  const seen = answerApart(response.text, response.reasoning);
  return seen.text === response.text ? response : { ...response, ...seen };
}

function responseWithOutput(answer: { readonly output: unknown }): ModelResponse {
  const { output, ...members } = answer;
  if (output === undefined) {
    throw new AssayError(
      'ASSAY_EMPTY_RESPONSE',
      "Expected `output` of the target's answer to be a JSON value, got undefined",
    );
  }
  checkMembers(members);
  const { text: _text, ...rest } = members as Partial<ModelResponse>;
  if (typeof output === 'string') return apart(completed({ ...rest, text: output }));
  return completed({ ...rest, ...valueOf(output) });
}

function valueResponse(output: unknown): ModelResponse {
  return { ...NO_TEXT, ...valueOf(output) };
}

/** An answer that is no text, with its JSON as text for whoever shows or searches answers. */
function valueOf(output: unknown): { readonly output: unknown; readonly text: string } {
  let text: string | undefined;
  let cause: unknown;
  try {
    text = isData(output) ? JSON.stringify(output) : undefined;
  } catch (error) {
    cause = error;
  }
  if (text !== undefined) return { output, text };
  const why = cause === undefined ? '' : `: ${messageOf(cause)}`;
  throw new AssayError(
    'ASSAY_TARGET_FAILED',
    `Expected the target's answer to be a JSON value, got ${show(output)}${why}`,
    { cause },
  );
}

/** Not a promise, a `Response` or another object with a life of its own, whose JSON would say nothing. */
function isData(output: unknown): boolean {
  if (typeof output !== 'object' || output === null || Array.isArray(output)) return true;
  const prototype: unknown = Object.getPrototypeOf(output);
  if (prototype === null || prototype === Object.prototype || Object.keys(output).length > 0) return true;
  return Object.getPrototypeOf(prototype) === null; // plain, of another realm
}

/** Whether something can be counted with: a finite number >= 0. */
export function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY;
}

/** Whether something is token counts. */
export function isUsage(value: unknown): value is TokenUsage {
  const { inputTokens, outputTokens } = (value ?? {}) as Partial<Record<keyof TokenUsage, unknown>>;
  return isAmount(inputTokens) && isAmount(outputTokens);
}

function checkMembers(answer: Partial<ModelResponse>): void {
  const { usage, cost } = answer;
  if (usage !== undefined && usage !== null) {
    checkAmount('usage.inputTokens', usage.inputTokens);
    checkAmount('usage.outputTokens', usage.outputTokens);
  }
  if (cost !== undefined && cost !== null) checkAmount('cost', cost);
  checkList('toolCalls', answer.toolCalls);
  checkList('contexts', answer.contexts);
  const { metadata } = answer;
  if (metadata !== undefined && metadata !== null && typeof metadata !== 'object')
    throw unexpected('metadata', { expected: 'an object', value: metadata });
}

function checkList(name: string, value: unknown): void {
  if (value !== undefined && value !== null && !Array.isArray(value))
    throw unexpected(name, { expected: 'a list', value });
}

function checkAmount(name: string, value: unknown): void {
  if (!isAmount(value)) throw unexpected(name, { expected: 'a finite number >= 0', value });
}

function unexpected(
  name: string,
  { expected, value }: { readonly expected: string; readonly value: unknown },
): AssayError {
  return new AssayError(
    'ASSAY_TARGET_FAILED',
    `Expected \`${name}\` of the target's answer to be ${expected}, got ${show(value)}`,
  );
}

// Tool calls of a client are in their shape already; those of a function may be less than whole.
function isWhole(answer: object): answer is ModelResponse {
  for (const field of FIELDS) if ((answer as ModelResponse)[field] === undefined) return false;
  return !(answer as ModelResponse).toolCalls?.some(
    // one text twice is what a tool takes by design
    (call) => typeof (call.arguments ?? 1) !== 'object' && call.arguments !== call.argumentsText,
  );
}

function completed(answer: object): ModelResponse {
  const given = Object.entries(answer).filter(([, value]) => value !== undefined && value !== null);
  const response: Record<string, unknown> = { ...NO_TEXT, ...Object.fromEntries(given) };
  if ('output' in answer) response['output'] = answer.output;
  const calls = response['toolCalls'] as readonly GivenToolCall[] | undefined;
  if (calls !== undefined) response['toolCalls'] = toolCallsOf(calls);
  return response as unknown as ModelResponse;
}
