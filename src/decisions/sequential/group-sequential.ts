import { AssayError } from '../../errors.js';
import { findRoot } from '../../statistics/find-root.js';
import {
  betweenZeroAndOne,
  checkOptions,
  list,
  number,
  oneOf,
  show,
  type OptionChecks,
} from '../../foundation/options.js';
import { normalCdf, normalQuantile } from '../../statistics/special-functions.js';
import { BoundedWalk, type CrossingProbabilities } from './bounded-walk.js';

/**
 * How the chance of a false alarm is spent over the looks (Lan and DeMets 1983). `obrien-fleming` keeps nearly all of
 * it for the end; `pocock` spends it evenly, which finds large differences sooner and costs more cases else.
 */
export type AlphaSpending = 'obrien-fleming' | 'pocock';

/** A two-sided test that is looked at several times. */
export interface GroupSequentialPlan {
  /** Information at each look as a share of that at the planned end: ascending, above 0, at most 1. */
  readonly fractions: readonly number[];
  /** Chance of a false alarm over all looks, both sides together, above 0 and below 1. @default 0.05 */
  readonly alpha?: number | undefined;
  /** How alpha is spent. @default 'obrien-fleming' */
  readonly spending?: AlphaSpending | undefined;
}

/** Where a {@link GroupSequentialPlan} stops. */
export interface GroupSequentialBoundary {
  /** At each look: stop when |Z| is at least this; `Infinity` where there is nothing to spend. */
  readonly z: readonly number[];
  /** Two-sided p-value that each `z` would have if it were the only look. */
  readonly nominalP: readonly number[];
  /** Alpha that is spent up to each look, both sides. */
  readonly cumulativeAlpha: readonly number[];
}

/** What a {@link GroupSequentialPlan} does when there is a difference. */
export interface GroupSequentialPower extends CrossingProbabilities {
  /** Chance of stopping at any look, on either side. */
  readonly power: number;
  /** Mean information at the stop, as a share of that at the planned end; a run that never stops counts its last look. */
  readonly expectedFraction: number;
}

/** What looking costs: see {@link groupSequentialInflation}. */
export interface GroupSequentialInflation {
  /** Mean of Z at the planned end with which the upper boundary is crossed with the power that was asked for. */
  readonly drift: number;
  /** The same with one look. */
  readonly fixedDrift: number;
  /** (`drift` / `fixedDrift`)²: how many times the cases of a test with one look are planned for. */
  readonly inflation: number;
  /** Mean share of the planned cases that are used. */
  readonly expectedFraction: number;
  /** Mean number of cases as a share of those of the test with one look. */
  readonly expectedFractionOfFixed: number;
}

const PLAN_CHECKS: OptionChecks<GroupSequentialPlan> = {
  fractions: list,
  alpha: betweenZeroAndOne,
  spending: oneOf('obrien-fleming', 'pocock'),
};

/** Where a side stands in its spending. */
export interface SpendingState {
  /** Alpha of this side, above 0 and below 1. */
  readonly alpha: number;
  /** Information fraction, 0..1. */
  readonly t: number;
}

/**
 * Alpha that one side may have spent at information fraction `t`: O'Brien-Fleming-like 2 - 2Φ(q(1 - a/2)/√t), or
 * Pocock-like a·ln(1 + (e - 1)t) (Lan and DeMets 1983).
 */
export function spentAlpha(spending: AlphaSpending, { alpha, t }: SpendingState): number {
  if (t <= 0) return 0;
  if (t >= 1) return alpha;
  if (spending === 'pocock') return alpha * Math.log1p((Math.E - 1) * t);
  return 2 * normalCdf(normalQuantile(alpha / 2) / Math.sqrt(t));
}

/**
 * The boundary of a two-sided group-sequential test; each side spends half of alpha. 1e-8 exact for looks as near as
 * 0.01 of the information.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION` for fractions that do not ascend within 0..1, or a bad alpha.
 */
export function groupSequentialBoundary(plan: GroupSequentialPlan): GroupSequentialBoundary {
  const { fractions, alpha, spending } = checkPlan('groupSequentialBoundary', plan);
  return boundaryOf(fractions, { alpha, spending, maxDrift: 0 }).boundary;
}

/**
 * Chance of crossing the boundary of `plan` when the mean of Z at information fraction 1 is `drift`.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`
 */
export function groupSequentialPower(
  plan: GroupSequentialPlan & {
    /** True difference divided by its standard error at the planned end. */
    readonly drift: number;
  },
): GroupSequentialPower {
  const { drift, ...rest } = plan;
  checkOptions('groupSequentialPower', { drift }, { drift: number(Number.NEGATIVE_INFINITY) });
  const { fractions, alpha, spending } = checkPlan('groupSequentialPower', rest);
  const { walk } = boundaryOf(fractions, { alpha, spending, maxDrift: drift });
  return powerOf(walk, fractions, drift);
}

