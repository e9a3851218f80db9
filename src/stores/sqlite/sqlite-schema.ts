import { AssayError } from '../../errors.js';
import { HAS_NO_SCORE, RESULT_INDEXES } from '../result-indexes.js';
import { prepare, type SqliteDatabase } from './sqlite-driver.js';

/** Each entry brings a database from the version that is its index to the next one. Never change an old one. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE evaluation_runs (
     run_id TEXT PRIMARY KEY,
     timestamp REAL NOT NULL,            -- first start, milliseconds since the epoch
     manifest TEXT NOT NULL              -- JSON
   ) STRICT, WITHOUT ROWID;

   CREATE TABLE evaluation_results (
     id INTEGER PRIMARY KEY,
     run_id TEXT NOT NULL,
     test_id TEXT NOT NULL,
     repetition INTEGER NOT NULL,
     outcome TEXT NOT NULL,              -- scored, unscored or errored
     model_name TEXT,
     timestamp REAL NOT NULL,            -- start, milliseconds since the epoch
     overall_score REAL,                 -- NULL when not scored
     execution_time_ms REAL NOT NULL,    -- target and evaluation
     success INTEGER NOT NULL,           -- 0 when errored
     dimension_scores TEXT,              -- JSON: name to score or null
     metadata TEXT,                      -- JSON
     details TEXT NOT NULL,              -- JSON: what the other columns do not hold
     model_response TEXT
   ) STRICT;

   CREATE TABLE batch_summaries (
     id INTEGER PRIMARY KEY,
     run_id TEXT NOT NULL,
     batch_id TEXT NOT NULL,
     timestamp REAL NOT NULL,            -- end, milliseconds since the epoch
     total_tests INTEGER NOT NULL,
     success_count INTEGER NOT NULL,     -- scored and unscored
     average_score REAL,
     execution_time_ms REAL NOT NULL,
     metadata TEXT NOT NULL,             -- JSON: the whole summary
     UNIQUE (run_id, batch_id)
   ) STRICT;`,

  `CREATE UNIQUE INDEX ${RESULT_INDEXES.key} ON evaluation_results (test_id, run_id, repetition);
   CREATE INDEX ${RESULT_INDEXES.run} ON evaluation_results (run_id, timestamp, test_id, repetition);
   CREATE INDEX ${RESULT_INDEXES.time} ON evaluation_results (timestamp, test_id, repetition);
   CREATE INDEX ${RESULT_INDEXES.model} ON evaluation_results (model_name, timestamp, test_id, repetition);
   CREATE INDEX ${RESULT_INDEXES.score} ON evaluation_results (model_name, overall_score);`,

  `CREATE INDEX ${RESULT_INDEXES.failed} ON evaluation_results (run_id, timestamp, test_id, repetition)
     WHERE ${HAS_NO_SCORE};`,

  `ALTER TABLE evaluation_runs ADD COLUMN run_end TEXT; -- JSON: how the run ended
   CREATE INDEX evaluation_runs_time ON evaluation_runs (timestamp, run_id);

   CREATE TABLE evaluation_leases (
     run_id TEXT NOT NULL,
     part TEXT NOT NULL,                 -- '' for the whole run
     lease_id TEXT NOT NULL,
     taken_at REAL NOT NULL,             -- milliseconds since the epoch
     renewed_at REAL NOT NULL,
     lease TEXT NOT NULL,                -- JSON: who holds it, and how long without a sign
     PRIMARY KEY (run_id, part)
   ) STRICT, WITHOUT ROWID;

   CREATE TABLE evaluation_cases (
     id INTEGER PRIMARY KEY,
     hash TEXT NOT NULL,                 -- caseHash in the details of results
     content TEXT NOT NULL               -- JSON: input, expected, metadata, group, cluster
   ) STRICT;

   CREATE TABLE evaluation_case_index (
     hash TEXT PRIMARY KEY,              -- '': of the last case that is in this index; the newest are not
     case_id INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;

   ALTER TABLE evaluation_results ADD COLUMN passed INTEGER;  -- 1, 0, or NULL without a score
   ALTER TABLE evaluation_results ADD COLUMN group_name TEXT;
   ALTER TABLE evaluation_results ADD COLUMN error_code TEXT;
   UPDATE evaluation_results SET
     passed = CASE WHEN overall_score IS NULL THEN NULL ELSE coalesce(
       json_extract(details, '$.evaluation.passed'), json_extract(details, '$."$tagged".evaluation.passed'),
       overall_score = 1) END,
     group_name = coalesce(json_extract(details, '$.group'), json_extract(details, '$."$tagged".group')),
     error_code = coalesce(json_extract(details, '$.error.code'), json_extract(details, '$."$tagged".error.code'));

   DROP INDEX IF EXISTS ${RESULT_INDEXES.run};
   DROP INDEX IF EXISTS ${RESULT_INDEXES.time};
   DROP INDEX IF EXISTS ${RESULT_INDEXES.model};
   DROP INDEX IF EXISTS ${RESULT_INDEXES.score};
   CREATE INDEX ${RESULT_INDEXES.run} ON evaluation_results (run_id, timestamp, test_id, repetition, overall_score);
   CREATE INDEX ${RESULT_INDEXES.time} ON evaluation_results (timestamp, test_id, repetition, overall_score);
   CREATE INDEX ${RESULT_INDEXES.model} ON evaluation_results (model_name, timestamp, test_id, repetition, overall_score);
   CREATE INDEX ${RESULT_INDEXES.score} ON evaluation_results (overall_score, timestamp);`,
];

/** The version that this package writes. */
export const SQLITE_SCHEMA_VERSION = MIGRATIONS.length;

/**
 * Brings the tables of a database to the version of this package, in one transaction.
 *
 * The version stands in a table of our own, not in `user_version`: the file may be the host's.
 *
 * @throws AssayError `ASSAY_STORE_FAILED` when a newer version of this package wrote the file, or when it has
 * tables of these names that are not ours. Errors of the driver pass through.
 */
export function migrate(database: SqliteDatabase, path: string): void {
  if (versionOf(database) === SQLITE_SCHEMA_VERSION) return; // the usual open takes no write lock
  database.exec('BEGIN IMMEDIATE');
  try {
    const version = versionOf(database);
    if (version > SQLITE_SCHEMA_VERSION) {
      throw new AssayError(
        'ASSAY_STORE_FAILED',
        `${path} was written by a newer version of assaykit (tables of version ${version}, this one knows ${SQLITE_SCHEMA_VERSION}): update assaykit`,
      );
    }
    if (version === 0 && hasTable(database, 'evaluation_results')) {
      throw new AssayError(
        'ASSAY_STORE_FAILED',
        `${path} has a table evaluation_results that assaykit did not create: use another file`,
      );
    }
    for (const migration of MIGRATIONS.slice(version)) database.exec(migration);
    database.exec(
      `CREATE TABLE IF NOT EXISTS assaykit_schema (version INTEGER NOT NULL) STRICT;
       DELETE FROM assaykit_schema;
       INSERT INTO assaykit_schema VALUES (${SQLITE_SCHEMA_VERSION});`,
    );
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

function versionOf(database: SqliteDatabase): number {
  if (!hasTable(database, 'assaykit_schema')) return 0;
  const row = prepare(database, 'SELECT version FROM assaykit_schema').get() as { version: number };
  return row.version;
}

function hasTable(database: SqliteDatabase, name: string): boolean {
  const found = prepare(database, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(name);
  return found !== undefined;
}
