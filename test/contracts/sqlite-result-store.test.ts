import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { SqliteResultStore, type SqliteDatabase, type SqliteResultStoreOptions } from '../../src/sqlite.js';
import { testResultStore } from '../../src/testing/result-store-contract.js';
import { scoredResult } from '../../src/testing/sample-results.js';
import { temporaryFolders } from '../stores/temporary-folder.js';

const variants: readonly SqliteResultStoreOptions[] = [
  {},
  { thread: 'worker' },
  { durability: 'power', groupSize: 3, lockTimeoutMs: 0 },
  { driver: 'better-sqlite3' },
  { driver: 'node:sqlite' },
];

const hasNodeSqlite = process.getBuiltinModule('node:sqlite') !== undefined;
const hasBetterSqlite = ((): boolean => {
  try {
    const require = createRequire(import.meta.url);
    new (require('better-sqlite3') as new (path: string) => SqliteDatabase)(':memory:').close();
    return true;
  } catch {
    return false; // built for another Node
  }
})();

for (const options of variants) {
  const title = `SqliteResultStore keeps the contract on a file with ${JSON.stringify(options)}`;
  const missing =
    (options.driver === 'node:sqlite' && !hasNodeSqlite) ||
    (options.driver === 'better-sqlite3' && !hasBetterSqlite);
  describe.skipIf(missing)(missing ? `${title} (skipped: no such driver here)` : title, () => {
    const newFolder = temporaryFolders();
    const paths = new WeakMap<object, string>();
    const open = (path: string): SqliteResultStore => {
      const store = new SqliteResultStore(path, options);
      paths.set(store, path);
      return store;
    };
    testResultStore(it, () => open(`${newFolder()}/results.db`), {
      reopen: async (store) => {
        await store.close();
        return open(paths.get(store) as string);
      },
    });
  });
}

describe('SqliteResultStore keeps the contract in memory', () => {
  testResultStore(it, () => new SqliteResultStore(':memory:'));
});

describe.skipIf(!hasBetterSqlite)("SqliteResultStore keeps the contract on the host's open database", () => {
  const require = createRequire(import.meta.url);
  type HostDatabase = SqliteDatabase & { defaultSafeIntegers(on: boolean): void };
  const open = (): HostDatabase => {
    const database = new (require('better-sqlite3') as new (path: string) => HostDatabase)(':memory:');
    database.defaultSafeIntegers(true);
    return database;
  };
  testResultStore(it, () => new SqliteResultStore(open()));

  it('takes it a second time', async () => {
    const database = open();
    for (const caseId of ['first', 'second']) {
      const store = new SqliteResultStore(database);
      await store.append([scoredResult({ caseId })]);
      await store.close();
    }
    database.defaultSafeIntegers(false);
    expect(database.prepare('SELECT count(*) AS n FROM evaluation_results').get()).toEqual({ n: 2 });
    database.close();
  });
});

describe.skipIf(!hasNodeSqlite)(
  "SqliteResultStore keeps the contract on the host's node:sqlite database",
  () => {
    type DatabaseSync = new (path: string, options: object) => SqliteDatabase;
    const builtin = process.getBuiltinModule('node:sqlite') as unknown as { DatabaseSync: DatabaseSync };
    testResultStore(
      it,
      () =>
        new SqliteResultStore(
          new builtin.DatabaseSync(':memory:', { readBigInts: true, returnArrays: true }),
        ),
    );
  },
);
