import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keepCase, type KeptCase } from '../../../src/stores/kept-case.js';
import { SqliteConnection } from '../../../src/stores/sqlite/sqlite-connection.js';
import { openDatabase, type SqliteDatabase } from '../../../src/stores/sqlite/sqlite-driver.js';
import { scoredResult } from '../../../src/testing/sample-results.js';
import { temporaryFolders } from '../temporary-folder.js';

const kept = (input: string): KeptCase =>
  keepCase({ input, expected: undefined, metadata: undefined, group: undefined, cluster: undefined });
const keptFrom = (first: number, count: number): KeptCase[] =>
  Array.from({ length: count }, (_, i) => kept(`question ${first + i}`));

describe('SqliteCases', () => {
  const newFolder = temporaryFolders();
  const connect = async (
    path: string,
  ): Promise<{ database: SqliteDatabase; connection: SqliteConnection }> => {
    const database = await openDatabase(path, { driver: 'auto' });
    const options = { path, durability: 'process', readOnly: false, blockingTimeoutMs: 1000 } as const;
    return { database, connection: new SqliteConnection(database, options) };
  };
  const append = (connection: SqliteConnection, cases: readonly KeptCase[]): number =>
    connection.append([{ results: [], cases, lease: undefined }]);
  const count = (database: SqliteDatabase, table: string): number =>
    (database.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n;

  it('keeps each content once, whichever of two connections writes it, and whether it is in the index', async () => {
    const path = join(newFolder(), 'results.db');
    const one = await connect(path);
    const two = await connect(path);
    for (let first = 0; first < 5000; first += 250) {
      append(first % 500 === 0 ? one.connection : two.connection, keptFrom(first, 250));
      append(one.connection, keptFrom(Math.max(0, first - 3000), 250));
      append(two.connection, keptFrom(first, 250));
    }
    expect(count(one.database, 'evaluation_cases')).toBe(5000);
    const indexed = count(one.database, 'evaluation_case_index');
    expect(indexed).toBeGreaterThan(4000);
    expect(indexed).toBeLessThan(5000);
    const all = keptFrom(0, 5000);
    const third = await connect(path);
    for (const { connection } of [one, two, third]) {
      expect(connection.cases([...all.map(({ hash }) => hash), 'unknown'])).toEqual([
        ...all.map(({ text }) => text),
        undefined,
      ]);
    }
    for (const { connection } of [one, two, third]) connection.close();
  });

  it('stores a case again whose transaction was undone', async () => {
    const { database, connection } = await connect(join(newFolder(), 'results.db'));
    const cases = keptFrom(0, 3);
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    const results = [scoredResult({ metadata: cyclic })];
    expect(() => connection.append([{ results, cases, lease: undefined }])).toThrow('cannot be stored');
    expect(count(database, 'evaluation_cases')).toBe(0);
    append(connection, cases);
    expect(connection.cases(cases.map(({ hash }) => hash))).toEqual(cases.map(({ text }) => text));
    connection.close();
  });

  it('stores a case again that a host has deleted behind the index', async () => {
    const { database, connection } = await connect(join(newFolder(), 'results.db'));
    const cases = keptFrom(0, 4100);
    append(connection, cases);
    database.exec('DELETE FROM evaluation_cases');
    expect(connection.cases([cases[0]!.hash])).toEqual([undefined]);
    append(connection, cases.slice(0, 2));
    expect(connection.cases(cases.slice(0, 3).map(({ hash }) => hash))).toEqual([
      cases[0]!.text,
      cases[1]!.text,
      undefined,
    ]);
    connection.close();
  });
});
