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
import { findRoot } from './find-root.js';
import { normalQuantile } from './special-functions.js';
import { pairedTPower } from './t-power.js';

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
  /** Number of cases, integer >= 2: one has no spread to compare with. */
  readonly cases: number;
}

/** From here on the normal formula is used: a paired t test of 500 cases has 79.9 % power where it says 80 %. */
const MANY_CASES = 500;

/**
 * How many cases a paired comparison needs: n = (z_{α/2} + z_β)² (ω² + σ²_A/K_A + σ²_B/K_B) / δ², rounded up (Miller 2024,
 * "Adding Error Bars to Evals"). Where that is below 500, the first n at which a paired t test has the power: for few
 * cases the formula, which takes the variance for known, promises far too much. At least 2. For 0/1 scores without
 * repetitions McNemar's test is planned exactly by `mcnemarCases` (`assaykit/decisions`).
 *
 * @throws AssayError `ASSAY_INVALID_OPTION` for a bad value.
 */
export function requiredCases(plan: SampleSizePlan): number {
  const { factor, variance, alpha, power } = checkPlan('requiredCases', plan, {
    checks: { ...PLAN_CHECKS, difference: differenceCheck },
    ownNumber: 'difference',
  });
  if (factor === 0) return 1;
  const byFormula = Math.ceil((factor * factor * variance) / (plan.difference * plan.difference));
  if (byFormula >= MANY_CASES) return byFormula;
  const effectSize = plan.difference / Math.sqrt(variance);
  let n = Math.max(2, byFormula);
  while (pairedTPower({ effectSize, n, alpha }) < power) n++;
  return n;
}

/**
 * The smallest true difference of the mean scores that `cases` cases find with the plan's power: below 500 cases by the
 * power of a paired t test, from there by the formula of {@link requiredCases} solved for δ. It may be above 1, the
 * largest difference that scores in 0..1 can have: then no difference can be found.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION` for a bad value.
 */
export function minimumDetectableDifference(plan: DetectableDifferencePlan): number {
  const { factor, variance, alpha, power } = checkPlan('minimumDetectableDifference', plan, {
    checks: { ...PLAN_CHECKS, cases: integer(2) },
    ownNumber: 'cases',
  });
  const n = plan.cases;
  const byFormula = factor * Math.sqrt(variance / n);
  if (n >= MANY_CASES || byFormula === 0) return byFormula;
  const excess = (difference: number): number =>
    pairedTPower({ effectSize: difference / Math.sqrt(variance), n, alpha }) - power;
  let high = byFormula;
  while (excess(high) < 0) high *= 2;
  return findRoot(excess, [byFormula / 2, high]);
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
  { checks, ownNumber }: { readonly checks: OptionChecks<Plan>; readonly ownNumber: keyof Plan & string },
): Readonly<Record<'factor' | 'variance' | 'alpha' | 'power', number>> {
  const checked = checkOptions<Plan>(owner, plan, checks);
  requireOptions(owner, checked, ['differenceVariance', ownNumber]);
  const { withinVarianceA = 0, withinVarianceB = 0, repetitionsA = 1, repetitionsB = 1 } = checked;
  const { alpha = 0.05, power = 0.8 } = checked;
  const perCase = withinVarianceA / repetitionsA + withinVarianceB / repetitionsB;
  return {
    factor: Math.max(0, normalQuantile(power) - normalQuantile(alpha / 2)), // power <= alpha / 2 needs no difference
    variance: checked.differenceVariance + perCase,
    alpha,
    power,
  };
}
