import { InputError } from '../errors.js';
import type { RunSummaryData } from '../batch/summary/run-summary.js';
import type { RunManifest } from '../stores/run-manifest.js';
import type { RunRecord } from '../stores/run-record.js';
import type { ResultStore } from '../stores/result-store.js';
import type {
  BatchState,
  SharedLimits,
  SharedResultStore,
  SharedRun,
  SharedSpending,
  SharedStop,
} from '../stores/run-work.js';
import { checkArgument, text } from '../foundation/options.js';
import { checkSharedStore } from './shared-store.js';

/**
 * Where a distributed run stands. `enqueuing`: its input has not come to an end. `waiting`: batches are open and nobody
 * works on one. `running`: somebody does. `failed`: what is left no worker could do. `stopped`: cancelled, out of budget, or
 * ended by `onCaseError`. `ended`: every case has its result.
 */
export type DistributedRunState = 'enqueuing' | 'waiting' | 'running' | 'failed' | 'stopped' | 'ended';

/** How far a distributed run is. Plain JSON data. */
export interface DistributedRunStatus {
  /** Names the run. */
  readonly runId: string;
  /** Where it stands. */
  readonly state: DistributedRunState;
  /** Why it does not go on; `null` while it does. */
  readonly stopReason: SharedStop | null;
  /** What it is made with. */
  readonly manifest: RunManifest;
  /** When it was enqueued, milliseconds since the epoch by the store's clock. */
  readonly openedAt: number;
  /** Time by the same clock. */
  readonly now: number;
  /** Its batches. */
  readonly batches: Readonly<Record<BatchState, number>> & {
    /** How many there are; `null` while it is being enqueued. */
    readonly total: number | null;
  };
  /** Its results: cases times repetitions. */
  readonly results: RunRecord['results'] & {
    /** How many there will be; `null` while it is being enqueued. */
    readonly total: number | null;
  };
  /** What its workers keep together. */
  readonly limits: SharedLimits;
  /**
   * What was spent, as workers told last: about once a second, so that one that was killed has not told all. Of a run that
   * has ended without a budget of tokens or money: what its stored results have cost.
   */
  readonly spending: SharedSpending;
  /** The first of its failed batches, at most 20, and why they failed. */
  readonly failures: readonly {
    /** The batch, 0-based. */
    readonly batch: number;
    /** Why. */
    readonly error: string;
  }[];
}

const MOST_FAILURES = 20;

/**
 * How far a distributed run is, as the store knows it: the queue may be gone.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`; InputError `ASSAY_EMPTY_INPUT` for a run that was never enqueued.
 *
 * @example
 * const { state, results } = await runStatus(store, 'nightly-42');
 */
export async function runStatus(store: ResultStore, runId: string): Promise<DistributedRunStatus> {
  checkArgument(runId, text, ' as the id of a run');
  const shared = checkSharedStore('runStatus', store);
  const { run, record } = await findRun(shared, runId);
  const counts = await shared.work.counts(runId);
  const { repetitions } = record.manifest;
  return {
    runId,
    state: stateOf(run, counts, record),
    stopReason: run.stopReason,
    manifest: record.manifest,
    openedAt: run.openedAt,
    now: run.now,
    batches: { ...counts, total: run.input?.batches ?? null },
    results: { ...record.results, total: run.input === null ? null : run.input.cases * repetitions },
    limits: run.limits,
    spending: spendingOf(run, record),
    failures: counts.failed === 0 ? [] : await failuresOf(shared, runId),
  };
}

/** Where nothing is given out by what was spent, the stored results are what counts. */
function spendingOf({ limits, spending }: SharedRun, { end }: RunRecord): SharedSpending {
  if (end === null || (limits.maxCost ?? limits.maxTokens) !== undefined) return spending;
  const { tokens, cost, scored, unscored, errored } = end.summary as unknown as RunSummaryData;
  return {
    cost: cost ?? 0,
    tokens: tokens.input + tokens.output,
    estimatedCost: 0,
    estimatedTokens: 0,
    results: scored + unscored + errored,
    errored,
  };
}

/** A run as the store knows it. @throws InputError `ASSAY_EMPTY_INPUT`. */
export async function findRun(
  store: SharedResultStore,
  runId: string,
): Promise<{ readonly run: SharedRun; readonly record: RunRecord }> {
  const run = await store.work.find(runId);
  if (run !== undefined) for await (const record of store.runs({ runId })) return { run, record };
  throw new InputError('ASSAY_EMPTY_INPUT', `Expected a run that was enqueued, got ${JSON.stringify(runId)}`);
}

function stateOf(
  { stopReason, input }: SharedRun,
  { open, failed }: Readonly<Record<BatchState, number>>,
  record: RunRecord,
): DistributedRunState {
  if (stopReason === 'end') return 'ended';
  if (stopReason !== null) return 'stopped';
  if (record.state === 'running') return 'running';
  if (input === null) return 'enqueuing';
  return open === 0 && failed > 0 ? 'failed' : 'waiting';
}

async function failuresOf(
  store: SharedResultStore,
  runId: string,
): Promise<DistributedRunStatus['failures']> {
  const failures: { batch: number; error: string }[] = [];
  for await (const { batch, error } of store.work.batches(runId, 'failed')) {
    failures.push({ batch, error: error ?? 'unknown' });
    if (failures.length === MOST_FAILURES) break;
  }
  return failures;
}
