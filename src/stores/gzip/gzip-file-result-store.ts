import { resolve } from 'node:path';
import { AssayError, messageOf } from '../../errors.js';
import type { CaseResult } from '../../evaluation/evaluation-types.js';
import { systemClock, type Clock } from '../../foundation/clock.js';
import { show } from '../../foundation/options.js';
import { AppendQueue } from '../append-queue.js';
import { DurableStore } from '../durable-store.js';
import { BatchSummaryFiles } from './batch-summary-files.js';
import { CaseFiles } from './case-files.js';
import { DirectoryLock, foreignLeases } from './directory-lock.js';
import { namesIn, type FileSystem } from './file-system.js';
import { GzipCompressor } from './gzip-compressor.js';
import type { EncodedAppend, GzipLayout } from './gzip-layout.js';
import { resolveGzipOptions, type GzipFileResultStoreOptions } from './gzip-options.js';
import { GzipShards } from './gzip-shards.js';
import { GzipSingleFiles } from './gzip-single-files.js';
import { encodeResult } from '../result-codec.js';
import { checkQuery } from '../result-query.js';
import { LeaseTable, type RunLease } from '../run-lease.js';
import {
  checkRunQuery,
  matchesRunQuery,
  runRecordOf,
  type RunEnd,
  type RunQuery,
  type RunRecord,
} from '../run-record.js';
import { RunFiles } from './run-files.js';
import type {
  AppendOptions,
  BatchSummary,
  QueriedResult,
  ResultKey,
  ResultQuery,
  ResultStore,
} from '../result-store.js';
import type { RunManifest } from '../run-manifest.js';
import type { ShardDamage } from './shard-reader.js';

/**
 * A {@link ResultStore} in a folder of gzip files that `zcat` reads: one JSON result a line.
 *
 * - Results stand in `results-000001.jsonl.gz`, …; batch summaries in `summaries-000001.jsonl.gz`, …; manifests
 *   in `manifest-<run>.json`. Each store that writes begins a new file.
 * - Reading takes no lock and sees what another process writes. The first write takes the folder's lock and
 *   repairs what an interrupted writer left (`store:recovered`); a second writer gets `ASSAY_STORE_LOCKED`.
 * - Which result of a key counts is worked out at the first read or resume: about 70 bytes of memory a result.
 *   For millions of results in flat memory take SQLite.
 *
 * @example
 * const store = new GzipFileResultStore('results', { durability: 'power' });
 */
export class GzipFileResultStore extends DurableStore implements ResultStore {
  readonly #folder: string;
  readonly #files: FileSystem;
  readonly #clock: Clock;
  readonly #durable: boolean;
  readonly #compressor: GzipCompressor;
  readonly #layout: GzipLayout;
  readonly #summaries: BatchSummaryFiles;
  readonly #cases: CaseFiles;
  readonly #runFiles: RunFiles;
  readonly #leases: LeaseTable;
  readonly #queue: AppendQueue<EncodedAppend, readonly Uint8Array[]>;
  #layoutFits = false;
  #writing: Promise<DirectoryLock> | undefined;
  #written: Promise<unknown> = Promise.resolve(); // the manifest or summary that was begun last

