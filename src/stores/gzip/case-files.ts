import { restoreCase, type CaseContent, type KeptCase } from '../kept-case.js';
import type { FileSystem } from './file-system.js';
import type { GzipCompressor } from './gzip-compressor.js';
import { ResultIndex } from './result-index.js';
import { repairShards, ShardReader, type ShardDamage, type ShardParts } from './shard-reader.js';
import { ShardWriter, type ShardWriterOptions } from './shard-writer.js';

const FAMILY = 'cases';
const MEMBER_TEXT = 1_000_000;

/**
 * Kept cases as lines in shards of their own, `{"hash":…,"case":…}`, each content once. Which there are is read at the
 * first write or look-up: about 70 bytes of memory a case.
 */
export class CaseFiles {
  readonly #folder: string;
  readonly #files: FileSystem;
  readonly #compressor: GzipCompressor;
  readonly #onDamage: (damage: ShardDamage) => void;
  readonly #writer: ShardWriter;
  readonly #reader: ShardReader;
  #index: ResultIndex | undefined;

  constructor(options: Omit<ShardWriterOptions, 'family'>, { compressor, onDamage }: ShardParts) {
    this.#folder = options.folder;
    this.#files = options.files;
    this.#compressor = compressor;
    this.#onDamage = onDamage;
    this.#writer = new ShardWriter({ ...options, family: FAMILY });
    this.#reader = new ShardReader(options.folder, { family: FAMILY, onDamage });
  }

  /** Repairs what an interrupted writer left behind. */
  async repair(): Promise<void> {
    await repairShards(this.#folder, { family: FAMILY, files: this.#files, onDamage: this.#onDamage });
  }

  /** Stores those that are not there yet; resolves to the bytes written when they are durable. One at a time. */
  async append(cases: readonly KeptCase[]): Promise<number> {
    if (cases.length === 0) return 0;
    const index = this.#index ?? (await this.#refresh());
    const fresh = new Map<string, string>();
    for (const { hash, text } of cases) if (index.find('', keyOf(hash)) === undefined) fresh.set(hash, text);
    if (fresh.size === 0) return 0;
    let bytes = 0;
    for (const hashes of membersOf(fresh)) {
      const text = hashes
        .map((hash) => `{"hash":${JSON.stringify(hash)},"case":${fresh.get(hash)!}}\n`)
        .join('');
      const [member] = (await this.#compressor.compress([text], [hashes.length])) as [Uint8Array];
      const { name, offset } = await this.#writer.append(member);
      const number = this.#reader.added(name, { offset, length: member.length, rows: hashes.length });
      if (number === undefined) await this.#refresh();
      else for (const [line, hash] of hashes.entries()) addTo(index, hash, { member: number, line });
      bytes += member.length;
    }
    return bytes;
  }

  /** Finds what other processes have stored by now. */
  async refresh(): Promise<void> {
    await this.#refresh();
  }

  /** The case of a hash, or `undefined`. */
  async find(hash: string): Promise<CaseContent | undefined> {
    const ordinal = this.#index?.find('', keyOf(hash));
    if (ordinal === undefined) return undefined;
    const { member, line } = this.#index!.location(ordinal);
    const text = (await this.#reader.lines(member))[line];
    return text === undefined ? undefined : restoreCase((JSON.parse(text) as { case: unknown }).case);
  }

  /** Closes the shard. */
  async close(): Promise<void> {
    await this.#writer.close();
    this.#index = undefined;
  }

  async #refresh(): Promise<ResultIndex> {
    const index = (this.#index ??= new ResultIndex());
    for (const member of await this.#reader.refresh((name) => this.#writer.acknowledged(name))) {
      for (const [line, text] of (await this.#reader.lines(member)).entries()) {
        addTo(index, (JSON.parse(text) as { hash: string }).hash, { member, line });
      }
    }
    return index;
  }
}

/** Hashes of the cases that go into one member: it is inflated as a whole to be read. */
function membersOf(cases: ReadonlyMap<string, string>): string[][] {
  const members: string[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const [hash, text] of cases) {
    if (size + text.length > MEMBER_TEXT) {
      members.push([]);
      size = 0;
    }
    members.at(-1)!.push(hash);
    size += text.length;
  }
  return members;
}

const keyOf = (hash: string): { readonly caseId: string; readonly repetition: number } => ({
  caseId: hash,
  repetition: 0,
});

function addTo(
  index: ResultIndex,
  hash: string,
  { member, line }: { readonly member: number; readonly line: number },
): void {
  const facts = { runId: '', model: null, startedAt: 0, score: null, outcome: 'scored' } as const;
  index.add({ ...facts, ...keyOf(hash) }, { member, line });
}
