import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CaseResult } from '../../evaluation/evaluation-types.js';
import { zlib } from '../../foundation/late-modules.js';
import { sha256 } from '../../foundation/sha256.js';
import { filesIn, makeFolder, namesIn, writeFully, type FileSystem } from './file-system.js';
import type { GzipCompressor } from './gzip-compressor.js';
import type { EncodedAppend, GzipLayout } from './gzip-layout.js';
import { decodeResult } from '../result-codec.js';
import { factsOf, matchesFacts, matchesRest, orderOf, type ResultFacts } from '../result-query.js';
import { OUTCOME_RANK, type ResultKey, type ResultQuery } from '../result-store.js';
import type { RunRecord } from '../run-record.js';
import type { ShardDamage } from './shard-reader.js';

const AT_ONCE = 16;
const UNFINISHED = '.tmp';
const SUFFIX = '.json.gz';
const PLAIN_SUFFIX = '.json';

interface Written {
  readonly path: string;
  readonly replaced: boolean;
}

/**
 * One gzip file a result: `<run>/<00-ff>/<case>-<hash>.json.gz`. Names are made safe and told apart by a hash
 * of the key, so no id leaves the folder and no two collide. A file comes into being by rename, whole.
 *
 * A result costs a file system block at least and five times the time of a shard's: for small sets that other
 * tools pick apart file by file.
 */
export class GzipSingleFiles implements GzipLayout {
  readonly #folder: string;
  readonly #files: FileSystem;
  readonly #durable: boolean;
  readonly #suffix: string;
  readonly #compressor: GzipCompressor;
  readonly #onDamage: (damage: ShardDamage) => void;
  readonly #madeFolders = new Set<string>();

  constructor(
    options: {
      readonly folder: string;
      readonly files: FileSystem;
      readonly durability: 'process' | 'power';
      /** Whether new files are gzip files; those that are there are read either way. */
      readonly compression: boolean;
    },
    compressor: GzipCompressor,
    onDamage: (damage: ShardDamage) => void,
  ) {
    this.#folder = options.folder;
    this.#files = options.files;
    this.#durable = options.durability === 'power';
    this.#suffix = options.compression ? SUFFIX : PLAIN_SUFFIX;
    this.#compressor = compressor;
    this.#onDamage = onDamage;
  }

