import {
  METRIC_NAMES,
  type HistoryEntry,
  type MetricName,
  type PerformanceMetrics,
} from './performance-snapshot.js';

/** What one metric came to over a window of the history. */
export interface MetricOverTime {
  /** Mean over time: each snapshot weighs as much as the time it covers. */
  readonly average: number;
  /** Least. */
  readonly min: number;
  /** Largest. */
  readonly max: number;
  /** The latest known value. */
  readonly latest: number;
}

/**
 * The latest snapshots in a ring of typed arrays: its memory is fixed at the start (8 bytes a number, about
 * 300 bytes a snapshot) and nothing is allocated while it turns.
 */
export class SnapshotHistory {
  readonly #size: number;
  readonly #columns: ReadonlyMap<MetricName, Float64Array>;
  readonly #at: Float64Array;
  readonly #elapsed: Float64Array;
  /** Monotonic time of each snapshot. */
  readonly #time: Float64Array;
  #next = 0;
  #count = 0;

  /** `size`: how many snapshots are kept, >= 1. */
  constructor(size: number) {
    this.#size = size;
    this.#columns = new Map(METRIC_NAMES.map((name) => [name, new Float64Array(size)]));
    this.#at = new Float64Array(size);
    this.#elapsed = new Float64Array(size);
    this.#time = new Float64Array(size);
  }

  /** How many snapshots there are. */
  get count(): number {
    return this.#count;
  }

  /** Adds a snapshot taken at the monotonic time `time`; the oldest one goes when the ring is full. */
  add(time: number, entry: HistoryEntry): void {
    const slot = this.#next;
    this.#time[slot] = time;
    this.#at[slot] = entry.at;
    this.#elapsed[slot] = entry.elapsedMs;
    for (const [name, column] of this.#columns) column[slot] = entry[name] ?? Number.NaN;
    this.#next = (slot + 1) % this.#size;
    this.#count = Math.min(this.#count + 1, this.#size);
  }

  /** How many of the latest snapshots were taken after the monotonic time `time`. */
  countSince(time: number): number {
    let count = 0;
    while (count < this.#count && (this.#time[this.#slot(count)] as number) > time) count += 1;
    return count;
  }

  /** The latest `count` snapshots, oldest first. */
  latest(count: number): HistoryEntry[] {
    const entries: HistoryEntry[] = [];
    for (let age = Math.min(count, this.#count) - 1; age >= 0; age--)
      entries.push(this.#entry(this.#slot(age)));
    return entries;
  }

  /** Measured time that the latest `count` snapshots cover, milliseconds. */
  elapsed(count: number): number {
    let sum = 0;
    for (let age = 0; age < Math.min(count, this.#count); age++) {
      sum += this.#elapsed[this.#slot(age)] as number;
    }
    return sum;
  }

  /** What a rate a second came to over the latest `count` snapshots: the number of what it counts. */
  total(rate: MetricName, count: number): number {
    const column = this.#columns.get(rate) as Float64Array;
    let sum = 0;
    for (let age = 0; age < Math.min(count, this.#count); age++) {
      const slot = this.#slot(age);
      const value = column[slot] as number;
      // Each interval's count is whole: rounded one by one, a long history adds up to no error.
      if (!Number.isNaN(value)) sum += Math.round((value * (this.#elapsed[slot] as number)) / 1000);
    }
    return sum;
  }

  /** A metric over the latest `count` snapshots; `null` when it was never known in them. */
  summarize(name: MetricName, count: number): MetricOverTime | null {
    const column = this.#columns.get(name) as Float64Array;
    let [weighted, weight, min, max] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    let latest: number | null = null;
    for (let age = 0; age < Math.min(count, this.#count); age++) {
      const slot = this.#slot(age);
      const value = column[slot] as number;
      if (Number.isNaN(value)) continue;
      latest ??= value;
      const elapsed = this.#elapsed[slot] as number;
      weighted += value * elapsed;
      weight += elapsed;
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
    if (latest === null) return null;
    return Object.freeze({ average: weight > 0 ? weighted / weight : latest, min, max, latest });
  }

  /** Index of the snapshot that is `age` older than the latest. */
  #slot(age: number): number {
    return (this.#next - 1 - age + 2 * this.#size) % this.#size;
  }

  #entry(slot: number): HistoryEntry {
    const metrics = {} as Record<MetricName, number | null>;
    for (const [name, column] of this.#columns) {
      const value = column[slot] as number;
      metrics[name] = Number.isNaN(value) ? null : value;
    }
    return Object.freeze({
      at: this.#at[slot] as number,
      elapsedMs: this.#elapsed[slot] as number,
      ...(metrics as unknown as PerformanceMetrics),
    });
  }
}
