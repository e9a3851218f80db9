import { Histogram } from '../foundation/histogram.js';

/** Response times of one interval, as they stand in a snapshot. */
export interface ResponseTimeMetrics {
  readonly averageResponseTimeMs: number | null;
  readonly p50ResponseTimeMs: number | null;
  readonly p95ResponseTimeMs: number | null;
  readonly p99ResponseTimeMs: number | null;
}

/** The snapshot fields of a distribution; all `null` when it is empty. */
export function responseTimeMetrics(times: Histogram | undefined): ResponseTimeMetrics {
  return {
    averageResponseTimeMs: times?.mean ?? null,
    p50ResponseTimeMs: times?.percentile(50) ?? null,
    p95ResponseTimeMs: times?.percentile(95) ?? null,
    p99ResponseTimeMs: times?.percentile(99) ?? null,
  };
}

const RECENT = 60;
const BLOCKS = 120;

/**
 * Response times of the history, so that percentiles over any window come from merged distributions and not
 * from averages of percentiles. The latest 60 snapshots are kept one by one, everything older in at most 121
 * blocks of equal length: a bounded amount of memory (typically 5 MB, at most 31 MB) for any history size.
 */
export class ResponseTimeHistory {
  readonly #blockSize: number;
  readonly #recent: (Histogram | undefined)[] = [];
  readonly #blocks: Histogram[] = [];
  #inOpenBlock = 0;

  /** `historySize`: how many snapshots back a window may reach, >= 1. */
  constructor(historySize: number) {
    this.#blockSize = Math.ceil(historySize / BLOCKS);
  }

  /** Adds the distribution of one snapshot; `undefined` when nothing was answered. */
  add(times: Histogram | undefined): void {
    this.#recent.push(times);
    if (this.#recent.length > RECENT) this.#recent.shift();
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
   * The merged distribution of the latest `snapshots`. Beyond 60 the window is rounded up to whole blocks:
   * `covered` says how many snapshots it is from.
   */
  latest(snapshots: number): { readonly times: Histogram; readonly covered: number } {
    const times = new Histogram();
    if (snapshots <= this.#recent.length) {
      for (const each of this.#recent.slice(this.#recent.length - snapshots)) {
        if (each !== undefined) times.merge(each);
      }
      return { times, covered: snapshots };
    }
    let covered = 0;
    for (let i = this.#blocks.length - 1; i >= 0 && covered < snapshots; i--) {
      times.merge(this.#blocks[i] as Histogram);
      covered += i === this.#blocks.length - 1 ? this.#inOpenBlock : this.#blockSize;
    }
    return { times, covered };
  }
}
