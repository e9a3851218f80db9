import { AssayError } from '../errors.js';
import {
  aboveZeroToOne,
  betweenZeroAndOne,
  checkOptions,
  integer,
  object,
  positive,
  requireOptions,
  text,
  type OptionChecks,
} from '../foundation/options.js';
import type { RunSource } from '../statistics/compare-runs.js';
import { Moments } from '../statistics/moments.js';
import { minimumDetectableDifference, requiredCases } from '../statistics/sample-size.js';
import { readRun } from './gate/run-scores.js';
import { mcnemarCases, mcnemarDetectableDifference } from './paired/mcnemar-power.js';
import { groupSequentialInflation } from './sequential/group-sequential.js';
import { costText, count } from '../foundation/counted.js';

/** Options of {@link planComparison}. */
export interface PlanComparisonOptions {
  /** Difference of the mean scores that shall be found, above 0, at most 1. */
  readonly difference: number;
  /** A run over such cases: its spread, cost and number of cases are taken from it. */
  readonly baseline?: RunSource | undefined;
  /** The score: `overall` or a dimension's name. @default 'overall' */
  readonly metric?: string | undefined;
  /**
   * 0/1 scores: share of the cases that the two will answer differently, above 0, at most 1. @default that of two that are
   * as good as the baseline and independent of each other, which is the most it can be
   */
  readonly discordance?: number | undefined;
  /** Graded scores: standard deviation of the differences, > 0. @default that of two runs whose scores correlate by 1/2 */
  readonly standardDeviation?: number | undefined;
  /** Chance of finding the difference, above 0 and below 1. @default 0.8 */
  readonly power?: number | undefined;
  /** 1 - level is the chance of a false alarm, both sides. @default 0.95 */
  readonly level?: number | undefined;
  /** Looks of a decision, 1 to 100. @default 10 */
  readonly looks?: number | undefined;
}

/** What a comparison takes. Plain data. */
export interface ComparisonForecastData {
  /** What the scores are. */
  readonly scores: '0/1' | 'graded';
  /** Cases that a comparison of all of them takes; `null`: more than 200,000. */
  readonly cases: number | null;
  /** Cases to plan for, when the run is looked at; `null` likewise. */
  readonly plannedCases: number | null;
  /** Cases that it then takes on average if the difference is there; `null` likewise. */
  readonly expectedCases: number | null;
  /** The difference that was asked for. */
  readonly difference: number;
  /** Chance of finding it. */
  readonly power: number;
  /** 1 - level is the chance of a false alarm. */
  readonly level: number;
  /** Share of cases that differ, for 0/1 scores; else `null`. */
  readonly discordance: number | null;
  /** Standard deviation of the differences, for graded scores; else `null`. */
  readonly standardDeviation: number | null;
  /** Cases of the baseline; `null` without one. */
  readonly availableCases: number | null;
  /** Difference that these find with the same power; `null` without a baseline, and where none is found. */
  readonly detectable: number | null;
  /** What `cases` cost on one side, at the baseline's price; `null` without a price. */
  readonly cost: number | null;
  /** What was assumed, in words; empty when everything was given. */
  readonly assumptions: readonly string[];
}

/** A {@link ComparisonForecastData} that reads like a sentence as text. */
export interface ComparisonForecast extends ComparisonForecastData {
  toString(): string;
}

const CHECKS: OptionChecks<PlanComparisonOptions> = {
  difference: aboveZeroToOne,
  baseline: object,
  metric: text,
  discordance: aboveZeroToOne,
  standardDeviation: positive,
  power: betweenZeroAndOne,
  level: betweenZeroAndOne,
  looks: integer(1, 100),
};

/**
 * How many cases a comparison of two runs takes, before it is run: exact for 0/1 scores (the power of McNemar's test,
 * summed and not approximated), by the power of the t test for graded ones; with what a baseline's cases can find, what
 * it costs, and how much `decide` saves.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`, also when neither a baseline nor the spread is given; what reading the
 *   baseline throws.
 */
