import { AssayError } from '../errors.js';
import { ExactSum } from './exact-sum.js';
import { checkOptions, oneOf, show } from './options.js';

const LOWEST_EXPONENT = -10; // 2^-10 ms, about 1 us
const HIGHEST_EXPONENT = 31; // 2^31 ms, about 25 days
const BIAS = 1023;
const GROWTH = 64; // buckets: the window over them is allocated in steps of this

const bits = new Float64Array(1);
const words = new Uint32Array(bits.buffer);
const HIGH_WORD = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0; // little endian

/** Options of {@link Histogram}. */
export interface HistogramOptions {
  /**
   * `fine`: 512 buckets an octave (20,992 in all), percentiles within 0.1 % of the recorded value.
   * `coarse`: 64 an octave (2,624 in all), within 0.8 %, an eighth of the memory. @default 'fine'
   */
  readonly resolution?: 'fine' | 'coarse' | undefined;
}

/** Plain-data form of {@link Histogram}. */
export interface HistogramRecord {
  /** Which {@link HistogramOptions.resolution} it has. */
  readonly resolution: 'fine' | 'coarse';
  /** How many durations were recorded. */
  readonly count: number;
  /** Shortest, milliseconds; `null` when empty. */
  readonly min: number | null;
  /** Longest, milliseconds; `null` when empty. */
  readonly max: number | null;
  /** Exact sum, see {@link ExactSum.toJSON}. */
  readonly sum: readonly number[];
  /** Pairs of bucket index and count, by index, flattened. */
  readonly buckets: readonly number[];
}

/**
 * Distribution of durations in milliseconds, mergeable, in bounded memory: log-linear buckets from 1 us to 25
 * days, as in HdrHistogram (shorter ones share a bucket, longer ones the last; `min`, `max` and `mean` are
 * always exact). The bucket is read from the bits of the number: recording costs about 20 ns.
 *
 * Memory: an empty one holds no array; else 8 bytes a bucket over the range that was seen (0.1 s to 10 s at
 * `fine`: 27 KB), at most 168 KB (`coarse`: 21 KB). Contents do not depend on the order of additions or merges.
 */
export class Histogram {
  readonly #bitsPerOctave: number;
  #counts: Float64Array | undefined;
  /** Bucket index of `#counts[0]`. */
  #first = 0;
  #count = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;
  readonly #sum = new ExactSum();

  /** @throws AssayError `ASSAY_INVALID_OPTION` for a bad option. */
  constructor(options: HistogramOptions = {}) {
    const checked = checkOptions<HistogramOptions>('Histogram', options, {
      resolution: oneOf('fine', 'coarse'),
    });
    this.#bitsPerOctave = checked.resolution === 'coarse' ? 6 : 9;
  }

  /** Which {@link HistogramOptions.resolution} it has. */
  get resolution(): 'fine' | 'coarse' {
    return this.#bitsPerOctave === 9 ? 'fine' : 'coarse';
  }

