import {
  betweenZeroAndOne,
  checkOptions,
  integer,
  number,
  positive,
  requireOptions,
  type OptionCheck,
  type OptionChecks,
} from '../foundation/options.js';
import { normalQuantile } from './special-functions.js';

/** What is known or assumed about a paired comparison of two runs. Scores lie in 0..1. */
export interface ComparisonPlan {
  /** Variance over cases of the difference of the two models' mean scores on a case (ω²), >= 0. */
  readonly differenceVariance: number;
  /** Mean variance of model A's score on one case when it is asked again (σ²_A), >= 0. @default 0 */
  readonly withinVarianceA?: number | undefined;
  /** The same for model B. @default 0 */
  readonly withinVarianceB?: number | undefined;
  /** How often A answers each case, integer >= 1. @default 1 */
  readonly repetitionsA?: number | undefined;
  /** How often B answers each case. @default 1 */
  readonly repetitionsB?: number | undefined;
  /** Chance of a false alarm of the two-sided test. @default 0.05 */
  readonly alpha?: number | undefined;
  /** Chance of finding the difference if it is there. @default 0.8 */
  readonly power?: number | undefined;
}

/** A {@link ComparisonPlan} with the difference that is to be found. */
export interface SampleSizePlan extends ComparisonPlan {
  /** True difference of the mean scores that shall be found, > 0. */
  readonly difference: number;
}

/** A {@link ComparisonPlan} with the number of cases there are. */
export interface DetectableDifferencePlan extends ComparisonPlan {
  /** Number of cases, integer >= 1. */
  readonly cases: number;
}

/**
 * How many cases a paired comparison needs: n = (z_{α/2} + z_β)² (ω² + σ²_A/K_A + σ²_B/K_B) / δ², rounded up
 * (Miller 2024, "Adding Error Bars to Evals"; normal approximation).
 *
 * @throws AssayError `ASSAY_INVALID_OPTION` for a bad value.
 */
export function requiredCases(plan: SampleSizePlan): number {
  const { factor, variance } = checkPlan(
    'requiredCases',
    plan,
    { ...PLAN_CHECKS, difference: differenceCheck },
    'difference',
  );
  return Math.max(1, Math.ceil((factor * factor * variance) / (plan.difference * plan.difference)));
}

/**
 * The smallest true difference of the mean scores that `cases` cases find with the plan's power: the formula of
 * {@link requiredCases} solved for δ.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION` for a bad value.
 */
export function minimumDetectableDifference(plan: DetectableDifferencePlan): number {
  const { factor, variance } = checkPlan(
    'minimumDetectableDifference',
    plan,
    { ...PLAN_CHECKS, cases: integer(1) },
    'cases',
  );
  return factor * Math.sqrt(variance / plan.cases);
}

const differenceCheck: OptionCheck = (value) => positive(value) ?? number(0, 1)(value);

const PLAN_CHECKS: OptionChecks<ComparisonPlan> = {
  differenceVariance: number(0),
  withinVarianceA: number(0),
  withinVarianceB: number(0),
  repetitionsA: integer(1),
  repetitionsB: integer(1),
  alpha: betweenZeroAndOne,
  power: betweenZeroAndOne,
};

function checkPlan<Plan extends ComparisonPlan>(
  owner: string,
  plan: Plan,
  checks: OptionChecks<Plan>,
  ownNumber: keyof Plan & string,
): { readonly factor: number; readonly variance: number } {
  const checked = checkOptions<Plan>(owner, plan, checks);
  requireOptions(owner, checked, ['differenceVariance', ownNumber]);
  const { withinVarianceA = 0, withinVarianceB = 0, repetitionsA = 1, repetitionsB = 1 } = checked;
  const { alpha = 0.05, power = 0.8 } = checked;
  const perCase = withinVarianceA / repetitionsA + withinVarianceB / repetitionsB;
  return {
    factor: Math.max(0, normalQuantile(power) - normalQuantile(alpha / 2)), // power <= alpha / 2 needs no difference
    variance: checked.differenceVariance + perCase,
  };
}
