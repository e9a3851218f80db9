import { AssayError } from '../../errors.js';
import { findRoot } from '../../statistics/find-root.js';
import {
  betweenZeroAndOne,
  checkOptions,
  integer,
  show,
  type OptionChecks,
} from '../../foundation/options.js';

/** Options of betting on the mean of values in 0..1. */
export interface BettingOptions {
  /** Chance of a wrong statement over all looks together, above 0 and below 1. @default 0.05 */
  readonly alpha?: number | undefined;
  /** Largest share of what a mean allows that is bet, above 0 and below 1. @default 0.5 */
  readonly maxBet?: number | undefined;
  /** Number of values that will come, when it is known and only looked at then, >= 1. @default unknown */
  readonly fixedN?: number | undefined;
}

const BETTING_CHECKS: OptionChecks<BettingOptions> = {
  alpha: betweenZeroAndOne,
  maxBet: betweenZeroAndOne,
  fixedN: integer(1),
};

/** Sizes of the bets: predictable plug-in of Waudby-Smith and Ramdas (2024), from earlier values only. */
class BetSizes {
  readonly #scale: number;
  readonly #fixedN: number | undefined;
  #n = 0;
  #sum = 0;
  #squares = 0;

  constructor(alpha: number, fixedN: number | undefined) {
    this.#scale = 2 * Math.log(2 / alpha);
    this.#fixedN = fixedN;
  }

  get n(): number {
    return this.#n;
  }

