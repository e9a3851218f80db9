import type { CaseResult } from '../../evaluation/evaluation-types.js';
import type { FileSystem } from './file-system.js';
import type { GzipCompressor } from './gzip-compressor.js';
import type { EncodedAppend, GzipLayout } from './gzip-layout.js';
import { decodeResult } from '../result-codec.js';
import { ResultIndex } from './result-index.js';
import { factsOf, matchesRest } from '../result-query.js';
import type { RunRecord } from '../run-record.js';
import type { ResultKey, ResultQuery } from '../result-store.js';
import { repairShards, ShardReader, type ShardDamage, type ShardParts } from './shard-reader.js';
import { ShardWriter, type ShardWriterOptions } from './shard-writer.js';

const FAMILY = 'results';

/** Text in one member at most, unless a single result has more: it is inflated as a whole to be read. */
const MEMBER_TEXT = 4_000_000;

/** Result lines in append-only shards, one gzip member a group of appends. */
export class GzipShards implements GzipLayout {
  readonly #folder: string;
  readonly #files: FileSystem;
  readonly #compressor: GzipCompressor;
  readonly #memberRows: number;
  readonly #onDamage: (damage: ShardDamage) => void;
  readonly #writer: ShardWriter;
  readonly #reader: ShardReader;
  #index: ResultIndex | undefined;
  #refreshing: Promise<unknown> = Promise.resolve();
  #busy = false;

  constructor(
    options: Omit<ShardWriterOptions, 'family'> & { readonly memberRows: number },
    { compressor, onDamage }: ShardParts,
  ) {
    this.#folder = options.folder;
    this.#files = options.files;
    this.#memberRows = options.memberRows;
    this.#compressor = compressor;
    this.#onDamage = onDamage;
    this.#writer = new ShardWriter({ ...options, family: FAMILY });
    this.#reader = new ShardReader(options.folder, { family: FAMILY, onDamage });
  }

  async repair(): Promise<void> {
    await repairShards(this.#folder, { family: FAMILY, files: this.#files, onDamage: this.#onDamage });
  }

  async prepare(appends: readonly EncodedAppend[]): Promise<readonly Uint8Array[]> {
    const texts: string[] = [];
    const rows: number[] = [];
    for (const { lines } of this.#members(appends)) {
      texts.push(`${lines.join('\n')}\n`);
      rows.push(lines.length);
    }
    return this.#compressor.compress(texts, rows);
  }

  async store(appends: readonly EncodedAppend[], prepared: readonly Uint8Array[]): Promise<number> {
    const bytes = prepared.length === 1 ? (prepared[0] as Uint8Array) : Buffer.concat(prepared);
    const { name, offset } = await this.#writer.append(bytes);
    const index = this.#index;
    // While the index is being brought up to date, older results would come after these: leave them to it.
    if (index !== undefined && !this.#busy) {
      let at = offset;
      for (const [i, { results }] of this.#members(appends).entries()) {
        const length = (prepared[i] as Uint8Array).length;
        const member = this.#reader.added(name, { offset: at, length, rows: results.length });
        if (member === undefined) break;
        for (const [line, result] of results.entries()) index.add(factsOf(result), { member, line });
        at += length;
      }
    }
    return bytes.length;
  }

  async outcomes(runId: string, keys: readonly ResultKey[]): Promise<(CaseResult['outcome'] | undefined)[]> {
    const index = await this.#upToDate();
    return keys.map((key) => index.outcome(runId, key));
  }

  async counts(runId: string): Promise<RunRecord['results']> {
    return (await this.#upToDate()).counts(runId);
  }

  async *query(query: ResultQuery): AsyncGenerator<CaseResult, void, undefined> {
    const index = await this.#upToDate();
    // Locations are looked up now: a result that is replaced meanwhile may start at another time, and be met twice.
    const selected = index.select(query);
    const members = selected.map((ordinal) => index.location(ordinal).member);
    const lines = selected.map((ordinal) => index.location(ordinal).line);
    const prefix = query.idPrefix ?? '';
    let left = query.limit ?? Number.POSITIVE_INFINITY;
    for (let i = 0; i < selected.length && left > 0; i++) {
      const line = (await this.#reader.lines(members[i] as number))[lines[i] as number];
      if (line === undefined) continue; // damaged since it was indexed
      const result = decodeResult(line);
      if (!result.caseId.startsWith(prefix) || !matchesRest(result, query)) continue;
      left -= 1;
      yield result;
    }
  }

  async close(): Promise<void> {
    await this.#writer.close();
    this.#index = undefined;
  }

  /** Groups lines to members: never more rows or text than a member shall have. */
  #members(appends: readonly EncodedAppend[]): EncodedMember[] {
    const members: EncodedMember[] = [];
    let current: EncodedMember = { results: [], lines: [] };
    let size = 0;
    for (const { results, lines } of appends) {
      for (const [i, line] of lines.entries()) {
        const full = current.lines.length >= this.#memberRows || size + line.length > MEMBER_TEXT;
        if (full && current.lines.length > 0) {
          members.push(current);
          current = { results: [], lines: [] };
          size = 0;
        }
        current.lines.push(line);
        current.results.push(results[i] as CaseResult);
        size += line.length;
      }
    }
    if (current.lines.length > 0) members.push(current);
    return members;
  }

  /** The index with everything that this and other processes have stored by now. */
  #upToDate(): Promise<ResultIndex> {
    const refreshed = this.#refreshing.then(() => this.#refresh());
    this.#refreshing = refreshed.catch(() => {}); // one at a time; the caller gets the error
    return refreshed;
  }

  async #refresh(): Promise<ResultIndex> {
    const index = (this.#index ??= new ResultIndex());
    this.#busy = true;
    try {
      for (const member of await this.#reader.refresh((name) => this.#writer.acknowledged(name))) {
        for (const [line, text] of (await this.#reader.lines(member)).entries()) {
          index.add(factsOf(decodeResult(text)), { member, line });
        }
      }
    } finally {
      this.#busy = false;
    }
    return index;
  }
}

interface EncodedMember {
  readonly results: CaseResult[];
  readonly lines: string[];
}
