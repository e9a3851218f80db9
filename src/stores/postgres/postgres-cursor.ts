import type { ClockTimer } from '../../foundation/clock.js';
import type { ResultQuery } from '../result-store.js';
import type { IdleHolder, PostgresDatabase } from './postgres-database.js';
import { phasesOf, queryRowOf, selectOf, type QueryPhase, type QueryRow } from './postgres-query.js';
import type { PostgresSession } from './postgres-session.js';

/** A reader that asks for no more rows for so long does not keep its connection, nor old rows from being cleared away. */
const LONGEST_IDLE_MS = 5000;

/**
 * Reads a query by a cursor of the database: sorted once, in flat memory here. The cursor's transaction is given up when
 * somebody else needs the connection, when the reader takes its time, or when the server is lost; the next rows are then
 * read by another one that begins behind the last row.
 */
export class PostgresCursor implements IdleHolder {
  readonly #database: PostgresDatabase;
  readonly #query: ResultQuery;
  readonly #phases: QueryPhase[];
  #left: number | undefined;
  #last: QueryRow | undefined;
  #session: PostgresSession | undefined;
  #timer: ClockTimer | undefined;
  #suspending: Promise<void> | undefined;

  /** `limit`: most rows; `undefined`: all. */
  constructor(
    database: PostgresDatabase,
    { query, limit }: { readonly query: ResultQuery; readonly limit: number | undefined },
  ) {
    this.#database = database;
    this.#query = query;
    this.#phases = phasesOf(query);
    this.#left = limit;
  }

  /** The next rows, at most as many as asked for; none at the end. */
  async next(rows: number): Promise<QueryRow[]> {
    while (this.#phases.length > 0 && this.#left !== 0) {
      const found = await this.#fetch(rows);
      this.#last = found.at(-1) ?? this.#last;
      if (this.#left !== undefined) this.#left -= found.length;
      if (found.length < rows) {
        await this.suspend();
        this.#phases.shift();
        this.#last = undefined;
      } else await this.#rest();
      if (found.length > 0) return found;
    }
    await this.suspend();
    return [];
  }

  /** Gives the connection back; reading may go on. */
  suspend(): Promise<void> {
    this.#suspending ??= this.#giveBack().finally(() => (this.#suspending = undefined));
    return this.#suspending;
  }

  async #giveBack(): Promise<void> {
    this.#timer?.cancel();
    this.#database.busy(this);
    const session = this.#session;
    this.#session = undefined;
    await session?.end();
  }

  async #rest(): Promise<void> {
    this.#timer = this.#database.clock.schedule(() => void this.suspend(), LONGEST_IDLE_MS, {
      keepAlive: false,
    });
    await this.#database.idle(this);
  }

  async #fetch(rows: number): Promise<QueryRow[]> {
    await this.#suspending;
    this.#timer?.cancel();
    this.#database.busy(this);
    return this.#database.persistently('Reading results', async () => {
      try {
        this.#session ??= await this.#declare();
        const found = await this.#session.query(`FETCH ${rows} FROM assaykit_results`);
        return found.map(queryRowOf);
      } catch (error) {
        await this.#giveBack();
        throw error;
      }
    });
  }

  async #declare(): Promise<PostgresSession> {
    const { schema } = this.#database;
    const rest = { phase: this.#phases[0]!, last: this.#last, rows: this.#left };
    const { text, values } = selectOf(schema, this.#query, rest);
    const session = await this.#database.take();
    try {
      await session.beginReading();
      await session.query(`DECLARE assaykit_results NO SCROLL CURSOR FOR ${text}`, values);
      return session;
    } catch (error) {
      await session.end();
      throw error;
    }
  }
}
