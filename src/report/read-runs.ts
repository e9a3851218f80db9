import { AssayError } from '../errors.js';
import { summarize } from '../batch/summarize.js';
import type { RunSummaryData } from '../batch/summary/run-summary.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';
import { isRounding } from '../foundation/rounding.js';
import type { CaseChange } from '../page/case-data.js';
import { compareRuns, type RunComparison } from '../statistics/compare-runs.js';
import { scoreOf } from '../stores/result-query.js';
import type { ResultQuery, ResultStore } from '../stores/result-store.js';
import type { RunRecord } from '../stores/run-record.js';
import { caseKey, CaseSelection, type Candidate } from './case-selection.js';
import { RunFigures, type RunFiguresOptions } from './run-figures.js';

/** What a report reads of a store. */
export type ReportStore = Pick<ResultStore, 'query' | 'manifest' | 'runs'>;

/** A run as a report sees it. */
export interface ReadRun {
  readonly runId: string;
  /** `undefined` for results that were brought from elsewhere. */
  readonly record: RunRecord | undefined;
  readonly summary: RunSummaryData;
  readonly figures: RunFigures;
}

/** Everything that is read of a run and its baseline before a case is written. */
export interface ReadRuns {
  readonly run: ReadRun;
  readonly baseline: ReadRun | undefined;
  /** `undefined` without a baseline, and where one of both has no results. */
  readonly comparison: RunComparison | undefined;
  readonly changes: Readonly<Record<CaseChange, number>>;
  readonly selection: CaseSelection;
  /** What went differently from what was asked. */
  readonly notes: readonly string[];
}

/** Options of {@link readRuns}. */
export interface ReadRunsOptions {
  readonly runId: string;
  readonly baselineRunId: string | undefined;
  readonly maxCases: number;
  readonly slices: RunFiguresOptions['slices'];
  readonly signal: AbortSignal | undefined;
}

/**
 * Reads a run and its baseline once, side by side, in flat memory: of a result only some numbers are held, until its
 * partner comes.
 *
 * @throws AssayError `ASSAY_EMPTY_INPUT` for a run that the store does not know, `ASSAY_ABORTED`.
 */
export async function readRuns(store: ReportStore, options: ReadRunsOptions): Promise<ReadRuns> {
  const { runId, baselineRunId } = options;
  const record = await recordOf(store, runId);
  if (baselineRunId === undefined) {
    const reading = new Reading(options, { record, baseline: undefined });
    const read = reading.tapped(store, 'run');
    const summary = await summarized(read, record, { runId, signal: options.signal });
    return reading.finish({ summary, baseline: undefined, comparison: undefined, notes: [] });
  }
  const baseline = await recordOf(store, baselineRunId);
  const summaries = await Promise.all(
    [runId, baselineRunId].map((id) => summarize(store, id, { signal: options.signal })),
  );
  const [summary, ofBaseline] = summaries as [RunSummaryData, RunSummaryData];
  const { reading, comparison, notes } = await compared(store, options, { record, baseline });
  return reading.finish({ summary, baseline: ofBaseline, comparison, notes });
}

async function recordOf(store: ReportStore, runId: string): Promise<RunRecord | undefined> {
  for await (const record of store.runs({ runId })) return record;
  return undefined;
}

/** The summary of a run whose results are read anyway; one that the run has left is taken as it is. */
async function summarized(
  store: ReportStore,
  record: RunRecord | undefined,
  { runId, signal }: { readonly runId: string; readonly signal: AbortSignal | undefined },
): Promise<RunSummaryData> {
  if ((record?.end ?? null) === null) return summarize(store, runId, { signal });
  for await (const result of store.query({ runId })) void result;
  return summarize(store, runId);
}

interface Records {
  readonly record: RunRecord | undefined;
  readonly baseline: RunRecord | undefined;
}

interface Compared {
  readonly reading: Reading;
  readonly comparison: RunComparison | undefined;
  readonly notes: readonly string[];
}

/** Compares what can be compared: what cannot is said, and the rest of the report is written all the same. */
async function compared(store: ReportStore, options: ReadRunsOptions, records: Records): Promise<Compared> {
  const { runId, baselineRunId = '', signal } = options;
  const notes: string[] = [];
  for (const clusters of ['auto', 'ignore'] as const) {
    const reading = new Reading(options, records);
    try {
      const comparison = await compareRuns(
        { store: reading.tapped(store, 'run'), runId },
        { store: reading.tapped(store, 'baseline'), runId: baselineRunId },
        { force: true, permutation: false, clusters, signal, unmatchedLimit: 10 },
      );
      return { reading, comparison, notes };
    } catch (error) {
      if (!AssayError.is(error)) throw error;
      // Both runs are read to their ends when one of them turns out to be empty.
      if (error.code === 'ASSAY_EMPTY_INPUT')
        return { reading, comparison: undefined, notes: [error.message] };
      if (error.code !== 'ASSAY_INVALID_INPUT' || clusters === 'ignore') throw error;
      notes.push(
        'Only some cases carry a cluster, or another one in the baseline: the comparison goes without clusters.',
      );
    }
  }
  throw new AssayError('ASSAY_INVARIANT', 'Expected a comparison without clusters to end');
}

