import { AssayError } from '../../errors.js';
import { findRoot } from '../../statistics/find-root.js';
import {
  aboveZeroToOne,
  betweenZeroAndOne,
  checkOptions,
  integer,
  number,
  oneOf,
  requireOptions,
  type OptionChecks,
} from '../../foundation/options.js';
import { incompleteBeta, logBetaPower, normalQuantile } from '../../statistics/special-functions.js';

/** Which of McNemar's tests is planned for. */
export type McnemarTestName = 'exact' | 'mid-p';

/** True chances of a pair, and the test. */
export interface McnemarPlan {
  /** Chance that only the first side is right, 0..1. */
  readonly p10: number;
  /** Chance that only the second side is right, 0..1; both together at most 1. */
  readonly p01: number;
  /** Level of the two-sided test. @default 0.05 */
  readonly alpha?: number | undefined;
  /** The test. @default 'exact' */
  readonly test?: McnemarTestName | undefined;
}

/** How many pairs a difference takes. */
export interface McnemarCases {
  /** First number of pairs with the power. */
  readonly first: number;
  /** From here on every number has it: power is saw-toothed, since counts are whole. */
  readonly always: number;
  /** Power at `first`. */
  readonly powerAtFirst: number;
  /** What the usual formula says: too few. */
  readonly normalApproximation: number;
}

const PLAN_CHECKS: OptionChecks<McnemarPlan> = {
  p10: number(0, 1),
  p01: number(0, 1),
  alpha: betweenZeroAndOne,
  test: oneOf('exact', 'mid-p'),
};

const MOST_CASES = 200_000;

/**
 * Chance that McNemar's test of `n` pairs finds a difference, on either side: summed over the number of discordant
 * pairs and of wins among them, no approximation.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`
 */
export function mcnemarPower(
  plan: McnemarPlan & {
    /** Pairs, integer >= 1. */
    readonly n: number;
  },
): number {
  const { n, ...rest } = plan;
  checkOptions('mcnemarPower', { n }, { n: integer(1, MOST_CASES) });
  return new PowerCurve(checkPlan('mcnemarPower', rest)).at(n);
}

/**
 * How many pairs McNemar's test needs to find a difference with the given power; `null` when more than 200,000.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`, also when both sides win equally often.
 */
export function mcnemarCases(
  plan: McnemarPlan & {
    /** Chance of finding the difference. @default 0.8 */
    readonly power?: number | undefined;
  },
): McnemarCases | null {
  const { power = 0.8, ...rest } = plan;
  checkOptions('mcnemarCases', { power }, { power: betweenZeroAndOne });
  const checked = checkPlan('mcnemarCases', rest);
  const { p10, p01, alpha } = checked;
  if (p10 === p01) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected \`p10\` and \`p01\` of mcnemarCases to differ, got ${p10} twice`,
    );
  }
  const [difference, discordant] = [Math.abs(p10 - p01), p10 + p01];
  const [zAlpha, zBeta] = [-normalQuantile(alpha / 2), normalQuantile(power)];
  const normal =
    ((zAlpha * Math.sqrt(discordant) + zBeta * Math.sqrt(discordant - difference ** 2)) / difference) ** 2;
  const normalApproximation = Math.ceil(normal);
  if (normalApproximation > MOST_CASES) return null;
  const curve = new PowerCurve(checked);
  const enough = (n: number): boolean => curve.at(n) >= power;
  // Power is saw-toothed: a tooth is as long as it takes for one more discordant pair, and lower the more there are.
  const tooth = Math.ceil(2 / discordant) + 2;
  let first = 1;
  for (let above = normalApproximation * 2; normalApproximation > 400 && above - first > 8;) {
    const middle = Math.floor((first + above) / 2);
    if (curve.at(middle) < power - 0.02) first = middle;
    else above = middle;
  }
  while (!enough(first)) if (++first > MOST_CASES) return null;
  let always = first;
  for (let n = first + 1; n <= always + 6 * tooth + Math.min(200, first / 20); n++)
    if (!enough(n)) always = n + 1;
  return { first, always, powerAtFirst: curve.at(first), normalApproximation };
}

/**
 * The smallest true difference that McNemar's test of `n` pairs finds with the given power, at a given share of
 * discordant pairs (on which it depends: say it beside). `null` when not even all of them on one side would do.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`
 */