  /**
   * Records one duration, milliseconds.
   *
   * @throws AssayError `ASSAY_INVALID_INPUT` unless it is finite and >= 0.
   */
  record(ms: number): void {
    if (!(ms >= 0 && ms <= Number.MAX_SAFE_INTEGER)) {
      throw new AssayError('ASSAY_INVALID_INPUT', `Expected a finite duration >= 0 ms, got ${show(ms)}`);
    }
    this.#count += 1;
    this.#sum.add(ms);
    if (ms < this.#min) this.#min = ms;
    if (ms > this.#max) this.#max = ms;
    this.#bump(this.#indexOf(ms), 1);
  }

  /** How many durations were recorded. */
  get count(): number {
    return this.#count;
  }

  /** Shortest; `null` when empty. */
  get min(): number | null {
    return this.#count === 0 ? null : this.#min;
  }

  /** Longest; `null` when empty. */
  get max(): number | null {
    return this.#count === 0 ? null : this.#max;
  }

  /** Arithmetic mean, exact; `null` when empty. */
  get mean(): number | null {
    return this.#count === 0 ? null : this.#sum.value / this.#count;
  }

  /** Sum of all durations, milliseconds. */
  get sum(): number {
    return this.#sum.value;
  }

  /**
   * The nearest-rank percentile: the duration that `percent` % of all do not exceed. `null` when empty.
   *
   * @param percent 0 (the minimum) to 100 (the maximum).
   * @throws AssayError `ASSAY_INVALID_INPUT` for another `percent`.
   */
  percentile(percent: number): number | null {
    return this.percentiles([percent])[0] as number | null;
  }

  /**
   * Several {@link Histogram.percentile}s at once; rising ones take one walk over the buckets.
   *
   * @throws AssayError `ASSAY_INVALID_INPUT` for a number outside of 0..100.
   */
  percentiles(percents: readonly number[]): readonly (number | null)[] {
    let seen = 0;
    let index = -1;
    return percents.map((percent) => {
      if (!(percent >= 0 && percent <= 100)) {
        throw new AssayError(
          'ASSAY_INVALID_INPUT',
          `Expected a percentile from 0 to 100, got ${show(percent)}`,
        );
      }
      const counts = this.#counts;
      if (counts === undefined) return null;
      // Multiplied first: 99.9 / 100 * 1000 is a hair above 999 and would be the rank after it.
      const rank = Math.ceil((percent * this.#count) / 100);
      if (rank <= 1) return this.#min;
      if (rank >= this.#count) return this.#max;
      if (index >= 0 && rank <= seen - (counts[index] as number)) [seen, index] = [0, -1];
      while (seen < rank && index < counts.length - 1) seen += counts[++index] as number;
      return Math.min(Math.max(this.#middleOf(this.#first + index), this.#min), this.#max);
    });
  }

  /**
   * Adds everything that `other` has recorded.
   *
   * @throws AssayError `ASSAY_INVALID_INPUT` when `other` is coarser: its figures would look finer than they are.
   */
  merge(other: Histogram): void {
    const shift = other.#bitsPerOctave - this.#bitsPerOctave;
    if (shift < 0) {
      throw new AssayError('ASSAY_INVALID_INPUT', 'Expected a fine histogram to merge, got a coarse one');
    }
    if (other.#counts === undefined) return;
    this.#count += other.#count;
    this.#sum.merge(other.#sum);
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
    const from = other === this ? this.#counts?.slice() : other.#counts;
    for (const [i, count] of (from as Float64Array).entries()) {
      if (count > 0) this.#bump(((other.#first + i - 1) >> shift) + 1, count);
    }
  }

  /** Plain data for {@link Histogram.fromJSON}. */
  toJSON(): HistogramRecord {
    const buckets: number[] = [];
    for (const [i, count] of (this.#counts ?? []).entries()) {
      if (count > 0) buckets.push(this.#first + i, count);
    }
    return {
      resolution: this.resolution,
      count: this.#count,
      min: this.min,
      max: this.max,
      sum: this.#sum.toJSON(),
      buckets,
    };
  }

  /** The histogram that {@link Histogram.toJSON} wrote. */
  static fromJSON(record: HistogramRecord): Histogram {
    const histogram = new Histogram({ resolution: record.resolution });
    histogram.#count = record.count;
    histogram.#min = record.min ?? Number.POSITIVE_INFINITY;
    histogram.#max = record.max ?? 0;
    histogram.#sum.merge(ExactSum.fromJSON(record.sum));
    for (let i = 0; i < record.buckets.length; i += 2) {
      histogram.#bump(record.buckets[i] as number, record.buckets[i + 1] as number);
    }
    return histogram;
  }

  /** Exponent and leading mantissa bits, counted from the bucket below 2^-10 ms, which is 0. */
  #indexOf(ms: number): number {
    bits[0] = ms + 0; // turns -0, whose sign bit would stand first, into 0
    const index =
      ((words[HIGH_WORD] as number) >>> (20 - this.#bitsPerOctave)) -
      ((LOWEST_EXPONENT + BIAS) << this.#bitsPerOctave);
    if (index < 0) return 0;
    const last = (HIGHEST_EXPONENT - LOWEST_EXPONENT) << this.#bitsPerOctave;
    return index >= last ? last : index + 1;
  }

  #middleOf(index: number): number {
    if (index === 0) return 2 ** (LOWEST_EXPONENT - 1);
    const perOctave = 1 << this.#bitsPerOctave;
    const octave = (index - 1) >> this.#bitsPerOctave;
    const within = (index - 1) & (perOctave - 1);
    return 2 ** (octave + LOWEST_EXPONENT) * (1 + (within + 0.5) / perOctave);
  }

  #bump(index: number, by: number): void {
    let counts = this.#counts;
    if (counts === undefined || index < this.#first || index >= this.#first + counts.length) {
      counts = this.#widen(index);
    }
    (counts[index - this.#first] as number) += by;
  }

  #widen(index: number): Float64Array {
    const old = this.#counts;
    const low = old === undefined ? index : Math.min(index, this.#first);
    const high = old === undefined ? index : Math.max(index, this.#first + old.length - 1);
    const first = Math.floor(low / GROWTH) * GROWTH;
    const counts = new Float64Array((Math.floor(high / GROWTH) + 1) * GROWTH - first);
    if (old !== undefined) counts.set(old, this.#first - first);
    this.#first = first;
    this.#counts = counts;
    return counts;
  }
}
