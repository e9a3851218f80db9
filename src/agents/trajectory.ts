import type { AnyOutputScorer } from '../evaluation/evaluation-types.js';
import { checkOptions, oneOf } from '../foundation/options.js';
import type { CallMatch } from './match-calls.js';
import { trajectoryOf } from './known-calls.js';
import { callScorer, callScorerChecks, type CallScorerOptions } from './score-calls.js';

/** Options of {@link trajectory}. */
export interface TrajectoryOptions extends CallScorerOptions {
  /** What the calls that were made must do to the expected ones; see {@link CallMatch}. @default 'same-order' */
  readonly match?: CallMatch | undefined;
}

/**
 * Scores the tool calls on the way to an answer against those that the case expects.
 *
 * - `exact`: 1 when the rule of `match` is kept, else 0. `partial`: how far, by the cheapest alignment where order counts and
 *   by the best one-to-one assignment where it does not; a call with the right name and some right arguments counts for its
 *   share of what agrees. 1 means the same for both.
 * - An expected empty list says that no tool shall be called; `in-order` and `includes` then are kept by anything.
 * - Unscored where the case expects nothing, and where a function target did not tell its calls (`toolCalls`; `[]` for
 *   none). `evidence` lists what is missing, extra or different.
 *
 * @example
 * trajectory({ match: 'in-order', arguments: { default: 'equal', tools: { search: 'ignore' } }, expected: 'metadata.calls' })
 * @throws AssayError `ASSAY_INVALID_OPTION`; the dimension errors with `ASSAY_INVALID_CASE` for an expectation that is no
 *   list of calls.
 */
export function trajectory(options: TrajectoryOptions = {}): AnyOutputScorer {
  const { match = 'same-order', ...others } = checkOptions<TrajectoryOptions>('trajectory', options, {
    ...callScorerChecks,
    match: oneOf('same-order', 'in-order', 'same-set', 'includes', 'only'),
  });
  return callScorer(others, { name: 'trajectory', match, callsOf: trajectoryOf });
}
