import { AssayError, messageOf, type AssayErrorCode } from '../../errors.js';

// Primary result codes of SQLite (https://www.sqlite.org/rescode.html).
const BUSY = 5;
const LOCKED = 6;
const READ_ONLY = 8;
const IO_ERROR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANNOT_OPEN = 14;
const NOT_A_DATABASE = 26;

const NAMES: Readonly<Record<string, number>> = {
  SQLITE_BUSY: BUSY,
  SQLITE_LOCKED: LOCKED,
  SQLITE_READONLY: READ_ONLY,
  SQLITE_IOERR: IO_ERROR,
  SQLITE_CORRUPT: CORRUPT,
  SQLITE_FULL: FULL,
  SQLITE_CANTOPEN: CANNOT_OPEN,
  SQLITE_NOTADB: NOT_A_DATABASE,
};

/** Whether another connection holds the lock that was needed. */
export function isBusy(error: unknown): boolean {
  const code = primaryCode(error);
  return code === BUSY || code === LOCKED;
}

/** Whether the database, or a file beside it, could not be opened for writing. */
export function mayNotWrite(error: unknown): boolean {
  const code = primaryCode(error);
  return code === READ_ONLY || code === CANNOT_OPEN;
}

/** The error of this package for whatever a driver threw while doing `what`. */
export function toStoreError(
  error: unknown,
  { what, path }: { readonly what: string; readonly path: string },
): AssayError {
  if (AssayError.is(error)) return error;
  const primary = primaryCode(error);
  let code: AssayErrorCode = 'ASSAY_STORE_FAILED';
  if (primary === BUSY || primary === LOCKED) code = 'ASSAY_STORE_LOCKED';
  else if (primary === CORRUPT || primary === NOT_A_DATABASE) code = 'ASSAY_STORE_CORRUPT';
  const retryable = code === 'ASSAY_STORE_LOCKED' || primary === FULL || primary === IO_ERROR;
  return new AssayError(code, `${what} failed on ${path}: ${messageOf(error)}`, { cause: error, retryable });
}

/** better-sqlite3 names its codes (`SQLITE_IOERR_WRITE`), node:sqlite numbers them (`errcode`, extended). */
function primaryCode(error: unknown): number | undefined {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
  if (typeof errcode === 'number') return errcode & 0xff;
  if (typeof code !== 'string') return undefined;
  return NAMES[code] ?? NAMES[code.split('_', 2).join('_')];
}