/**
 * How much larger than a test with one look a group-sequential test is planned to have the same chance of finding a
 * difference, and how many cases it uses on average when the difference is there.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`
 */
export function groupSequentialInflation(
  plan: GroupSequentialPlan & {
    /** Chance of finding the difference, above 0 and below 1. */
    readonly power: number;
  },
): GroupSequentialInflation {
  const { power, ...rest } = plan;
  checkOptions('groupSequentialInflation', { power }, { power: betweenZeroAndOne });
  const { fractions, alpha, spending } = checkPlan('groupSequentialInflation', rest);
  if (power <= alpha / 2) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected \`power\` of groupSequentialInflation to be above alpha / 2 (a false alarm has that chance), got ${power}`,
    );
  }
  const fixedDrift = normalQuantile(power) - normalQuantile(alpha / 2);
  const most = (fixedDrift + 4) / Math.sqrt(fractions.at(-1) as number);
  const { walk } = boundaryOf(fractions, { alpha, spending, maxDrift: most });
  const crossed = (drift: number): number => sum(walk.crossing(drift).upper);
  const drift = findRoot((at) => crossed(at) - power, [0, most]);
  const { expectedFraction } = powerOf(walk, fractions, drift);
  const inflation = (drift / fixedDrift) ** 2;
  return {
    drift,
    fixedDrift,
    inflation,
    expectedFraction,
    expectedFractionOfFixed: expectedFraction * inflation,
  };
}

/** The boundary together with the walk that it bounds, which answers for drifts up to `maxDrift`. */
export function boundaryOf(
  fractions: readonly number[],
  {
    alpha,
    spending,
    maxDrift,
  }: { readonly alpha: number; readonly spending: AlphaSpending; readonly maxDrift: number },
): { readonly boundary: GroupSequentialBoundary; readonly walk: BoundedWalk } {
  const walk = new BoundedWalk(maxDrift);
  const z: number[] = [];
  const cumulativeAlpha: number[] = [];
  let spent = 0;
  for (const [k, fraction] of fractions.entries()) {
    const allowed = spentAlpha(spending, { alpha: alpha / 2, t: fraction });
    const bound = boundFor(walk, fraction, allowed - spent);
    z.push(bound);
    cumulativeAlpha.push(2 * allowed);
    spent = allowed;
    walk.add(fraction, bound, fractions[k + 1]);
  }
  return { boundary: { z, nominalP: z.map((bound) => 2 * normalCdf(-bound)), cumulativeAlpha }, walk };
}

/** The z whose upper tail at the next look is `increment`. */
function boundFor(walk: BoundedWalk, fraction: number, increment: number): number {
  if (!(increment > 0)) return Number.POSITIVE_INFINITY;
  if (walk.looks === 0) return -normalQuantile(increment);
  const wanted = Math.log(increment); // increments of early looks may be 1e-18: equal steps of their logarithm
  const excess = (z: number): number =>
    Math.log(Math.max(walk.tails(fraction, z).upper, Number.MIN_VALUE)) - wanted;
  if (excess(0) <= 0) return 0; // so much to spend that the run ends here whatever comes
  return excess(38) > 0 ? Number.POSITIVE_INFINITY : findRoot(excess, [0, 38]);
}

function powerOf(walk: BoundedWalk, fractions: readonly number[], drift: number): GroupSequentialPower {
  const { upper, lower } = walk.crossing(drift);
  const power = sum(upper) + sum(lower);
  const stopped = fractions.map((fraction, k) => fraction * ((upper[k] as number) + (lower[k] as number)));
  return {
    upper,
    lower,
    power,
    expectedFraction: sum(stopped) + (fractions.at(-1) as number) * Math.max(0, 1 - power),
  };
}

/** Checks a plan and fills in its defaults. */
export function checkPlan(
  owner: string,
  plan: GroupSequentialPlan,
): Required<{ [Key in keyof GroupSequentialPlan]: Exclude<GroupSequentialPlan[Key], undefined> }> {
  const {
    fractions,
    alpha = 0.05,
    spending = 'obrien-fleming',
  } = checkOptions<GroupSequentialPlan>(owner, plan, PLAN_CHECKS);
  const ascending =
    Array.isArray(fractions) &&
    fractions.length > 0 &&
    fractions.every(
      (fraction, k) => fraction > (k === 0 ? 0 : (fractions[k - 1] as number)) && fraction <= 1,
    );
  if (!ascending) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected \`fractions\` of ${owner} to ascend within 0..1, got ${Array.isArray(fractions) ? `[${fractions.join(', ')}]` : show(fractions)}`,
    );
  }
  return { fractions, alpha, spending };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
