import { Histogram } from '../foundation/histogram.js';
import { PackedTimes } from './packed-times.js';

/** Response times of one interval, as they stand in a snapshot. */
export interface ResponseTimeMetrics {
  readonly averageResponseTimeMs: number | null;
  readonly p50ResponseTimeMs: number | null;
  readonly p95ResponseTimeMs: number | null;
  readonly p99ResponseTimeMs: number | null;
}

/** Percentiles that a snapshot holds. */
export const SNAPSHOT_PERCENTS = [50, 95, 99] as const;

/** The snapshot fields of a distribution; all `null` when it is empty. */
export function responseTimeMetrics(times: Histogram | undefined): ResponseTimeMetrics {
  const [p50 = null, p95 = null, p99 = null] = times?.percentiles(SNAPSHOT_PERCENTS) ?? [];
  return {
    averageResponseTimeMs: times?.mean ?? null,
    p50ResponseTimeMs: p50,
    p95ResponseTimeMs: p95,
    p99ResponseTimeMs: p99,
  };
}

const BLOCKS = 120;
const MOST_SNAPSHOTS = 3600;
const MOST_BUCKETS = 2_000_000;

/**
 * Response times of the history, so that percentiles over any window come from merged distributions and not
 * from averages of percentiles. Everything is kept in at most 121 blocks of equal length; the latest snapshots
 * also one by one, for windows that end inside a block: up to 3,600 of them in at most 8 MB, which is an hour
 * at a second each with 500 different times in each. A bounded amount of memory for any history size: typically
 * 5 to 10 MB, at most 39 MB.
 */
export class ResponseTimeHistory {
  readonly #blockSize: number;
  readonly #mostSnapshots: number;
  /** The latest snapshots, oldest first; `undefined` when nothing was answered. */
  readonly #snapshots: (PackedTimes | undefined)[] = [];
  readonly #blocks: Histogram[] = [];
  #inOpenBlock = 0;
  #buckets = 0;

  /** `historySize`: how many snapshots back a window may reach, >= 1. */
  constructor(historySize: number) {
    this.#blockSize = Math.ceil(historySize / BLOCKS);
    this.#mostSnapshots = Math.min(historySize, MOST_SNAPSHOTS);
  }

  /** Adds the distribution of one snapshot; `undefined` when nothing was answered. */
  add(times: Histogram | undefined): void {
    const packed = times === undefined ? undefined : new PackedTimes(times);
    this.#snapshots.push(packed);
    this.#buckets += packed?.buckets ?? 0;
    while (this.#snapshots.length > this.#mostSnapshots || this.#buckets > MOST_BUCKETS) {
      this.#buckets -= this.#snapshots.shift()?.buckets ?? 0;
    }
    let open = this.#blocks.at(-1);
    if (open === undefined || this.#inOpenBlock === this.#blockSize) {
      open = new Histogram();
      this.#blocks.push(open);
      if (this.#blocks.length > BLOCKS + 1) this.#blocks.shift();
      this.#inOpenBlock = 0;
    }
    this.#inOpenBlock += 1;
    if (times !== undefined) open.merge(times);
  }

  /**
   * The merged distribution of the latest `snapshots`. A window that reaches back further than snapshots are kept
   * one by one is rounded up to whole blocks: `covered` says how many snapshots it is from.
   */
  latest(snapshots: number): { readonly times: Histogram; readonly covered: number } {
    const times = new Histogram();
    let covered = 0;
    let length = this.#inOpenBlock;
    for (let i = this.#blocks.length - 1; i >= 0 && covered < snapshots; i--) {
      if (covered + length > snapshots && snapshots <= this.#snapshots.length) {
        const newest = this.#snapshots.length - covered;
        for (const each of this.#snapshots.slice(this.#snapshots.length - snapshots, newest)) {
          if (each !== undefined) times.merge(each.unpack());
        }
        return { times, covered: snapshots };
      }
      times.merge(this.#blocks[i] as Histogram);
      covered += length;
      length = this.#blockSize;
    }
    return { times, covered };
  }
}
