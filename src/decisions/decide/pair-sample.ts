import { ClusteredMoments } from '../../statistics/clustered.js';
import { differenceOf } from '../../foundation/rounding.js';
import { Moments } from '../../statistics/moments.js';
import type { PairedTable } from '../../statistics/paired-table.js';
import { normalQuantile } from '../../statistics/special-functions.js';
import { studentTail } from '../../statistics/student.js';
import { ScoreCounts } from '../../statistics/score-counts.js';
import type { JudgedPair } from './stopping-rule.js';

/** The pairs so far, in constant memory for independent cases. */
export class PairSample {
  readonly differences = new Moments();
  /** Of (a - b + 1) / 2. */
  readonly shifted = new ScoreCounts();
  readonly #a = new Moments();
  readonly #b = new Moments();
  readonly #clusters = new ClusteredMoments();
  #cases = 0;
  #clustered = false;
  readonly #table = { both: 0, onlyFirst: 0, onlySecond: 0, neither: 0 };

  /** Takes in a case; answers with its difference, `undefined` when a side has no score. */
  add({ a, b, cluster }: JudgedPair): number | undefined {
    this.#cases++;
    if (a === null || b === null) return undefined;
    const difference = differenceOf(a, b);
    this.#a.add(a);
    this.#b.add(b);
    this.differences.add(difference);
    this.shifted.add((difference + 1) / 2);
    if (cluster !== undefined) {
      this.#clustered = true;
      this.#clusters.add(difference, cluster);
    }
    if (difference > 0) this.#table.onlyFirst++;
    else if (difference < 0) this.#table.onlySecond++;
    else if (a === 1) this.#table.both++;
    else this.#table.neither++;
    return difference;
  }

  /** Cases that came, with a score on both sides or not. */
  get cases(): number {
    return this.#cases;
  }

  /** Cases with a score on both sides. */
  get pairs(): number {
    return this.differences.n;
  }

  get meanA(): number | null {
    return this.#a.mean;
  }

  get meanB(): number | null {
    return this.#b.mean;
  }

  /** The clusters, when cases come in some. */
  get clusters(): ClusteredMoments | undefined {
    return this.#clustered ? this.#clusters : undefined;
  }

  /** The table of independent 0/1 pairs; `undefined` for others, and for none. */
  get table(): PairedTable | undefined {
    if (this.#clustered || !this.#a.binary || !this.#b.binary) return undefined;
    return this.#table;
  }

  /** Z of the mean difference with its standard error: McNemar's for 0/1 pairs, else a normal deviate as far out as t. */
  get z(): { readonly z: number; readonly standardError: number } {
    const { table, clusters, differences } = this;
    if (table !== undefined) {
      const discordant = table.onlyFirst + table.onlySecond;
      if (discordant === 0) return { z: 0, standardError: 0 };
      const root = Math.sqrt(discordant);
      return { z: (table.onlyFirst - table.onlySecond) / root, standardError: root / this.pairs };
    }
    const standardError = clusters?.standardError ?? differences.standardError ?? 0;
    const degreesOfFreedom = clusters?.degreesOfFreedom ?? this.pairs - 1;
    const mean = differences.mean ?? 0;
    if (!(standardError > 0) || !(degreesOfFreedom > 0)) return { z: 0, standardError: 0 };
    const tail = studentTail(Math.abs(mean / standardError), degreesOfFreedom);
    return { z: Math.sign(mean) * (tail > 0 ? -normalQuantile(Math.min(0.5, tail)) : 38), standardError };
  }
}
