import type { Clock } from '../../foundation/clock.js';
import { tryAgain } from '../try-again.js';
import type { PostgresPool } from './postgres-driver.js';
import { isPassing, toStoreError } from './postgres-errors.js';
import { migrate } from './postgres-schema.js';
import { PostgresSession } from './postgres-session.js';

/** What a {@link PostgresDatabase} is made of. */
export interface PostgresDatabaseOptions {
  /** Makes the pool, or gives the host's. */
  readonly pool: () => PostgresPool | Promise<PostgresPool>;
  /** Whether the pool is ended with the store. */
  readonly endPool: boolean;
  /** The schema's name, quoted. */
  readonly schema: string;
  /** Whether tables may be made and changed. */
  readonly migrate: boolean;
  /** How long work is tried again while the server cannot be reached, milliseconds. */
  readonly retryTimeoutMs: number;
  readonly clock: Clock;
}

/** Somebody who holds a connection between two statements and can do without. */
export interface IdleHolder {
  /** Gives the connection back. */
  suspend(): Promise<void>;
}

const FIRST_WAIT_MS = 20;
const LONGEST_WAIT_MS = 1000;
const ignore = (): void => {};

/**
 * The connections of a store. Work that fails because the server was lost (a crash, a restart, a cut connection) is done
 * again on another connection until it succeeds or the time is up: all work of the store gives the same when it is done
 * twice. Nothing depends on a session: no named statements, no session settings, no locks that outlive a transaction.
 */
export class PostgresDatabase {
  readonly #options: PostgresDatabaseOptions;
  readonly #idle = new Set<IdleHolder>();
  #pool: Promise<PostgresPool> | undefined;
  #migrating: Promise<void> | undefined;

  constructor(options: PostgresDatabaseOptions) {
    this.#options = options;
  }

  /** The schema's name, quoted. */
  get schema(): string {
    return this.#options.schema;
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  /** Does `work` on a connection. `what` names it in errors. */
  use<Result>(what: string, work: (session: PostgresSession) => Promise<Result>): Promise<Result> {
    return this.persistently(what, async () => {
      const session = await this.take();
      try {
        return await work(session);
      } finally {
        await session.end();
      }
    });
  }

  /** Does `work` within a transaction. */
  transaction<Result>(what: string, work: (session: PostgresSession) => Promise<Result>): Promise<Result> {
    return this.use(what, async (session) => {
      await session.begin();
      const result = await work(session);
      await session.commit();
      return result;
    });
  }

  /** Does `work` again while it fails by what passes; rejects with an error of this package. */
  async persistently<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    const { retryTimeoutMs: timeoutMs, clock } = this.#options;
    const waits = { firstWaitMs: FIRST_WAIT_MS, longestWaitMs: LONGEST_WAIT_MS };
    try {
      return await tryAgain(work, { isPassing, timeoutMs, clock, ...waits });
    } catch (error) {
      throw toStoreError(error, what);
    }
  }

  /** Takes a connection to a database whose tables are ready; end it. */
  async take(): Promise<PostgresSession> {
    const pool = await this.#open();
    await (this.#migrating ??= this.#migrate(pool));
    return this.#connect(pool);
  }

  /** Keeps in mind that a connection is held that could be given back; gives it back at once when others wait. */
  async idle(holder: IdleHolder): Promise<void> {
    const pool = await this.#open();
    if (othersWait(pool)) await holder.suspend();
    else this.#idle.add(holder);
  }

  /** The connection of a holder is in use again, or was given back. */
  busy(holder: IdleHolder): void {
    this.#idle.delete(holder);
  }

  /** Ends the pool, or (of a host) leaves it as it was. */
  async close(): Promise<void> {
    const pool = await this.#pool?.catch(() => undefined); // who asked for it was told
    if (pool === undefined) return;
    await Promise.allSettled([...this.#idle].map((holder) => holder.suspend()));
    if (this.#options.endPool) await pool.end();
    pool.removeListener('error', ignore);
  }

  #open(): Promise<PostgresPool> {
    return (this.#pool ??= this.#openPool());
  }

  async #openPool(): Promise<PostgresPool> {
    try {
      const pool = await this.#options.pool();
      pool.on('error', ignore); // an idle connection was lost: without a listener the process would end
      return pool;
    } catch (error) {
      this.#pool = undefined; // a later call may find the driver there
      throw error;
    }
  }

  async #connect(pool: PostgresPool): Promise<PostgresSession> {
    const connecting = pool.connect();
    connecting.catch(ignore); // it is waited for below
    if (othersWait(pool)) {
      const [oldest] = this.#idle;
      await oldest?.suspend();
    }
    return new PostgresSession(await connecting);
  }

  async #migrate(pool: PostgresPool): Promise<void> {
    try {
      const session = await this.#connect(pool);
      try {
        await migrate(session, this.#options);
      } finally {
        await session.end();
      }
    } catch (error) {
      this.#migrating = undefined; // a later call may find the server there
      throw error;
    }
  }
}

const othersWait = (pool: PostgresPool): boolean => pool.waitingCount > pool.idleCount;
