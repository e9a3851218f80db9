import { AssayError } from '../errors.js';
import { show } from '../foundation/options.js';
import type { ComparedResult } from './join-results.js';
import { holm } from './multiple-comparisons.js';
import { type PairedComparison, PairedDifferences, type PairedOptions } from './paired-differences.js';

/** One metric of two runs, compared. */
export interface MetricComparison extends PairedComparison {
  /** `overall`, or the dimension's name. */
  readonly name: string;
  /** Whether it is the overall score; a dimension may be named `overall` too. */
  readonly kind: 'overall' | 'dimension';
  /** Matched results without this score in a (unscored or errored): they are not in `pairs`. */
  readonly missingInA: number;
  /** Matched results without this score in b, likewise. */
  readonly missingInB: number;
  /** p-value after Holm's correction over the dimensions; for `overall` its own, as it is one test. */
  readonly adjustedPValue: number | null;
}

interface Metric {
  readonly paired: PairedDifferences;
  scoredInA: number;
  scoredInB: number;
}

/** What a {@link PairSet} must be ready for. */
export interface PairSetOptions {
  /** Whether the permutation test is wanted. */
  readonly permutation: boolean;
  /** Whether a case may come more than once. */
  readonly mayRepeat: boolean;
  /** Whether clusters of cases count. */
  readonly useClusters: boolean;
}

/** Gathers the matched results of two runs, metric by metric. */
export class PairSet {
  readonly #options: PairSetOptions;
  readonly #metrics: (Metric | undefined)[] = [];
  #pairs = 0;
  #clustered = 0;
  #repeated = false;

  constructor(options: PairSetOptions) {
    this.#options = options;
  }

  /** How many results were matched. */
  get pairs(): number {
    return this.#pairs;
  }

  /**
   * Adds two results of the same case and repetition.
   *
   * @throws AssayError `ASSAY_INVALID_INPUT` when cases with and without a cluster come together.
   */
  add(a: ComparedResult, b: ComparedResult): void {
    const cluster = this.#options.useClusters ? clusterOf(a, b) : undefined;
    if (cluster !== undefined) this.#clustered++;
    this.#pairs++;
    if (this.#clustered !== 0 && this.#clustered !== this.#pairs) throw partlyClustered(a);
    if (a.repetition > 0) this.#repeated = true;
    const length = Math.max(a.scores.length, b.scores.length);
    for (let position = 0; position < length; position++) {
      const scoreA = a.scores[position] ?? Number.NaN;
      const scoreB = b.scores[position] ?? Number.NaN;
      const metric = (this.#metrics[position] ??= this.#createMetric(cluster !== undefined));
      if (!Number.isNaN(scoreA)) metric.scoredInA++;
      if (!Number.isNaN(scoreB)) metric.scoredInB++;
      if (Number.isNaN(scoreA) || Number.isNaN(scoreB)) continue;
      metric.paired.add(scoreA, scoreB, cluster ?? a.caseId);
    }
  }

  /** Compares each metric; `names` are theirs, the overall score first. */
  async compare(names: readonly string[], options: PairedOptions): Promise<MetricComparison[]> {
    const dependent = this.#clustered > 0 || this.#repeated;
    const compared: Omit<MetricComparison, 'adjustedPValue'>[] = [];
    for (const [position, name] of names.entries()) {
      const metric = this.#metrics[position] ?? this.#createMetric(dependent);
      compared.push({
        name,
        kind: position === 0 ? 'overall' : 'dimension',
        missingInA: this.#pairs - metric.scoredInA,
        missingInB: this.#pairs - metric.scoredInB,
        ...(await metric.paired.compare(options, dependent)),
      });
    }
    // Dimensions by name: the order in which they were met depends on which result came first.
    const [overall, ...dimensions] = compared;
    dimensions.sort((a, b) => (a.name < b.name ? -1 : 1));
    const adjusted = holm(dimensions.map(({ pValue }) => pValue));
    return [
      ...(overall === undefined ? [] : [{ ...overall, adjustedPValue: overall.pValue }]),
      ...dimensions.map((metric, i) => ({ ...metric, adjustedPValue: adjusted[i] as number | null })),
    ];
  }

  #createMetric(clustered: boolean): Metric {
    const dependent = clustered || this.#options.mayRepeat;
    return {
      paired: new PairedDifferences({
        differences: this.#options.permutation || dependent,
        clusters: dependent,
      }),
      scoredInA: 0,
      scoredInB: 0,
    };
  }
}

function clusterOf(a: ComparedResult, b: ComparedResult): string | undefined {
  if (a.cluster !== undefined && b.cluster !== undefined && a.cluster !== b.cluster) {
    throw new AssayError(
      'ASSAY_INVALID_INPUT',
      `Expected case ${show(a.caseId)} in one cluster, got ${show(a.cluster)} in a and ${show(b.cluster)} in b`,
    );
  }
  return a.cluster ?? b.cluster;
}

function partlyClustered(result: ComparedResult): AssayError {
  return new AssayError(
    'ASSAY_INVALID_INPUT',
    `Expected all cases or none to carry a cluster; case ${show(result.caseId)} is not like those before it ` +
      "(`clusters: 'ignore'` compares without)",
  );
}
