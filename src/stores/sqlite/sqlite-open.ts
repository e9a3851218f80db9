import { constants, existsSync } from 'node:fs';
import { access, chmod, copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../../foundation/clock.js';
import { MainThreadBackend } from './sqlite-backend.js';
import { openDatabase, type SqliteDatabase, type SqliteDriverName } from './sqlite-driver.js';
import { mayNotWrite } from './sqlite-errors.js';

/** How a database is opened. */
export interface OpenBackendOptions {
  /** Its file, or a name of SQLite for one in memory. */
  readonly path: string;
  readonly driver: SqliteDriverName;
  readonly durability: 'process' | 'power';
  readonly lockTimeoutMs: number;
  /** Permissions of a file that is made. */
  readonly fileMode: number;
  readonly clock: Clock;
  /** Opens the file instead of the drivers. */
  readonly open?: ((path: string) => SqliteDatabase) | undefined;
}

/**
 * Opens a database file and sets it up. Where it may not be written (a read-only disk or folder) SQLite cannot even read
 * it, since it keeps a log beside it: then a copy is read, and writing is an error.
 */
export async function openBackend(options: OpenBackendOptions): Promise<MainThreadBackend> {
  try {
    return await openFile(options, options.path, false);
  } catch (error) {
    const { path } = options;
    if (!mayNotWrite(error) || !existsSync(path) || (await isWritable(path))) throw error;
    return openCopy(options).catch(() => {
      throw error; // it cannot be read, either, or there is no room for it
    });
  }
}

/** Whether a file and its folder may be written. */
async function isWritable(path: string): Promise<boolean> {
  try {
    await access(path, constants.W_OK);
    await access(dirname(path), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

async function openCopy(options: OpenBackendOptions): Promise<MainThreadBackend> {
  const folder = await mkdtemp(join(tmpdir(), 'assaykit-read-'));
  const copy = join(folder, basename(options.path));
  try {
    for (const suffix of ['', '-wal']) {
      if (suffix !== '' && !existsSync(options.path + suffix)) continue;
      await copyFile(options.path + suffix, copy + suffix, constants.COPYFILE_FICLONE);
      await chmod(copy + suffix, 0o600); // a copy is as read-only as its original
    }
    return await openFile(options, copy, true);
  } finally {
    await rm(folder, { recursive: true, force: true }).catch(() => {}); // what is open stays readable; not on Windows
  }
}

async function openFile(
  { path, driver, durability, lockTimeoutMs, fileMode, clock, open }: OpenBackendOptions,
  file: string,
  readOnly: boolean,
): Promise<MainThreadBackend> {
  const database = open?.(file) ?? (await openDatabase(file, { driver, fileMode }));
  try {
    return await MainThreadBackend.open(database, { path, durability, readOnly }, { clock, lockTimeoutMs });
  } catch (error) {
    database.close();
    throw error;
  }
}
