import type { ModelResponse, TokenUsage } from '../client/model-client.js';
import { estimateTokens, inputCharacters } from '../client/token-estimate.js';

/**
 * What a call has used, guessed from its text, for a server that does not say: the input once for each attempt that was
 * answered, and the answer. `undefined` when nothing was.
 */
export function estimateUsage(
  input: unknown,
  response: ModelResponse | undefined,
  attempts: number,
): TokenUsage | undefined {
  if (attempts === 0) return undefined;
  const { text = '', reasoning = '', toolCalls } = response ?? {};
  const written =
    text.length + reasoning.length + (toolCalls === undefined ? 0 : inputCharacters({ toolCalls }));
  return {
    inputTokens: estimateTokens(inputCharacters(input)) * attempts,
    outputTokens: estimateTokens(written),
  };
}
