import type { Score } from '../../evaluation/evaluation-types.js';

/** The score of an answer that a metric does not compare, since that would take minutes or the memory of the process. */
export const tooLong = (unit: string, most: number): Score => ({
  score: null,
  reason: `answer and expected text are too long to compare: more than ${inThousands(most)} pairs of ${unit}`,
});

/** Not by `toLocaleString`, which loads all that Node knows of languages: 8 ms of every import of the package. */
const inThousands = (count: number): string => String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
