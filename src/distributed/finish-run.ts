import type { Evaluator } from '../evaluation/evaluator.js';
import { readStatistics } from '../batch/summarize.js';
import type { StopReason } from '../batch/summary/run-summary.js';
import type { BudgetSummary } from '../batch/summary/budget-summary.js';
import type { SharedResultStore, SharedRun, SharedStop } from '../stores/run-work.js';

/** What an evaluator adds to the numbers of a whole run. */
export type SummaryEvaluator = Pick<Evaluator, 'dimensions' | 'corpusMetrics'>;

/**
 * Records the end of a run whose batches are all done, or that was stopped and that nobody writes any more; does nothing for
 * any other. Whoever comes last calls it, and after a crash whoever looks next: its numbers are those of the stored
 * results, so two who do it at once write the same. Returns whether the run has ended.
 */
export async function finishRun(
  store: SharedResultStore,
  runId: string,
  { evaluator }: { readonly evaluator?: SummaryEvaluator | undefined } = {},
): Promise<boolean> {
  const run = await store.work.find(runId);
  if (run === undefined) return false;
  if (run.stopReason === 'end') return true;
  const { done } = await store.work.counts(runId);
  const complete = run.input !== null && done >= run.input.batches; // a run that was stopped may have been done already
  if (!complete && (run.stopReason === null || (await isWritten(store, runId)))) return false;
  await recordEnd(store, complete ? { ...run, stopReason: null } : run, evaluator);
  if (complete) await store.work.stop(runId, 'end');
  return true;
}

/** How a stopped run stands in the store's list: a cancelled one can be taken up again, as a drained one can. */
const STOP_REASONS: Readonly<Record<SharedStop, StopReason>> = {
  end: 'end',
  cancelled: 'drained',
  budget: 'budget',
  'case-error': 'case-error',
};

async function recordEnd(
  store: SharedResultStore,
  run: SharedRun,
  evaluator: SummaryEvaluator | undefined,
): Promise<void> {
  const { runId, openedAt, now, stopReason, input } = run;
  const manifest = await store.manifest(runId);
  const { statistics, models } = await readStatistics(store, { runId, ...manifest }, { evaluator });
  const summary = statistics.summary({
    runId,
    startedAt: openedAt,
    durationMs: now - openedAt,
    stopReason: STOP_REASONS[stopReason ?? 'end'],
    submitted: statistics.results,
    skipped: 0,
    budget: budgetOf(run),
    confidenceLevel: manifest?.statistics?.confidenceLevel ?? 0.95,
  });
  await store.finish({
    runId,
    at: now,
    ...(stopReason === null && input !== null ? { fingerprint: input.fingerprint } : {}),
    models: [...models].sort(),
    summary: JSON.parse(JSON.stringify(summary)) as Record<string, unknown>,
  });
}

function budgetOf({ limits, spending }: SharedRun): BudgetSummary | null {
  const { maxCost, maxTokens, maxDurationMs, maxErrorRate } = limits;
  if ((maxCost ?? maxTokens ?? maxDurationMs ?? maxErrorRate) === undefined) return null;
  const { cost, tokens, estimatedCost, estimatedTokens } = spending;
  const given = Object.entries({ maxCost, maxTokens, maxDurationMs, maxErrorRate });
  return {
    limits: Object.fromEntries(given.filter(([, value]) => value !== undefined)),
    tokens,
    estimatedTokens,
    cost,
    estimatedCost,
    blind: [],
  };
}

async function isWritten(store: SharedResultStore, runId: string): Promise<boolean> {
  for await (const { state } of store.runs({ runId })) return state === 'running';
  return false;
}
