import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AssayError, messageOf } from '../../errors.js';
import type { CaseResult } from '../../evaluation/evaluation-types.js';
import { systemClock, type Clock } from '../../foundation/clock.js';
import { EventSource } from '../../foundation/event-source.js';
import { checkOptions, integer, object, oneOf, show } from '../../foundation/options.js';
import { AppendQueue } from '../append-queue.js';
import { BatchSummaryFiles } from './batch-summary-files.js';
import { DirectoryLock } from './directory-lock.js';
import { nodeFileSystem, writeFully, type FileSystem } from './file-system.js';
import { GzipCompressor } from './gzip-compressor.js';
import type { EncodedAppend, GzipLayout } from './gzip-layout.js';
import { GzipShards } from './gzip-shards.js';
import { GzipSingleFiles, safeRunName } from './gzip-single-files.js';
import { encodeResult } from '../result-codec.js';
import { checkQuery } from '../result-query.js';
import type {
  BatchSummary,
  ResultKey,
  ResultQuery,
  ResultStore,
  ResultStoreEvents,
  RunManifest,
} from '../result-store.js';
import type { ShardDamage } from './shard-reader.js';

/** Options of a {@link GzipFileResultStore}. */
export interface GzipFileResultStoreOptions {
  /**
   * `shards`: append-only files of many results, one gzip member a batch. `file-per-result`: one file a
   * result, for small sets that other tools pick apart; about six times the disk and a fifth of the speed.
   * @default 'shards'
   */
  readonly layout?: 'shards' | 'file-per-result' | undefined;
  /**
   * What an acknowledged result survives: `process` the death of the process, `power` also the loss of power
   * (one sync of the disk a batch).
   * @default 'process'
   */
  readonly durability?: 'process' | 'power' | undefined;
  /**
   * What compresses, in a worker thread either way: `fflate` (JavaScript) or `zlib` (of Node, nearly twice as
   * fast; the thread then holds memory outside of V8). The files are the same kind.
   * @default 'fflate'
   */
  readonly codec?: 'fflate' | 'zlib' | undefined;
  /** 1 (fast) to 9 (small). @default 6 */
  readonly level?: number | undefined;
  /** A shard that has reached this size is closed and another one begun, bytes, >= 1. @default 67108864 (64 MiB) */
  readonly shardBytes?: number | undefined;
  /** Most results in one gzip member, >= 1; single appends are gathered up to it. @default 500 */
  readonly groupSize?: number | undefined;
  /** Where time comes from. @default the machine's clock */
  readonly clock?: Clock | undefined;
  /** What is used to change files: the way in for injected faults. @internal */
  readonly files?: FileSystem | undefined;
}

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
export class GzipFileResultStore extends EventSource<ResultStoreEvents> implements ResultStore {
  readonly #folder: string;
  readonly #files: FileSystem;
  readonly #clock: Clock;
  readonly #durable: boolean;
  readonly #compressor: GzipCompressor;
  readonly #layout: GzipLayout;
  readonly #summaries: BatchSummaryFiles;
  readonly #queue: AppendQueue<EncodedAppend, readonly Uint8Array[]>;
  #writing: Promise<DirectoryLock> | undefined;
  #written: Promise<unknown> = Promise.resolve(); // the manifest or summary that was begun last
  #closing: Promise<void> | undefined;

