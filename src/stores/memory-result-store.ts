import { AssayError } from '../errors.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';
import { EventSource } from '../foundation/event-source.js';
import { decodeResult, encodeResult } from './result-codec.js';
import { checkQuery, compareFacts, factsOf, matchesQuery, type ResultFacts } from './result-query.js';
import {
  OUTCOME_RANK,
  type BatchSummary,
  type ResultKey,
  type ResultQuery,
  type ResultStore,
  type ResultStoreEvents,
  type RunManifest,
} from './result-store.js';

/** Where a stored result's JSON stands. Text of many results is one buffer outside the heap: strings would be copied by the collector again and again. */
interface StoredResult {
  readonly facts: ResultFacts;
  readonly text: Buffer;
  readonly start: number;
  readonly end: number;
}

interface StoredRun {
  manifest?: string;
  readonly results: Map<string, StoredResult>;
  readonly summaries: Map<string, BatchSummary>;
}

/**
 * A {@link ResultStore} in memory, for tests and for runs whose results are read at once. Nothing survives the
 * process. Results are kept as JSON text (about their size on disk), so what was stored never changes when the
 * host changes its objects.
 *
 * @example
 * const store = new MemoryResultStore();
 * const processor = new BatchProcessor({ target, evaluator, store });
 */
export class MemoryResultStore extends EventSource<ResultStoreEvents> implements ResultStore {
  readonly #runs = new Map<string, StoredRun>();
  #closed = false;

  /** {@inheritDoc ResultStore.begin} */
  async begin(manifest: RunManifest): Promise<RunManifest> {
    const run = this.#run(manifest.runId);
    run.manifest ??= JSON.stringify(manifest);
    return JSON.parse(run.manifest) as RunManifest;
  }

  /** {@inheritDoc ResultStore.manifest} */
  async manifest(runId: string): Promise<RunManifest | undefined> {
    this.#check();
    const text = this.#runs.get(runId)?.manifest;
    return text === undefined ? undefined : (JSON.parse(text) as RunManifest);
  }

  /** {@inheritDoc ResultStore.append} */
  async append(results: readonly CaseResult[]): Promise<void> {
    this.#check();
    const started = performance.now();
    const lines = results.map(encodeResult);
    const text = Buffer.allocUnsafeSlow(lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0));
    let start = 0;
    for (const [index, result] of results.entries()) {
      const end = start + text.write(lines[index]!, start);
      const stored = this.#run(result.runId).results;
      const key = keyOf(result);
      const known = stored.get(key);
      if (known === undefined || OUTCOME_RANK[known.facts.outcome] <= OUTCOME_RANK[result.outcome]) {
        stored.set(key, { facts: factsOf(result), text, start, end });
      }
      start = end;
    }
    if (results.length > 0 && this.wants('store:flush')) {
      const durationMs = performance.now() - started;
      this.emit('store:flush', { at: Date.now(), results: results.length, bytes: text.length, durationMs });
    }
  }

  /** {@inheritDoc ResultStore.appendBatchSummary} */
  async appendBatchSummary(summary: BatchSummary): Promise<void> {
    this.#run(summary.runId).summaries.set(summary.batchId, { ...summary });
  }

  /** {@inheritDoc ResultStore.finishedKeys} */
  async finishedKeys(
    runId: string,
    keys: readonly ResultKey[],
  ): Promise<(CaseResult['outcome'] | undefined)[]> {
    this.#check();
    const stored = this.#runs.get(runId)?.results;
    return keys.map((key) => stored?.get(keyOf(key))?.facts.outcome);
  }

  /** {@inheritDoc ResultStore.query} */
  async *query(query: ResultQuery = {}): AsyncGenerator<CaseResult, void, undefined> {
    this.#check();
    const asked = checkQuery(query);
    const found: StoredResult[] = [];
    for (const run of this.#runs.values()) {
      for (const row of run.results.values()) if (matchesQuery(row.facts, asked)) found.push(row);
    }
    found.sort((a, b) => compareFacts(a.facts, b.facts));
    if (asked.order === 'newest-first') found.reverse();
    for (const row of found.slice(0, asked.limit)) {
      this.#check();
      yield decodeResult(row.text.toString('utf8', row.start, row.end));
    }
  }

  /** {@inheritDoc ResultStore.summaries} */
  async *summaries(runId: string): AsyncGenerator<BatchSummary, void, undefined> {
    this.#check();
    const found = [...(this.#runs.get(runId)?.summaries.values() ?? [])].sort((a, b) => a.at - b.at);
    for (const summary of found) {
      this.#check();
      yield { ...summary };
    }
  }

  /** {@inheritDoc ResultStore.close} */
  async close(): Promise<void> {
    this.#closed = true;
    this.#runs.clear();
  }

  /** Same as {@link MemoryResultStore.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #run(runId: string): StoredRun {
    this.#check();
    let run = this.#runs.get(runId);
    if (run === undefined) {
      run = { results: new Map(), summaries: new Map() };
      this.#runs.set(runId, run);
    }
    return run;
  }

  #check(): void {
    if (this.#closed) throw new AssayError('ASSAY_CLOSED', 'The MemoryResultStore is closed');
  }
}

const keyOf = (key: ResultKey): string => `${key.repetition}:${key.caseId}`;
