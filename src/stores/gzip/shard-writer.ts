import { join } from 'node:path';
import { AssayError } from '../../errors.js';
import { makeFolder, namesIn, writeFully, type FileSystem, type WritableFile } from './file-system.js';

/** Longer numbers are foreign: the one after them might not be told from them any more. */
const LAST_NUMBER = 999_999_999_999;

/** How shards are written. */
export interface ShardWriterOptions {
  readonly folder: string;
  /** Shards are named `<family>-000001.jsonl.gz`, … */
  readonly family: string;
  readonly files: FileSystem;
  /** `power`: each append is synced to the disk. */
  readonly durability: 'process' | 'power';
  /** A shard that has reached this size is closed. */
  readonly shardBytes: number;
}

/** Where an append has landed. */
export interface ShardPosition {
  readonly name: string;
  readonly offset: number;
}

/**
 * Appends to shards. A new shard is begun at the first append: going on behind the torn tail of an older one
 * would make everything after it unreadable for ordinary tools.
 */
export class ShardWriter {
  readonly #options: ShardWriterOptions;
  #file: WritableFile | undefined;
  #name = '';
  #length = 0;
  #lastNumber: number | undefined;
  #removed: AssayError | undefined;

  constructor(options: ShardWriterOptions) {
    this.#options = options;
  }

  /**
   * Appends bytes and resolves when they are durable. When it rejects, the shard is as it was before; when
   * even that cannot be had, the shard is left and the next append begins another one. Once a shard was removed, every
   * append rejects: what it held was acknowledged, and a run that went on would end as if nothing were missing.
   */
  async append(bytes: Uint8Array): Promise<ShardPosition> {
    if (this.#removed !== undefined) throw this.#removed;
    const file = this.#file ?? (await this.#begin());
    const offset = this.#length;
    const name = this.#name;
    let synced = true;
    try {
      await writeFully(file, bytes);
      synced = false;
      if (this.#options.durability === 'power') await file.sync();
      synced = true;
      // An unlinked file takes writes without an error, and they are gone when it is closed.
      if (!(await file.linked())) {
        synced = false;
        const path = join(this.#options.folder, name);
        this.#removed = new AssayError('ASSAY_STORE_FAILED', `${path} was removed while it was open`);
        throw this.#removed;
      }
    } catch (error) {
      const restored = await file.truncate(offset).then(
        () => true,
        () => false,
      );
      // After a failed sync nobody knows which pages the disk has: do not build on them.
      if (!restored || !synced || offset === 0) await this.#leave();
      if (offset === 0) await this.#discard(name); // an empty shard is no gzip file
      throw error;
    }
    this.#length = offset + bytes.length;
    if (this.#length >= this.#options.shardBytes) await this.#leave();
    return { name, offset };
  }

  /** How much of a shard is acknowledged; `undefined` for shards that are not being written. */
  acknowledged(name: string): number | undefined {
    return this.#file !== undefined && name === this.#name ? this.#length : undefined;
  }

  /** Closes the shard. */
  async close(): Promise<void> {
    await this.#leave();
  }

  async #begin(): Promise<WritableFile> {
    const { folder, family, files, durability } = this.#options;
    await makeFolder(files, { path: folder, durable: durability === 'power' });
    this.#lastNumber ??= lastShardNumber(await namesIn(folder), family);
    this.#lastNumber += 1;
    if (this.#lastNumber > LAST_NUMBER) {
      throw new AssayError(
        'ASSAY_STORE_FAILED',
        `${folder} has a shard of number ${LAST_NUMBER}: none can come after it`,
      );
    }
    const name = `${family}-${String(this.#lastNumber).padStart(6, '0')}.jsonl.gz`;
    const file = await files.create(join(folder, name));
    try {
      if (durability === 'power') await files.syncFolder(folder);
    } catch (error) {
      await file.close().catch(() => {});
      await this.#discard(name);
      throw error;
    }
    this.#file = file;
    this.#name = name;
    this.#length = 0;
    return file;
  }

  async #discard(name: string): Promise<void> {
    await this.#options.files.remove(join(this.#options.folder, name)).catch(() => {}); // the next repair does it
  }

  async #leave(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => {}); // what counts was synced or is in the system's hands
  }
}

/** Names of the shards of a family, oldest first. */
export function shardNames(names: readonly string[], family: string): string[] {
  return names
    .map((name) => ({ name, number: shardNumber(name, family) }))
    .filter((shard): shard is { name: string; number: number } => shard.number !== undefined)
    .sort((a, b) => a.number - b.number)
    .map((shard) => shard.name);
}

function lastShardNumber(names: readonly string[], family: string): number {
  return names.reduce((last, name) => Math.max(last, shardNumber(name, family) ?? 0), 0);
}

function shardNumber(name: string, family: string): number | undefined {
  const match = /^([a-z]+)-(\d{6,12})\.jsonl\.gz$/.exec(name);
  return match?.[1] === family ? Number(match[2]) : undefined;
}
