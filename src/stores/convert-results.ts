import { AssayError } from '../errors.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';
import { checkOptions, integer, signal, text } from '../foundation/options.js';
import { keepCase, type CaseParts, type KeptCase } from './kept-case.js';
import type { ResultStore } from './result-store.js';

const NO_PARTS: CaseParts = {
  input: undefined,
  expected: undefined,
  metadata: undefined,
  group: undefined,
  cluster: undefined,
};

/** Options of {@link convertResults}. */
export interface ConvertResultsOptions {
  /** The run to copy. */
  readonly runId: string;
  /** Results in one append, >= 1. @default 500 */
  readonly batchSize?: number | undefined;
  /** Ends the copying between two batches; what was copied stays, and copying again completes it. */
  readonly signal?: AbortSignal | undefined;
}

/** What {@link convertResults} has copied. */
export interface ConvertedResults {
  /** Results that were read and appended. */
  readonly results: number;
  /** Batch summaries. */
  readonly summaries: number;
  /** Whether the run had a manifest. */
  readonly manifest: boolean;
}

/**
 * Copies a run with its manifest, results, kept cases, batch summaries and end from one store to another, whatever they are, in
 * flat memory. Copying twice is harmless, and a result that is worth more in `to` stays.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION` for a bad option, `ASSAY_MANIFEST_MISMATCH` when `to` has another run
 * of this id, `ASSAY_ABORTED` when `signal` aborts; errors of the stores pass through.
 *
 * @example
 * await convertResults(new GzipFileResultStore('results'), new SqliteResultStore('results.db'), { runId: 'nightly-42' });
 */
export async function convertResults(
  from: ResultStore,
  to: ResultStore,
  options: ConvertResultsOptions,
): Promise<ConvertedResults> {
  const {
    runId,
    batchSize = 500,
    signal: abort,
  } = checkOptions<ConvertResultsOptions>('convertResults', options, {
    runId: text,
    batchSize: integer(1),
    signal,
  });
  if (runId === undefined) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      'Expected `runId` of convertResults to be a non-empty string, got undefined',
    );
  }
  const manifest = await copyManifest(from, to, runId);
  let results = 0;
  let batch: CaseResult[] = [];
  let cases: KeptCase[] = [];
  const store = async (): Promise<void> => {
    if (abort?.aborted === true) {
      throw new AssayError('ASSAY_ABORTED', `Copying was ended after ${results} results`, {
        cause: abort.reason,
      });
    }
    await to.append(batch, { cases });
    results += batch.length;
    batch = [];
    cases = [];
  };
  for await (const { testCase, ...result } of from.query({ runId, withCase: true })) {
    batch.push(result as CaseResult);
    if (testCase !== undefined) cases.push(keepCase({ ...NO_PARTS, ...testCase }));
    if (batch.length >= batchSize) await store();
  }
  await store();
  let summaries = 0;
  for await (const summary of from.summaries(runId)) {
    await to.appendBatchSummary(summary);
    summaries += 1;
  }
  for await (const { end } of from.runs({ runId })) if (end !== null) await to.finish(end);
  return { results, summaries, manifest };
}

/** Resolves to whether the run has one. */
async function copyManifest(from: ResultStore, to: ResultStore, runId: string): Promise<boolean> {
  const manifest = await from.manifest(runId);
  if (manifest === undefined) return false;
  const standing = await to.begin(manifest);
  if (
    standing.configurationHash !== manifest.configurationHash ||
    standing.startedAt !== manifest.startedAt
  ) {
    throw new AssayError(
      'ASSAY_MANIFEST_MISMATCH',
      `The run ${JSON.stringify(runId)} in the store that is copied to is not the one that is copied`,
    );
  }
  return true;
}