/** Which of the two runs. */
type Side = 'run' | 'baseline';

/** What is gathered while the results of both runs go by. */
class Reading {
  readonly #options: ReadRunsOptions;
  readonly #records: Records;
  readonly #figures: Readonly<Record<Side, RunFigures>>;
  readonly #selection: CaseSelection;
  readonly #compares: boolean;
  /** Results whose partner in the other run has not come yet. */
  readonly #waiting = { run: new Map<string, Candidate>(), baseline: new Map<string, Candidate>() };
  readonly #changes: Record<CaseChange, number> = {
    'to-fail': 0,
    'to-pass': 0,
    lower: 0,
    higher: 0,
    lost: 0,
    gained: 0,
    same: 0,
  };

  constructor(options: ReadRunsOptions, records: Records) {
    const figuresOf = (of: RunRecord | undefined): RunFigures =>
      new RunFigures({
        passThreshold: of?.manifest.statistics?.passThreshold ?? null,
        slices: options.slices,
      });
    this.#options = options;
    this.#records = records;
    this.#figures = { run: figuresOf(records.record), baseline: figuresOf(records.baseline) };
    this.#selection = new CaseSelection(options.maxCases);
    this.#compares = options.baselineRunId !== undefined;
  }

  /** The store, seen while its results go by. */
  tapped(store: ReportStore, side: Side): ReportStore {
    return {
      query: (query) => this.#tap(store, query, side),
      manifest: (runId) => store.manifest(runId),
      runs: (query) => store.runs(query),
    };
  }

  async *#tap(store: ReportStore, query: ResultQuery | undefined, side: Side): AsyncGenerator<CaseResult> {
    const { signal } = this.#options;
    for await (const result of store.query(query)) {
      if (signal?.aborted === true)
        throw new AssayError('ASSAY_ABORTED', 'Writing the report was aborted', { cause: signal.reason });
      this.#add(result, side);
      yield result;
    }
  }

  #add(result: CaseResult, side: Side): void {
    const passed = this.#figures[side].add(result);
    const { caseId, repetition, outcome } = result;
    const here: Candidate = {
      caseId,
      repetition,
      outcome,
      score: scoreOf(result),
      passed,
      answered: result.response !== undefined,
      change: null,
      baselineScore: null,
    };
    if (!this.#compares) return this.#selection.add(here);
    const key = caseKey(here);
    const others = this.#waiting[side === 'run' ? 'baseline' : 'run'];
    const there = others.get(key);
    if (there === undefined) this.#waiting[side].set(key, here);
    else {
      others.delete(key);
      this.#pair(side === 'run' ? here : there, side === 'run' ? there : here);
    }
  }

  #pair(run: Candidate, baseline: Candidate): void {
    const change = changeOf(run, baseline);
    this.#changes[change]++;
    this.#selection.add({ ...run, change, baselineScore: baseline.score });
  }

  /** Everything that was read; results without a partner are taken in last. */
  finish({
    summary,
    baseline,
    comparison,
    notes,
  }: {
    readonly summary: RunSummaryData;
    readonly baseline: RunSummaryData | undefined;
    readonly comparison: RunComparison | undefined;
    readonly notes: readonly string[];
  }): ReadRuns {
    for (const candidate of this.#waiting.run.values()) this.#selection.add(candidate);
    const { runId, baselineRunId = '' } = this.#options;
    const { run: figures, baseline: baselineFigures } = this.#figures;
    const { record, baseline: baselineRecord } = this.#records;
    return {
      run: { runId, record, summary, figures },
      baseline:
        baseline === undefined
          ? undefined
          : { runId: baselineRunId, record: baselineRecord, summary: baseline, figures: baselineFigures },
      comparison,
      changes: this.#changes,
      selection: this.#selection,
      notes,
    };
  }
}

/** How a result stands to that of the baseline. */
export function changeOf(
  run: Pick<Candidate, 'score' | 'passed'>,
  baseline: Pick<Candidate, 'score' | 'passed'>,
): CaseChange {
  if (run.score === null || baseline.score === null)
    return run.score === baseline.score ? 'same' : run.score === null ? 'lost' : 'gained';
  if (run.passed !== baseline.passed) return run.passed === true ? 'to-pass' : 'to-fail';
  const difference = run.score - baseline.score;
  if (difference === 0 || isRounding(difference, Math.max(run.score, baseline.score))) return 'same';
  return difference < 0 ? 'lower' : 'higher';
}
