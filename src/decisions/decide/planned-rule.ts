import { boundedMeanInterval } from '../../statistics/bounded-mean.js';
import { type Ends, tangoEnds } from '../../statistics/paired-table.js';
import { normalCdf } from '../../statistics/special-functions.js';
import { groupSequentialBoundary } from '../sequential/group-sequential.js';
import { stageWiseEstimate } from '../sequential/stage-wise.js';
import { PairSample } from './pair-sample.js';
import type { DecisionLook, DecisionOutcome, JudgedPair, RuleEnd, StoppingRule } from './stopping-rule.js';

/** How looks are planned. */
export interface PlannedRuleOptions {
  /** Cases that are asked if nothing decides before. */
  readonly cases: number;
  /** How often the run is looked at, the end included. */
  readonly looks: number;
  /** 1 - level is the chance of naming a winner where there is none. */
  readonly level: number;
  /** Difference that does not matter; `undefined`: nobody asks. */
  readonly equivalence: number | undefined;
  /** Boundaries that were computed before, to share between many replays of one plan. @default its own */
  readonly boundaries?: Boundaries | undefined;
  /** Whether looks carry an interval; replays do without. @default true */
  readonly intervals?: boolean | undefined;
}

/** Boundaries of looks by alpha and fractions: each is computed once. */
export class Boundaries {
  readonly #known = new Map<string, number>();

  /** What |Z| must reach at the last of the fractions. */
  last(fractions: readonly number[], alpha: number): number {
    const key = `${alpha} ${fractions.join(' ')}`;
    const known = this.#known.get(key) ?? (groupSequentialBoundary({ fractions, alpha }).z.at(-1) as number);
    this.#known.set(key, known);
    return known;
  }
}

/** Pairs of graded scores below which Student's t is not trusted with a look. */
const FEWEST_GRADED = 30;

/**
 * Group-sequential test with O'Brien-Fleming-like spending: looks lie at shares of the planned cases, fixed before
 * the first score is seen. A run that ends short spends the rest at its real end; later cases than planned do not count.
 * Clusters are not torn: a look waits for the end of the one it falls into.
 */
export class PlannedRule implements StoppingRule {
  readonly #options: PlannedRuleOptions;
  readonly #sample = new PairSample();
  readonly #fractions: number[] = [];
  readonly #boundaries: Boundaries;
  #due = 1; // next look of the plan
  #waiting = false;
  #lastCluster: string | undefined;
  #last: DecisionLook | undefined;

  constructor(options: PlannedRuleOptions) {
    this.#options = options;
    this.#boundaries = options.boundaries ?? new Boundaries();
  }