  /** The bet on `x`, made before it is seen; then takes it in. */
  next(x: number): number {
    const i = this.#n + 1;
    const variance = (0.25 + this.#squares) / i;
    const spread = this.#fixedN ?? i * Math.log1p(i);
    this.#n = i;
    this.#sum += x;
    const mean = (0.5 + this.#sum) / (i + 1);
    this.#squares += (x - mean) ** 2;
    return Math.sqrt(this.#scale / (variance * spread));
  }
}

/**
 * Interval for the mean of values in 0..1 that may be looked at after every value: two gamblers bet on every possible
 * mean, one that the values are higher, one that they are lower; a mean is out once one of them has made 2/alpha of 1
 * ("hedged capital", Waudby-Smith and Ramdas 2024). Makes no assumption but that each value has the same mean given
 * those before. Keeps 16 bytes a value. It depends on the order of the values: keep it.
 */
export class BettingSequence {
  readonly #limit: number;
  readonly #maxBet: number;
  readonly #sizes: BetSizes;
  #values = new Float64Array(64);
  #bets = new Float64Array(64);
  #low = 0;
  #high = 1;

  /** @throws AssayError `ASSAY_INVALID_OPTION` */
  constructor(options: BettingOptions = {}) {
    const { alpha = 0.05, maxBet = 0.5, fixedN } = checkOptions('BettingSequence', options, BETTING_CHECKS);
    this.#limit = Math.log(2 / alpha);
    this.#maxBet = maxBet;
    this.#sizes = new BetSizes(alpha, fixedN);
  }

  /** How many values were added. */
  get n(): number {
    return this.#sizes.n;
  }

  /**
   * Adds the next value.
   *
   * @throws AssayError `ASSAY_INVALID_INPUT` unless it lies in 0..1.
   */
  add(x: number): void {
    checkUnit(x);
    const n = this.n;
    if (n === this.#values.length) {
      this.#values = grown(this.#values);
      this.#bets = grown(this.#bets);
    }
    this.#values[n] = x;
    this.#bets[n] = this.#sizes.next(x);
  }

  /** Natural logarithms of what both gamblers have made of 1 if the mean is `m`, 0 < m < 1. */
  logCapital(m: number): {
    /** Of the bet that the mean is above. */ readonly up: number;
    /** Of the bet that it is below. */ readonly down: number;
  } {
    return { up: this.#logUp(m), down: this.#logDown(m) };
  }

  /**
   * The interval after the values so far, within all those that were asked for before: each call is a look. Costs
   * time in proportion to the number of values.
   */
  interval(): readonly [low: number, high: number] {
    // The capital of "higher" falls in m, that of "lower" rises: each end is one root.
    if (this.#logUp(this.#low) >= this.#limit) {
      this.#low = findRoot((m) => this.#logUp(m) - this.#limit, [this.#low, 1]);
    }
    if (this.#logDown(this.#high) >= this.#limit) {
      this.#high = findRoot((m) => this.#logDown(m) - this.#limit, [0, this.#high]);
    }
    return [this.#low, this.#high];
  }

  #logUp(m: number): number {
    const most = m === 0 ? Number.POSITIVE_INFINITY : this.#maxBet / m;
    let sum = 0;
    for (let i = 0; i < this.n; i++) {
      sum += Math.log1p(Math.min(this.#bets[i] as number, most) * ((this.#values[i] as number) - m));
    }
    return sum;
  }

  #logDown(m: number): number {
    const most = m === 1 ? Number.POSITIVE_INFINITY : this.#maxBet / (1 - m);
    let sum = 0;
    for (let i = 0; i < this.n; i++) {
      sum += Math.log1p(-Math.min(this.#bets[i] as number, most) * ((this.#values[i] as number) - m));
    }
    return sum;
  }
}

/**
 * The test that belongs to {@link BettingSequence}, for paired differences in -1..1: evidence against a mean of 0, as
 * the mean of both gamblers' capital on (d + 1)/2 at 1/2. Constant memory; any number of looks.
 */
export class BettingTest {
  readonly #maxBet: number;
  readonly #sizes: BetSizes;
  #logUp = 0;
  #logDown = 0;
  #maxLogE = 0;

  /** @throws AssayError `ASSAY_INVALID_OPTION` */
  constructor(options: Omit<BettingOptions, 'fixedN'> = {}) {
    const { alpha = 0.05, maxBet = 0.5 } = checkOptions('BettingTest', options, BETTING_CHECKS);
    this.#maxBet = maxBet;
    this.#sizes = new BetSizes(alpha, undefined);
  }

  /**
   * Adds the difference of a pair (or the mean difference of a block of pairs that are not independent).
   *
   * @throws AssayError `ASSAY_INVALID_INPUT` unless it lies in -1..1.
   */
  add(difference: number): void {
    const y = (difference + 1) / 2;
    checkUnit(y);
    const bet = Math.min(this.#sizes.next(y), 2 * this.#maxBet);
    this.#logUp += Math.log1p(bet * (y - 0.5));
    this.#logDown += Math.log1p(-bet * (y - 0.5));
    this.#maxLogE = Math.max(this.#maxLogE, this.logE);
  }

  /** How many differences were added. */
  get n(): number {
    return this.#sizes.n;
  }

  /** Natural logarithm of the evidence now. */
  get logE(): number {
    const high = Math.max(this.#logUp, this.#logDown);
    return high + Math.log((Math.exp(this.#logUp - high) + Math.exp(this.#logDown - high)) / 2);
  }

  /** Natural logarithms of what both gamblers have: "higher" and "lower". */
  get logCapital(): {
    /** Of the bet that the mean is above. */ readonly up: number;
    /** Of the bet that it is below. */ readonly down: number;
  } {
    return { up: this.#logUp, down: this.#logDown };
  }

  /** Natural logarithm of the largest evidence so far, >= 0. */
  get maxLogE(): number {
    return this.#maxLogE;
  }

  /** Anytime-valid p-value: 1 / the largest evidence so far. */
  get p(): number {
    return Math.exp(-this.#maxLogE);
  }
}

function checkUnit(x: number): void {
  if (typeof x === 'number' && x >= 0 && x <= 1) return;
  throw new AssayError(
    'ASSAY_INVALID_INPUT',
    `Expected a value from 0 to 1 (a difference from -1 to 1), got ${show(x)}`,
  );
}

function grown(values: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(values.length * 2);
  larger.set(values);
  return larger;
}
