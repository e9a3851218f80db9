import type { CaseResult } from '../../evaluation/evaluation-types.js';
import { ClusteredMoments } from '../../statistics/clustered.js';
import { clusteredScoreInterval } from '../../statistics/clustered-interval.js';
import { CompleteClusters } from '../../statistics/complete-clusters.js';
import { meanInterval } from '../../statistics/mean-interval.js';
import { Moments } from '../../statistics/moments.js';
import { ScoreCounts } from '../../statistics/score-counts.js';
import type { MetricSummary } from './run-summary.js';

/**
 * One quantity of a run as it goes. Scores that hang together are not counted as independent: with clusters the
 * standard error is clustered, with repetitions each case is a cluster.
 */
export class MetricStatistics {
  readonly #scores = new Moments();
  readonly #counts = new ScoreCounts();
  #clustered: ClusteredMoments | undefined;
  #cases: CompleteClusters | undefined;
  #unscored = 0;
  #errored = 0;
  #withoutCluster = 0;

  /** Whether some scores carry a cluster and some do not. */
  get partlyClustered(): boolean {
    return this.#clustered !== undefined && this.#withoutCluster > 0;
  }

  /** Results that have a score. */
  get scored(): number {
    return this.#scores.n;
  }

  /** Mean over them; `null` for none. */
  get mean(): number | null {
    return this.#scores.mean;
  }

  /** Adds a measurement; `score` counts when it is not `null`. */
  add(outcome: CaseResult['outcome'], score: number | null, cluster: string | undefined): void {
    if (outcome === 'errored') this.#errored++;
    else if (score === null) this.#unscored++;
    else {
      this.#scores.add(score);
      this.#counts.add(score);
      if (cluster === undefined) this.#withoutCluster++;
      else (this.#clustered ??= new ClusteredMoments()).add(score, cluster);
    }
  }

  /** Adds the repetitions of one case, whose scores were added before: their sum, and how many have a score. */
  addCase(sum: number, repetitions: number): void {
    (this.#cases ??= new CompleteClusters()).add(sum, repetitions);
  }

  /** The numbers so far, with intervals at `level`; `unmeasured` results did not come to this measurement: errored. */
  summary(level: number, unmeasured = 0): MetricSummary {
    const scores = this.#scores;
    const clusters = this.#clusters();
    return {
      scored: scores.n,
      unscored: this.#unscored,
      errored: this.#errored + unmeasured,
      mean: scores.mean,
      standardDeviation: scores.standardDeviation,
      standardError: (clusters ?? scores).standardError,
      interval:
        clusters === undefined
          ? meanInterval(this.#counts, { level })
          : clusteredScoreInterval(
              clusters instanceof ClusteredMoments ? clusters.means([0, 1]) : clusters.means,
              level,
            ),
      min: scores.min,
      max: scores.max,
      clusters: clusters?.clusters ?? null,
      effectiveClusters: clusters?.effectiveClusters ?? null,
      degreesOfFreedom: clusters?.degreesOfFreedom ?? null,
    };
  }

  #clusters(): ClusteredMoments | CompleteClusters | undefined {
    return this.#clustered !== undefined && this.#withoutCluster === 0 ? this.#clustered : this.#cases;
  }
}