  add(pair: JudgedPair): DecisionLook | undefined {
    const { cases, looks } = this.#options;
    if (this.#last?.fraction === 1) return undefined;
    let made: DecisionLook | undefined;
    if (this.#waiting && pair.cluster !== this.#lastCluster) {
      made = this.#look(false);
      if (made !== undefined && made.outcome !== 'undecided') return made;
    }
    this.#sample.add(pair);
    this.#lastCluster = pair.cluster;
    if (this.#sample.cases < Math.ceil((this.#due * cases) / looks)) return made;
    if (pair.cluster === undefined || this.#sample.cases >= cases)
      return this.#look(this.#sample.cases >= cases);
    this.#waiting = true;
    return made;
  }

  finish(): DecisionLook | undefined {
    return this.#last?.fraction === 1 || this.#sample.cases === 0 ? undefined : this.#look(true);
  }

  end(): RuleEnd {
    const { level } = this.#options;
    const intervalLevel = this.#last?.outcome === 'equivalent' ? wideLevel(level) : level;
    const { differences, pairs } = this.#sample;
    const last = this.#last;
    if (pairs === 0 || differences.mean === null)
      return { interval: null, intervalLevel, estimate: null, p: null, method: 'none' };
    if (last === undefined)
      return { interval: null, intervalLevel, estimate: differences.mean, p: null, method: 'none' };
    const ended =
      last.outcome === 'a' || last.outcome === 'b' || (last.fraction === 1 && last.outcome !== 'equivalent');
    const { standardError } = this.#sample.z;
    if (!ended || standardError === 0) {
      return {
        interval: last.interval,
        intervalLevel,
        estimate: differences.mean,
        p: null,
        method: 'repeated interval',
      };
    }
    const found = stageWiseEstimate({
      fractions: this.#fractions,
      alpha: 1 - level,
      look: this.#fractions.length,
      z: last.statistic,
    });
    // drift is in units of the standard error at full information
    const unit = standardError * Math.sqrt(this.#fractions.at(-1) as number);
    const scale = (drift: number): number => Math.min(1, Math.max(-1, drift * unit));
    const interval: Ends = [scale(found.interval[0]), scale(found.interval[1])];
    return {
      interval,
      intervalLevel,
      estimate: scale(found.medianUnbiased),
      p: found.p,
      method: 'stage-wise',
    };
  }

  #look(final: boolean): DecisionLook | undefined {
    const { cases: planned, looks, level } = this.#options;
    const { cases, pairs, table } = this.#sample;
    while (this.#due <= looks && cases >= Math.ceil((this.#due * planned) / looks)) this.#due++;
    this.#waiting = false;
    if (!final && table === undefined && pairs < FEWEST_GRADED) return undefined;
    const fraction = final ? 1 : cases / planned;
    this.#fractions.push(fraction);
    const boundary = this.#boundaries.last(this.#fractions, 1 - level);
    const { z, standardError } = this.#sample.z;
    const { outcome, within } = this.#judge(z, boundary, standardError);
    this.#last = {
      look: this.#fractions.length,
      cases,
      pairs,
      meanA: this.#sample.meanA,
      meanB: this.#sample.meanB,
      fraction,
      statistic: z,
      boundary,
      interval:
        within ?? (this.#options.intervals === false ? null : repeatedInterval(this.#sample, boundary)),
      outcome,
    };
    return this.#last;
  }

  /** What a look decides; `within`: the interval that shows that both are equivalent. */
  #judge(z: number, boundary: number, standardError: number): { outcome: DecisionOutcome; within?: Ends } {
    if (standardError > 0 && Math.abs(z) >= boundary) return { outcome: z > 0 ? 'a' : 'b' };
    const { equivalence, level } = this.#options;
    if (equivalence === undefined || this.#sample.pairs === 0) return { outcome: 'undecided' };
    // two one-sided tests of 1 - level each: an interval of twice that
    const wide = this.#boundaries.last(this.#fractions, 1 - wideLevel(level));
    const interval = repeatedInterval(this.#sample, wide);
    if (interval === null || interval[0] <= -equivalence || interval[1] >= equivalence)
      return { outcome: 'undecided' };
    return { outcome: 'equivalent', within: interval };
  }
}

/** Coverage of the interval that belongs to two one-sided tests at 1 - level. */
export const wideLevel = (level: number): number => Math.max(0.001, Number((2 * level - 1).toFixed(12)));

/** Interval of the difference with `quantile` in the place of the normal quantile. */
function repeatedInterval(sample: PairSample, quantile: number): Ends | null {
  if (sample.pairs === 0) return null;
  if (quantile > 37) return [-1, 1];
  const { table, clusters } = sample;
  if (table !== undefined) return tangoEnds(table, quantile);
  const level = 1 - 2 * normalCdf(-quantile);
  if (!(level > 0)) return null;
  if (level >= 1) return [-1, 1];
  if (clusters !== undefined) {
    const found = clusters.interval({ level, range: [-1, 1] });
    return found === null ? null : [found.low, found.high];
  }
  const found = boundedMeanInterval(sample.shifted, { level });
  return found === null ? null : [2 * found.low - 1, 2 * found.high - 1];
}
