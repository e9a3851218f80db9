import type { PostgresClient, PostgresStatement } from './postgres-driver.js';
import { isLost } from './postgres-errors.js';

/** A row as the server writes it. */
export type PostgresRow = readonly (string | null)[];

const AS_TEXT: PostgresStatement['types'] = { getTypeParser: () => (value) => value };
/**
 * A write that stands still between two statements (its process was stopped, its event loop is blocked) is undone by the
 * server after so long: it holds locks that others wait for. No write waits for anything but the database.
 */
const STANDSTILL_MS = 5000;
const ignore = (): void => {};

/** A connection in use. It is given back once, whatever has become of it. */
export class PostgresSession {
  readonly #client: PostgresClient;
  #inTransaction = false;
  #lost = false;

  constructor(client: PostgresClient) {
    this.#client = client;
    client.on('error', ignore); // a loss without a listener would end the process; the next statement tells it
  }

  /** Runs a statement; without values it may be several. */
  async query(text: string, values: unknown[] = []): Promise<PostgresRow[]> {
    try {
      const { rows } = await this.#client.query({ text, values, rowMode: 'array', types: AS_TEXT });
      return rows as PostgresRow[];
    } catch (error) {
      if (isLost(error)) this.#lost = true;
      throw error;
    }
  }

  /** Begins a transaction that writes. */
  async begin(): Promise<void> {
    this.#inTransaction = true;
    await this.query(`BEGIN; SET LOCAL idle_in_transaction_session_timeout = ${STANDSTILL_MS}`);
  }

  /** Begins a transaction that reads, which may stand still: it locks nothing. */
  async beginReading(): Promise<void> {
    this.#inTransaction = true;
    await this.query('BEGIN READ ONLY');
  }

  /** Makes a transaction durable. */
  async commit(): Promise<void> {
    await this.query('COMMIT');
    this.#inTransaction = false;
  }

  /** Gives the connection back; a transaction that was not committed is undone. */
  async end(): Promise<void> {
    if (this.#inTransaction && !this.#lost) {
      try {
        await this.query('ROLLBACK');
      } catch {
        this.#lost = true; // its error is that of the work, or of nobody's concern
      }
    }
    this.#client.removeListener('error', ignore);
    this.#client.release(this.#lost);
  }
}
