import { Histogram } from '../foundation/histogram.js';
import { SNAPSHOT_PERCENTS, responseTimeMetrics, type ResponseTimeMetrics } from './response-times.js';

const MOST_VALUES = 256;

/**
 * Response times of one interval, of everything or of one endpoint or model. Up to 255 are kept as they are: there may
 * be two hundred of these, each with a few dozen times a second, and a histogram each would cost more than it says.
 * More go into a histogram 256 at a time, since V8 compiles anew what recording takes wherever it is called.
 */
export class IntervalTimes {
  readonly #values: number[] = []; // emptied, not made anew: V8 would not know that it holds no small integers
  #histogram: Histogram | undefined;

  /** Records one duration, milliseconds, finite and >= 0. */
  record(ms: number): void {
    this.#values.push(ms);
    if (this.#values.length === MOST_VALUES) this.#spill();
  }

  /** The snapshot fields of the interval; begins a new one. */
  take(): ResponseTimeMetrics {
    if (this.#histogram !== undefined) return responseTimeMetrics(this.takeHistogram());
    const metrics = exactMetrics(this.#values);
    this.#values.length = 0;
    return metrics;
  }

  /** The distribution of the interval, `undefined` when nothing was recorded; begins a new one. */
  takeHistogram(): Histogram | undefined {
    if (this.#values.length > 0) this.#spill();
    const histogram = this.#histogram;
    this.#histogram = undefined;
    return histogram;
  }

  #spill(): void {
    this.#histogram ??= new Histogram();
    for (const value of this.#values) this.#histogram.record(value);
    this.#values.length = 0;
  }
}

function exactMetrics(values: readonly number[]): ResponseTimeMetrics {
  const count = values.length;
  if (count === 0) return responseTimeMetrics(undefined);
  const sorted = Float64Array.from(values).sort();
  const [p50, p95, p99] = SNAPSHOT_PERCENTS.map(
    (percent) => sorted[Math.ceil((percent * count) / 100) - 1] as number,
  );
  return {
    averageResponseTimeMs: sorted.reduce((sum, value) => sum + value, 0) / count,
    p50ResponseTimeMs: p50 as number,
    p95ResponseTimeMs: p95 as number,
    p99ResponseTimeMs: p99 as number,
  };
}