  async repair(): Promise<void> {
    for await (const path of this.#paths(undefined, [UNFINISHED])) await this.#files.remove(path);
  }

  async prepare(appends: readonly EncodedAppend[]): Promise<readonly Uint8Array[]> {
    const texts = appends.flatMap(({ lines }) => lines.map((line) => `${line}\n`));
    if (this.#suffix === PLAIN_SUFFIX) return texts.map((text) => Buffer.from(text));
    return this.#compressor.compress(
      texts,
      texts.map(() => 1),
    );
  }

  async store(appends: readonly EncodedAppend[], prepared: readonly Uint8Array[]): Promise<number> {
    const written: Written[] = [];
    try {
      const results = appends.flatMap((append) => append.results);
      // One key twice: the second must find the first, so it goes into a later round.
      for (let at = 0; at < results.length;) {
        const keys = new Set<string>();
        const round: Promise<Written | undefined>[] = [];
        for (; at < results.length && round.length < AT_ONCE; at++) {
          const result = results[at] as CaseResult;
          const path = this.#pathOf(result.runId, result);
          if (keys.has(path)) break;
          keys.add(path);
          round.push(this.#writeResult(path, result, prepared[at] as Uint8Array));
        }
        const outcomes = await Promise.allSettled(round);
        for (const done of outcomes) {
          if (done.status === 'fulfilled' && done.value !== undefined) written.push(done.value);
        }
        const failed = outcomes.find((outcome) => outcome.status === 'rejected');
        if (failed !== undefined) throw failed.reason;
      }
      if (this.#durable) {
        for (const folder of new Set(written.map(({ path }) => join(path, '..')))) {
          await this.#files.syncFolder(folder);
        }
      }
    } catch (error) {
      // Nothing of a failed append counts as stored. What it has replaced is of no higher rank and stays replaced.
      for (const { path, replaced } of written) {
        if (!replaced) await this.#files.remove(path).catch(() => {});
      }
      throw error;
    }
    return prepared.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  async outcomes(runId: string, keys: readonly ResultKey[]): Promise<(CaseResult['outcome'] | undefined)[]> {
    const found: (CaseResult['outcome'] | undefined)[] = [];
    for (let at = 0; at < keys.length; at += AT_ONCE) {
      const read = keys.slice(at, at + AT_ONCE).map((key) => this.#read(this.#pathOf(runId, key)));
      found.push(...(await Promise.all(read)).map((each) => each?.result.outcome));
    }
    return found;
  }

  async counts(runId: string): Promise<RunRecord['results']> {
    const counts = { scored: 0, unscored: 0, errored: 0 };
    for await (const { outcome } of this.query({ runId })) counts[outcome] += 1;
    return counts;
  }

  async *query(query: ResultQuery): AsyncGenerator<CaseResult, void, undefined> {
    const found: { readonly path: string; readonly facts: ResultFacts }[] = [];
    const look = async (path: string): Promise<void> => {
      const result = await this.#readFile(path);
      if (result === undefined) return;
      const facts = factsOf(result);
      if (matchesFacts(facts, query) && matchesRest(result, query)) found.push({ path, facts });
    };
    let looking: Promise<void>[] = [];
    for await (const path of this.#paths(query.runId, [SUFFIX, PLAIN_SUFFIX])) {
      if (looking.push(look(path)) < AT_ONCE) continue;
      await Promise.all(looking);
      looking = [];
    }
    await Promise.all(looking);
    const compare = orderOf(query.order);
    found.sort((a, b) => compare(a.facts, b.facts));
    for (const { path } of found.slice(0, query.limit)) {
      const result = await this.#readFile(path);
      if (result !== undefined) yield result;
    }
  }

  async close(): Promise<void> {}

  async #writeResult(path: string, result: CaseResult, bytes: Uint8Array): Promise<Written | undefined> {
    const folder = join(path, '..');
    if (!this.#madeFolders.has(folder)) {
      await makeFolder(this.#files, { path: folder, durable: this.#durable });
      this.#madeFolders.add(folder);
    }
    const known = await this.#read(path);
    if (known !== undefined && OUTCOME_RANK[known.result.outcome] > OUTCOME_RANK[result.outcome])
      return undefined;
    const file = `${path}${this.#suffix}`;
    const unfinished = `${file}${UNFINISHED}`;
    try {
      const handle = await this.#files.create(unfinished);
      try {
        await writeFully(handle, bytes);
        if (this.#durable) await handle.sync();
      } finally {
        await handle.close();
      }
      await this.#files.rename(unfinished, file);
      if (known !== undefined && known.file !== file) await this.#files.remove(known.file);
    } catch (error) {
      this.#madeFolders.delete(folder); // it may be what is missing
      await this.#files.remove(unfinished).catch(() => {});
      throw error;
    }
    return { path: file, replaced: known !== undefined };
  }

  /** The result at a path without suffix, and the file that holds it. */
  async #read(path: string): Promise<{ readonly file: string; readonly result: CaseResult } | undefined> {
    const other = this.#suffix === SUFFIX ? PLAIN_SUFFIX : SUFFIX;
    for (const file of [`${path}${this.#suffix}`, `${path}${other}`]) {
      const result = await this.#readFile(file);
      if (result !== undefined) return { file, result };
    }
    return undefined;
  }

  async #readFile(file: string): Promise<CaseResult | undefined> {
    let bytes: Buffer;
    try {
      bytes = await readFile(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      const text = file.endsWith(SUFFIX) ? zlib().gunzipSync(bytes).toString() : bytes.toString();
      return decodeResult(text);
    } catch {
      this.#onDamage({ file, keptRows: 0, bytes: bytes.length, reason: 'an unreadable result' });
      return undefined;
    }
  }

  /** Files of the folder, with the end of their names that tells their kind. */
  async *#paths(
    runId: string | undefined,
    suffixes: readonly string[],
  ): AsyncGenerator<string, void, undefined> {
    const runs =
      runId === undefined
        ? (await namesIn(this.#folder)).filter((name) => name.startsWith('run-'))
        : [runFolder(runId)];
    for (const run of runs) {
      for (const part of await namesIn(join(this.#folder, run))) {
        for (const name of await filesIn(join(this.#folder, run, part))) {
          if (suffixes.some((suffix) => name.endsWith(suffix))) yield join(this.#folder, run, part, name);
        }
      }
    }
  }

  #pathOf(runId: string, { caseId, repetition }: ResultKey): string {
    const hash = hashOf([runId, caseId, repetition]);
    const name = `${safeName(caseId)}-${hash.slice(0, 24)}`;
    return join(this.#folder, runFolder(runId), hash.slice(-2), name);
  }
}

/** Name for anything that belongs to a run: readable as far as it goes, safe and unique. */
export function safeRunName(runId: string): string {
  return `${safeName(runId)}-${hashOf([runId]).slice(0, 16)}`;
}

const runFolder = (runId: string): string => `run-${safeRunName(runId)}`;

/** Letters, digits, dots within, dashes: no folder, no device name (a hash follows), no trick of Unicode. */
const safeName = (text: string): string => text.slice(0, 60).replace(/[^A-Za-z0-9_-]+/g, '_') || '_';

// JSON escapes lone surrogates, which UTF-8 would all turn into the same character.
const hashOf = (parts: readonly unknown[]): string => sha256(JSON.stringify(parts));