export async function planComparison(options: PlanComparisonOptions): Promise<ComparisonForecast> {
  const checked = checkOptions('planComparison', options, CHECKS);
  requireOptions('planComparison', checked, ['difference']);
  const { difference, power = 0.8, level = 0.95, looks = 10 } = checked;
  const known = await knownOf(checked);
  const alpha = 1 - level;
  const cases =
    known.discordance === null
      ? requiredCases({
          differenceVariance: (known.standardDeviation as number) ** 2,
          difference,
          alpha,
          power,
        })
      : (mcnemarCases({ ...sides(known.discordance, difference), alpha, power })?.always ?? null);
  const { inflation, expectedFractionOfFixed } = groupSequentialInflation({
    fractions: Array.from({ length: looks }, (_, k) => (k + 1) / looks),
    alpha,
    power: Math.max(power, alpha),
  });
  const { availableCases } = known;
  const detectable =
    availableCases === null || availableCases < 2
      ? null
      : known.discordance === null
        ? minimumDetectableDifference({
            differenceVariance: (known.standardDeviation as number) ** 2,
            cases: availableCases,
            alpha,
            power,
          })
        : mcnemarDetectableDifference({
            n: Math.min(availableCases, 200_000),
            discordant: known.discordance,
            alpha,
            power,
          });
  const data: ComparisonForecastData = {
    scores: known.discordance === null ? 'graded' : '0/1',
    cases,
    plannedCases: cases === null ? null : Math.ceil(cases * inflation),
    expectedCases: cases === null ? null : Math.ceil(cases * expectedFractionOfFixed),
    difference,
    power,
    level,
    discordance: known.discordance,
    standardDeviation: known.standardDeviation,
    availableCases,
    detectable,
    cost: cases === null || known.costPerCase === null ? null : cases * known.costPerCase,
    assumptions: known.assumptions,
  };
  return Object.defineProperty({ ...data }, 'toString', {
    value: () => format(data),
    enumerable: false,
  }) as ComparisonForecast;
}

interface Known {
  readonly discordance: number | null;
  readonly standardDeviation: number | null;
  readonly availableCases: number | null;
  readonly costPerCase: number | null;
  readonly assumptions: readonly string[];
}

async function knownOf(options: PlanComparisonOptions): Promise<Known> {
  const { baseline, metric = 'overall', discordance = null, standardDeviation = null, difference } = options;
  if (discordance !== null && standardDeviation !== null) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      'Expected `discordance` (0/1 scores) or `standardDeviation` (graded) of planComparison, and not both',
    );
  }
  if (discordance !== null && discordance < difference) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected \`discordance\` of planComparison to be at least \`difference\`, ${difference}, got ${discordance}`,
    );
  }
  if (baseline === undefined) {
    if (discordance === null && standardDeviation === null) {
      throw new AssayError(
        'ASSAY_INVALID_OPTION',
        'Expected `baseline`, `discordance` or `standardDeviation` of planComparison: the number of cases depends on the spread',
      );
    }
    return { discordance, standardDeviation, availableCases: null, costPerCase: null, assumptions: [] };
  }
  const run = await readRun(baseline, { role: 'baseline', metrics: [metric] });
  const scores = run.cases
    .map((_, position) => run.score(metric, position))
    .filter((score) => !Number.isNaN(score));
  const moments = Moments.of(scores);
  if (moments.mean === null)
    throw new AssayError('ASSAY_INVALID_OPTION', `Expected scores of ${metric} in the baseline, found none`);
  const common = {
    availableCases: scores.length,
    costPerCase: run.cost === null ? null : run.cost / run.cases.length,
  };
  if (discordance !== null || standardDeviation !== null)
    return { ...common, discordance, standardDeviation, assumptions: [] };
  if (moments.binary) {
    const independent = Math.min(
      1,
      Math.max(difference, 2 * moments.mean * (1 - moments.mean), 1 / scores.length),
    );
    const assumption = `${(100 * independent).toFixed(0)} % of the cases differ, as of two independent ones that are this good; runs of like models differ less`;
    return { ...common, discordance: independent, standardDeviation: null, assumptions: [assumption] };
  }
  const spread = moments.standardDeviation ?? 0;
  return {
    ...common,
    discordance: null,
    standardDeviation: spread > 0 ? spread : 0.5,
    assumptions: ['the scores of both runs correlate by 1/2'],
  };
}

const sides = (discordance: number, difference: number): { p10: number; p01: number } => ({
  p10: (discordance + difference) / 2,
  p01: Math.max(0, (discordance - difference) / 2),
});

function format(plan: ComparisonForecastData): string {
  const points = (share: number): string => `${Number((100 * share).toPrecision(3))} points`;
  const countOf = (n: number | null): string => (n === null ? 'more than 200,000' : count(n));
  const lines = [
    `A difference of ${points(plan.difference)} takes ${countOf(plan.cases)} cases (found with ${Number((100 * plan.power).toPrecision(6))} %)` +
      (plan.cost === null ? '.' : `, ${costText(plan.cost)} of cost on a side.`),
    `  with decide: plan ${countOf(plan.plannedCases)}, ${plan.expectedCases === null ? '' : 'about '}${countOf(plan.expectedCases)} asked if it is there`,
  ];
  if (plan.availableCases !== null) {
    const found =
      plan.detectable === null ? 'find no difference with that chance' : `find ${points(plan.detectable)}`;
    lines.push(`  the ${countOf(plan.availableCases)} cases of the baseline ${found}`);
  }
  for (const assumption of plan.assumptions) lines.push(`  assumed: ${assumption}`);
  return lines.join('\n');
}
