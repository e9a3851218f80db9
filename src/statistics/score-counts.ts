import { AssayError } from '../errors.js';
import { show } from '../foundation/options.js';
import type { WeighedValues } from './gaffke-distribution.js';

/** Up to this many distinct scores each is counted by itself. */
export const MOST_DISTINCT = 4096;

/** Width of a bin is 1 / BINS = 2^-12. */
const BINS = 4096;

/** Plain-data form of {@link ScoreCounts}: equal scores give equal data, whatever their order. */
export interface ScoreCountsRecord {
  /** `exact`: each distinct score; `bins`: more than 4,096 were distinct. */
  readonly kind: 'exact' | 'bins';
  /** Score and how often it came, ascending; with bins: twice the bin's number, plus 1 for what lies inside it. */
  readonly counts: readonly (readonly [number, number])[];
}

/**
 * How often each score came, for scores in 0..1: what an interval of their mean needs, in flat memory and in any order
 * to the same bits. Up to 4,096 distinct scores are counted exactly; one more, and all are counted in bins of 2^-12,
 * about 64 kB, which {@link ScoreCounts.below} and {@link ScoreCounts.above} round outward.
 */
export class ScoreCounts {
  #n = 0;
  // Zeros and ones apart: most scores are nothing else, and then no map is made.
  #zeros = 0;
  #ones = 0;
  #inner: Map<number, number> | undefined;
  /** At 2k: scores of exactly k / 4,096; at 2k + 1: scores between it and the next. */
  #bins: Float64Array | undefined;

  /** The counts of all `scores`. */
  static of(scores: Iterable<number>): ScoreCounts {
    const counts = new ScoreCounts();
    for (const score of scores) counts.add(score);
    return counts;
  }

  /**
   * Adds one score.
   *
   * @throws AssayError `ASSAY_INVALID_INPUT` unless it is a number from 0 to 1.
   */
  add(score: number): void {
    if (typeof score !== 'number' || !(score >= 0 && score <= 1)) {
      throw new AssayError('ASSAY_INVALID_INPUT', `Expected a score from 0 to 1, got ${show(score)}`);
    }
    this.#add(score, 1);
  }

  /** Adds everything that `other` has seen. */
  merge(other: ScoreCounts): void {
    const { kind, counts } = other.toJSON(); // a copy: a sample may be merged with itself
    if (kind === 'exact') for (const [score, count] of counts) this.#add(score, count);
    else this.#addBins(counts);
  }

  /** How many scores were added. */
  get n(): number {
    return this.#n;
  }

  /** How many of them were 1. */
  get ones(): number {
    return this.#ones;
  }

  /** Whether every score was 0 or 1 (and there was one). */
  get binary(): boolean {
    return this.#n > 0 && this.#zeros + this.#ones === this.#n;
  }

  /** Whether scores are counted in bins, having had more than 4,096 distinct values. */
  get binned(): boolean {
    return this.#bins !== undefined;
  }

  /** How often the most frequent score came (with bins: the fullest bin); 0 when empty. */
  get mostFrequent(): number {
    return this.above().counts.reduce((most, count) => Math.max(most, count), 0);
  }

  /** The scores, ascending, and their counts; with bins each score rounded down. */
  below(): WeighedValues {
    return this.#rounded(0);
  }

  /** The scores, ascending, and their counts; with bins each score rounded up. */
  above(): WeighedValues {
    return this.#rounded(1);
  }

  /** Plain data for {@link ScoreCounts.fromJSON}. */
  toJSON(): ScoreCountsRecord {
    if (this.#bins === undefined) return { kind: 'exact', counts: this.#sorted() };
    const counts = [...this.#bins].map((count, bin): [number, number] => [bin, count]);
    return { kind: 'bins', counts: counts.filter(([, count]) => count > 0) };
  }

  /** The counts that {@link ScoreCounts.toJSON} wrote. */
  static fromJSON({ kind, counts }: ScoreCountsRecord): ScoreCounts {
    const made = new ScoreCounts();
    if (kind === 'exact') for (const [score, count] of counts) made.#add(score, count);
    else made.#addBins(counts);
    return made;
  }

  #add(score: number, count: number): void {
    this.#n += count;
    if (score === 0) this.#zeros += count;
    else if (score === 1) this.#ones += count;
    if (this.#bins !== undefined) {
      addToBin(this.#bins, score, count);
      return;
    }
    if (score !== 0 && score !== 1) {
      const inner = (this.#inner ??= new Map<number, number>());
      inner.set(score, (inner.get(score) ?? 0) + count);
    } else if (this.#inner === undefined) return;
    if (this.#distinct > MOST_DISTINCT) this.#fold();
  }

  get #distinct(): number {
    return (this.#inner?.size ?? 0) + (this.#zeros > 0 ? 1 : 0) + (this.#ones > 0 ? 1 : 0);
  }

  #fold(): Float64Array {
    const bins = new Float64Array(2 * BINS + 1);
    for (const [score, count] of this.#sorted()) addToBin(bins, score, count);
    this.#inner = undefined;
    return (this.#bins = bins);
  }

  #addBins(counts: ScoreCountsRecord['counts']): void {
    const bins = this.#bins ?? this.#fold();
    for (const [bin, count] of counts) {
      (bins[bin] as number) += count;
      this.#n += count;
      if (bin === 0) this.#zeros += count;
      if (bin === 2 * BINS) this.#ones += count;
    }
  }

  #sorted(): [number, number][] {
    const inner = [...(this.#inner ?? [])].sort(([a], [b]) => a - b);
    if (this.#zeros > 0) inner.unshift([0, this.#zeros]);
    if (this.#ones > 0) inner.push([1, this.#ones]);
    return inner;
  }

  #rounded(up: 0 | 1): WeighedValues {
    if (this.#bins === undefined) return weighed(this.#sorted());
    const found: [number, number][] = [];
    for (let bin = 0; bin <= BINS; bin++) {
      const inside = this.#bins[2 * bin + (up === 1 ? -1 : 1)] ?? 0;
      const count = (this.#bins[2 * bin] as number) + inside;
      if (count > 0) found.push([bin / BINS, count]);
    }
    return weighed(found);
  }
}

function addToBin(bins: Float64Array, score: number, count: number): void {
  const place = score * BINS; // exact: a power of two
  const bin = Math.floor(place);
  (bins[2 * bin + (bin === place ? 0 : 1)] as number) += count;
}

function weighed(counts: readonly (readonly [number, number])[]): WeighedValues {
  return {
    values: Float64Array.from(counts, ([value]) => value),
    counts: Float64Array.from(counts, ([, count]) => count),
  };
}