  /**
   * `directory` is created at the first write.
   *
   * @throws AssayError `ASSAY_INVALID_OPTION`.
   */
  constructor(directory: string, options: GzipFileResultStoreOptions = {}) {
    super();
    if (typeof directory !== 'string' || directory === '') {
      throw new AssayError(
        'ASSAY_INVALID_OPTION',
        `Expected the directory of GzipFileResultStore to be a non-empty string, got ${show(directory)}`,
      );
    }
    const checked = checkOptions<GzipFileResultStoreOptions>('GzipFileResultStore', options, {
      layout: oneOf('shards', 'file-per-result'),
      durability: oneOf('process', 'power'),
      codec: oneOf('fflate', 'zlib'),
      level: integer(1, 9),
      shardBytes: integer(1),
      groupSize: integer(1),
      clock: object,
      files: object,
    });
    const { layout = 'shards', durability = 'process', codec = 'fflate', level = 6 } = checked;
    const { shardBytes = 64 * 1024 * 1024, groupSize = 500 } = checked;
    this.#folder = resolve(directory); // the host may change its working directory
    this.#files = checked.files ?? nodeFileSystem;
    this.#clock = checked.clock ?? systemClock;
    this.#durable = durability === 'power';
    this.#compressor = new GzipCompressor(codec, level, (fallback) => {
      if (this.wants('worker:fallback')) this.emit('worker:fallback', fallback);
    });
    const place = { folder: this.#folder, files: this.#files, durability, shardBytes };
    const onDamage = (damage: ShardDamage): void => this.#recovered(damage);
    this.#layout =
      layout === 'shards'
        ? new GzipShards({ ...place, memberRows: groupSize }, this.#compressor, onDamage)
        : new GzipSingleFiles(place, this.#compressor, onDamage);
    this.#summaries = new BatchSummaryFiles(place, this.#compressor, onDamage);
    this.#queue = new AppendQueue({
      groupSize,
      prepare: (appends) => this.#layout.prepare(appends),
      store: (appends, prepared) => this.#store(appends, prepared),
      onError: (error) => this.#report(error),
    });
  }

  /** {@inheritDoc ResultStore.begin} */
  async begin(manifest: RunManifest): Promise<RunManifest> {
    return this.#write(async () => {
      const known = await this.#readManifest(manifest.runId);
      if (known !== undefined) return known;
      await this.#writeManifest(manifest);
      return JSON.parse(JSON.stringify(manifest)) as RunManifest;
    });
  }

  /** {@inheritDoc ResultStore.manifest} */
  async manifest(runId: string): Promise<RunManifest | undefined> {
    this.#check();
    return this.#reading(() => this.#readManifest(runId));
  }

  /** {@inheritDoc ResultStore.append} */
  async append(results: readonly CaseResult[]): Promise<void> {
    this.#check();
    if (results.length === 0) return;
    let lines: string[];
    try {
      lines = results.map(encodeResult);
    } catch (error) {
      this.#report(error);
      throw error;
    }
    await this.#queue.add({ results, lines }, results.length);
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
    this.#check();
    return this.#reading(() => this.#layout.outcomes(runId, keys));
  }

  /** {@inheritDoc ResultStore.query} */
  async *query(query: ResultQuery = {}): AsyncGenerator<CaseResult, void, undefined> {
    this.#check();
    const results = this.#layout.query(checkQuery(query));
    for (;;) {
      const { value, done } = await this.#reading(() => results.next());
      if (done === true) return;
      this.#check();
      yield value;
    }
  }

  /** {@inheritDoc ResultStore.summaries} */
  async *summaries(runId: string): AsyncGenerator<BatchSummary, void, undefined> {
    this.#check();
    for (const summary of await this.#reading(() => this.#summaries.ofRun(runId))) {
      this.#check();
      yield summary;
    }
  }

  /** Stores what was appended, then closes files, ends the worker thread and gives the lock back. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Same as {@link GzipFileResultStore.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    await this.#queue.idle();
    await this.#written;
    await this.#summaries.close();
    await this.#layout.close();
    await this.#compressor.close();
    const lock = await this.#writing?.catch(() => undefined); // who wrote was told
    await lock?.release();
  }

  async #store(appends: readonly EncodedAppend[], prepared: readonly Uint8Array[]): Promise<void> {
    const started = performance.now();
    try {
      await this.#mayWrite();
      const bytes = await this.#layout.store(appends, prepared);
      if (!this.wants('store:flush')) return;
      const results = appends.reduce((sum, { lines }) => sum + lines.length, 0);
      this.emit('store:flush', { at: Date.now(), results, bytes, durationMs: performance.now() - started });
    } catch (error) {
      throw this.#toStoreError(error, 'Storing results');
    }
  }

  /** Writes a manifest or a summary, one at a time. */
  #write<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#check();
    const written = this.#written.then(async () => {
      try {
        await this.#mayWrite();
        return await work();
      } catch (error) {
        const failure = this.#toStoreError(error, 'Writing');
        this.#report(failure);
        throw failure;
      }
    });
    this.#written = written.catch(() => {}); // the caller gets the error
    return written;
  }

  async #reading<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw this.#toStoreError(error, 'Reading');
    }
  }

  /** Takes the lock and repairs the folder, once. */
  async #mayWrite(): Promise<void> {
    this.#writing ??= this.#startWriting();
    try {
      await this.#writing;
    } catch (error) {
      this.#writing = undefined; // the lock may be free next time, the folder there
      throw error;
    }
  }

  async #startWriting(): Promise<DirectoryLock> {
    const lock = await DirectoryLock.take(this.#folder, this.#clock, this.#files, this.#durable);
    try {
      await this.#layout.repair();
      await this.#summaries.repair();
    } catch (error) {
      await lock.release();
      throw error;
    }
    return lock;
  }

  #manifestPath(runId: string): string {
    return join(this.#folder, `manifest-${safeRunName(runId)}.json`);
  }

  async #readManifest(runId: string): Promise<RunManifest | undefined> {
    const path = this.#manifestPath(runId);
    try {
      return JSON.parse(await readFile(path, 'utf8')) as RunManifest;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      if (!(error instanceof SyntaxError)) throw error;
      throw new AssayError(
        'ASSAY_STORE_CORRUPT',
        `${path} is damaged; the results are not: remove it, and the run can be resumed`,
        { cause: error },
      );
    }
  }

  /** By rename, so that there is a whole manifest or none; synced first, or a loss of power leaves an empty one. */
  async #writeManifest(manifest: RunManifest): Promise<void> {
    const path = this.#manifestPath(manifest.runId);
    const unfinished = `${path}.tmp`;
    await this.#files.remove(unfinished).catch(() => {}); // left by a writer that was killed
    const file = await this.#files.create(unfinished);
    try {
      await writeFully(file, Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`));
      await file.sync(); // once a run: that is no cost
    } finally {
      await file.close();
    }
    await this.#files.rename(unfinished, path);
    if (this.#durable) await this.#files.syncFolder(this.#folder);
  }

  #recovered(damage: ShardDamage): void {
    if (!this.wants('store:recovered')) return;
    const { file, keptRows, bytes, reason } = damage;
    this.emit('store:recovered', { at: Date.now(), file, keptResults: keptRows, cutBytes: bytes, reason });
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

  #report(error: unknown): void {
    if (this.wants('store:error')) this.emit('store:error', { at: Date.now(), error });
  }

  #check(): void {
    if (this.#closing !== undefined)
      throw new AssayError('ASSAY_CLOSED', 'The GzipFileResultStore is closed');
  }
}
