import { createRequire } from 'node:module';
import type { Pool } from 'pg';
import { afterAll, describe, it } from 'vitest';
import {
  PostgresResultStore,
  type PostgresPool,
  type PostgresResultStoreOptions,
} from '../../src/postgres.js';
import { testResultStore } from '../../src/testing/result-store-contract.js';
import { describeWithPostgres } from '../support/with-postgres.js';

const pg = createRequire(import.meta.url)('pg') as { readonly Pool: new (options: object) => Pool };

describeWithPostgres('PostgresResultStore keeps the contract', (server) => {
  const schemas = new WeakMap<object, string>();
  let made = 0;
  const contract = (
    title: string,
    open: (options: PostgresResultStoreOptions) => PostgresResultStore,
    options: PostgresResultStoreOptions = {},
  ): void => {
    const openAt = (schema: string): PostgresResultStore => {
      const store = open({ ...options, schema });
      schemas.set(store, schema);
      return store;
    };
    describe(title, () => {
      testResultStore(it, () => openAt(`contract ${(made += 1)}`), {
        reopen: async (store) => {
          await store.close();
          return openAt(schemas.get(store) as string);
        },
      });
    });
  };

  contract('by an address', (options) => new PostgresResultStore(server().connectionString, options));
  contract('on one connection, results one by one', (options) => {
    const { host, port, user, password } = server();
    const address = { host, port, user, password: async () => password, database: 'postgres' };
    return new PostgresResultStore(address, { ...options, maxConnections: 1, groupSize: 1 });
  });

  let pool: Pool | undefined;
  afterAll(() => pool?.end());
  contract("on the host's pool", (options) => {
    pool ??= new pg.Pool({ connectionString: server().connectionString, max: 3 });
    return new PostgresResultStore(pool satisfies PostgresPool, options);
  });
});
