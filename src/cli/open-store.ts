import { constants } from 'node:fs';
import { access, mkdir, open, readdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '../errors.js';
import type { ResultStore } from '../stores/result-store.js';
import { CommandError } from './command-error.js';
import { EXIT } from './exit-codes.js';

/** Where runs go and are looked for when nobody says. */
export const DEFAULT_STORE = 'assaykit-results';

/** A kind of store that has a name: a path, or a URL. */
interface StoreKind {
  /** Whether a name is one of this kind, by its looks. */
  readonly matches: (name: string) => boolean;
  /** Opens it. `create`: it need not be there. */
  readonly open: (name: string, create: boolean) => Promise<ResultStore>;
}

/** The address of a PostgreSQL database. */
export const POSTGRES_ADDRESS = /^postgres(?:ql)?:\/\//i;
const SQLITE_NAME = /\.(db3?|sqlite3?)$/i;
const SQLITE_HEAD = 'SQLite format 3\0';

/** By the looks of their names, the first that matches; a path of another look is a folder. */
const KINDS: readonly StoreKind[] = [
  { matches: (name) => POSTGRES_ADDRESS.test(name), open: openPostgres },
  {
    matches: (name) => /^[a-z][a-z0-9+.-]+:\/\//i.test(name),
    open: async (name) => {
      const scheme = name.slice(0, name.indexOf('://'));
      throw new CommandError(
        `Expected --store to be a folder, a .db file or a postgres:// address, got a ${scheme}:// address`,
      );
    },
  },
  { matches: (name) => SQLITE_NAME.test(name), open: openSqlite },
  { matches: () => true, open: openFolder },
];

/**
 * Opens the store of a name: `results` is a folder of gzip files, `results.db` a SQLite database, `postgres://…` one of
 * PostgreSQL.
 *
 * @throws CommandError when it is not there (unless `create`), or is something else.
 */
export async function openStore(
  name: string | undefined,
  { create = false }: { readonly create?: boolean } = {},
): Promise<ResultStore> {
  const path = name ?? (process.env['ASSAYKIT_STORE'] || DEFAULT_STORE);
  const kind = KINDS.find(({ matches }) => matches(path)) as StoreKind;
  return kind.open(path, create);
}

async function openPostgres(address: string): Promise<ResultStore> {
  const { PostgresResultStore } = await import('assaykit/postgres');
  return new PostgresResultStore(address);
}

async function openSqlite(path: string, create: boolean): Promise<ResultStore> {
  const found = await kindAt(path);
  if (found === undefined && !create) throw noStore(path);
  if (found !== undefined && found !== 'database' && found !== 'nothing')
    throw new CommandError(`Expected ${JSON.stringify(path)} to be a SQLite database, found ${found}`, {
      exitCode: EXIT.storage,
    });
  if (create) await makeFolder(dirname(path));
  const { SqliteResultStore } = await import('../stores/sqlite/sqlite-result-store.js');
  return new SqliteResultStore(path);
}

async function openFolder(path: string, create: boolean): Promise<ResultStore> {
  const found = await kindAt(path);
  if (found === 'database') return openSqlite(path, create); // whatever it is called
  if (found === undefined && !create) throw noStore(path);
  if (found !== undefined && found !== 'a folder')
    throw new CommandError(
      `Expected ${JSON.stringify(path)} to be a folder of results or a .db file, found ${found}`,
      { exitCode: EXIT.storage },
    );
  const { GzipFileResultStore } = await import('../stores/gzip/gzip-file-result-store.js');
  const single = found === 'a folder' && (await readdir(path)).some((name) => name.startsWith('run-'));
  return new GzipFileResultStore(path, single ? { layout: 'file-per-result' } : {});
}

/** What lies at a path; `undefined`: nothing. */
async function kindAt(path: string): Promise<string | undefined> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return 'a folder';
    if (!found.isFile()) return 'no file';
    if (found.size === 0) return 'nothing';
    await access(path, constants.R_OK);
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(
        Buffer.alloc(SQLITE_HEAD.length),
        0,
        SQLITE_HEAD.length,
        0,
      );
      return buffer.toString('latin1', 0, bytesRead) === SQLITE_HEAD ? 'database' : 'another file';
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new CommandError(`Cannot open ${JSON.stringify(path)}: ${messageOf(error)}`, {
      exitCode: EXIT.storage,
      cause: error,
    });
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw new CommandError(`Cannot make the folder ${JSON.stringify(path)}: ${messageOf(error)}`, {
      exitCode: EXIT.storage,
      cause: error,
    });
  }
}

const noStore = (path: string): CommandError =>
  new CommandError(
    `No store at ${JSON.stringify(path)}: name one by --store, or make one by \`assaykit run\``,
    {
      exitCode: EXIT.notFound,
    },
  );