export function mcnemarDetectableDifference(
  plan: Pick<McnemarPlan, 'alpha' | 'test'> & {
    /** Pairs, integer >= 1. */
    readonly n: number;
    /** Share of discordant pairs, above 0, at most 1. */
    readonly discordant: number;
    /** Chance of finding the difference. @default 0.8 */
    readonly power?: number | undefined;
  },
): number | null {
  const {
    n,
    discordant,
    power = 0.8,
    alpha = 0.05,
    test = 'exact',
  } = checkOptions<typeof plan>('mcnemarDetectableDifference', plan, {
    n: integer(1, MOST_CASES),
    discordant: aboveZeroToOne,
    power: betweenZeroAndOne,
    alpha: betweenZeroAndOne,
    test: oneOf('exact', 'mid-p'),
  });
  requireOptions('mcnemarDetectableDifference', plan, ['n', 'discordant']);
  const excess = (difference: number): number =>
    new PowerCurve({
      p10: (discordant + difference) / 2,
      p01: Math.max(0, (discordant - difference) / 2),
      alpha,
      test,
    }).at(n) - power;
  if (excess(discordant) < 0) return null;
  return excess(0) >= 0 ? 0 : findRoot(excess, [0, discordant]);
}

type CheckedPlan = Required<{ [Key in keyof McnemarPlan]: Exclude<McnemarPlan[Key], undefined> }>;

function checkPlan(owner: string, plan: McnemarPlan): CheckedPlan {
  const { p10, p01, alpha = 0.05, test = 'exact' } = checkOptions<McnemarPlan>(owner, plan, PLAN_CHECKS);
  requireOptions(owner, plan, ['p10', 'p01']);
  if (p10 + p01 > 1 + 1e-12) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected \`p10\` + \`p01\` of ${owner} to be at most 1, got ${p10 + p01}`,
    );
  }
  return { p10, p01, alpha, test };
}

/** The power of one plan for any number of pairs: what a number of discordant pairs can show is computed once. */
class PowerCurve {
  readonly #plan: CheckedPlan;
  readonly #significant: number[] = []; // chance of significance by number of discordant pairs
  #critical = -1;

  constructor(plan: CheckedPlan) {
    this.#plan = plan;
  }

  at(n: number): number {
    const discordant = Math.min(1, this.#plan.p10 + this.#plan.p01);
    if (discordant === 0) return 0;
    if (discordant === 1) return this.#chance(n);
    // From the most likely count outward, until what is left cannot matter.
    const centre = Math.min(n, Math.floor((n + 1) * discordant));
    const odds = discordant / (1 - discordant);
    const most = binomialChance(centre, n, discordant);
    let power = most * this.#chance(centre);
    for (let m = centre, chance = most; m < n && chance > 1e-18; m++) {
      chance *= (odds * (n - m)) / (m + 1);
      power += chance * this.#chance(m + 1);
    }
    for (let m = centre, chance = most; m > 0 && chance > 1e-18; m--) {
      chance *= m / (odds * (n - m + 1));
      power += chance * this.#chance(m - 1);
    }
    return Math.min(1, power);
  }

  #chance(m: number): number {
    const { p10, p01, alpha, test } = this.#plan;
    const share = p10 / (p10 + p01);
    while (this.#significant.length <= m) {
      const pairs = this.#significant.length;
      this.#critical = criticalCount(pairs, { alpha, test, from: this.#critical });
      this.#significant.push(
        this.#critical < 0
          ? 0
          : binomialAtMost(this.#critical, pairs, share) + binomialAtMost(this.#critical, pairs, 1 - share),
      );
    }
    return this.#significant[m] as number;
  }
}

/** Largest count of the rarer side among `m` discordant pairs that is significant; -1 for none. `from`: that for m - 1. */
function criticalCount(
  m: number,
  { alpha, test, from }: { readonly alpha: number; readonly test: McnemarTestName; readonly from: number },
): number {
  // One more pair moves the count up by one or not at all.
  const x = from + 1;
  if (2 * x >= m) return from;
  const atMost = binomialAtMost(x, m, 0.5);
  const p = test === 'exact' ? 2 * atMost : atMost + binomialAtMost(x - 1, m, 0.5);
  return p <= alpha ? x : from;
}

/** P(X <= x) of Binomial(n, p). */
function binomialAtMost(x: number, n: number, p: number): number {
  if (x < 0) return 0;
  return x >= n ? 1 : incompleteBeta(n - x, x + 1, 1 - p, p);
}

/** P(X = x) of Binomial(n, p). */
function binomialChance(x: number, n: number, p: number): number {
  if (p === 1) return x === n ? 1 : 0;
  // C(n, x) p^x (1-p)^(n-x) = p^(x+1) (1-p)^(n-x+1) / B(x+1, n-x+1) / ((n+1) p (1-p))
  return Math.exp(logBetaPower(x + 1, n - x + 1, p, 1 - p) - Math.log((n + 1) * p * (1 - p)));
}
