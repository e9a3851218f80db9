import type { Score } from '../evaluation/evaluation-types.js';
import { oneOf } from '../foundation/options.js';

/**
 * What an answer counts as in which nothing could be found to compare: `unscored` keeps it out of the mean and
 * reports it, `wrong` scores it 0 (what most published accuracies do). Part of the convention.
 */
export type NoMatchPolicy = 'unscored' | 'wrong';

/** Check for an option of type {@link NoMatchPolicy}. */
export const noMatchPolicy = oneOf('unscored', 'wrong');

/** The score of such an answer. */
export const noMatch = (policy: NoMatchPolicy, reason: string): Score => ({
  score: policy === 'wrong' ? 0 : null,
  reason,
});
