import { open } from 'node:fs/promises';
import { nextTurn } from '../../foundation/event-loop-turns.js';
import { LOG_BYTES, type SqliteConnection } from './sqlite-connection.js';

/**
 * Copies the write-ahead log into the database between two writes; left to itself, SQLite does it within a commit. What
 * takes the time is syncing the log to the disk, which must be done before the copy. Here libuv's pool does it, most of
 * it while writes go on, and the event loop is blocked for the copy and its own sync alone: 24 ms instead of 75.
 *
 * A checkpoint on a connection of another thread would not block at all, but costs 100 ms of CPU to start, and in SQLite
 * before 3.51.3 a write at the wrong moment of it damages the file (https://www.sqlite.org/wal.html#walresetbug).
 */
export class SqliteCheckpointer {
  readonly #connection: SqliteConnection;
  readonly #logPath: string;
  #dueBytes = LOG_BYTES;
  #running: Promise<void> | undefined;
  #pause: Promise<void> | undefined;

  constructor(connection: SqliteConnection, logPath: string) {
    this.#connection = connection;
    this.#logPath = logPath;
    connection.setAutoCheckpoint(false);
  }

  /** What a write has to wait for: only when the whole log is copied does it start again from its beginning. */
  get pause(): Promise<void> | undefined {
    return this.#pause;
  }

  /** Starts a checkpoint when the log has become long; to be called after each write. */
  afterWrite(): void {
    const size = this.#connection.logSize();
    if (size > this.#dueBytes) this.#running ??= this.#checkpoint(size);
    if (size > this.#dueBytes + LOG_BYTES) this.#pause = this.#running; // the disk is slower than the writes
  }

  /** Resolves when no checkpoint is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #checkpoint(size: number): Promise<void> {
    try {
      await this.#syncLog();
      this.#pause = this.#running;
      await this.#syncLog(); // what was written during the first one
      await nextTurn();
      const complete = this.#connection.checkpoint();
      // What a reader still needs stays in the log: try again when there is more to copy.
      this.#dueBytes = complete ? LOG_BYTES : size + LOG_BYTES;
      await nextTurn();
    } catch {
      this.#connection.setAutoCheckpoint(true);
      this.#dueBytes = Number.POSITIVE_INFINITY;
    } finally {
      this.#running = this.#pause = undefined;
    }
  }

  async #syncLog(): Promise<void> {
    const log = await open(this.#logPath, 'r+'); // Windows syncs only what is open for writing
    try {
      await log.datasync();
    } finally {
      await log.close();
    }
  }
}
