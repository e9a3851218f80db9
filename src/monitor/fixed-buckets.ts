/**
 * Upper bounds of the response-time buckets for Prometheus and OpenTelemetry, milliseconds: 10 ms doubling to
 * 81.92 s, the advice of OpenTelemetry's GenAI conventions for `gen_ai.client.operation.duration`.
 */
export const RESPONSE_TIME_BUCKETS_MS: readonly number[] = Object.freeze(
  Array.from({ length: 14 }, (_, power) => 10 * 2 ** power),
);

/** Counts by fixed buckets: what exporters need, since their servers add up series of many processes. */
export class FixedBuckets {
  readonly #counts = new Float64Array(RESPONSE_TIME_BUCKETS_MS.length + 1);

  /** Counts a time in milliseconds, >= 0. */
  record(ms: number): void {
    let bucket = 0;
    while (bucket < RESPONSE_TIME_BUCKETS_MS.length && ms > (RESPONSE_TIME_BUCKETS_MS[bucket] as number)) {
      bucket += 1;
    }
    (this.#counts[bucket] as number) += 1;
  }

  /** For each bound how many times were at most it; the last number is all of them. */
  cumulative(): readonly number[] {
    let sum = 0;
    return Array.from(this.#counts, (count) => (sum += count));
  }
}
