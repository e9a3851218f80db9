import type { AnyOutputScorer, ScorerArguments, ScorerResult } from '../evaluation/evaluation-types.js';

/**
 * Gives a function that scores something else of a response than its text (tool calls, passages, a state) its convention
 * and version, as `defineScorer` does for scorers of texts.
 */
export function responseScorer(
  { convention, version }: { readonly convention: string; readonly version: string },
  score: (args: ScorerArguments<unknown, unknown, unknown, unknown>) => ScorerResult | Promise<ScorerResult>,
): AnyOutputScorer {
  return Object.assign((args: ScorerArguments<unknown, unknown, unknown, unknown>) => score(args), {
    convention,
    version,
  }) as AnyOutputScorer;
}
