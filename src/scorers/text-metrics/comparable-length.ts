import type { Score } from '../../evaluation/evaluation-types.js';

/** The score of an answer that a metric does not compare, since that would take minutes or the memory of the process. */
export const tooLong = (unit: string, most: number): Score => ({
  score: null,
  reason: `answer and expected text are too long to compare: more than ${most.toLocaleString('en')} pairs of ${unit}`,
});
