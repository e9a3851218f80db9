import { AssayError } from '../../errors.js';
import { invalidOption } from '../../foundation/options.js';
import { HAS_NO_SCORE, RESULT_INDEXES } from '../result-indexes.js';
import type { PostgresSession } from './postgres-session.js';
import { RUN_WORK_TABLES } from './run-work-schema.js';

/**
 * Each entry brings a schema from the version that is its index to the next one; `$schema` stands for its quoted name.
 * Never change an old one.
 *
 * Ids compare by code points (`"C"`), so that order and prefixes do not depend on the database's locale. JSON stands in
 * `text`: `jsonb` rounds numbers, drops keys that come twice and refuses NUL. The scores of the dimensions are the
 * exception, since queries look into them; their names are those of {@link storableText}.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE $schema.evaluation_runs (
     run_id text COLLATE "C" PRIMARY KEY,
     timestamp double precision NOT NULL,  -- first start, milliseconds since the epoch
     manifest text NOT NULL,               -- JSON
     run_end text                          -- JSON: how the run ended
   );
   CREATE INDEX evaluation_runs_time ON $schema.evaluation_runs (timestamp DESC, run_id);

   CREATE TABLE $schema.evaluation_results (
     id bigint GENERATED ALWAYS AS IDENTITY,
     run_id text COLLATE "C" NOT NULL,
     test_id text COLLATE "C" NOT NULL,
     repetition integer NOT NULL,
     outcome text COLLATE "C" NOT NULL,    -- scored, unscored or errored
     model_name text COLLATE "C",
     timestamp double precision NOT NULL,  -- start, milliseconds since the epoch
     overall_score double precision,       -- NULL when not scored
     execution_time_ms double precision NOT NULL, -- target and evaluation
     success boolean NOT NULL,             -- false when errored
     passed boolean,                       -- NULL without a score
     group_name text COLLATE "C",
     error_code text COLLATE "C",
     case_hash text COLLATE "C",           -- evaluation_cases.hash
     dimension_scores jsonb,               -- name to score or null
     metadata text,                        -- JSON
     details text NOT NULL,                -- JSON: what the other columns do not hold
     model_response text
   );
   CREATE UNIQUE INDEX ${RESULT_INDEXES.key} ON $schema.evaluation_results (test_id, run_id, repetition);
   CREATE INDEX ${RESULT_INDEXES.run} ON $schema.evaluation_results (run_id, timestamp, test_id, repetition);
   CREATE INDEX ${RESULT_INDEXES.failed} ON $schema.evaluation_results (run_id, timestamp, test_id, repetition)
     WHERE ${HAS_NO_SCORE};
   CREATE INDEX ${RESULT_INDEXES.time} ON $schema.evaluation_results (timestamp, test_id, repetition);
   CREATE INDEX ${RESULT_INDEXES.model} ON $schema.evaluation_results (model_name, timestamp, test_id, repetition);
   CREATE INDEX ${RESULT_INDEXES.score} ON $schema.evaluation_results (overall_score, timestamp);

   CREATE TABLE $schema.evaluation_cases (
     hash text COLLATE "C" PRIMARY KEY,
     content text NOT NULL                 -- JSON: input, expected, metadata, group, cluster
   );

   CREATE TABLE $schema.evaluation_leases (
     run_id text COLLATE "C" NOT NULL,
     part text COLLATE "C" NOT NULL,       -- '' for the whole run
     lease_id text COLLATE "C" NOT NULL,
     taken_at double precision NOT NULL,   -- milliseconds since the epoch by the server's clock
     renewed_at double precision NOT NULL,
     lease text NOT NULL,                  -- JSON: who holds it, and how long without a sign
     PRIMARY KEY (run_id, part)
   );

   CREATE TABLE $schema.batch_summaries (
     id bigint GENERATED ALWAYS AS IDENTITY,
     run_id text COLLATE "C" NOT NULL,
     batch_id text COLLATE "C" NOT NULL,
     timestamp double precision NOT NULL,  -- end, milliseconds since the epoch
     total_tests integer NOT NULL,
     success_count integer NOT NULL,       -- scored and unscored
     average_score double precision,
     execution_time_ms double precision NOT NULL,
     metadata text NOT NULL,               -- JSON: the whole summary
     PRIMARY KEY (run_id, batch_id)
   );
   CREATE INDEX batch_summaries_time ON $schema.batch_summaries (run_id, timestamp, id);`,
  RUN_WORK_TABLES,
];

/** The version that this package writes. */
export const POSTGRES_SCHEMA_VERSION = MIGRATIONS.length;

/** PostgreSQL cuts a longer name off without a word: two schemas would be one. */
const NAME_BYTES = 63;

/**
 * A schema's name as SQL has it.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION` for a name that PostgreSQL cannot have or keeps for itself.
 */
