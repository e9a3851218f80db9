import { AssayError } from '../errors.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';
import { isOneByte } from '../foundation/byte-size.js';
import { systemClock, type Clock } from '../foundation/clock.js';
import { EventSource } from '../foundation/event-source.js';
import { checkOptions, object } from '../foundation/options.js';
import { TurnGiver } from '../foundation/event-loop-turns.js';
import { decodeResult, encodeResult } from './result-codec.js';
import { checkQuery, factsOf, matchesFacts, matchesRest, orderOf, type ResultFacts } from './result-query.js';
import { LeaseTable, type RunLease } from './run-lease.js';
import {
  checkRunQuery,
  compareRuns,
  manifestAtEnd,
  matchesRunQuery,
  runRecordOf,
  type RunEnd,
  type RunQuery,
  type RunRecord,
  type StoredRunFacts,
} from './run-record.js';
import { readCase, type KeptCase } from './kept-case.js';
import {
  OUTCOME_RANK,
  type AppendOptions,
  type BatchSummary,
  type QueriedResult,
  type ResultKey,
  type ResultQuery,
  type ResultStore,
  type ResultStoreEvents,
} from './result-store.js';
import type { RunManifest } from './run-manifest.js';

type Encoding = 'latin1' | 'utf16le'; // one byte a character where that does, else two

const LONG_TEXT = 200; // characters; shorter ones stay in the JSON

/**
 * What queries ask of a stored result, and where its JSON and the text of its answer stand. The bytes of many results
 * are one buffer outside the heap: strings would be copied by the collector again and again.
 *
 * A long text stands beside the JSON, which would search it for quotes and copy it twice more: with it, and with the
 * facts in an object of their own, a stored case took 5 to 10 % more CPU of its run.
 */
class StoredResult implements ResultFacts {
  readonly runId: string;
  readonly caseId: string;
  readonly repetition: number;
  readonly outcome: CaseResult['outcome'];
  readonly model: string | null;
  readonly startedAt: number;
  readonly score: number | null;
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #middle: number; // where the JSON ends and the text begins
  readonly #end: number;
  readonly #json: Encoding;
  readonly #text: Encoding;

  /** Writes it into `bytes`. */
  constructor(
    facts: ResultFacts,
    { json, text }: EncodedResult,
    { bytes, start }: { readonly bytes: Buffer; readonly start: number },
  ) {
    this.runId = facts.runId;
    this.caseId = facts.caseId;
    this.repetition = facts.repetition;
    this.outcome = facts.outcome;
    this.model = facts.model;
    this.startedAt = facts.startedAt;
    this.score = facts.score;
    this.#bytes = bytes;
    this.#json = encodingOf(json);
    this.#text = encodingOf(text);
    this.#start = start;
    this.#middle = start + bytes.write(json, start, this.#json);
    this.#end = this.#middle + bytes.write(text, this.#middle, this.#text);
  }

  /** Where the next one can begin. */
  get end(): number {
    return this.#end;
  }

