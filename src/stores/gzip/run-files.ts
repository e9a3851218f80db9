import { constants } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AssayError } from '../../errors.js';
import type { RunManifest } from '../run-manifest.js';
import { compareRuns, manifestAtEnd, type RunEnd } from '../run-record.js';
import { isFile } from '../../foundation/file-kind.js';
import { filesIn, syncWhereAllowed, writeFully, type FileSystem } from './file-system.js';
import { safeRunName } from './gzip-single-files.js';

const MANIFEST = 'manifest-';
const END = 'end-';

/** A kind of file, and whether a value has what is read of it without looking again. */
interface FileKind<Value> {
  readonly kind: string;
  readonly isWhole: (value: unknown) => value is Value;
}

const MANIFESTS: FileKind<RunManifest> = {
  kind: MANIFEST,
  isWhole: (value): value is RunManifest => {
    const { runId, evaluator, startedAt, target, tags = [] } = (value ?? {}) as Partial<RunManifest>;
    const isNamed = typeof runId === 'string' && typeof evaluator === 'string';
    return isNamed && Number.isFinite(startedAt) && isObject(target) && Array.isArray(tags);
  },
};

const ENDS: FileKind<RunEnd> = {
  kind: END,
  isWhole: (value): value is RunEnd => {
    const { runId, at, models, summary } = (value ?? {}) as Partial<RunEnd>;
    return typeof runId === 'string' && Number.isFinite(at) && Array.isArray(models) && isObject(summary);
  },
};

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

/** A pipe in the place of a file would be waited for for ever. */
const READ_NOW = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** A manifest and the end of each run in a file of its own: `manifest-<run>.json`, `end-<run>.json`. */
export class RunFiles {
  readonly #folder: string;
  readonly #files: FileSystem;
  readonly #durable: boolean;

  constructor(options: {
    readonly folder: string;
    readonly files: FileSystem;
    readonly durability: 'process' | 'power';
  }) {
    this.#folder = options.folder;
    this.#files = options.files;
    this.#durable = options.durability === 'power';
  }

  /** The manifest of a run, or `undefined`. @throws AssayError `ASSAY_STORE_CORRUPT`. */
  async manifest(runId: string): Promise<RunManifest | undefined> {
    return this.#read(this.#path(MANIFEST, runId), MANIFESTS);
  }

  /** How a run has ended; `undefined` when it never told, or in a file that cannot be read, of which `onDamage` is told. */
  async end(runId: string, onDamage: (error: unknown) => void): Promise<RunEnd | undefined> {
    try {
      return await this.#read(this.#path(END, runId), ENDS);
    } catch (error) {
      if (!AssayError.is(error)) throw error;
      onDamage(error);
      return undefined;
    }
  }

  /** Stores a manifest in the place of an earlier one. */
  async putManifest(manifest: RunManifest): Promise<void> {
    await this.#writeFile(this.#path(MANIFEST, manifest.runId), manifest);
  }

  /** Stores how a run has ended, and in its manifest what is known of its cases by then. */
  async putEnd(end: RunEnd): Promise<void> {
    await this.#writeFile(this.#path(END, end.runId), end);
    const manifest = await this.manifest(end.runId);
    if (manifest !== undefined && end.fingerprint !== undefined)
      await this.putManifest(manifestAtEnd(manifest, end));
  }

  /** Forgets how a run has ended. */
  async removeEnd(runId: string): Promise<void> {
    const path = this.#path(END, runId);
    if (await isFile(path)) await this.#files.remove(path);
  }

  /** All manifests, newest first; `onDamage` is told of those that cannot be read. */
  async manifests(onDamage: (error: unknown) => void): Promise<RunManifest[]> {
    const found: RunManifest[] = [];
    for (const name of await filesIn(this.#folder)) {
      if (!name.startsWith(MANIFEST) || !name.endsWith('.json')) continue;
      try {
        const manifest = await this.#read(join(this.#folder, name), MANIFESTS);
        if (manifest !== undefined) found.push(manifest);
      } catch (error) {
        onDamage(error);
      }
    }
    return found.sort(compareRuns);
  }

  #path(kind: string, runId: string): string {
    return join(this.#folder, `${kind}${safeRunName(runId)}.json`);
  }

  /** What stands at `path`: whole, and of the run that the name of the file is made from. */
  async #read<Value extends { readonly runId: string }>(
    path: string,
    { kind, isWhole }: FileKind<Value>,
  ): Promise<Value | undefined> {
    let text: string;
    try {
      text = await readFile(path, { encoding: 'utf8', flag: READ_NOW });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      const value: unknown = JSON.parse(text);
      if (isWhole(value) && path === this.#path(kind, value.runId)) return value;
    } catch {
      // told below
    }
    throw new AssayError(
      'ASSAY_STORE_CORRUPT',
      `${path} is damaged; the results are not: remove it, and the run can be resumed`,
    );
  }

  /** By rename, so that there is a whole file or none; synced first, or a loss of power leaves an empty one. */
  async #writeFile(path: string, value: unknown): Promise<void> {
    const unfinished = `${path}.tmp`;
    await this.#files.remove(unfinished).catch(() => {}); // left by a writer that was killed
    const file = await this.#files.create(unfinished);
    try {
      await writeFully(file, Buffer.from(`${JSON.stringify(value, null, 2)}\n`));
      await (this.#durable ? file.sync() : syncWhereAllowed(file)); // once or twice a run: that is no cost
    } finally {
      await file.close();
    }
    await this.#files.rename(unfinished, path);
    if (this.#durable) await this.#files.syncFolder(this.#folder);
  }
}
