import type { CaseResult } from '../evaluation/evaluation-types.js';
import type { BatchSummary, ResultStore } from '../stores/result-store.js';
import type { RunManifest } from '../stores/run-manifest.js';
import { scoredResult } from './sample-results.js';

/** Declares one test of the contract of result stores, on a new store. */
export type StoreTest = (title: string, body: (store: ResultStore) => Promise<void>) => void;

/** `count` results in their order. */
export const numbered = (count: number): CaseResult[] =>
  Array.from({ length: count }, (_, i) =>
    scoredResult({ caseId: `case-${String(i).padStart(5, '0')}`, startedAt: 1_000 + i }),
  );

/** Everything that is streamed. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** The manifest of a run. */
export const manifestOf = (runId: string): RunManifest => ({
  runId,
  evaluator: 'contract',
  evaluatorVersion: '1',
  configurationHash: 'abc',
  conventions: { accuracy: 'exact-match 1' },
  target: { model: 'small', temperature: 0 },
  repetitions: 1,
  startedAt: 1_700_000_000_000,
  packageVersion: '0.1.0',
  labels: { branch: 'main', note: 'ünïcode' },
});

/** The summary of a batch. */
export const summaryOf = (
  runId: string,
  { batchId, at = 1 }: { readonly batchId: string; readonly at?: number | undefined },
): BatchSummary => ({
  runId,
  batchId,
  at,
  total: 3,
  scored: 1,
  unscored: 1,
  errored: 1,
  averageScore: 0.1 + 0.2,
  durationMs: 12.5,
});