  decode(): CaseResult {
    const result = decodeResult(this.#bytes.toString(this.#json, this.#start, this.#middle));
    if (this.#end === this.#middle) return result;
    const text = this.#bytes.toString(this.#text, this.#middle, this.#end);
    return { ...result, response: { ...result.response, text } } as CaseResult;
  }
}

/** Where the text of a kept case stands: outside the heap, as results do. */
interface StoredText {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  readonly encoding: Encoding;
}

/** A result on its way into a buffer. */
interface EncodedResult {
  readonly json: string;
  /** The text of the answer; empty when the JSON holds it. */
  readonly text: string;
}

function encode(result: CaseResult): EncodedResult {
  const text = result.response?.text ?? '';
  if (text.length < LONG_TEXT) return { json: encodeResult(result), text: '' };
  const rest = { ...result, response: { ...result.response, text: '' } } as CaseResult;
  return { json: encodeResult(rest), text };
}

const encodingOf = (text: string): Encoding => (isOneByte(text) ? 'latin1' : 'utf16le');

const bytesOf = (text: string): number => (isOneByte(text) ? text.length : 2 * text.length);

interface StoredRun {
  manifest?: string;
  end?: string;
  /** By repetition and case. */
  readonly results: Map<number, Map<string, StoredResult>>;
  readonly summaries: Map<string, BatchSummary>;
}

/** Options of a {@link MemoryResultStore}. */
export interface MemoryResultStoreOptions {
  /** Where time comes from. @default the machine's clock */
  readonly clock?: Clock | undefined;
}

/**
 * A {@link ResultStore} in memory, for tests and for runs whose results are read at once. Nothing survives the
 * process. Results are kept as text (about their size on disk), so what was stored never changes when the
 * host changes its objects.
 *
 * @example
 * const store = new MemoryResultStore();
 * const processor = new BatchProcessor({ target, evaluator, store });
 */
export class MemoryResultStore extends EventSource<ResultStoreEvents> implements ResultStore {
  readonly #runs = new Map<string, StoredRun>();
  readonly #leases: LeaseTable;
  readonly #cases = new Map<string, StoredText>(); // by hash
  readonly #clock: Clock;
  #closed = false;

  /** @throws AssayError `ASSAY_INVALID_OPTION`. */
  constructor(options: MemoryResultStoreOptions = {}) {
    super();
    const { clock } = checkOptions<MemoryResultStoreOptions>('MemoryResultStore', options, { clock: object });
    this.#clock = clock ?? systemClock;
    this.#leases = new LeaseTable(this.#clock);
  }

  /** {@inheritDoc ResultStore.begin} */
  async begin(
    manifest: RunManifest,
    { lease }: { readonly lease?: RunLease | undefined } = {},
  ): Promise<RunManifest> {
    const run = this.#run(manifest.runId);
    if (lease !== undefined) {
      this.#leases.take(lease);
      if (lease.part === '') delete run.end;
    }
    run.manifest ??= JSON.stringify(manifest);
    return JSON.parse(run.manifest) as RunManifest;
  }

  /** {@inheritDoc ResultStore.renew} */
  async renew(lease: RunLease): Promise<void> {
    this.#check();
    this.#leases.renew(lease);
  }

  /** {@inheritDoc ResultStore.release} */
  async release(lease: RunLease): Promise<void> {
    this.#check();
    this.#leases.release(lease);
  }

  /** {@inheritDoc ResultStore.finish} */
  async finish(end: RunEnd, { lease }: Pick<AppendOptions, 'lease'> = {}): Promise<void> {
    const run = this.#run(end.runId);
    if (lease !== undefined) this.#leases.check(lease);
    run.end = JSON.stringify(end);
    if (run.manifest !== undefined)
      run.manifest = JSON.stringify(manifestAtEnd(JSON.parse(run.manifest) as RunManifest, end));
  }

  /** {@inheritDoc ResultStore.manifest} */
  async manifest(runId: string): Promise<RunManifest | undefined> {
    this.#check();
    const text = this.#runs.get(runId)?.manifest;
    return text === undefined ? undefined : (JSON.parse(text) as RunManifest);
  }

  /** {@inheritDoc ResultStore.runs} */
  async *runs(query: RunQuery = {}): AsyncGenerator<RunRecord, void, undefined> {
    this.#check();
    const asked = checkRunQuery(query);
    const now = this.#clock.wallTime();
    const found = [...this.#runs.values()]
      .flatMap((run) => this.#factsOf(run) ?? [])
      .filter((run) => matchesRunQuery(run, asked, now))
      .sort((a, b) => compareRuns(a.manifest, b.manifest));
    for (const run of found.slice(0, asked.limit)) {
      this.#check();
      yield runRecordOf(run, { results: this.#countsOf(run.manifest.runId), now });
    }
  }

  /** {@inheritDoc ResultStore.append} */
  async append(results: readonly CaseResult[], { lease, cases = [] }: AppendOptions = {}): Promise<void> {
    this.#check();
    if (lease !== undefined) this.#leases.check(lease);
    const started = this.#clock.now();
    const encoded = results.map(encode);
    const size = encoded.reduce((sum, { json, text }) => sum + bytesOf(json) + bytesOf(text), 0);
    this.#keep(cases);
    const bytes = Buffer.allocUnsafeSlow(size);
    let end = 0;
    for (const [index, result] of results.entries()) {
      const row = new StoredResult(factsOf(result), encoded[index]!, { bytes, start: end });
      end = row.end;
      const stored = this.#repetition(row);
      const known = stored.get(row.caseId);
      if (known === undefined || OUTCOME_RANK[known.outcome] <= OUTCOME_RANK[row.outcome])
        stored.set(row.caseId, row);
    }
    if (results.length > 0 && this.wants('store:flush')) {
      const durationMs = this.#clock.now() - started;
      const at = this.#clock.wallTime();
      this.emit('store:flush', { at, results: results.length, bytes: bytes.length, durationMs });
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
    return keys.map(({ caseId, repetition }) => stored?.get(repetition)?.get(caseId)?.outcome);
  }

  /** {@inheritDoc ResultStore.query} */
  async *query(query: ResultQuery = {}): AsyncGenerator<QueriedResult, void, undefined> {
    this.#check();
    const asked = checkQuery(query);
    const found: StoredResult[] = [];
    for (const run of this.#runs.values()) {
      for (const repetition of run.results.values())
        for (const row of repetition.values()) if (matchesFacts(row, asked)) found.push(row);
    }
    found.sort(orderOf(asked.order));
    const turns = new TurnGiver(() => this.#clock.now());
    let left = asked.limit ?? Number.POSITIVE_INFINITY;
    for (const row of found) {
      if (left <= 0) return;
      const turn = turns.due();
      if (turn !== undefined) await turn;
      this.#check();
      const result = row.decode();
      if (!matchesRest(result, asked)) continue;
      left -= 1;
      const kept = asked.withCase === true ? this.#cases.get(result.caseHash ?? '') : undefined;
      yield kept === undefined
        ? result
        : { ...result, testCase: readCase(kept.bytes.toString(kept.encoding, kept.start, kept.end)) };
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
    this.#cases.clear();
  }

  /** Same as {@link MemoryResultStore.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Writes the cases that are new into one buffer. */
  #keep(cases: readonly KeptCase[]): void {
    const fresh = new Map<string, string>();
    let size = 0;
    for (const { hash, text } of cases) {
      if (this.#cases.has(hash) || fresh.has(hash)) continue;
      fresh.set(hash, text);
      size += bytesOf(text);
    }
    const bytes = Buffer.allocUnsafeSlow(size);
    let start = 0;
    for (const [hash, text] of fresh) {
      const encoding = encodingOf(text);
      const end = start + bytes.write(text, start, encoding);
      this.#cases.set(hash, { bytes, start, end, encoding });
      start = end;
    }
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

  #factsOf({ manifest, end }: StoredRun): StoredRunFacts | undefined {
    if (manifest === undefined) return undefined;
    const parsed = JSON.parse(manifest) as RunManifest;
    return {
      manifest: parsed,
      end: end === undefined ? null : (JSON.parse(end) as RunEnd),
      leases: this.#leases.of(parsed.runId),
    };
  }

  #countsOf(runId: string): RunRecord['results'] {
    const counts = { scored: 0, unscored: 0, errored: 0 };
    for (const repetition of this.#runs.get(runId)?.results.values() ?? [])
      for (const { outcome } of repetition.values()) counts[outcome] += 1;
    return counts;
  }

  #repetition({ runId, repetition }: ResultFacts): Map<string, StoredResult> {
    const { results } = this.#run(runId);
    let stored = results.get(repetition);
    if (stored === undefined) {
      stored = new Map();
      results.set(repetition, stored);
    }
    return stored;
  }

  #check(): void {
    if (this.#closed) throw new AssayError('ASSAY_CLOSED', 'The MemoryResultStore is closed');
  }
}
