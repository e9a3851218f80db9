/**
 * Results in PostgreSQL, for runs on more than one machine: `npm install pg@8`.
 *
 * @module assaykit/postgres
 */

export { PostgresResultStore } from './stores/postgres/postgres-result-store.js';
export type { PostgresAddress, PostgresTls } from './stores/postgres/postgres-address.js';
export type { PostgresResultStoreOptions } from './stores/postgres/postgres-options.js';
export type { PostgresClient, PostgresPool, PostgresStatement } from './stores/postgres/postgres-driver.js';
