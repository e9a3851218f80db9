import type { CaseResult } from '../../evaluation/evaluation-types.js';
import type { KeptCase } from '../kept-case.js';
import type { RunLease } from '../run-lease.js';
import type { RunRecord } from '../run-record.js';
import type { ResultKey, ResultQuery } from '../result-store.js';

/** An append, encoded. */
export interface EncodedAppend {
  readonly results: readonly CaseResult[];
  /** One line of JSON a result, without the line break. */
  readonly lines: readonly string[];
  readonly cases: readonly KeptCase[];
  /** What must be held for it to be stored. */
  readonly lease: RunLease | undefined;
}

/** How a GzipFileResultStore lays results out in its folder. */
export interface GzipLayout {
  /** Repairs what an interrupted writer left behind; called once, with the right to write. */
  repair(): Promise<void>;
  /** Makes the first half of {@link GzipLayout.store} ready (compressing), which may run during another store. */
  prepare(appends: readonly EncodedAppend[]): Promise<readonly Uint8Array[]>;
  /** Stores what was prepared; resolves to the bytes written when it is durable. */
  store(appends: readonly EncodedAppend[], prepared: readonly Uint8Array[]): Promise<number>;
  /** The stored outcome of each key. */
  outcomes(runId: string, keys: readonly ResultKey[]): Promise<(CaseResult['outcome'] | undefined)[]>;
  /** Stored results of a run by outcome. */
  counts(runId: string): Promise<RunRecord['results']>;
  /** Streams results. */
  query(query: ResultQuery): AsyncGenerator<CaseResult, void, undefined>;
  /** Closes files. */
  close(): Promise<void>;
}
