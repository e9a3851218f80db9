import type { FileSystem } from './file-system.js';
import type { GzipCompressor } from './gzip-compressor.js';
import type { BatchSummary } from './result-store.js';
import { repairShards, ShardReader, type ShardDamage } from './shard-reader.js';
import { ShardWriter, type ShardWriterOptions } from './shard-writer.js';

const FAMILY = 'summaries';

/** Batch summaries as lines in shards of their own. */
export class BatchSummaryFiles {
  readonly #folder: string;
  readonly #files: FileSystem;
  readonly #compressor: GzipCompressor;
  readonly #onDamage: (damage: ShardDamage) => void;
  readonly #writer: ShardWriter;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(
    options: Omit<ShardWriterOptions, 'family'>,
    compressor: GzipCompressor,
    onDamage: (damage: ShardDamage) => void,
  ) {
    this.#folder = options.folder;
    this.#files = options.files;
    this.#compressor = compressor;
    this.#onDamage = onDamage;
    this.#writer = new ShardWriter({ ...options, family: FAMILY });
  }

  /** Repairs what an interrupted writer left behind. */
  async repair(): Promise<void> {
    await repairShards(this.#folder, FAMILY, this.#files, this.#onDamage);
  }

  /** Appends a summary; resolves when it is durable. */
  append(summary: BatchSummary): Promise<void> {
    const line = `${JSON.stringify(summary)}\n`;
    const appended = this.#writing.then(async () => {
      const [member] = await this.#compressor.compress([line], [1]);
      await this.#writer.append(member as Uint8Array);
    });
    this.#writing = appended.catch(() => {}); // one at a time; the caller gets the error
    return appended;
  }

  /** The summaries of a run, oldest first. */
  async ofRun(runId: string): Promise<BatchSummary[]> {
    const reader = new ShardReader(this.#folder, FAMILY, this.#onDamage);
    const found = new Map<string, BatchSummary>();
    for (const member of await reader.refresh((name) => this.#writer.acknowledged(name))) {
      for (const line of await reader.lines(member)) {
        const summary = JSON.parse(line) as BatchSummary;
        if (summary.runId !== runId) continue;
        found.delete(summary.batchId); // the newer one counts
        found.set(summary.batchId, summary);
      }
    }
    return [...found.values()].sort((a, b) => a.at - b.at);
  }

  /** Finishes what was begun and closes the shard. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#writer.close();
  }
}
