import { AssayError } from '../../errors.js';
import type { Evaluator } from '../../evaluation/evaluator.js';
import type { CaseResult } from '../../evaluation/evaluation-types.js';
import { ExactSum } from '../../foundation/exact-sum.js';
import { fewClustersWarning, hasFewClusters } from '../../statistics/cluster-robust.js';
import { Histogram } from '../../foundation/histogram.js';
import { reaches } from '../../foundation/rounding.js';
import { CorpusTotal } from '../../evaluation/corpus-metric.js';
import { judgeUsageOf } from '../../evaluation/judge-usage.js';
import { JudgeTotals } from './judge-totals.js';
import { MetricStatistics } from './metric-statistics.js';
import { RepetitionStatistics } from './repetition-statistics.js';
import {
  createRunSummary,
  type DurationSummary,
  type GroupsSummary,
  type MetricSummary,
  type RunSummary,
  type RunSummaryData,
} from './run-summary.js';

/** What the numbers of a run depend on beside its results. */
export interface RunStatisticsOptions {
  readonly repetitions: number;
  /** Overall score from which a result counts as passed. @default the evaluation's `passed`, else a score of 1 */
  readonly passThreshold: number | undefined;
  readonly evaluator: Pick<Evaluator, 'dimensions' | 'corpusMetrics'>;
}

/**
 * The numbers of a run, kept as it goes: memory grows with the number of dimensions, groups and clusters, not of
 * cases. All sums are exact, so the order of results does not change a bit of them.
 */
export class RunStatistics {
  readonly #options: RunStatisticsOptions;
  readonly #overall = new MetricStatistics();
  readonly #dimensions = new Map<string, MetricStatistics>();
  readonly #judges = new JudgeTotals();
  readonly #corpus = new Map<string, CorpusTotal>();
  readonly #groups = new Map<string, MetricStatistics>();
  readonly #repetitions: RepetitionStatistics | undefined;
  readonly #latency = new Histogram();
  readonly #timeToFirstToken = new Histogram();
  readonly #errorsByCode = new Map<string, number>();
  readonly #cost = new ExactSum();
  #costKnown = false;
  #inputTokens = 0;
  #outputTokens = 0;
  #cacheHits = 0;
  #withoutEvaluation = 0;
  #scored = 0;
  #unscored = 0;
  #errored = 0;
  #passes = 0;

  constructor(options: RunStatisticsOptions) {
    this.#options = options;
    this.#repetitions =
      options.repetitions > 1
        ? new RepetitionStatistics(options.repetitions, ({ dimension, sum, scored, group }) => {
            if (dimension !== undefined) this.#metric(this.#dimensions, dimension).addCase(sum, scored);
            else {
              this.#overall.addCase(sum, scored);
              if (group !== undefined) this.#metric(this.#groups, group).addCase(sum, scored);
            }
          })
        : undefined;
    for (const name of options.evaluator.dimensions ?? []) this.#dimensions.set(name, new MetricStatistics());
    for (const [name, metric] of Object.entries(options.evaluator.corpusMetrics ?? {})) {
      this.#corpus.set(name, new CorpusTotal(metric));
    }
  }

  /** Scored results of this start. */
  get scored(): number {
    return this.#scored;
  }

  /** Unscored results of this start. */
  get unscored(): number {
    return this.#unscored;
  }

  /** Errored results of this start. */
  get errored(): number {
    return this.#errored;
  }

  /** All results of this start. */
  get results(): number {
    return this.#scored + this.#unscored + this.#errored;
  }

  /** Input and output tokens so far. */
  get tokens(): number {
    return this.#inputTokens + this.#outputTokens;
  }

  /** Cost so far; `null` while no result has one. */
  get cost(): number | null {
    return this.#costKnown ? this.#cost.value : null;
  }

  /** Adds a result of this start. */
  add(result: CaseResult): void {
    if (result.outcome === 'scored') this.#scored++;
    else if (result.outcome === 'unscored') this.#unscored++;
    else this.#errored++;
    this.#measure(result);
  }

  /** Adds a finished result of an earlier start of the same run: it is in the metrics, not in the counts. */
  addEarlier(result: CaseResult): void {
    this.#measure(result);
  }

