import { deserialize, serialize } from 'node:v8';
import type { AssayError } from '../../errors.js';
import { systemClock, type Clock } from '../../foundation/clock.js';
import type { DiskEntry, DiskTier, DiskTierStats } from '../../cache/disk-tier.js';
import { nextTurn } from '../../foundation/event-loop-turns.js';
import { checkOptions, integer, object, oneOf } from '../../foundation/options.js';
import { openDatabase, prepare, type SqliteDatabase, type SqliteDriverName } from './sqlite-driver.js';
import { toStoreError } from './sqlite-errors.js';
import { storableText } from '../storable-text.js';

/** Options of a {@link SqliteDiskTier}. */
export interface SqliteDiskTierOptions {
  /** Most bytes of keys and values; what was used least makes room. Integer >= 1. @default 1 GiB */
  readonly maxBytes?: number | undefined;
  /** Which driver opens the file; `auto` takes node:sqlite where the runtime has it. @default 'auto' */
  readonly driver?: SqliteDriverName | undefined;
  /** Permissions of a file that is made, less what the process's umask takes away. @default 0o600 */
  readonly fileMode?: number | undefined;
  /** Where time comes from. @default the machine's clock */
  readonly clock?: Clock | undefined;
}

type Bound = string | number | null | Uint8Array;

/** A statement that also takes bytes. */
interface Statement {
  run(...parameters: Bound[]): unknown;
  get(...parameters: Bound[]): unknown;
  all(...parameters: Bound[]): unknown[];
}

interface PendingEntry {
  readonly blob: Uint8Array;
  readonly bytes: number;
  readonly expiresAt: number | null;
}

const GROUP = 500; // entries a transaction
const ROOM = 0.9; // how far a full tier is emptied, so that not every write has to make room
const EVICT_ROWS = 200;

/**
 * The second tier of a `MemoryBoundedCache` in one SQLite file, so that a second run finds what the first one paid
 * for. Values are kept in V8's own format: whatever can be cloned comes back equal, Map, Date and Buffer included;
 * instances of classes come back as plain objects.
 *
 * What is set within one turn of the event loop is written in one transaction. It is a cache: a write that fails
 * is told by `flush` and `close`, costs the entry, and nothing else.
 *
 * @example
 * const disk = await SqliteDiskTier.open('cache.db', { maxBytes: 512 * 2 ** 20 });
 * const cache = new MemoryBoundedCache({ maxBytes: 64 * 2 ** 20, disk });
 */
export class SqliteDiskTier implements DiskTier {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #clock: Clock;
  readonly #database: SqliteDatabase;
  readonly #select: Statement;
  readonly #sizeOf: Statement;
  readonly #upsert: Statement;
  readonly #touch: Statement;
  readonly #remove: Statement;
  readonly #oldest: Statement;
  #pending = new Map<string, PendingEntry>();
  readonly #used = new Set<string>();
  #flushing: Promise<void> | undefined;
  #failure: AssayError | undefined;
  #entries: number;
  #bytes: number;
  #use: number;
  #refused = 0;
  #closed = false;

  private constructor(path: string, database: SqliteDatabase, options: SqliteDiskTierOptions) {
    this.#path = path;
    this.#database = database;
    this.#maxBytes = options.maxBytes ?? 2 ** 30;
    this.#clock = options.clock ?? systemClock;
    database.exec('PRAGMA busy_timeout = 1000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    database.exec(
      `CREATE TABLE IF NOT EXISTS cache_entries (
         key TEXT PRIMARY KEY, value BLOB NOT NULL, bytes INTEGER NOT NULL, expires_at INTEGER, used INTEGER NOT NULL
       ) STRICT;
       CREATE INDEX IF NOT EXISTS cache_entries_used ON cache_entries (used)`,
    );
    const statement = (sql: string): Statement => prepare(database, sql) as Statement;
    statement('DELETE FROM cache_entries WHERE expires_at <= ?').run(this.#clock.wallTime());
    this.#select = statement('SELECT value, expires_at FROM cache_entries WHERE key = ?');
    this.#sizeOf = statement('SELECT bytes FROM cache_entries WHERE key = ?');
    this.#upsert = statement(
      `INSERT INTO cache_entries VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET
         value = excluded.value, bytes = excluded.bytes, expires_at = excluded.expires_at, used = excluded.used`,
    );
    this.#touch = statement('UPDATE cache_entries SET used = ? WHERE key = ?');
    this.#remove = statement('DELETE FROM cache_entries WHERE key = ?');
    this.#oldest = statement(`SELECT key, bytes FROM cache_entries ORDER BY used LIMIT ${EVICT_ROWS}`);
    const held = statement(
      'SELECT count(*) AS entries, coalesce(sum(bytes), 0) AS bytes, coalesce(max(used), 0) AS used FROM cache_entries',
    ).get() as { entries: number; bytes: number; used: number };
    this.#entries = held.entries;
    this.#bytes = held.bytes;
    this.#use = held.used;
  }

