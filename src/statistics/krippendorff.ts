import { AssayError } from '../errors.js';
import { checkOptions, oneOf, show } from '../foundation/options.js';
import { type Label, labelIndex, positionOf } from './labels.js';

/** A rating: any label on the nominal level, a number on the others. */
export type Rating = Label;

/**
 * Scale of the ratings: names; ranks; numbers whose differences count; numbers with a true zero whose ratios
 * count.
 */
export type KrippendorffLevel = 'nominal' | 'ordinal' | 'interval' | 'ratio';

/** Options of {@link krippendorffAlpha}. */
export interface KrippendorffOptions {
  /** @default 'nominal' */
  readonly level?: KrippendorffLevel | undefined;
}

/** Check of {@link KrippendorffOptions.level}. */
export const levelCheck = oneOf('nominal', 'ordinal', 'interval', 'ratio');

/**
 * Krippendorff's alpha of any number of raters with missing ratings (Krippendorff 2011, "Computing
 * Krippendorff's Alpha-Reliability"). Units with fewer than two ratings do not count. `null` when nothing can
 * be paired or the chance disagreement is 0.
 *
 * @param units The ratings of each unit; `null` for a missing one.
 * @throws AssayError `ASSAY_INVALID_INPUT` for ratings that are no labels, or no numbers on a level other than
 *   nominal; `ASSAY_INVALID_OPTION`.
 */
export function krippendorffAlpha(
  units: readonly (readonly (Rating | null)[])[],
  options: KrippendorffOptions = {},
): number | null {
  const { level = 'nominal' } = checkOptions<KrippendorffOptions>('krippendorffAlpha', options, {
    level: levelCheck,
  });
  const paired = units
    .map((unit) => unit.filter((rating) => rating !== null))
    .filter((unit) => unit.length >= 2);
  const index = labelIndex(paired, undefined);
  const values = [...index.keys()];
  if (level !== 'nominal') checkNumbers(values, level);
  const coincidences = values.map(() => values.map(() => 0));
  for (const unit of paired) {
    const share = 1 / (unit.length - 1);
    unit.forEach((first, i) => {
      const row = coincidences[positionOf(index, first)] as number[];
      unit.forEach((second, j) => {
        if (i === j) return;
        const column = positionOf(index, second);
        row[column] = (row[column] as number) + share;
      });
    });
  }
  // The margins are counts of ratings: integers, which sums of shares would only approximate.
  const margins = values.map(() => 0);
  for (const rating of paired.flat()) {
    const at = positionOf(index, rating);
    margins[at] = (margins[at] as number) + 1;
  }
  const n = margins.reduce((sum, count) => sum + count, 0);
  const distance = distances(level, values, margins);
  let observed = 0;
  let expected = 0;
  coincidences.forEach((row, i) =>
    row.forEach((coincidence, j) => {
      const squared = distance(i, j);
      observed += coincidence * squared;
      expected += (margins[i] as number) * (margins[j] as number) * squared;
    }),
  );
  return expected === 0 ? null : 1 - ((n - 1) * observed) / expected;
}

/** Squared distance of two values, by their positions. */
function distances(
  level: KrippendorffLevel,
  values: readonly Label[],
  margins: readonly number[],
): (i: number, j: number) => number {
  const number = (at: number): number => values[at] as number;
  switch (level) {
    case 'nominal':
      return (i, j) => (i === j ? 0 : 1);
    case 'ordinal':
      // Ranks that lie between the two values, each end counting half.
      return (i, j) => {
        const [low, high] = i < j ? [i, j] : [j, i];
        let between = -((margins[low] as number) + (margins[high] as number)) / 2;
        for (let at = low; at <= high; at++) between += margins[at] as number;
        return between * between;
      };
    case 'interval':
      return (i, j) => (number(i) - number(j)) ** 2;
    case 'ratio':
      return (i, j) => {
        const sum = number(i) + number(j);
        return sum === 0 ? 0 : ((number(i) - number(j)) / sum) ** 2;
      };
  }
}

function checkNumbers(values: readonly Label[], level: KrippendorffLevel): void {
  for (const value of values) {
    if (typeof value === 'number' && Number.isFinite(value)) continue;
    throw new AssayError(
      'ASSAY_INVALID_INPUT',
      `Expected numbers as ratings on the ${level} level, got ${show(value)}`,
    );
  }
}
