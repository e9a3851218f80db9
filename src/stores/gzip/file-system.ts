import type { Dirent } from 'node:fs';
import { mkdir, open, readdir, rename, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isFile } from '../../foundation/file-kind.js';

/** An open file that is written at its end. */
export interface WritableFile {
  /** Writes at the end; resolves to how many bytes were taken, which may be fewer. */
  write(bytes: Uint8Array): Promise<number>;
  /** Makes the content durable against loss of power. */
  sync(): Promise<void>;
  /** Cuts the file to `length` bytes. */
  truncate(length: number): Promise<void>;
  /** Whether the file still has a name. */
  linked(): Promise<boolean>;
  /** Closes the file. */
  close(): Promise<void>;
}

/**
 * Everything that the gzip store changes on disk. Tests put faults in its place (`faultyFileSystem` of
 * `assaykit/testing`); in production it is a thin layer over node:fs.
 */
export interface FileSystem {
  /** Creates a file that must not exist. */
  create(path: string): Promise<WritableFile>;
  /** Opens a file that exists, to cut it. */
  openExisting(path: string): Promise<WritableFile>;
  /** Creates a folder and those above it, where they do not exist; resolves to the folders in which a name is new. */
  makeFolder(path: string): Promise<readonly string[]>;
  /** Puts `from` in the place of `to`. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file. */
  remove(path: string): Promise<void>;
  /** Makes the names in a folder durable against loss of power. */
  syncFolder(path: string): Promise<void>;
}

class NodeFile implements WritableFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(bytes: Uint8Array): Promise<number> {
    return (await this.#handle.write(bytes)).bytesWritten;
  }

  async sync(): Promise<void> {
    await this.#handle.datasync();
  }

  async truncate(length: number): Promise<void> {
    await this.#handle.truncate(length);
  }

  async linked(): Promise<boolean> {
    return (await this.#handle.stat()).nlink > 0;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/**
 * Makes the content durable against loss of power where the process may: Node's permission model forbids every sync.
 * For what needs no such promise.
 */
export async function syncWhereAllowed(file: WritableFile): Promise<void> {
  try {
    await file.sync();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_ACCESS_DENIED') throw error;
  }
}

/** The file system of the machine; files are made with `mode` (less what the process's umask takes away). */
export const fileSystemWithMode = (mode: number): FileSystem => ({
  create: async (path) => new NodeFile(await open(path, 'ax', mode)),
  openExisting: async (path) => new NodeFile(await open(path, 'r+')),
  async makeFolder(path) {
    const topmost = await mkdir(path, { recursive: true });
    if (topmost === undefined) return [];
    const changed = [dirname(resolve(path))];
    while (changed.at(-1)!.length > dirname(resolve(topmost)).length) changed.push(dirname(changed.at(-1)!));
    return changed;
  },
  rename,
  remove: unlink,
  async syncFolder(path) {
    if (process.platform === 'win32') return; // a folder cannot be opened there, and needs no sync
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
});

/** The file system of the machine; only this user may read what is made. */
export const nodeFileSystem: FileSystem = fileSystemWithMode(0o600);

/** Creates a folder and those above it; with `durable`, they are found again after a loss of power. */
export async function makeFolder(
  files: FileSystem,
  { path, durable }: { readonly path: string; readonly durable: boolean },
): Promise<void> {
  for (const changed of await files.makeFolder(path)) if (durable) await files.syncFolder(changed);
}

/** The names in a folder; none when it does not exist. */
export async function namesIn(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The names of the files in a folder. A pipe or a device, which could be waited for for ever, is none. */
export async function filesIn(path: string): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await entriesOf(path)) {
    if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(join(path, entry.name)))))
      names.push(entry.name);
  }
  return names;
}

async function entriesOf(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Writes all of `bytes`, however few a single write takes. */
export async function writeFully(file: WritableFile, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) {
    const taken = await file.write(rest);
    if (taken === 0) throw new Error('the file took no more bytes');
    rest = rest.subarray(taken);
  }
}