  /**
   * Opens or creates the file; `':memory:'` is for tests.
   *
   * Rejects with `ASSAY_INVALID_OPTION`, `ASSAY_MISSING_DEPENDENCY` (no SQLite driver), `ASSAY_STORE_CORRUPT`,
   * `ASSAY_STORE_LOCKED` or `ASSAY_STORE_FAILED`.
   */
  static async open(path: string, options: SqliteDiskTierOptions = {}): Promise<SqliteDiskTier> {
    const given = checkOptions<SqliteDiskTierOptions>('SqliteDiskTier', options, {
      maxBytes: integer(1),
      driver: oneOf('auto', 'node:sqlite', 'better-sqlite3'),
      fileMode: integer(0, 0o777),
      clock: object,
    });
    let database: SqliteDatabase | undefined;
    try {
      database = await openDatabase(path, { driver: given.driver ?? 'auto', fileMode: given.fileMode });
      return new SqliteDiskTier(path, database, given);
    } catch (error) {
      database?.close();
      throw toStoreError(error, { what: 'Opening the cache', path });
    }
  }

  get(key: string): DiskEntry | undefined {
    if (this.#closed) return undefined;
    const name = storableText(key);
    const waiting = this.#pending.get(name);
    const row = (waiting ?? this.#select.get(name)) as
      | {
          readonly blob?: Uint8Array;
          readonly value?: Uint8Array;
          readonly expiresAt?: number | null;
          readonly expires_at?: number | null;
        }
      | undefined;
    if (row === undefined) return undefined;
    const expiresAt = row.expiresAt ?? row.expires_at ?? null;
    if (expiresAt !== null && expiresAt <= this.#clock.wallTime()) {
      this.delete(key);
      return undefined;
    }
    try {
      const value: unknown = deserialize((row.blob ?? row.value)!);
      if (waiting === undefined) this.#used.add(name);
      return { value, expiresAt };
    } catch {
      this.delete(key); // written by a newer V8, or damaged: as good as absent
      return undefined;
    }
  }

  set(key: string, value: unknown, expiresAt: number | null): void {
    if (this.#closed) return;
    const name = storableText(key);
    let blob: Uint8Array;
    try {
      blob = serialize(value);
    } catch {
      this.#refused++; // it holds a function or another thing that only lives in memory
      this.delete(key);
      return;
    }
    const bytes = blob.byteLength + Buffer.byteLength(name);
    if (bytes > this.#maxBytes) {
      this.#refused++;
      this.delete(key);
      return;
    }
    this.#pending.set(name, { blob, bytes, expiresAt: storableTime(expiresAt) });
    this.#flushing ??= this.#flushAll();
  }

  delete(key: string): boolean {
    if (this.#closed) return false;
    const name = storableText(key);
    const waiting = this.#pending.delete(name);
    const stored = this.#sizeOf.get(name) as { bytes: number } | undefined;
    if (stored !== undefined) {
      this.#remove.run(name);
      this.#entries--;
      this.#bytes -= stored.bytes;
    }
    return waiting || stored !== undefined;
  }

  clear(): void {
    if (this.#closed) return;
    this.#pending.clear();
    this.#used.clear();
    this.#database.exec('DELETE FROM cache_entries');
    this.#entries = 0;
    this.#bytes = 0;
  }

  async flush(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing;
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    try {
      await this.flush();
      if (!this.#closed && this.#used.size > 0) this.#write([]);
    } finally {
      if (!this.#closed) {
        this.#closed = true;
        this.#database.close();
      }
    }
  }

  /** What the file holds, without what is still queued, and what was refused since it was opened. */
  get stats(): DiskTierStats {
    return { entries: this.#entries, bytes: this.#bytes, refused: this.#refused };
  }

  async #flushAll(): Promise<void> {
    do {
      await nextTurn();
      const group = [...this.#pending].slice(0, GROUP);
      try {
        this.#write(group);
      } catch (error) {
        this.#refused += group.length;
        this.#failure ??= toStoreError(error, { what: 'Writing to the cache', path: this.#path });
      }
      for (const [name, entry] of group) if (this.#pending.get(name) === entry) this.#pending.delete(name);
    } while (this.#pending.size > 0);
    this.#flushing = undefined;
  }

  /** One transaction: what is new, what was used since the last one, and what has to make room. */
  #write(group: readonly (readonly [string, PendingEntry])[]): void {
    let entries = this.#entries;
    let bytes = this.#bytes;
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      for (const name of this.#used) this.#touch.run(++this.#use, name);
      for (const [name, entry] of group) {
        const old = this.#sizeOf.get(name) as { bytes: number } | undefined;
        this.#upsert.run(name, entry.blob, entry.bytes, entry.expiresAt, ++this.#use);
        bytes += entry.bytes - (old?.bytes ?? 0);
        if (old === undefined) entries++;
      }
      if (bytes > this.#maxBytes) {
        const room = this.#maxBytes * ROOM;
        for (let rows = this.#oldest.all(); bytes > room && rows.length > 0; rows = this.#oldest.all()) {
          for (const row of rows as { key: string; bytes: number }[]) {
            if (bytes <= room) break;
            this.#remove.run(row.key);
            entries--;
            bytes -= row.bytes;
          }
        }
      }
      this.#database.exec('COMMIT');
    } catch (error) {
      try {
        this.#database.exec('ROLLBACK');
      } catch {
        // SQLite has rolled back by itself: the first error is the one to tell.
      }
      throw error;
    }
    this.#used.clear();
    this.#entries = entries;
    this.#bytes = bytes;
  }
}

/** The column takes integers: rounded up, and beyond them a value holds for ever. */
const storableTime = (expiresAt: number | null): number | null =>
  expiresAt === null || expiresAt > Number.MAX_SAFE_INTEGER ? null : Math.ceil(expiresAt);
