import { Histogram } from '../foundation/histogram.js';

const COUNT_BITS = 17; // beside the 15 bits that number the 20,992 buckets of a fine histogram
const MOST_IN_ENTRY = 2 ** COUNT_BITS - 1;

/** A fine {@link Histogram} at rest: 4 bytes for each bucket that holds something, instead of all between them. */
export class PackedTimes {
  readonly #entries: Uint32Array;
  readonly #count: number;
  readonly #min: number | null;
  readonly #max: number | null;
  readonly #sum: readonly number[];

  /** Copies `times`. */
  constructor(times: Histogram) {
    const { count, min, max, sum, buckets } = times.toJSON();
    const entries: number[] = [];
    for (let i = 0; i < buckets.length; i += 2) {
      const index = buckets[i] as number;
      // A bucket of very many takes several entries.
      for (let left = buckets[i + 1] as number; left > 0; left -= MOST_IN_ENTRY) {
        entries.push(index * 2 ** COUNT_BITS + Math.min(left, MOST_IN_ENTRY));
      }
    }
    this.#entries = Uint32Array.from(entries);
    this.#count = count;
    this.#min = min;
    this.#max = max;
    this.#sum = sum;
  }

  /** How many entries of 4 bytes it takes. */
  get buckets(): number {
    return this.#entries.length;
  }

  /** The histogram again. */
  unpack(): Histogram {
    const buckets: number[] = [];
    for (const entry of this.#entries) buckets.push(entry >>> COUNT_BITS, entry & MOST_IN_ENTRY);
    return Histogram.fromJSON({
      resolution: 'fine',
      count: this.#count,
      min: this.#min,
      max: this.#max,
      sum: this.#sum,
      buckets,
    });
  }
}
