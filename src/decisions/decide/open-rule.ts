import type { Ends } from '../../statistics/paired-table.js';
import { BetaEProcess } from '../sequential/beta-e-process.js';
import { BettingSequence, BettingTest } from '../sequential/betting-sequence.js';
import { PairSample } from './pair-sample.js';
import { wideLevel } from './planned-rule.js';
import type { DecisionLook, DecisionOutcome, JudgedPair, RuleEnd, StoppingRule } from './stopping-rule.js';

/** How an open comparison is judged. */
export interface OpenRuleOptions {
  /** 1 - level is the chance of ever naming a winner where there is none. */
  readonly level: number;
  /** Difference that does not matter; `undefined`: nobody asks. */
  readonly equivalence: number | undefined;
}

/** Pairs after which a look is told, and equivalence asked for, again: a share more, so that looks stay few. */
const nextLook = (cases: number): number => cases + Math.max(10, Math.ceil(cases / 10));

/**
 * Decides at any time, without a plan: by the Beta e-process of 0/1 pairs, by betting on graded ones and on the means of
 * clusters. Both run along from the first pair; betting decides from the first score that is neither 0 nor 1. Evidence is
 * weighed at every pair (every cluster); looks are told ten in a hundred pairs apart.
 */
export class OpenRule implements StoppingRule {
  readonly #options: OpenRuleOptions;
  readonly #limit: number;
  readonly #sample = new PairSample();
  readonly #beta = new BetaEProcess();
  readonly #test: BettingTest;
  readonly #sequence: BettingSequence;
  readonly #wide: BettingSequence | undefined;
  #cluster: { readonly id: string; sum: number; n: number } | undefined;
  #looks = 0;
  #next = 10;
  #outcome: DecisionOutcome = 'undecided';

  constructor(options: OpenRuleOptions) {
    const alpha = 1 - options.level;
    this.#options = options;
    this.#limit = -Math.log(alpha);
    this.#test = new BettingTest({ alpha });
    this.#sequence = new BettingSequence({ alpha });
    if (options.equivalence !== undefined)
      this.#wide = new BettingSequence({ alpha: 1 - wideLevel(options.level) });
  }

  add(pair: JudgedPair): DecisionLook | undefined {
    if (this.#cluster !== undefined && this.#cluster.id !== pair.cluster) this.#closeCluster();
    const difference = this.#sample.add(pair);
    if (difference !== undefined) {
      if (pair.cluster === undefined) this.#bet(difference);
      else {
        this.#cluster ??= { id: pair.cluster, sum: 0, n: 0 };
        this.#cluster.sum += difference;
        this.#cluster.n++;
      }
    }
    return this.#judge(false);
  }

  finish(): DecisionLook | undefined {
    this.#closeCluster();
    return this.#sample.cases === 0 ? undefined : this.#judge(true);
  }

  end(): RuleEnd {
    const { differences } = this.#sample;
    const { level } = this.#options;
    const sequence = this.#outcome === 'equivalent' ? this.#wide : undefined;
    const intervalLevel = sequence === undefined ? level : wideLevel(level);
    if (differences.mean === null)
      return { interval: null, intervalLevel, estimate: null, p: null, method: 'none' };
    const binary = this.#sample.table !== undefined;
    return {
      interval: this.#interval(sequence ?? this.#sequence),
      intervalLevel,
      estimate: differences.mean,
      p: binary ? this.#beta.p : this.#test.p,
      method: binary ? 'beta e-process, betting confidence sequence' : 'betting confidence sequence',
    };
  }

  #bet(difference: number): void {
    this.#beta.add(difference);
    this.#test.add(difference);
    this.#sequence.add((difference + 1) / 2);
    this.#wide?.add((difference + 1) / 2);
  }

  #closeCluster(): void {
    if (this.#cluster !== undefined) this.#bet(this.#cluster.sum / this.#cluster.n);
    this.#cluster = undefined;
  }

  #judge(last: boolean): DecisionLook | undefined {
    if (this.#outcome !== 'undecided') return undefined;
    const { cases, pairs, meanA, meanB, table } = this.#sample;
    const statistic = table === undefined ? this.#test.logE : this.#beta.logE;
    const { up, down } = this.#test.logCapital;
    const ahead = table === undefined ? up - down : this.#beta.wins - this.#beta.losses;
    if (statistic >= this.#limit) this.#outcome = ahead > 0 ? 'a' : 'b';
    const due = last || cases >= this.#next;
    if (this.#outcome === 'undecided' && !due) return undefined;
    if (due) this.#next = nextLook(cases);
    const margin = this.#options.equivalence;
    if (this.#outcome === 'undecided' && margin !== undefined && this.#wide !== undefined) {
      const [low, high] = this.#interval(this.#wide);
      if (low > -margin && high < margin) this.#outcome = 'equivalent';
    }
    // it takes time in proportion to the pairs: told when it ends, and by `end`
    const interval = last || this.#outcome !== 'undecided' ? this.#interval(this.#sequence) : null;
    this.#looks++;
    return {
      look: this.#looks,
      cases,
      pairs,
      meanA,
      meanB,
      fraction: null,
      statistic,
      boundary: this.#limit,
      interval,
      outcome: this.#outcome,
    };
  }

  #interval(sequence: BettingSequence): Ends {
    const [low, high] = sequence.interval();
    return [2 * low - 1, 2 * high - 1];
  }
}
