import type { DimensionResult, Scorer } from './evaluation-types.js';

/**
 * A metric of a whole run that is not the mean of its cases, such as corpus BLEU. Each result carries counts in
 * `metadata.corpus`; the metric is a function of their sums. Counts are integers, so sums are exact: the value does
 * not depend on the order of the results, and partial sums of several workers can be added.
 */
export interface CorpusMetric {
  /** Names the metric, e.g. `bleu`. */
  readonly name: string;
  /** How many counts each result carries. */
  readonly size: number;
  /** The value for summed counts. Pure. */
  summarize(totals: readonly number[]): CorpusSummary;
}

/** What a {@link CorpusMetric} says of a run. */
export interface CorpusSummary {
  /** 0..1, or `null` when undefined (no result carried counts). */
  readonly score: number | null;
  /** The metric's own figures and, where the field has one, its signature. */
  readonly details: Readonly<Record<string, number | string | null>>;
}

/** A scorer whose dimension also has a {@link CorpusMetric}. */
export interface CorpusScorer<Input = unknown, Expected = unknown, Metadata = unknown> extends Scorer<
  Input,
  Expected,
  Metadata
> {
  /** The metric over a run; feed it the sums of `metadata.corpus`. */
  readonly corpus: CorpusMetric;
}

/** Adds a {@link CorpusMetric} to a scorer. The scorer puts `corpus: number[]` into its results' metadata. */
export function withCorpusMetric<Input, Expected, Metadata>(
  scorer: Scorer<Input, Expected, Metadata>,
  corpus: CorpusMetric,
): CorpusScorer<Input, Expected, Metadata> {
  return Object.assign(scorer, { corpus });
}

/** The corpus metric of a scorer, if it has one. */
export function corpusMetricOf(scorer: unknown): CorpusMetric | undefined {
  return typeof scorer === 'function' ? (scorer as { corpus?: CorpusMetric }).corpus : undefined;
}

/**
 * Sums the counts of results for one {@link CorpusMetric}, in memory that does not grow with the run.
 *
 * @example
 * const total = new CorpusTotal(scorer.corpus);
 * for await (const result of store.query({ runId })) {
 *   for (const dimension of result.evaluation?.dimensions ?? []) if (dimension.name === 'bleu') total.add(dimension);
 * }
 * console.log(total.summary());
 */
export class CorpusTotal {
  readonly #metric: CorpusMetric;
  readonly #totals: number[];
  #results = 0;

  constructor(metric: CorpusMetric) {
    this.#metric = metric;
    this.#totals = Array.from({ length: metric.size }, () => 0);
  }

  /** How many results carried counts. */
  get results(): number {
    return this.#results;
  }

  /** Adds a result, whatever its outcome; ignores one without counts of this metric's size. */
  add(dimension: Pick<DimensionResult, 'metadata'>): void {
    const counts = dimension.metadata?.['corpus'];
    if (!Array.isArray(counts) || counts.length !== this.#metric.size) return;
    this.#results++;
    for (let i = 0; i < counts.length; i++) this.#totals[i]! += counts[i] as number;
  }

  /** Adds the sums of another total of the same metric. */
  merge(other: CorpusTotal): void {
    this.#results += other.#results;
    for (let i = 0; i < this.#totals.length; i++) this.#totals[i]! += other.#totals[i]!;
  }

  /** The metric over everything that was added. */
  summary(): CorpusSummary {
    return this.#metric.summarize(this.#totals);
  }
}
