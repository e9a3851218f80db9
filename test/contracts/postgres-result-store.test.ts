import { describe, it } from 'vitest';
import { PostgresResultStore, type PostgresResultStoreOptions } from '../../src/postgres.js';
import { testResultStore } from '../../src/testing/result-store-contract.js';
import { describeWithPostgres } from '../support/with-postgres.js';

describeWithPostgres('PostgresResultStore keeps the contract', (server) => {
  const schemas = new WeakMap<object, string>();
  let made = 0;
  const contract = (
    title: string,
    open: (options: PostgresResultStoreOptions) => PostgresResultStore,
    largestBatch: number,
  ): void => {
    const openAt = (schema: string): PostgresResultStore => {
      const store = open({ schema });
      schemas.set(store, schema);
      return store;
    };
    describe(title, () => {
      testResultStore(it, () => openAt(`contract ${(made += 1)}`), {
        largestBatch,
        reopen: async (store) => {
          await store.close();
          return openAt(schemas.get(store) as string);
        },
      });
    });
  };

  contract('by an address', (options) => new PostgresResultStore(server().connectionString, options), 4_000);
  contract(
    'on one connection, results one by one',
    (options) => {
      const { host, port, user, password } = server();
      const address = { host, port, user, password: async () => password, database: 'postgres' };
      return new PostgresResultStore(address, { ...options, maxConnections: 1, groupSize: 1 });
    },
    300,
  );
});
