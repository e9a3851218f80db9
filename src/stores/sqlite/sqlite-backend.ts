import type { Clock } from '../../foundation/clock.js';
import { TurnGiver } from '../../foundation/event-loop-turns.js';
import { tryAgain } from '../try-again.js';
import { SqliteCheckpointer } from './sqlite-checkpointer.js';
import { SqliteConnection, type ConnectionOptions } from './sqlite-connection.js';
import type { SqliteDatabase } from './sqlite-driver.js';
import { isBusy } from './sqlite-errors.js';

/** The methods of a {@link SqliteConnection} that the store calls, wherever the connection lives. */
export type ConnectionCall =
  | 'begin'
  | 'renew'
  | 'release'
  | 'finish'
  | 'manifest'
  | 'runs'
  | 'counts'
  | 'append'
  | 'cases'
  | 'appendSummary'
  | 'outcomes'
  | 'plan'
  | 'page'
  | 'summaries';

const WRITES: ReadonlySet<ConnectionCall> = new Set([
  'begin',
  'renew',
  'release',
  'finish',
  'append',
  'appendSummary',
]);

/** Where the store's work on the database is done. */
export interface SqliteBackend {
  /** Calls a method of the connection. */
  call<Name extends ConnectionCall>(
    name: Name,
    ...parameters: Parameters<SqliteConnection[Name]>
  ): Promise<ReturnType<SqliteConnection[Name]>>;
  /** Closes the connection. */
  close(): Promise<void>;
}

const FIRST_WAIT_MS = 1;
const LONGEST_WAIT_MS = 50;

/**
 * The connection on the calling thread. SQLite would wait for a lock by blocking the event loop; here it gives
 * up at once and is asked again after a pause, until `lockTimeoutMs` have passed.
 */
export class MainThreadBackend implements SqliteBackend {
  readonly #connection: SqliteConnection;
  readonly #clock: Clock;
  readonly #lockTimeoutMs: number;
  readonly #checkpointer: SqliteCheckpointer | undefined;
  readonly #turns: TurnGiver;

  private constructor(
    connection: SqliteConnection,
    { clock, lockTimeoutMs }: { readonly clock: Clock; readonly lockTimeoutMs: number },
  ) {
    this.#connection = connection;
    const { logPath } = connection;
    this.#checkpointer = logPath === undefined ? undefined : new SqliteCheckpointer(connection, logPath);
    this.#clock = clock;
    this.#lockTimeoutMs = lockTimeoutMs;
    this.#turns = new TurnGiver(() => clock.now());
  }

  /** Sets up an open database. */
  static async open(
    database: SqliteDatabase,
    options: Omit<ConnectionOptions, 'blockingTimeoutMs'>,
    { clock, lockTimeoutMs }: { readonly clock: Clock; readonly lockTimeoutMs: number },
  ): Promise<MainThreadBackend> {
    const connection = await whileBusy(
      () => new SqliteConnection(database, { ...options, blockingTimeoutMs: 0 }),
      clock,
      lockTimeoutMs,
    );
    return new MainThreadBackend(connection, { clock, lockTimeoutMs });
  }

  async call<Name extends ConnectionCall>(
    name: Name,
    ...parameters: Parameters<SqliteConnection[Name]>
  ): Promise<ReturnType<SqliteConnection[Name]>> {
    const connection = this.#connection;
    const method = connection[name] as (...args: typeof parameters) => ReturnType<SqliteConnection[Name]>;
    const writes = WRITES.has(name);
    const checkpointer = writes ? this.#checkpointer : undefined;
    const attempt = async (): Promise<ReturnType<SqliteConnection[Name]>> => {
      while (checkpointer?.pause !== undefined) await checkpointer.pause;
      return method.apply(connection, parameters);
    };
    const result = await whileBusy(attempt, this.#clock, this.#lockTimeoutMs);
    checkpointer?.afterWrite();
    // A read waits for nothing outside: page after page would let no timer and no signal through.
    const turn = writes ? undefined : this.#turns.due();
    if (turn !== undefined) await turn;
    return result;
  }

  async close(): Promise<void> {
    await this.#checkpointer?.idle();
    this.#connection.close();
  }
}

/** Does `work` again while another connection holds the lock. */
const whileBusy = <Result>(
  work: () => Result | Promise<Result>,
  clock: Clock,
  timeoutMs: number,
): Promise<Result> =>
  tryAgain(work, {
    isPassing: isBusy,
    timeoutMs,
    firstWaitMs: FIRST_WAIT_MS,
    longestWaitMs: LONGEST_WAIT_MS,
    clock,
  });
