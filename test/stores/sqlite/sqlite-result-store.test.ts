import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ResultQuery, ResultStoreEvents } from '../../../src/stores/result-store.js';
import { RowIds } from '../../../src/stores/row-ids.js';
import { SqliteConnection } from '../../../src/stores/sqlite/sqlite-connection.js';
import {
  openDatabase,
  prepare,
  refusedVersion,
  type SqliteDatabase,
  type SqliteValue,
} from '../../../src/stores/sqlite/sqlite-driver.js';
import { cursorParameters, planQuery } from '../../../src/stores/sqlite/sqlite-query.js';
import { SqliteResultStore } from '../../../src/stores/sqlite/sqlite-result-store.js';
import { RESULT_INDEXES } from '../../../src/stores/result-indexes.js';
import { SQLITE_SCHEMA_VERSION } from '../../../src/stores/sqlite/sqlite-schema.js';
import { erroredResult, scoredResult, unscoredResult } from '../../../src/testing/sample-results.js';
import { summaryOf } from '../../../src/testing/store-contract-fixtures.js';
import { temporaryFolders } from '../temporary-folder.js';

describe('SqliteResultStore', () => {
  const newFolder = temporaryFolders();
  const newPath = (): string => join(newFolder(), 'results.db');

  it("has the seed's tables and columns, for anybody's SQL", async () => {
    const path = newPath();
    const store = new SqliteResultStore(path);
    await store.append([
      scoredResult({ caseId: 'a', score: 1, startedAt: 10, metadata: { topic: 'history' } }),
      unscoredResult({ caseId: 'b', startedAt: 11 }),
      erroredResult({ caseId: 'c', startedAt: 12 }),
    ]);
    await store.appendBatchSummary({
      runId: 'run',
      batchId: 'first',
      at: 13,
      total: 3,
      scored: 1,
      unscored: 1,
      errored: 1,
      averageScore: 1,
      durationMs: 99,
    });
    await store.close();
    const database = await openDatabase(path, { driver: 'auto' });
    const rows = database
      .prepare(
        `SELECT test_id, model_name, timestamp, overall_score, dimension_scores, model_response,
                execution_time_ms, success, metadata FROM evaluation_results ORDER BY id`,
      )
      .all();
    expect(rows).toEqual([
      {
        test_id: 'a',
        model_name: 'small',
        timestamp: 10,
        overall_score: 1,
        dimension_scores: '{"accuracy":1,"style":null}',
        model_response: 'The answer is 42.',
        execution_time_ms: 124.956,
        success: 1,
        metadata: '{"topic":"history"}',
      },
      expect.objectContaining({ test_id: 'b', overall_score: null, success: 1, metadata: null }),
      expect.objectContaining({ test_id: 'c', model_response: null, success: 0, dimension_scores: null }),
    ]);
    expect(
      database
        .prepare(
          'SELECT batch_id, total_tests, success_count, average_score, execution_time_ms FROM batch_summaries',
        )
        .all(),
    ).toEqual([
      { batch_id: 'first', total_tests: 3, success_count: 2, average_score: 1, execution_time_ms: 99 },
    ]);
    database.close();
  });

  const plans: readonly [ResultQuery, string, sorted?: boolean][] = [
    [{}, RESULT_INDEXES.time],
    [{ from: 5, to: 9 }, RESULT_INDEXES.time],
    [{ minScore: 0 }, RESULT_INDEXES.time],
    [{ minScore: 0.5 }, RESULT_INDEXES.time],
    [{ minScore: 0.9 }, RESULT_INDEXES.score, true],
    [{ minScore: 2 }, RESULT_INDEXES.score, true],
    [{ maxScore: -1 }, RESULT_INDEXES.score, true],
    [{ outcome: 'errored', order: 'newest-first' }, RESULT_INDEXES.failed, true],
    [{ errorCode: 'ASSAY_SERVER', model: 'small' }, RESULT_INDEXES.failed, true],
    [{ runId: 'run' }, RESULT_INDEXES.run],
    [{ runId: 'run', passed: true }, RESULT_INDEXES.run],
    [{ runId: 'run', minScore: 0 }, RESULT_INDEXES.run],
    [{ runId: 'run', model: 'small', minScore: 2 }, RESULT_INDEXES.score, true],
    [{ runId: 'run', outcome: 'scored', from: 7 }, RESULT_INDEXES.run],
    [{ runId: 'run', outcome: 'errored', from: 7 }, RESULT_INDEXES.failed],
    [{ runId: 'run', errorCode: 'ASSAY_SERVER' }, RESULT_INDEXES.failed],
    [{ runId: 'run', outcome: 'unscored', model: 'small', order: 'newest-first' }, RESULT_INDEXES.failed],
    [{ model: 'small', order: 'newest-first' }, RESULT_INDEXES.model],
    [{ model: 'small', minScore: 0 }, RESULT_INDEXES.model],
    [{ idPrefix: 'case-00012' }, RESULT_INDEXES.key, true],
    [{ idPrefix: 'case-' }, RESULT_INDEXES.time],
    [{ runId: 'run', idPrefix: 'case-' }, RESULT_INDEXES.run],
    [{ order: 'lowest-first', outcome: 'scored' }, RESULT_INDEXES.score],
    [{ order: 'highest-first', minScore: 0, maxScore: 0.95 }, RESULT_INDEXES.score],
    [{ runId: 'run', order: 'lowest-first', outcome: 'scored', model: 'small' }, RESULT_INDEXES.score],
    [{ runId: 'another', order: 'lowest-first', minScore: -1 }, RESULT_INDEXES.run, true],
    [{ model: 'tiny', order: 'highest-first', outcome: 'scored' }, RESULT_INDEXES.model, true],
  ];

  it('reads every query through an index, and sorts nothing that is long', async () => {
    const database = await openDatabase(':memory:', { driver: 'auto' });
    const connection = new SqliteConnection(database, {
      path: null,
      durability: 'process',
      readOnly: false,
      blockingTimeoutMs: 0,
    });
    const many = Array.from({ length: 2_500 }, (_, i) =>
      scoredResult({ caseId: `case-${String(i).padStart(6, '0')}`, startedAt: i, score: (i % 10) / 10 }),
    );
    connection.append([{ results: many.slice(0, 1), cases: [], lease: undefined }]);
    database.exec('ANALYZE'); // statistics of a file that was small
    connection.append([{ results: many, cases: [], lease: undefined }]);
    for (const [query, index, sorted = false] of plans) {
      const plan = planQuery(database, query);
      expect(plan.phases).toHaveLength(1);
      const { first, next, row, parameters, byScore } = plan.phases[0]!;
      const last = { overall_score: 0.5, timestamp: 7, test_id: 'case-000007', repetition: 0, id: 7 };
      const stepsOf = (sql: string, bound: readonly SqliteValue[]): string =>
        (database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...bound) as { detail: string }[])
          .map(({ detail }) => detail)
          .join('; ');
      for (const [sql, bound] of [
        [first, [...parameters, 100]],
        [next, [...parameters, ...cursorParameters(plan, { phase: 0, last }), 100]],
      ] as const) {
        const text = stepsOf(sql, bound);
        expect(text, JSON.stringify(query)).toMatch(
          new RegExp(`(SEARCH|SCAN) evaluation_results USING (COVERING )?INDEX ${index}\\b`),
        );
        if (!sorted) {
          expect(text, JSON.stringify(query)).not.toContain('USE TEMP B-TREE FOR ORDER BY');
          if (byScore && sql === next) expect(text).toContain('(overall_score,timestamp)');
        }
        if (sorted && index === RESULT_INDEXES.run) expect(text).toContain('COVERING');
      }
      expect(row === undefined, JSON.stringify(query)).toBe(!sorted);
      if (row !== undefined)
        expect(stepsOf(row, [1, ...parameters]), row).toContain('USING INTEGER PRIMARY KEY');
    }
    database.close();
  });

  it('brings a file of an older version up to date', async () => {
    const path = newPath();
    const store = new SqliteResultStore(path);
    const half = scoredResult({ caseId: 'half', score: 0.25, startedAt: 1, group: 'g' });
    const whole = scoredResult({ caseId: 'whole', score: 1, startedAt: 2, metadata: { at: new Date(0) } });
    await store.append([scoredResult(), half, whole, erroredResult({ caseId: 'failed', startedAt: 3 })]);
    await store.close();
    const older = await openDatabase(path, { driver: 'auto' });
    for (const index of Object.values(RESULT_INDEXES)) older.exec(`DROP INDEX ${index}`);
    older.exec('DROP INDEX evaluation_runs_time; ALTER TABLE evaluation_runs DROP COLUMN run_end');
    older.exec('DROP TABLE evaluation_leases; DROP TABLE evaluation_cases; DROP TABLE evaluation_case_index');
    for (const column of ['passed', 'group_name', 'error_code'])
      older.exec(`ALTER TABLE evaluation_results DROP COLUMN ${column}`);
    older.exec('UPDATE assaykit_schema SET version = 1');
    older.close();
    const asked = new SqliteResultStore(path);
    const idsOf = async (query: ResultQuery): Promise<string[]> => {
      const ids = [];
      for await (const { caseId } of asked.query(query)) ids.push(caseId);
      return ids;
    };
    expect(await idsOf({ group: 'g' })).toEqual(['half']);
    expect(await idsOf({ passed: false })).toEqual(['half']);
    expect(await idsOf({ passed: true, idPrefix: 'w' })).toEqual(['whole']);
    const failed = erroredResult({ caseId: 'failed' });
    expect(await idsOf({ errorCode: failed.error.code })).toEqual(['failed']);
    await asked.close();
    const again = new SqliteResultStore(path);
    await again.append([scoredResult(), scoredResult({ caseId: 'second' })]);
    const found: string[] = [];
    for await (const result of again.query()) found.push(result.caseId);
    expect(found.sort()).toEqual(['case', 'failed', 'half', 'second', 'whole']);
    await again.close();
    const database = await openDatabase(path, { driver: 'auto' });
    expect(database.prepare('SELECT version FROM assaykit_schema').get()).toEqual({
      version: SQLITE_SCHEMA_VERSION,
    });
    database.close();
  });

  it('refuses a file of a newer version, and tables that are not its own', async () => {
    const newer = newPath();
    const first = new SqliteResultStore(newer);
    await first.append([scoredResult()]);
    await first.close();
    const database = await openDatabase(newer, { driver: 'auto' });
    database.exec('UPDATE assaykit_schema SET version = 99');
    database.close();
    const store = new SqliteResultStore(newer);
    await expect(store.append([scoredResult()])).rejects.toMatchObject({
      code: 'ASSAY_STORE_FAILED',
      message: expect.stringContaining('newer version of assaykit') as string,
    });
    await store.close();

    const foreign = newPath();
    const others = await openDatabase(foreign, { driver: 'auto' });
    others.exec('CREATE TABLE evaluation_results (id INTEGER PRIMARY KEY)');
    others.close();
    const refused = new SqliteResultStore(foreign);
    await expect(refused.manifest('run')).rejects.toMatchObject({
      message: expect.stringContaining('assaykit did not create') as string,
    });
    await refused.close();
  });

  it("leaves the host's database open and as it was", async () => {
    const database: SqliteDatabase = await openDatabase(newPath(), { driver: 'auto' });
    const store = new SqliteResultStore(database);
    await store.append([scoredResult()]);
    await store.close();
    expect(database.prepare('SELECT count(*) AS n FROM evaluation_results').get()).toEqual({ n: 1 });
    expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' });
    database.close();
  });

  it('asks for numbers and objects, whatever the host has set its database to', () => {
    const told: string[] = [];
    const statement = {
      safeIntegers: (on: boolean) => told.push(`safeIntegers ${on}`),
      setReadBigInts: (on: boolean) => told.push(`setReadBigInts ${on}`),
      setReturnArrays: (on: boolean) => told.push(`setReturnArrays ${on}`),
    };
    prepare({ prepare: () => statement } as unknown as SqliteDatabase, 'SELECT 1');
    expect(told).toEqual(['safeIntegers false', 'setReadBigInts false', 'setReturnArrays false']);
  });

  it('stores single appends of one turn in one transaction', async () => {
    const store = new SqliteResultStore(newPath());
    const flushes: ResultStoreEvents['store:flush'][] = [];
    store.on('store:flush', (event) => flushes.push(event));
    await Promise.all(
      Array.from({ length: 700 }, (_, i) => store.append([scoredResult({ caseId: `${i}` })])),
    );
    await store.close();
    expect(flushes.map(({ results }) => results)).toEqual([500, 200]);
    expect(flushes[0]?.bytes).toBeGreaterThan(500 * 100);
  });

  it.each(['main', 'worker'] as const)(
    'finishes what waits for the lock of another process before it closes: %s',
    async (thread) => {
      const path = newPath();
      const store = new SqliteResultStore(path, { thread });
      await store.append([scoredResult({ caseId: 'a' })]);
      const other = await openDatabase(path, { driver: 'auto' });
      other.exec('BEGIN IMMEDIATE');
      const written = store.appendBatchSummary(summaryOf('run', { batchId: 'waits' }));
      const closed = store.close();
      await new Promise((resolve) => setTimeout(resolve, 30));
      other.exec('COMMIT');
      await written;
      await closed;
      const found = other.prepare('SELECT batch_id FROM batch_summaries').all();
      expect(found).toEqual([{ batch_id: 'waits' }]);
      other.close();
    },
  );

  it('gives a result once that is replaced while a query is read', async () => {
    const store = new SqliteResultStore(newPath());
    const ids = Array.from({ length: 100 }, (_, i) => `case-${i}`);
    await store.append(ids.map((caseId, i) => erroredResult({ caseId, startedAt: i })));
    const found: string[] = [];
    for await (const { caseId } of store.query()) {
      found.push(caseId);
      if (found.length === 10) await store.append([scoredResult({ caseId: 'case-3', startedAt: 1000 })]);
    }
    expect(found).toEqual(ids);
    await store.close();
  });

  it('tells rows apart however far their numbers are from one another', () => {
    const ids = new RowIds();
    const numbers = [1, 2, 8, 32_767, 32_768, 65_536, 2 ** 40, 2 ** 52 + 7];
    for (const number of numbers) expect(ids.add(number)).toBe(true);
    for (const number of numbers) expect(ids.add(number)).toBe(false);
  });

  it('checks its arguments', () => {
    const wrong = [
      () => new SqliteResultStore(''),
      () => new SqliteResultStore({} as SqliteDatabase),
      () => new SqliteResultStore('file:results.db'),
      () => new SqliteResultStore('a', { groupSize: 0 }),
      () => new SqliteResultStore('a', { durabillity: 'power' } as object),
      () =>
        new SqliteResultStore({ exec() {}, prepare() {}, close() {} } as unknown as SqliteDatabase, {
          thread: 'worker',
        }),
    ];
    for (const make of wrong) expect(make).toThrow(expect.objectContaining({ code: 'ASSAY_INVALID_OPTION' }));
  });

  it.each(['main', 'worker'] as const)(
    'stores where its path pointed when it was made, wherever the host goes: %s',
    async (thread) => {
      const [folder, elsewhere] = [newFolder(), newFolder()];
      const home = process.cwd();
      try {
        process.chdir(folder);
        const store = new SqliteResultStore('results.db', { thread });
        process.chdir(elsewhere);
        await store.append([scoredResult({ caseId: 'before' })]);
        process.chdir(home);
        await store.append([scoredResult({ caseId: 'after' })]);
        await store.close();
        expect(readdirSync(elsewhere)).toEqual([]);
        expect(readdirSync(folder)).toEqual(['results.db']);
      } finally {
        process.chdir(home);
      }
    },
  );

  it('refuses better-sqlite3 13 on Node 20, where opening a database crashes the process', () => {
    expect(refusedVersion('13.2.0', '20.20.2')).toContain('npm install better-sqlite3@12');
    expect(refusedVersion('13.2.0', '22.1.0')).toBeUndefined();
    expect(refusedVersion('12.11.1', '20.20.2')).toBeUndefined();
  });

  it('says what to install when there is no driver', async () => {
    const script = `
      process.getBuiltinModule = () => undefined;
      const { SqliteResultStore } = await import('./dist/stores/sqlite/sqlite-result-store.js');
      const store = new SqliteResultStore(':memory:', { driver: 'node:sqlite' });
      await store.append([{ caseId: 'a' }]).catch((error) => console.log(error.code, error.message));
      await store.close();`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    expect(stdout).toMatch(/^ASSAY_MISSING_DEPENDENCY .*Node >= 22\.13, or install better-sqlite3/);
  });

  for (const thread of ['main', 'worker'] as const) {
    it(`lets the process end by itself, closed or not: ${thread}`, () => {
      for (const close of ['await store.close();', '']) {
        const script = `
          const { SqliteResultStore } = await import('./dist/stores/sqlite/sqlite-result-store.js');
          const { scoredResult } = await import('./dist/testing/sample-results.js');
          const store = new SqliteResultStore(${JSON.stringify(newPath())}, { thread: '${thread}' });
          await store.append([scoredResult()]);
          for await (const result of store.query()) console.log(result.caseId);
          ${close}`;
        const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
          encoding: 'utf8',
          timeout: 30_000,
        });
        expect({ stdout, status }).toEqual({ stdout: 'case\n', status: 0 });
      }
    });
  }
});