  /**
   * `directory` is created at the first write.
   *
   * @throws AssayError `ASSAY_INVALID_OPTION`.
   */
  constructor(directory: string, options: GzipFileResultStoreOptions = {}) {
    super('GzipFileResultStore', options?.clock ?? systemClock);
    if (typeof directory !== 'string' || directory === '') {
      throw new AssayError(
        'ASSAY_INVALID_OPTION',
        `Expected the directory of GzipFileResultStore to be a non-empty string, got ${show(directory)}`,
      );
    }
    const { layout, durability, codec, level, shardBytes, groupSize, compression, files, clock } =
      resolveGzipOptions(options);
    this.#folder = resolve(directory); // the host may change its working directory
    this.#files = files;
    this.#clock = clock;
    this.#leases = new LeaseTable(this.#clock);
    this.#durable = durability === 'power';
    this.#compressor = new GzipCompressor(codec, {
      level,
      onFallback: (fallback) => {
        if (this.wants('worker:fallback')) this.emit('worker:fallback', fallback);
      },
    });
    const place = { folder: this.#folder, files: this.#files, durability, shardBytes };
    const onDamage = (damage: ShardDamage): void => this.#recovered(damage);
    this.#layout =
      layout === 'shards'
        ? new GzipShards({ ...place, memberRows: groupSize }, { compressor: this.#compressor, onDamage })
        : new GzipSingleFiles({ ...place, compression }, this.#compressor, onDamage);
    this.#summaries = new BatchSummaryFiles(place, { compressor: this.#compressor, onDamage });
    this.#cases = new CaseFiles(place, { compressor: this.#compressor, onDamage });
    this.#runFiles = new RunFiles(place);
    this.#queue = new AppendQueue({
      groupSize,
      prepare: (appends) => this.#layout.prepare(appends),
      store: (appends, prepared) => this.#store(appends, prepared),
      onError: (error) => this.reportError(error),
    });
  }

  /** {@inheritDoc ResultStore.begin} */
  async begin(
    manifest: RunManifest,
    { lease }: { readonly lease?: RunLease | undefined } = {},
  ): Promise<RunManifest> {
    const { runId } = manifest;
    return this.#write(
      async (lock) => {
        if (lease !== undefined) {
          this.#leases.take(lease);
          await lock.addRun(runId);
          if (lease.part === '') await this.#runFiles.removeEnd(runId);
        }
        const known = await this.#runFiles.manifest(runId);
        if (known !== undefined) return known;
        await this.#runFiles.putManifest(manifest);
        return JSON.parse(JSON.stringify(manifest)) as RunManifest;
      },
      lease === undefined ? undefined : runId,
    );
  }

  /** {@inheritDoc ResultStore.renew} */
  async renew(lease: RunLease): Promise<void> {
    await this.#write(async () => this.#leases.renew(lease));
  }

  /** {@inheritDoc ResultStore.release} */
  async release(lease: RunLease): Promise<void> {
    this.checkOpen();
    this.#leases.release(lease);
  }

  /** {@inheritDoc ResultStore.finish} */
  async finish(end: RunEnd, { lease }: Pick<AppendOptions, 'lease'> = {}): Promise<void> {
    await this.#write(async () => {
      if (lease !== undefined) this.#leases.check(lease);
      await this.#runFiles.putEnd(end);
    });
  }

  /** {@inheritDoc ResultStore.manifest} */
  async manifest(runId: string): Promise<RunManifest | undefined> {
    this.checkOpen();
    return this.#reading(() => this.#runFiles.manifest(runId));
  }

  // A manifest that is damaged is told by `store:error` and left out; so is an end, and the run counts as crashed.
  /** {@inheritDoc ResultStore.runs} */
  async *runs(query: RunQuery = {}): AsyncGenerator<RunRecord, void, undefined> {
    this.checkOpen();
    const asked = checkRunQuery(query);
    let left = asked.limit ?? Number.POSITIVE_INFINITY;
    const own = (await this.#writing?.catch(() => undefined))?.name;
    const foreign = await this.#reading(() => foreignLeases(this.#folder, { own, clock: this.#clock }));
    const onDamage = (error: unknown): void => this.reportError(error);
    const manifests = await this.#reading(() => this.#runFiles.manifests(onDamage));
    for (const manifest of manifests) {
      if (left <= 0) return;
      this.checkOpen();
      const { runId } = manifest;
      const now = this.#clock.wallTime();
      const end = (await this.#reading(() => this.#runFiles.end(runId, onDamage))) ?? null;
      // What others wrote under their lock they may have ended since: then there is an end.
      const others = end === null ? foreign.filter((lease) => lease.runId === runId) : [];
      const run = { manifest, end, leases: [...this.#leases.of(runId), ...others] };
      if (!matchesRunQuery(run, asked, now)) continue;
      left -= 1;
      yield runRecordOf(run, { results: await this.#reading(() => this.#layout.counts(runId)), now });
    }
  }

  /** {@inheritDoc ResultStore.append} */
  async append(results: readonly CaseResult[], { lease, cases = [] }: AppendOptions = {}): Promise<void> {
    this.checkOpen();
    if (results.length === 0 && cases.length === 0) return;
    let lines: string[];
    try {
      lines = results.map(encodeResult);
    } catch (error) {
      this.reportError(error);
      throw error;
    }
    await this.#queue.add({ results, lines, cases, lease }, results.length);
  }

  /** {@inheritDoc ResultStore.appendBatchSummary} */
  async appendBatchSummary(summary: BatchSummary): Promise<void> {
    await this.#write(() => this.#summaries.append(summary));
  }

  /** {@inheritDoc ResultStore.finishedKeys} */
  async finishedKeys(
    runId: string,
    keys: readonly ResultKey[],
  ): Promise<(CaseResult['outcome'] | undefined)[]> {
    this.checkOpen();
    return this.#reading(() => this.#layout.outcomes(runId, keys));
  }

  /** {@inheritDoc ResultStore.query} */
  async *query(query: ResultQuery = {}): AsyncGenerator<QueriedResult, void, undefined> {
    this.checkOpen();
    const asked = checkQuery(query);
    const { withCase = false } = asked;
    if (withCase) await this.#reading(() => this.#cases.refresh());
    const results = this.#layout.query(asked);
    for (;;) {
      const { value: result, done } = await this.#reading(() => results.next());
      if (done === true) return;
      this.checkOpen();
      const { caseHash } = result;
      const testCase =
        withCase && caseHash !== undefined
          ? await this.#reading(() => this.#cases.find(caseHash))
          : undefined;
      yield testCase === undefined ? result : { ...result, testCase };
    }
  }

  /** {@inheritDoc ResultStore.summaries} */
  async *summaries(runId: string): AsyncGenerator<BatchSummary, void, undefined> {
    this.checkOpen();
    for (const summary of await this.#reading(() => this.#summaries.ofRun(runId))) {
      this.checkOpen();
      yield summary;
    }
  }

  /** Stores what was appended, then closes files, ends the worker thread and gives the lock back. */
  protected override async finishAndFree(): Promise<void> {
    await this.#queue.idle();
    await this.#written;
    await this.#summaries.close();
    await this.#layout.close();
    await this.#cases.close();
    await this.#compressor.close();
    const lock = await this.#writing?.catch(() => undefined); // who wrote was told
    await lock?.release();
  }

  async #store(appends: readonly EncodedAppend[], prepared: readonly Uint8Array[]): Promise<void> {
    const started = this.#clock.now();
    try {
      const lock = await this.#mayWrite();
      for (const { lease } of appends) if (lease !== undefined) this.#leases.check(lease);
      const caseBytes = await this.#cases.append(appends.flatMap(({ cases }) => cases));
      const bytes = caseBytes + (await this.#layout.store(appends, prepared));
      await lock.check(); // what a process wrote that slept meanwhile does not count
      const results = appends.reduce((sum, { lines }) => sum + lines.length, 0);
      this.reportFlush(started, results, bytes);
    } catch (error) {
      throw this.#toStoreError(error, 'Storing results');
    }
  }

  /** Writes a manifest or a summary, one at a time; `runId` is the run that the lock would be taken for. */
  #write<Result>(work: (lock: DirectoryLock) => Promise<Result>, runId?: string): Promise<Result> {
    this.checkOpen();
    const written = this.#written.then(async () => {
      try {
        return await work(await this.#mayWrite(runId));
      } catch (error) {
        const failure = this.#toStoreError(error, 'Writing');
        if (failure.code !== 'ASSAY_RUN_ACTIVE') this.reportError(failure);
        throw failure;
      }
    });
    this.#written = written.catch(() => {}); // the caller gets the error
    return written;
  }

  async #reading<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      await this.#checkLayout();
      return await work();
    } catch (error) {
      throw this.#toStoreError(error, 'Reading');
    }
  }

  /** Takes the lock and repairs the folder, once; later only looks whether it is still held. */
  async #mayWrite(runId?: string): Promise<DirectoryLock> {
    this.#writing ??= this.#startWriting(runId);
    let lock: DirectoryLock;
    try {
      lock = await this.#writing;
    } catch (error) {
      this.#writing = undefined; // the lock may be free next time, the folder there
      throw error;
    }
    await lock.check();
    return lock;
  }

  /** Refuses a folder with results of the other layout alone: it would look as if it held none, and be asked again. */
  async #checkLayout(): Promise<void> {
    if (this.#layoutFits) return;
    const names = await namesIn(this.#folder);
    const single = this.#layout instanceof GzipSingleFiles;
    const holds = (prefix: string): boolean => names.some((name) => name.startsWith(prefix));
    if (holds(single ? 'results-' : 'run-') && !holds(single ? 'run-' : 'results-'))
      throw new AssayError(
        'ASSAY_INVALID_OPTION',
        `Expected the layout of ${this.#folder} to be the one of its results, '${single ? 'shards' : 'file-per-result'}', got the other`,
      );
    this.#layoutFits = true;
  }

  async #startWriting(runId: string | undefined): Promise<DirectoryLock> {
    await this.#checkLayout();
    const lock = await DirectoryLock.take(this.#folder, {
      clock: this.#clock,
      files: this.#files,
      durable: this.#durable,
      runId,
    });
    try {
      await this.#layout.repair();
      await this.#summaries.repair();
      await this.#cases.repair();
    } catch (error) {
      await lock.release();
      throw error;
    }
    return lock;
  }

  #recovered(damage: ShardDamage): void {
    if (!this.wants('store:recovered')) return;
    const { file, keptRows, bytes, reason } = damage;
    this.emit('store:recovered', {
      at: this.#clock.wallTime(),
      file,
      keptResults: keptRows,
      cutBytes: bytes,
      reason,
    });
  }

  #toStoreError(error: unknown, what: string): AssayError {
    if (AssayError.is(error)) return error;
    const code = (error as NodeJS.ErrnoException | null)?.code ?? '';
    const retryable = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EMFILE', 'ENFILE'].includes(code);
    return new AssayError('ASSAY_STORE_FAILED', `${what} failed in ${this.#folder}: ${messageOf(error)}`, {
      cause: error,
      retryable,
    });
  }
}
