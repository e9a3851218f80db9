import type { FileSystem } from './file-system.js';
import type { GzipCompressor } from './gzip-compressor.js';
import type { BatchSummary } from '../result-store.js';
import { repairShards, ShardReader, type ShardDamage, type ShardParts } from './shard-reader.js';
import { ShardWriter, type ShardWriterOptions } from './shard-writer.js';

const FAMILY = 'summaries';

/** Batch summaries as lines in shards of their own. */
export class BatchSummaryFiles {
  readonly #folder: string;
  readonly #files: FileSystem;
  readonly #compressor: GzipCompressor;
  readonly #onDamage: (damage: ShardDamage) => void;
  readonly #writer: ShardWriter;

  constructor(options: Omit<ShardWriterOptions, 'family'>, { compressor, onDamage }: ShardParts) {
    this.#folder = options.folder;
    this.#files = options.files;
    this.#compressor = compressor;
    this.#onDamage = onDamage;
    this.#writer = new ShardWriter({ ...options, family: FAMILY });
  }

  /** Repairs what an interrupted writer left behind. */
  async repair(): Promise<void> {
    await repairShards(this.#folder, { family: FAMILY, files: this.#files, onDamage: this.#onDamage });
  }

  /** Appends a summary; resolves when it is durable. One at a time. */
  async append(summary: BatchSummary): Promise<void> {
    const [member] = await this.#compressor.compress([`${JSON.stringify(summary)}\n`], [1]);
    await this.#writer.append(member as Uint8Array);
  }

  /** The summaries of a run, oldest first. */
  async ofRun(runId: string): Promise<BatchSummary[]> {
    const reader = new ShardReader(this.#folder, { family: FAMILY, onDamage: this.#onDamage });
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

  /** Closes the shard. */
  async close(): Promise<void> {
    await this.#writer.close();
  }
}
