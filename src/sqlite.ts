/**
 * Results and cached values in SQLite: node:sqlite where the runtime has it, else `npm install better-sqlite3@12`.
 *
 * @module assaykit/sqlite
 */

export { SqliteResultStore, type SqliteResultStoreOptions } from './stores/sqlite/sqlite-result-store.js';
export { SqliteDiskTier, type SqliteDiskTierOptions } from './stores/sqlite/sqlite-disk-tier.js';
export type {
  SqliteDatabase,
  SqliteDriverName,
  SqliteStatement,
  SqliteValue,
} from './stores/sqlite/sqlite-driver.js';
