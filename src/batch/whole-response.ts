import type { ModelResponse, TokenUsage } from '../client/model-client.js';
import { AssayError } from '../errors.js';
import { textResponse } from '../evaluation/evaluator.js';
import { show } from '../foundation/options.js';

const NO_TEXT = textResponse('');
const FIELDS = Object.keys(NO_TEXT) as readonly (keyof ModelResponse)[];

/**
 * Makes a whole response of what a target gave: a text, or a text with whatever else is known of the call. What was
 * left out, or is `undefined`, gets its default. Costs a few property reads for a response that is whole.
 *
 * @throws AssayError `ASSAY_EMPTY_RESPONSE` for an answer without text, `ASSAY_TARGET_FAILED` for token counts or a
 * cost that nothing could be summed up with.
 */
export function responseOf(answer: unknown): ModelResponse {
  if (typeof answer === 'string') return textResponse(answer);
  if (typeof answer !== 'object' || answer === null || typeof (answer as ModelResponse).text !== 'string') {
    throw new AssayError(
      'ASSAY_EMPTY_RESPONSE',
      `Expected the target to return a string or an object with \`text\`, got ${show(answer)}`,
    );
  }
  const { usage, cost } = answer as Partial<ModelResponse>;
  if (usage !== undefined && usage !== null) {
    checkAmount('usage.inputTokens', usage.inputTokens);
    checkAmount('usage.outputTokens', usage.outputTokens);
  }
  if (cost !== undefined && cost !== null) checkAmount('cost', cost);
  return isWhole(answer) ? answer : completed(answer);
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

function checkAmount(name: string, value: unknown): void {
  if (isAmount(value)) return;
  throw new AssayError(
    'ASSAY_TARGET_FAILED',
    `Expected \`${name}\` of the target's answer to be a finite number >= 0, got ${show(value)}`,
  );
}

function isWhole(answer: object): answer is ModelResponse {
  for (const field of FIELDS) if ((answer as ModelResponse)[field] === undefined) return false;
  return true;
}

function completed(answer: object): ModelResponse {
  const given = Object.entries(answer).filter(([, value]) => value !== undefined);
  return { ...NO_TEXT, ...Object.fromEntries(given) };
}
