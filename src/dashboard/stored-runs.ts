import type { RunSummaryData } from '../batch/summary/run-summary.js';
import type { StoredRun, StoredRuns } from '../page/dashboard-data.js';
import { excerpt } from '../report/cut-text.js';
import type { ReportStore } from '../report/read-runs.js';
import type { RunRecord } from '../stores/run-record.js';

const LONGEST_DESCRIPTION = 200;
const MOST_NAMES = 10;

/** The newest runs of a store, at most `limit`. */
export async function storedRuns(
  store: ReportStore,
  { limit, signal }: { readonly limit: number; readonly signal: AbortSignal },
): Promise<StoredRuns> {
  const runs: StoredRun[] = [];
  for await (const record of store.runs({ limit: limit + 1 })) {
    signal.throwIfAborted();
    runs.push(storedRun(record));
  }
  return { runs: runs.slice(0, limit), more: runs.length > limit };
}

function storedRun(record: RunRecord): StoredRun {
  const { manifest, end, state, results } = record;
  // A summary may be that of another version of this package, so what it lacks is not known.
  const summary = (end?.summary ?? {}) as Partial<RunSummaryData>;
  const { overall, stopReason = 'end' } = summary;
  return {
    runId: manifest.runId,
    state: state === 'ended' && stopReason !== 'end' ? stopReason : state,
    startedAt: manifest.startedAt,
    durationMs: summary.durationMs ?? null,
    results: results.scored + results.unscored + results.errored,
    errored: results.errored,
    mean: overall?.mean ?? null,
    low: overall?.interval?.low ?? null,
    high: overall?.interval?.high ?? null,
    cost: summary.cost ?? null,
    evaluator: `${manifest.evaluator} ${manifest.evaluatorVersion}`,
    models: end?.models.slice(0, MOST_NAMES) ?? [],
    tags: manifest.tags?.slice(0, MOST_NAMES) ?? [],
    description: excerpt(manifest.description ?? '', LONGEST_DESCRIPTION),
  };
}
