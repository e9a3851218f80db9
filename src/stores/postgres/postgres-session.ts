import type { PostgresClient, PostgresStatement } from './postgres-driver.js';
import { isLost } from './postgres-errors.js';

/** A row as the server writes it. */
export type PostgresRow = readonly (string | null)[];

const AS_TEXT: PostgresStatement['types'] = { getTypeParser: () => (value) => value };
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

  /** Begins a transaction. */
  async begin(mode: '' | 'READ ONLY' = ''): Promise<void> {
    this.#inTransaction = true;
    await this.query(`BEGIN ${mode}`);
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
