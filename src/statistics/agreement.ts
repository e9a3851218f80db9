import { AssayError } from '../errors.js';
import { checkOptions, oneOf } from '../foundation/options.js';
import { type KrippendorffLevel, krippendorffAlpha, levelCheck, type Rating } from './krippendorff.js';
import { checkLabel, type Label, labelIndex, labelsCheck, positionOf } from './labels.js';
import { checkSameLength } from './paired-numbers.js';

/** Options of {@link cohenKappa}. */
export interface CohenOptions {
  /** What a disagreement weighs: 1, the distance of the labels, or its square. @default 'none' */
  readonly weights?: 'none' | 'linear' | 'quadratic' | undefined;
  /** All labels in their order, which weights need. @default those that occur, sorted */
  readonly labels?: readonly Label[] | undefined;
}

/** Options of {@link agreement}. */
export interface AgreementOptions {
  /** Scale of the ratings, for Krippendorff's alpha. @default 'nominal' */
  readonly level?: KrippendorffLevel | undefined;
  /** All labels in their order, for the weighted kappas. @default those that occur, sorted */
  readonly labels?: readonly Label[] | undefined;
}

/** What {@link agreement} finds; `null` where a figure is not defined for these ratings. */
export interface Agreement {
  /** How many units, whether rated or not. */
  readonly units: number;
  /** How many raters: columns of each unit, 0 for no units. */
  readonly raters: number;
  /** Ratings that are there. */
  readonly ratings: number;
  /** Ratings that are `null`: units · raters - ratings. */
  readonly missing: number;
  /** Share of equal ratings among all pairs of ratings of one unit. */
  readonly percent: number | null;
  /** Cohen's kappa over the units that both rated; only for 2 raters. */
  readonly cohen: number | null;
  /** Likewise, a disagreement weighing the distance of the labels in their order. */
  readonly cohenLinear: number | null;
  /** Likewise, a disagreement weighing the square of that distance. */
  readonly cohenQuadratic: number | null;
  /** Fleiss' kappa; only without missing ratings. */
  readonly fleiss: number | null;
  /** Krippendorff's alpha at the asked level. */
  readonly krippendorff: number | null;
}

/**
 * Cohen's kappa of two raters (Cohen 1960; weighted: Cohen 1968). `null` for no units, or when the chance
 * disagreement is 0 because both always say the same one thing.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` for lists of different lengths, a label that is none or was not given;
 *   `ASSAY_INVALID_OPTION`.
 */
export function cohenKappa(
  a: readonly Label[],
  b: readonly Label[],
  options: CohenOptions = {},
): number | null {
  const checked = checkOptions<CohenOptions>('cohenKappa', options, {
    weights: oneOf('none', 'linear', 'quadratic'),
    labels: labelsCheck,
  });
  checkSameLength('ratings', a, b);
  const index = labelIndex([a, b], checked.labels);
  const weigh = WEIGHTS[checked.weights ?? 'none'];
  const rows = Array.from(index, () => 0);
  const columns = Array.from(index, () => 0);
  let observed = 0;
  a.forEach((label, i) => {
    const row = positionOf(index, label);
    const column = positionOf(index, b[i] as Label);
    rows[row] = (rows[row] as number) + 1;
    columns[column] = (columns[column] as number) + 1;
    observed += weigh(row - column);
  });
  let expected = 0;
  rows.forEach((row, i) => columns.forEach((column, j) => (expected += row * column * weigh(i - j))));
  return expected === 0 ? null : 1 - (a.length * observed) / expected;
}

const WEIGHTS = {
  none: (distance: number) => (distance === 0 ? 0 : 1),
  linear: (distance: number) => Math.abs(distance),
  quadratic: (distance: number) => distance * distance,
} as const;

/**
 * Fleiss' kappa of a fixed number of raters (Fleiss 1971). `null` for no units, one rater, or a chance
 * disagreement of 0.
 *
 * @param units The ratings of each unit, all of one length.
 * @throws AssayError `ASSAY_INVALID_INPUT` for units of different lengths (take {@link krippendorffAlpha} then) or a
 *   missing rating.
 */
export function fleissKappa(units: readonly (readonly Label[])[]): number | null {
  const raters = units[0]?.length ?? 0;
  if (units.some((unit) => unit.length !== raters)) {
    throw new AssayError(
      'ASSAY_INVALID_INPUT',
      'Expected as many ratings for each unit; krippendorffAlpha takes missing ones',
    );
  }
  const totals = new Map<Label, number>();
  let agreeing = 0; // ordered pairs of equal ratings within a unit
  for (const unit of units) {
    for (const count of countsOf(unit).values()) agreeing += count * (count - 1);
    for (const [label, count] of countsOf(unit)) totals.set(label, (totals.get(label) ?? 0) + count);
  }
  const ratings = units.length * raters;
  let squares = 0;
  for (const count of totals.values()) squares += count * count;
  if (raters < 2 || squares === ratings * ratings) return null;
  const chance = squares / (ratings * ratings);
  return (agreeing / (ratings * (raters - 1)) - chance) / (1 - chance);
}

/**
 * Share of equal ratings among all pairs of ratings of the same unit; `null` when no unit has two ratings.
 *
 * @param units The ratings of each unit; `null` for a missing one.
 */
export function percentAgreement(units: readonly (readonly (Label | null)[])[]): number | null {
  let equal = 0;
  let pairs = 0;
  for (const unit of units) {
    const present = unit.filter((rating) => rating !== null);
    pairs += present.length * (present.length - 1);
    for (const count of countsOf(present).values()) equal += count * (count - 1);
  }
  return pairs === 0 ? null : equal / pairs;
}

/**
 * Every agreement figure that these ratings allow.
 *
 * @param units The ratings of each unit, one column a rater; `null` for a missing rating.
 * @throws AssayError `ASSAY_INVALID_INPUT` for units of different lengths, or text on a level of numbers.
 */
export function agreement(
  units: readonly (readonly (Rating | null)[])[],
  options: AgreementOptions = {},
): Agreement {
  const { level, labels } = checkOptions<AgreementOptions>('agreement', options, {
    level: levelCheck,
    labels: labelsCheck,
  });
  const raters = units[0]?.length ?? 0;
  if (units.some((unit) => unit.length !== raters)) {
    throw new AssayError(
      'ASSAY_INVALID_INPUT',
      'Expected a column a rater in every unit, null where missing',
    );
  }
  const present = units.flat().filter((rating) => rating !== null).length;
  const complete = units.filter((unit): unit is readonly Rating[] => !unit.includes(null));
  const cohen = (weights: 'none' | 'linear' | 'quadratic'): number | null => {
    if (raters !== 2) return null;
    const column = (at: 0 | 1): Rating[] => complete.map((unit) => unit[at] as Rating);
    return cohenKappa(column(0), column(1), { weights, labels });
  };
  return {
    units: units.length,
    raters,
    ratings: present,
    missing: units.length * raters - present,
    percent: percentAgreement(units),
    cohen: cohen('none'),
    cohenLinear: cohen('linear'),
    cohenQuadratic: cohen('quadratic'),
    fleiss: complete.length === units.length ? fleissKappa(complete) : null,
    krippendorff: krippendorffAlpha(units, { level }),
  };
}

function countsOf(ratings: readonly Label[]): Map<Label, number> {
  const counts = new Map<Label, number>();
  for (const rating of ratings) {
    checkLabel(rating);
    counts.set(rating, (counts.get(rating) ?? 0) + 1);
  }
  return counts;
}
