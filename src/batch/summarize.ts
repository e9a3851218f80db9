import { AssayError } from '../errors.js';
import type { Evaluator } from '../evaluation/evaluator.js';
import { boolean, checkArgument, checkOptions, object, signal, text } from '../foundation/options.js';
import type { ResultStore } from '../stores/result-store.js';
import type { RunManifest } from '../stores/run-manifest.js';
import type { RunRecord } from '../stores/run-record.js';
import { RunStatistics } from './summary/run-statistics.js';
import { createRunSummary, type RunSummary, type RunSummaryData } from './summary/run-summary.js';

const MOST_MODELS = 100; // that the end of a run names

/** Options of {@link summarize}. */
export interface SummarizeOptions {
  /** Compute the summary from the stored results even if the run has left one. @default false */
  readonly recompute?: boolean | undefined;
  /** Whose metrics of the whole run (corpus BLEU, say) are computed; needed only when the run has left no summary. */
  readonly evaluator?: Pick<Evaluator, 'dimensions' | 'corpusMetrics'> | undefined;
  /** Ends the reading. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The summary of a stored run, after its process has ended: the very one that the run came to, bit for bit.
 *
 * A run that has left none (it is running, it crashed, its results were brought from elsewhere) is summed up from its
 * results, streamed in flat memory: what they hold is the same to the last bit, whatever their order. What only the run
 * knew is then that of the results: `startedAt` and `durationMs` from the first start to the last end, `submitted` those that
 * are stored, `stopReason` `'end'`, `budget` `null`; a line in `warnings` says so.
 *
 * @throws AssayError `ASSAY_EMPTY_INPUT` for a run that the store does not know, `ASSAY_INVALID_OPTION`, `ASSAY_ABORTED`.
 *
 * @example
 * const summary = await summarize(store, 'nightly-42');
 * console.log(summary.toString());
 */
export async function summarize(
  store: Pick<ResultStore, 'query' | 'runs'>,
  runId: string,
  options: SummarizeOptions = {},
): Promise<RunSummary> {
  checkArgument(runId, text, ' as the id of the run to summarize');
  const checked = checkOptions<SummarizeOptions>('summarize', options, {
    recompute: boolean,
    evaluator: object,
    signal,
  });
  const record = await recordOf(store, runId);
  const left = record?.end?.summary as unknown as RunSummaryData | undefined;
  if (left !== undefined && checked.recompute !== true) return createRunSummary(left);
  return fromResults(store, { runId, record, options: checked });
}

async function recordOf(store: Pick<ResultStore, 'runs'>, runId: string): Promise<RunRecord | undefined> {
  for await (const record of store.runs({ runId })) return record;
  return undefined;
}

async function fromResults(
  store: Pick<ResultStore, 'query'>,
  {
    runId,
    record,
    options,
  }: { readonly runId: string; readonly record: RunRecord | undefined; readonly options: SummarizeOptions },
): Promise<RunSummary> {
  const read = await readStatistics(store, { runId, ...record?.manifest }, options);
  const { statistics, firstAt, lastAt } = read;
  const { statistics: known } = record?.manifest ?? {};
  if (statistics.results === 0 && record === undefined)
    throw new AssayError(
      'ASSAY_EMPTY_INPUT',
      `Expected a run that the store has, got ${JSON.stringify(runId)}`,
    );
  const left = record?.end?.summary as unknown as RunSummaryData | undefined;
  const found = statistics.results > 0;
  const summary = statistics.summary({
    runId,
    startedAt: left?.startedAt ?? (found ? firstAt : (record?.manifest.startedAt ?? 0)),
    durationMs: left?.durationMs ?? (found ? lastAt - firstAt : 0),
    stopReason: left?.stopReason ?? 'end',
    submitted: statistics.results,
    skipped: 0,
    confidenceLevel: known?.confidenceLevel ?? 0.95,
    warnings: [
      `summed up from the stored results${record === undefined ? '' : ` of a run that is ${stateOf(record)}`}`,
    ],
  });
  return left === undefined
    ? summary
    : createRunSummary({ ...summary, corpus: { ...left.corpus, ...summary.corpus } });
}

/** The numbers of a run as its stored results give them, and what else they tell. */
export interface StoredStatistics {
  readonly statistics: RunStatistics;
  /** First start of a result, milliseconds since the epoch; `Infinity` when there is none. */
  readonly firstAt: number;
  /** Last end of a result; `-Infinity` when there is none. */
  readonly lastAt: number;
  /** Models that answered. */
  readonly models: ReadonlySet<string>;
}

/** Reads the results of a run in flat memory. @throws AssayError `ASSAY_ABORTED`. */
export async function readStatistics(
  store: Pick<ResultStore, 'query'>,
  manifest: Pick<RunManifest, 'runId'> & Partial<RunManifest>,
  { evaluator, signal: abort }: Pick<SummarizeOptions, 'evaluator' | 'signal'> = {},
): Promise<StoredStatistics> {
  const { runId, statistics: known, repetitions = 1 } = manifest;
  const statistics = new RunStatistics({
    repetitions,
    passThreshold: known?.passThreshold ?? undefined,
    evaluator: { dimensions: known?.dimensions ?? [], ...evaluator },
  });
  let firstAt = Number.POSITIVE_INFINITY;
  let lastAt = Number.NEGATIVE_INFINITY;
  const models = new Set<string>();
  for await (const result of store.query({ runId })) {
    if (abort?.aborted === true)
      throw new AssayError('ASSAY_ABORTED', 'Summing up was aborted', { cause: abort.reason });
    statistics.add(result);
    firstAt = Math.min(firstAt, result.startedAt);
    lastAt = Math.max(lastAt, result.startedAt + result.timings.targetMs + result.timings.evaluationMs);
    if (result.model !== null && models.size < MOST_MODELS) models.add(result.model);
  }
  return { statistics, firstAt, lastAt, models };
}

const stateOf = ({ state }: RunRecord): string => (state === 'crashed' ? 'without an end' : state);
