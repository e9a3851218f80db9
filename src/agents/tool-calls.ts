import type { AnyOutputScorer } from '../evaluation/evaluation-types.js';
import { checkOptions } from '../foundation/options.js';
import { callScorer, callScorerChecks, type CallScorerOptions } from './score-calls.js';

/** Options of {@link toolCalls}. */
export interface ToolCallsOptions extends CallScorerOptions {}

/**
 * Scores the tool calls of a single answer against those that the case expects, in any order: 1 when they are the same, each
 * as often, else 0 (`partial`: the largest sum of agreement, of the longer list). An answer without calls has made none, so
 * one that tells instead of calling scores 0, and 1 where the case expects `[]`. A call whose arguments are no JSON object
 * agrees in its name alone. Of the way to an answer over several turns use {@link trajectory}.
 *
 * @example
 * toolCalls({ arguments: { tools: { search: 'includes' } } })
 * @throws AssayError `ASSAY_INVALID_OPTION`; the dimension errors with `ASSAY_INVALID_CASE` for an expectation that is no
 *   list of calls.
 */
export function toolCalls(options: ToolCallsOptions = {}): AnyOutputScorer {
  const checked = checkOptions<ToolCallsOptions>('toolCalls', options, callScorerChecks);
  return callScorer(checked, {
    name: 'tool-calls',
    match: 'same-set',
    callsOf: ({ response }) => response.toolCalls ?? [],
  });
}
