import type { CaseResult } from '../../evaluation/evaluation-types.js';
import { ClusteredMoments } from '../../statistics/clustered.js';
import { CompleteClusters } from '../../statistics/complete-clusters.js';
import {
  meanInterval,
  tInterval,
  wilsonInterval,
  type Interval,
  type MeanEstimate,
} from '../../statistics/intervals.js';
import { Moments } from '../../statistics/moments.js';
import type { MetricSummary } from './run-summary.js';

/**
 * One quantity of a run as it goes. Scores that hang together are not counted as independent: with clusters the
 * standard error is clustered, with repetitions each case is a cluster.
 */
export class MetricStatistics {
  readonly #scores = new Moments();
  #clustered: ClusteredMoments | undefined;
  #cases: CompleteClusters | undefined;
  #unscored = 0;
  #errored = 0;
  #withoutCluster = 0;

  /** Whether some scores carry a cluster and some do not. */
  get partlyClustered(): boolean {
    return this.#clustered !== undefined && this.#withoutCluster > 0;
  }

  /** Adds a measurement; `score` counts when it is not `null`. */
  add(outcome: CaseResult['outcome'], score: number | null, cluster: string | undefined): void {
    if (outcome === 'errored') this.#errored++;
    else if (score === null) this.#unscored++;
    else {
      this.#scores.add(score);
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
    const counts = { scored: scores.n, unscored: this.#unscored, errored: this.#errored + unmeasured };
    const spread = { standardDeviation: scores.standardDeviation, min: scores.min, max: scores.max };
    const { mean } = scores;
    const clusters = this.#clusters();
    if (clusters === undefined) {
      const interval = meanInterval(scores, { level });
      return { ...counts, mean, ...spread, standardError: scores.standardError, interval, clusters: null };
    }
    const { clusters: count, standardError } = clusters;
    const interval =
      mean === null || standardError === null
        ? null
        : clusteredInterval({ mean, standardError, degreesOfFreedom: count - 1 }, scores.binary, level);
    return { ...counts, mean, ...spread, standardError, interval, clusters: count };
  }

  #clusters(): Pick<ClusteredMoments, 'clusters' | 'standardError'> | undefined {
    return this.#clustered !== undefined && this.#withoutCluster === 0 ? this.#clustered : this.#cases;
  }
}

/**
 * t over clusters. Where all 0/1 scores are equal it would have no width, as if nothing could ever fail: then Wilson's
 * interval of as many trials as there are clusters, which assumes nothing of what is inside them.
 */
function clusteredInterval(estimate: MeanEstimate, binary: boolean, level: number): Interval | null {
  const { mean, degreesOfFreedom } = estimate;
  const clusters = degreesOfFreedom + 1;
  if (binary && (mean === 0 || mean === 1)) {
    return wilsonInterval({ successes: mean * clusters, n: clusters }, { level });
  }
  return { ...tInterval(estimate, { level }), method: 'clustered-t' };
}
