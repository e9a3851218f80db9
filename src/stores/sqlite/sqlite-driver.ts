import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AssayError } from '../../errors.js';
import { otherKind } from '../../foundation/file-kind.js';

/** The part of a prepared statement that the store uses; node:sqlite and better-sqlite3 both have it. */
export interface SqliteStatement {
  /** Runs the statement with positional parameters. */
  run(...parameters: SqliteValue[]): unknown;
  /** The first row, or `undefined`. */
  get(...parameters: SqliteValue[]): unknown;
  /** All rows. */
  all(...parameters: SqliteValue[]): unknown[];
}

/**
 * The part of an open database that the store uses: a `DatabaseSync` of node:sqlite and a `Database` of
 * better-sqlite3 both fit.
 */
export interface SqliteDatabase {
  /** Runs statements without parameters. */
  exec(sql: string): unknown;
  /** Prepares one statement. */
  prepare(sql: string): SqliteStatement;
  /** Closes the database. */
  close(): unknown;
}

/** How statements are told what their rows look like: better-sqlite3 has the first, node:sqlite the others. */
interface RowModes {
  safeIntegers?(on: boolean): unknown;
  setReadBigInts?(on: boolean): unknown;
  setReturnArrays?(on: boolean): unknown;
}

/** Prepares a statement whose rows are objects with numbers, whatever the host has set its own database to. */
export function prepare(database: SqliteDatabase, sql: string): SqliteStatement {
  const statement = database.prepare(sql) as SqliteStatement & RowModes;
  statement.safeIntegers?.(false);
  statement.setReadBigInts?.(false);
  statement.setReturnArrays?.(false);
  return statement;
}

/** What is bound to a parameter: the values that every driver stores the same way. */
export type SqliteValue = string | number | null;

/** Which driver opens a database file. */
export type SqliteDriverName = 'auto' | 'node:sqlite' | 'better-sqlite3';

type DatabaseClass = new (path: string) => SqliteDatabase;

/**
 * Opens a database file, which is made with the permissions `fileMode` if need be; its log takes them over. `auto`: node:sqlite where the runtime has it (Node >= 22.13), else better-sqlite3.
 *
 * @throws AssayError `ASSAY_MISSING_DEPENDENCY` when there is no usable driver; it says what to install.
 */
export async function openDatabase(
  path: string,
  { driver, fileMode = 0o600 }: { readonly driver: SqliteDriverName; readonly fileMode?: number | undefined },
): Promise<SqliteDatabase> {
  if (driver !== 'better-sqlite3') {
    const builtin = builtinDatabase();
    if (builtin !== undefined) return openWith(builtin, path, fileMode);
    if (driver === 'node:sqlite') {
      throw new AssayError(
        'ASSAY_MISSING_DEPENDENCY',
        `node:sqlite is not part of Node ${process.versions.node}: use Node >= 22.13, or install better-sqlite3 and leave \`driver\` out`,
      );
    }
  }
  return openWith(installedDatabase(), path, fileMode);
}

function openWith(Database: DatabaseClass, path: string, fileMode: number): SqliteDatabase {
  if (path !== '' && !path.startsWith(':memory:')) {
    refuseOtherKinds(path);
    try {
      closeSync(openSync(path, 'wx', fileMode));
    } catch {
      // It is there, or cannot be made: the driver says so.
    }
  }
  return new Database(path);
}

/** SQLite would write a database's first page into a pipe or device, and say of a folder that it cannot be opened. */
function refuseOtherKinds(path: string): void {
  const other = otherKind(statSync(path, { throwIfNoEntry: false }));
  if (other === undefined) return;
  throw new AssayError('ASSAY_STORE_FAILED', `Expected ${path} to be a file, or nothing yet, got a ${other}`);
}

/** Whether `value` can be used as an open database. */
export function isDatabase(value: unknown): value is SqliteDatabase {
  const candidate = value as Partial<SqliteDatabase> | null;
  return (
    typeof candidate === 'object' &&
    candidate !== null &&
    typeof candidate.prepare === 'function' &&
    typeof candidate.exec === 'function'
  );
}

/**
 * Why a version of better-sqlite3 cannot be used on a version of Node, or `undefined`. Version 13 is built for
 * Node 22: on Node 20 it installs with a warning, loads, and crashes the process at the first open.
 */
export function refusedVersion(betterSqliteVersion: string, nodeVersion: string): string | undefined {
  const major = Number.parseInt(betterSqliteVersion, 10);
  const nodeMajor = Number.parseInt(nodeVersion, 10);
  if (major >= 13 && nodeMajor < 22) {
    return `better-sqlite3 ${betterSqliteVersion} crashes on Node ${nodeVersion}: npm install better-sqlite3@12, or use Node >= 22`;
  }
  return undefined;
}

function builtinDatabase(): DatabaseClass | undefined {
  const builtin = process.getBuiltinModule('node:sqlite') as { DatabaseSync?: DatabaseClass } | undefined;
  return builtin?.DatabaseSync;
}

function installedDatabase(): DatabaseClass {
  const { version, place } = installedVersion('better-sqlite3') ?? {};
  if (version === undefined || place === undefined) {
    throw new AssayError(
      'ASSAY_MISSING_DEPENDENCY',
      `SqliteResultStore needs a driver on Node ${process.versions.node}: npm install better-sqlite3@12 (Node >= 22.13 has one built in)`,
    );
  }
  const refused = refusedVersion(version, process.versions.node);
  if (refused !== undefined) throw new AssayError('ASSAY_MISSING_DEPENDENCY', refused);
  try {
    const Database = requireFrom(place)('better-sqlite3') as DatabaseClass;
    // The binding is loaded by the first open: try it here, where the error can say what to do.
    new Database(':memory:').close();
    return Database;
  } catch (error) {
    throw new AssayError(
      'ASSAY_MISSING_DEPENDENCY',
      `better-sqlite3 ${version} is installed but does not load on Node ${process.versions.node}: npm rebuild better-sqlite3 (its install script must be allowed to run)`,
      { cause: error },
    );
  }
}

/**
 * Whose `node_modules` are looked through: those of this file, of the host's script (in a bundle this file's own URL is
 * empty or that of the machine that built it), and of the folder that the host runs in.
 */
function places(): string[] {
  const script = process.argv[1];
  return [import.meta.url as string | undefined, script, manifestOfCwd()].filter(
    (place): place is string => place !== undefined && place !== '',
  );
}

function manifestOfCwd(): string | undefined {
  try {
    return join(process.cwd(), 'package.json');
  } catch {
    return undefined; // the folder was removed under the process
  }
}

/** Not imported: a bundler would take `require` of it for a module of the bundle. */
const requireFrom = (place: string): NodeJS.Require =>
  process.getBuiltinModule('node:module').createRequire(place);

function installedVersion(name: string): { readonly version: string; readonly place: string } | undefined {
  for (const place of places()) {
    let main: string;
    try {
      main = requireFrom(place).resolve(name);
    } catch {
      continue;
    }
    for (let folder = dirname(main); folder !== dirname(folder); folder = dirname(folder)) {
      const file = join(folder, 'package.json');
      if (!existsSync(file)) continue;
      const manifest = JSON.parse(readFileSync(file, 'utf8')) as { name?: string; version?: string };
      if (manifest.name === name && manifest.version !== undefined) {
        return { version: manifest.version, place };
      }
    }
  }
  return undefined;
}
