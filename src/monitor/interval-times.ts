import { Histogram } from '../foundation/histogram.js';
import { SNAPSHOT_PERCENTS, responseTimeMetrics, type ResponseTimeMetrics } from './response-times.js';

const MOST_VALUES = 256;

/**
 * Response times of one endpoint or model in one interval. The first 256 are kept as they are: there may be two
 * hundred of these, each with a few dozen times a second, and a histogram each would cost more than it says.
 */
export class IntervalTimes {
  #values: number[] = [];
  #histogram: Histogram | undefined;

  /** Records one duration, milliseconds, finite and >= 0. */
  record(ms: number): void {
    if (this.#histogram !== undefined) {
      this.#histogram.record(ms);
      return;
    }
    this.#values.push(ms);
    if (this.#values.length < MOST_VALUES) return;
    this.#histogram = new Histogram();
    for (const value of this.#values) this.#histogram.record(value);
  }

  /** The snapshot fields of the interval; begins a new one. */
  take(): ResponseTimeMetrics {
    const metrics =
      this.#histogram === undefined ? exactMetrics(this.#values) : responseTimeMetrics(this.#histogram);
    this.#histogram = undefined;
    this.#values = [];
    return metrics;
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
