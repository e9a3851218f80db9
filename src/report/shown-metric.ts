import type { MetricSummary } from '../batch/summary/run-summary.js';
import type { ShownMetric } from '../page/report-data.js';

/** A metric as a page shows it, beside that of a baseline where there is one. */
export function shownMetric(
  name: string,
  metric: MetricSummary,
  { baseline }: { readonly baseline?: MetricSummary | undefined } = {},
): ShownMetric {
  const { scored, unscored, errored, mean, interval, clusters } = metric;
  return {
    name,
    scored,
    unscored,
    errored,
    mean,
    interval,
    clusters,
    baselineMean: baseline?.mean ?? null,
    baselineInterval: baseline?.interval ?? null,
  };
}
