import { AssayError } from '../../errors.js';

/** A statement for {@link PostgresClient.query}: the part of pg's `QueryConfig` that the store uses. */
export interface PostgresStatement {
  /** SQL with `$1`, `$2`, … for the values. */
  readonly text: string;
  /** The values; an array stands for an array of the database. */
  readonly values: unknown[];
  /** Rows as arrays. */
  readonly rowMode: 'array';
  /** How columns are read: here all as text, whatever parsers the host has set. */
  readonly types: {
    /** The parser of a column. */
    getTypeParser(): (value: string) => unknown;
  };
}

/** A connection that was taken from a {@link PostgresPool}: a `PoolClient` of pg fits. */
export interface PostgresClient {
  /** Runs one statement. */
  query(statement: PostgresStatement): Promise<{
    /** What a statement gives; of several at once, nothing is read. */
    rows: unknown[];
  }>;
  /** Gives the connection back; with an error (or `true`) it is closed. */
  release(destroy?: Error | boolean): void;
  /** Subscribes to `error`: the connection was lost. */
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** Unsubscribes. */
  removeListener(event: 'error', listener: (error: Error) => void): unknown;
}

/** The part of a pool of connections that the store uses: a `Pool` of pg fits. */
export interface PostgresPool {
  /** Takes a connection. */
  connect(): Promise<PostgresClient>;
  /** Closes all connections. */
  end(): Promise<void>;
  /** Subscribes to `error`: a connection that nobody used was lost. */
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** Unsubscribes. */
  removeListener(event: 'error', listener: (error: Error) => void): unknown;
  /** Connections that are open. */
  readonly totalCount: number;
  /** Connections that nobody uses. */
  readonly idleCount: number;
  /** Calls of `connect` that wait for a connection. */
  readonly waitingCount: number;
}

/** What a connection of our own is made with: pg's `PoolConfig`, each member that pg would else take from its environment. */
export interface DriverSettings {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: () => string | undefined | Promise<string | undefined>;
  readonly ssl: object | false;
  readonly enableChannelBinding: boolean;
  readonly max: number;
  readonly connectionTimeoutMillis: number;
  readonly statement_timeout: number | false;
  readonly query_timeout: number | false;
  readonly application_name: string;
}

type Connected = (error: Error | null, ...rest: unknown[]) => void;
type ClientClass = new (config: object) => {
  readonly connectionParameters: Record<string, unknown>;
  readonly connection: { readonly stream: { destroy(): unknown } };
  connect(callback: Connected): void;
};
interface Driver {
  readonly Client: ClientClass;
  readonly Pool: new (config: object) => PostgresPool;
}

/** Whether `value` can be used as a pool of connections. */
export function isPool(value: unknown): value is PostgresPool {
  const candidate = value as Partial<PostgresPool> | null;
  return (
    typeof candidate === 'object' &&
    candidate !== null &&
    typeof candidate.connect === 'function' &&
    typeof candidate.end === 'function' &&
    typeof candidate.totalCount === 'number' // a client, which has the methods, can do one thing at a time
  );
}

/** What pg reads from variables of the environment and offers no member for that says "none". */
const FROM_ENVIRONMENT = ['options', 'replication', 'fallback_application_name'];

/**
 * A pool of connections of pg that takes nothing from the environment: every `PG…` variable that pg knows is either
 * given here or taken out again. Passwords of `~/.pgpass` are not read, because there always is a function for it.
 *
 * @throws AssayError `ASSAY_MISSING_DEPENDENCY` when pg is not installed.
 */
export async function openPool(settings: DriverSettings): Promise<PostgresPool> {
  const { Client, Pool } = await loadDriver();
  class PlainClient extends Client {
    constructor(config: object) {
      super(config);
      for (const name of FROM_ENVIRONMENT) this.connectionParameters[name] = undefined;
    }

    /** One that was refused here (no password, an unknown certificate) stays open otherwise, and with it the process. */
    override connect(callback: Connected): void {
      super.connect((error, ...rest) => {
        if (error) this.connection.stream.destroy();
        callback(error, ...rest);
      });
    }
  }
  return new Pool({
    ...settings,
    Client: PlainClient,
    client_encoding: 'UTF8',
    sslnegotiation: 'postgres',
    keepAlive: true,
  });
}

async function loadDriver(): Promise<Driver> {
  try {
    const loaded = (await import('pg')) as unknown as { readonly default: Driver };
    return loaded.default;
  } catch (error) {
    throw new AssayError(
      'ASSAY_MISSING_DEPENDENCY',
      'PostgresResultStore needs the package pg: npm install pg@8',
      { cause: error },
    );
  }
}