export function quotedSchema(name: string): string {
  const error = invalidOption('PostgresResultStore', {
    name: 'schema',
    value: name,
    check: (value) =>
      typeof value === 'string' &&
      value !== '' &&
      !value.includes('\0') &&
      Buffer.byteLength(value) <= NAME_BYTES &&
      (value as string & { isWellFormed(): boolean }).isWellFormed() &&
      !value.startsWith('pg_') &&
      value !== 'information_schema'
        ? undefined
        : `a name of 1 to ${NAME_BYTES} bytes that does not begin with pg_`,
  });
  if (error !== undefined) throw error;
  return quoteIdentifier(name);
}

const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** What {@link migrate} needs to know. */
export interface MigrationOptions {
  /** The schema's name, quoted. */
  readonly schema: string;
  /** Whether tables may be made and changed. */
  readonly migrate: boolean;
}

/**
 * Brings the tables of a schema to the version of this package, in one transaction. Starts that come at the same time
 * wait for each other by an advisory lock that ends with the transaction, which a pooler in transaction mode keeps.
 *
 * @throws AssayError `ASSAY_STORE_FAILED` for tables of a newer version of this package, of an older one (or none) where
 * they may not be changed, of these names that are not ours, and for a database that does not keep text or numbers.
 */
export async function migrate(
  session: PostgresSession,
  { schema, migrate: may }: MigrationOptions,
): Promise<void> {
  await checkSettings(session);
  if ((await versionOf(session, schema)) === POSTGRES_SCHEMA_VERSION) return; // a role that may only read is enough
  if (!may) await refuseVersion(session, schema);
  await session.begin();
  await session.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`assaykit ${schema}`]);
  const version = await versionOf(session, schema);
  if (version < POSTGRES_SCHEMA_VERSION) {
    if (version === 0) await makeSchema(session, schema);
    if (version === 0 && (await hasTable(session, schema, 'evaluation_results')))
      throw failed(
        `the schema ${schema} has a table evaluation_results that assaykit did not create: use another \`schema\``,
      );
    for (const migration of MIGRATIONS.slice(version))
      await session.query(migration.replaceAll('$schema', () => schema));
    await session.query(`CREATE TABLE IF NOT EXISTS ${schema}.assaykit_schema (version integer NOT NULL)`);
    await session.query(`DELETE FROM ${schema}.assaykit_schema`);
    await session.query(`INSERT INTO ${schema}.assaykit_schema VALUES ($1)`, [POSTGRES_SCHEMA_VERSION]);
  }
  await session.commit();
}

/** Others would give back other text than they got, or numbers that are cut off. */
async function checkSettings(session: PostgresSession): Promise<void> {
  const [row] = await session.query(
    `SELECT current_setting('server_encoding'), current_setting('client_encoding'), current_setting('extra_float_digits')::int > 0`,
  );
  const [server, client, exact] = row as [string, string, string];
  if (server !== 'UTF8' || client !== 'UTF8')
    throw failed(
      `its encoding is ${server} (of the connection: ${client}), which does not hold any text: UTF8 does`,
    );
  if (exact !== 't')
    throw failed('`extra_float_digits` is 0 or less, which cuts numbers off: it must be 1 or more');
}

async function refuseVersion(session: PostgresSession, schema: string): Promise<never> {
  const version = await versionOf(session, schema);
  throw failed(
    version === 0
      ? `the schema ${schema} has no tables of assaykit, and \`migrate: false\` makes none`
      : `the tables of the schema ${schema} are of version ${version}, this assaykit needs ${POSTGRES_SCHEMA_VERSION}, and \`migrate: false\` changes none`,
  );
}

/** Asked for first: making one that is there needs a right that using it does not. */
async function makeSchema(session: PostgresSession, schema: string): Promise<void> {
  const found = await session.query('SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1', [
    nameOf(schema),
  ]);
  if (found.length === 0) await session.query(`CREATE SCHEMA ${schema}`);
}

/** @throws AssayError for a version that this package does not know. */
async function versionOf(session: PostgresSession, schema: string): Promise<number> {
  if (!(await hasTable(session, schema, 'assaykit_schema'))) return 0;
  const [row] = await session.query(`SELECT version FROM ${schema}.assaykit_schema`);
  const version = Number(row?.[0] ?? 0);
  if (version > POSTGRES_SCHEMA_VERSION)
    throw failed(
      `the schema ${schema} was written by a newer version of assaykit (tables of version ${version}, this one knows ${POSTGRES_SCHEMA_VERSION}): update assaykit`,
    );
  return version;
}

/**
 * A look into the catalog's tables: `to_regclass` goes by a cache, which may still say no when the start that was waited
 * for has just made them.
 */
async function hasTable(session: PostgresSession, schema: string, name: string): Promise<boolean> {
  const found = await session.query(
    `SELECT 1 FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
     WHERE nspname = $1 AND relname = $2`,
    [nameOf(schema), name],
  );
  return found.length > 0;
}

/** The name that was quoted. */
const nameOf = (schema: string): string => schema.slice(1, -1).replaceAll('""', '"');

const failed = (message: string): AssayError =>
  new AssayError('ASSAY_STORE_FAILED', `The PostgreSQL database cannot be used: ${message}`);
