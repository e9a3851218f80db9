import type { ToolCall } from '../client/tool-call.js';
import type { ScorerArguments } from '../evaluation/evaluation-types.js';

/**
 * The calls on the way to an answer, or why they are not known: a response of a model has all of its calls, a function that
 * says nothing of calls may have made any.
 */
export function trajectoryOf({
  response,
}: Pick<ScorerArguments, 'response'>): readonly ToolCall[] | { readonly reason: string } {
  if (response.toolCalls !== undefined) return response.toolCalls;
  if (response.endpoint !== null) return [];
  return {
    reason: 'the target did not tell which tools were called: let it return `toolCalls`, [] for none',
  };
}
