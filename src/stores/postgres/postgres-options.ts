import { AssayError } from '../../errors.js';
import { systemClock, type Clock } from '../../foundation/clock.js';
import {
  anything,
  boolean,
  checkOptions,
  integer,
  milliseconds,
  object,
  show,
  text,
} from '../../foundation/options.js';
import { checkTls, resolveAddress, type PostgresAddress, type PostgresTls } from './postgres-address.js';
import type { PostgresDatabaseOptions } from './postgres-database.js';
import { isPool, openPool, type PostgresPool } from './postgres-driver.js';
import { quotedSchema } from './postgres-schema.js';

/** Options of a {@link PostgresResultStore}. */
export interface PostgresResultStoreOptions {
  /** Schema of the tables, 1 to 63 bytes; stores with the same one share their runs. @default 'assaykit' */
  readonly schema?: string | undefined;
  /**
   * Whether the schema and its tables are made, and brought to the version of this package. `false` for a role that
   * must not: then somebody else does it first, by a store that may.
   * @default true
   */
  readonly migrate?: boolean | undefined;
  /** How the connection is encrypted. @default as the address says, else `false` */
  readonly tls?: boolean | PostgresTls | undefined;
  /** Most connections of this store, >= 1. Appends take one, each query that is being read another. @default 10 */
  readonly maxConnections?: number | undefined;
  /** How long to wait for a connection, a free one or a new one, milliseconds. @default 10000 */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * How long one statement may take, milliseconds; `Infinity`: no limit. It is a parameter of the connection, which
   * pgbouncer refuses unless its `ignore_startup_parameters` names `statement_timeout`.
   * @default 30000
   */
  readonly statementTimeoutMs?: number | undefined;
  /**
   * How long work is tried again while the server cannot be reached (a restart, a failover), milliseconds.
   * @default 30000
   */
  readonly retryTimeoutMs?: number | undefined;
  /**
   * Most results that single appends are gathered to for one statement, >= 1. An append of more is one
   * statement all the same.
   * @default 500
   */
  readonly groupSize?: number | undefined;
  /** What the server's lists of connections show. @default 'assaykit' */
  readonly applicationName?: string | undefined;
  /** Where time comes from; leases go by the server's. @default the machine's clock */
  readonly clock?: Clock | undefined;
}

/** What a store is made of. */
export interface ResolvedPostgresOptions {
  readonly groupSize: number;
  readonly database: PostgresDatabaseOptions;
}

/** Options that only connections of our own can have. */
const OF_OWN_POOL = [
  'tls',
  'maxConnections',
  'connectTimeoutMs',
  'statementTimeoutMs',
  'applicationName',
] as const;
/** The server ends a statement first; this ends it when no answer comes at all. */
const ANSWER_MS = 5000;

/**
 * Checks the options of a store and fills in the defaults.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`.
 */
export function resolvePostgresOptions(
  database: string | PostgresAddress | PostgresPool,
  options: PostgresResultStoreOptions,
): ResolvedPostgresOptions {
  const checked = checkOptions<PostgresResultStoreOptions>('PostgresResultStore', options, {
    schema: anything,
    migrate: boolean,
    tls: (value) => (typeof value === 'boolean' ? undefined : object(value)),
    maxConnections: integer(1),
    connectTimeoutMs: milliseconds,
    statementTimeoutMs: milliseconds,
    retryTimeoutMs: milliseconds,
    groupSize: integer(1),
    applicationName: text,
    clock: object,
  });
  return {
    groupSize: checked.groupSize ?? 500,
    database: {
      ...(isPool(database)
        ? { pool: hostsPool(database, checked), endPool: false }
        : { pool: ownPool(database, checked), endPool: true }),
      schema: quotedSchema(checked.schema ?? 'assaykit'),
      migrate: checked.migrate ?? true,
      retryTimeoutMs: checked.retryTimeoutMs ?? 30_000,
      clock: checked.clock ?? systemClock,
    },
  };
}

function hostsPool(pool: PostgresPool, options: PostgresResultStoreOptions): () => PostgresPool {
  const wrong = OF_OWN_POOL.find((name) => options[name] !== undefined);
  if (wrong !== undefined)
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected no \`${wrong}\` of PostgresResultStore for a pool of the host: set it on the pool`,
    );
  return () => pool;
}

function ownPool(
  given: string | PostgresAddress,
  options: PostgresResultStoreOptions,
): () => Promise<PostgresPool> {
  if (typeof given !== 'string' && (typeof given !== 'object' || given === null))
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected the database of PostgresResultStore to be an address or a pool of pg, got ${show(given)}`,
    );
  const { statementTimeoutMs = 30_000, connectTimeoutMs = 10_000, maxConnections = 10 } = options;
  const { host, port, user, database, password, tls, channelBinding, applicationName } =
    resolveAddress(given);
  const ssl = checkTls(options.tls ?? tls ?? false);
  const limited = statementTimeoutMs > 0 && statementTimeoutMs < MOST_MS;
  return () =>
    openPool({
      host,
      port,
      user,
      database,
      password,
      ssl: ssl === false ? false : { ...ssl },
      enableChannelBinding: channelBinding,
      max: maxConnections,
      connectionTimeoutMillis: Math.min(connectTimeoutMs, MOST_MS),
      statement_timeout: limited ? Math.ceil(statementTimeoutMs) : false,
      query_timeout: limited ? Math.ceil(statementTimeoutMs) + ANSWER_MS : false,
      application_name: options.applicationName ?? applicationName ?? 'assaykit',
    });
}

/** What a timer of Node and a setting of the server hold. */
const MOST_MS = 2_147_000_000;
