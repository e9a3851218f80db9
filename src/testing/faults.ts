import { nodeFileSystem, type FileSystem, type WritableFile } from '../stores/gzip/file-system.js';
import type { SqliteDatabase, SqliteStatement } from '../stores/sqlite/sqlite-driver.js';

/** An operation that a fault can strike: those of files, and those of a database. */
export type FaultOperation =
  'create' | 'write' | 'sync' | 'truncate' | 'rename' | 'remove' | 'folder' | 'begin' | 'row' | 'commit';

/**
 * What happens. `error`: the operation fails and does nothing. `torn`: a write takes half of the bytes and
 * fails (a full disk), another operation fails as with `error`. `short`: a write takes half of the bytes and
 * says so, which is no failure. `kill`: the process dies by SIGKILL before the operation; `torn-kill`: after
 * half of it; `kill-after`: after all of it.
 */
export type Fault = 'error' | 'torn' | 'short' | 'kill' | 'torn-kill' | 'kill-after';

/** When a fault strikes. */
export interface FaultOptions {
  /** @default 'error' */
  readonly fault?: Fault;
  /** Which operations are counted and struck. @default all */
  readonly operations?: readonly FaultOperation[];
  /** How many times in a row, >= 1. @default 1 */
  readonly times?: number;
  /** Error code. @default 'ENOSPC' for files, 'SQLITE_FULL' for databases */
  readonly code?: string;
}

/** Counts operations and says which of them a fault strikes. */
export interface FaultPlan {
  /** Operations so far. */
  readonly operations: number;
  /** How many of them were struck. */
  readonly struck: number;
  /** Counts an operation; the fault that strikes it, or `undefined`. */
  strike(operation: FaultOperation): Fault | undefined;
  /** The error of a struck operation. */
  error(operation: FaultOperation, defaultCode: string): Error;
}

/** A plan whose fault strikes at the `n`-th operation, counting from 1; `Infinity` strikes none and counts. */
export function failAt(n: number, options: FaultOptions = {}): FaultPlan {
  const { fault = 'error', operations: kinds, times = 1, code } = options;
  let operations = 0;
  let struck = 0;
  return {
    get operations() {
      return operations;
    },
    get struck() {
      return struck;
    },
    strike(operation) {
      if (kinds !== undefined && !kinds.includes(operation)) return undefined;
      operations += 1;
      if (operations < n || operations >= n + times) return undefined;
      struck += 1;
      return fault;
    },
    error: (operation, defaultCode) =>
      Object.assign(new Error(`injected fault: ${operation}`), { code: code ?? defaultCode }),
  };
}

/** A file system whose changes can fail by plan; hand it to a store's internal `files` option. */
export function faultyFileSystem(plan: FaultPlan, base: FileSystem = nodeFileSystem): FileSystem {
  const around = async <Result>(operation: FaultOperation, work: () => Promise<Result>): Promise<Result> => {
    const fault = plan.strike(operation);
    if (fault === 'error' || fault === 'torn') throw plan.error(operation, 'ENOSPC');
    if (fault === 'kill' || fault === 'torn-kill') killNow();
    const result = await work();
    if (fault === 'kill-after') killNow();
    return result;
  };
  const wrap = (file: WritableFile): WritableFile => ({
    async write(bytes) {
      const fault = plan.strike('write');
      if (fault === 'error') throw plan.error('write', 'ENOSPC');
      if (fault === 'kill') killNow();
      if (fault === undefined || fault === 'kill-after') {
        const taken = await file.write(bytes);
        if (fault === 'kill-after') killNow();
        return taken;
      }
      const taken = await file.write(bytes.subarray(0, Math.ceil(bytes.length / 2)));
      if (fault === 'torn-kill') killNow();
      if (fault === 'torn') throw plan.error('write', 'ENOSPC');
      return taken;
    },
    sync: () => around('sync', () => file.sync()),
    truncate: (length) => around('truncate', () => file.truncate(length)),
    linked: () => file.linked(),
    close: () => file.close(),
  });
  return {
    create: (path) => around('create', async () => wrap(await base.create(path))),
    openExisting: async (path) => wrap(await base.openExisting(path)),
    makeFolder: (path) => base.makeFolder(path),
    rename: (from, to) => around('rename', () => base.rename(from, to)),
    remove: (path) => around('remove', () => base.remove(path)),
    syncFolder: (path) => around('folder', () => base.syncFolder(path)),
  };
}

/** A database whose transactions can fail by plan; hand it to `SqliteResultStore`. */
export function faultyDatabase(database: SqliteDatabase, plan: FaultPlan): SqliteDatabase {
  const prepare = (sql: string): SqliteStatement => {
    const statement = database.prepare(sql);
    const operation = operationOf(sql);
    if (operation === undefined) return statement;
    return {
      run(...parameters) {
        const fault = plan.strike(operation);
        if (fault === 'error' || fault === 'torn') throw plan.error(operation, 'SQLITE_FULL');
        if (fault === 'kill' || fault === 'torn-kill') killNow();
        const result = statement.run(...parameters);
        if (fault === 'kill-after') killNow();
        return result;
      },
      get: (...parameters) => statement.get(...parameters),
      all: (...parameters) => statement.all(...parameters),
    };
  };
  return { prepare, exec: (sql) => database.exec(sql), close: () => database.close() };
}

function operationOf(sql: string): FaultOperation | undefined {
  if (/^\s*BEGIN/i.test(sql)) return 'begin';
  if (/^\s*COMMIT/i.test(sql)) return 'commit';
  return /^\s*INSERT/i.test(sql) ? 'row' : undefined;
}

/** SIGKILL: nothing is flushed, no handler runs. */
function killNow(): void {
  process.kill(process.pid, 'SIGKILL');
  // The signal is delivered at the next system call: nothing may be done before it.
  for (;;) process.hrtime();
}