  #measure(result: CaseResult): void {
    const { cluster, group, evaluation } = result;
    const score = evaluation?.overallScore ?? null;
    this.#overall.add(result.outcome, score, cluster);
    if (group !== undefined) this.#metric(this.#groups, group).add(result.outcome, score, cluster);
    if (evaluation !== undefined) {
      for (const dimension of evaluation.dimensions) {
        this.#metric(this.#dimensions, dimension.name).add(dimension.outcome, dimension.score, cluster);
        if (dimension.metadata !== undefined) {
          this.#corpus.get(dimension.name)?.add(dimension);
          const judged = judgeUsageOf(dimension);
          if (judged !== undefined) this.#judges.add(judged);
        }
      }
    } else this.#withoutEvaluation++;
    const passed = score === null ? null : this.#passed(evaluation!.passed, score);
    if (passed === true) this.#passes++;
    this.#repetitions?.add(result, passed);
    if (result.outcome === 'errored') {
      const { code } = result.error;
      this.#errorsByCode.set(code, (this.#errorsByCode.get(code) ?? 0) + 1);
    }
    if (result.cached) this.#cacheHits++;
    else {
      if (result.response !== undefined) this.#latency.record(result.timings.targetMs);
      if (result.timings.timeToFirstTokenMs !== null)
        this.#timeToFirstToken.record(result.timings.timeToFirstTokenMs);
      if (result.usage !== null) {
        this.#inputTokens += result.usage.inputTokens;
        this.#outputTokens += result.usage.outputTokens;
      }
    }
    if (result.cost !== null) {
      this.#costKnown = true;
      this.#cost.add(result.cost);
    }
  }

  /**
   * The summary.
   *
   * @throws AssayError `ASSAY_INVARIANT` if the outcomes do not add up to what was submitted.
   */
  summary(
    run: Pick<
      RunSummaryData,
      'runId' | 'startedAt' | 'durationMs' | 'stopReason' | 'submitted' | 'skipped'
    > & {
      /** @default there was none */
      readonly budget?: RunSummaryData['budget'];
      /** What else a reader of the summary has to know. */
      readonly warnings?: readonly string[];
      readonly confidenceLevel: number;
    },
  ): RunSummary {
    const { confidenceLevel, ...head } = run;
    if (this.results + head.skipped !== head.submitted) {
      throw new AssayError(
        'ASSAY_INVARIANT',
        `Expected scored + unscored + errored + skipped to be ${head.submitted} submitted, got ` +
          `${this.#scored} + ${this.#unscored} + ${this.#errored} + ${head.skipped}`,
      );
    }
    this.#repetitions?.finish();
    const overall = this.#overall.summary(confidenceLevel);
    const dimensions = this.#byName(this.#dimensions, {
      level: confidenceLevel,
      unmeasured: this.#withoutEvaluation,
    });
    return createRunSummary({
      runId: head.runId,
      stopReason: head.stopReason,
      startedAt: head.startedAt,
      durationMs: head.durationMs,
      submitted: head.submitted,
      scored: this.#scored,
      unscored: this.#unscored,
      errored: this.#errored,
      skipped: head.skipped,
      passed: this.#passes,
      overall,
      dimensions,
      groups: this.#groupsSummary(overall.mean, confidenceLevel),
      repetitions: this.#repetitions?.summary() ?? null,
      corpus: Object.fromEntries([...this.#corpus].map(([name, total]) => [name, total.summary()])),
      latency: durationSummary(this.#latency),
      timeToFirstToken: this.#timeToFirstToken.count === 0 ? null : durationSummary(this.#timeToFirstToken),
      tokens: { input: this.#inputTokens, output: this.#outputTokens },
      cost: this.cost,
      budget: head.budget ?? null,
      judges: this.#judges.usage,
      cacheHits: this.#cacheHits,
      resultsPerSecond: head.durationMs > 0 ? (this.results / head.durationMs) * 1000 : 0,
      errorsByCode: Object.fromEntries([...this.#errorsByCode].sort(byName)),
      warnings: [...this.#warnings({ overall, ...dimensions }), ...(head.warnings ?? [])],
    });
  }

  #metric(metrics: Map<string, MetricStatistics>, name: string): MetricStatistics {
    let metric = metrics.get(name);
    if (metric === undefined) metrics.set(name, (metric = new MetricStatistics()));
    return metric;
  }

  #passed(passed: boolean | undefined, score: number): boolean {
    const threshold = this.#options.passThreshold;
    return threshold === undefined ? (passed ?? score === 1) : reaches(score, threshold);
  }

  #byName(
    metrics: ReadonlyMap<string, MetricStatistics>,
    { level, unmeasured = 0 }: { readonly level: number; readonly unmeasured?: number | undefined },
  ): RunSummaryData['dimensions'] {
    return Object.fromEntries(
      [...metrics].sort(byName).map(([name, metric]) => [name, metric.summary(level, unmeasured)]),
    );
  }

  #groupsSummary(microMean: number | null, level: number): GroupsSummary | null {
    if (this.#groups.size === 0) return null;
    const means = new ExactSum();
    let groups = 0;
    for (const metric of this.#groups.values()) {
      const { mean } = metric.summary(level);
      if (mean === null) continue;
      means.add(mean);
      groups++;
    }
    return {
      macroMean: groups === 0 ? null : means.value / groups,
      microMean,
      byName: this.#byName(this.#groups, { level }),
    };
  }

  #warnings(metrics: Readonly<Record<string, MetricSummary>>): string[] {
    const few = Object.entries(metrics)
      .map(([name, metric]) => ({ name, ...metric }))
      .filter(hasFewClusters);
    return [
      ...(this.#overall.partlyClustered
        ? ['some cases carry a cluster and some do not: the standard errors treat all cases as independent']
        : []),
      ...(few.length === 0 ? [] : [fewClustersWarning(few)]),
    ];
  }
}

function durationSummary(histogram: Histogram): DurationSummary {
  return {
    count: histogram.count,
    meanMs: histogram.mean,
    p50Ms: histogram.percentile(50),
    p95Ms: histogram.percentile(95),
    p99Ms: histogram.percentile(99),
    maxMs: histogram.max,
  };
}

/** By code unit, so that the order is the same in every locale. */
function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
