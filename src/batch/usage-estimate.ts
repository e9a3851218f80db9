import type { ModelResponse, TokenUsage } from '../client/model-client.js';
import { estimateTokens, inputCharacters } from '../client/token-estimate.js';
import type { TargetCall } from './target-call.js';

/**
 * What a case has used beyond what servers told, guessed from its text: the input (made only when it is needed) once for each attempt that was answered
 * without a word of it, what those had written until they failed, and the answer if its server does not say. `undefined` when
 * all was told.
 */
export function estimateUsage(
  inputOf: () => unknown,
  { untold, untoldOutput, response }: Pick<TargetCall, 'untold' | 'untoldOutput' | 'response'>,
): TokenUsage | undefined {
  const silent = response !== undefined && response.usage === null;
  const attempts = untold + (silent ? 1 : 0);
  if (attempts === 0 && untoldOutput === 0) return undefined;
  return {
    inputTokens: attempts === 0 ? 0 : estimateTokens(inputCharacters(inputOf())) * attempts,
    outputTokens: untoldOutput + (silent ? estimateTokens(writtenCharacters(response)) : 0),
  };
}

function writtenCharacters({ text, reasoning = '', toolCalls }: ModelResponse): number {
  return text.length + reasoning.length + (toolCalls === undefined ? 0 : inputCharacters({ toolCalls }));
}
