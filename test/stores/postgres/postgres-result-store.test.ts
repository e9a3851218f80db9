import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { inspect } from 'node:util';
import type { Client, Pool, PoolConfig } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaseResult } from '../../../src/evaluation/evaluation-types.js';
import { GzipFileResultStore, convertResults } from '../../../src/index.js';
import { PostgresResultStore, type PostgresResultStoreOptions } from '../../../src/postgres.js';
import { keepCase } from '../../../src/stores/kept-case.js';
import { phasesOf, selectOf } from '../../../src/stores/postgres/postgres-query.js';
import { POSTGRES_SCHEMA_VERSION } from '../../../src/stores/postgres/postgres-schema.js';
import type { ResultQuery } from '../../../src/stores/result-store.js';
import { erroredResult, scoredResult, unscoredResult } from '../../../src/testing/sample-results.js';
import { collect, manifestOf, numbered, summaryOf } from '../../../src/testing/store-contract-fixtures.js';
import { describeWithPostgres } from '../../support/with-postgres.js';
import { temporaryFolders } from '../temporary-folder.js';

const pg = createRequire(import.meta.url)('pg') as {
  readonly Client: new (options: PoolConfig) => Client;
  readonly Pool: new (options: PoolConfig) => Pool;
};

describeWithPostgres('PostgresResultStore', (server) => {
  let made = 0;
  let client: Client;
  const newSchema = (): string => `own ${(made += 1)}`;
  const newStore = (options: PostgresResultStoreOptions = {}): PostgresResultStore =>
    new PostgresResultStore(server().connectionString, { schema: newSchema(), ...options });
  const sql = async (text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> =>
    (await client.query(text, values)).rows as Record<string, unknown>[];

  const connect = async (): Promise<void> => {
    client = new pg.Client({ connectionString: server().connectionString });
    client.on('error', () => {}); // the server is stopped by a test
    await client.connect();
  };
  beforeAll(connect);
  afterAll(() => client.end());

  it('has the tables and columns of SQLite, for SQL of anybody', async () => {
    const schema = newSchema();
    const store = newStore({ schema });
    await store.append([
      scoredResult({ caseId: 'a', score: 1, startedAt: 10, metadata: { topic: 'history' } }),
      unscoredResult({ caseId: 'b', startedAt: 11 }),
      erroredResult({ caseId: 'c', startedAt: 12 }),
    ]);
    await store.appendBatchSummary(summaryOf('run', { batchId: 'first', at: 13 }));
    expect(
      await sql(
        `SELECT test_id, model_name, timestamp, overall_score, dimension_scores, model_response,
                execution_time_ms, success, passed, metadata FROM "${schema}".evaluation_results ORDER BY id`,
      ),
    ).toEqual([
      {
        test_id: 'a',
        model_name: 'small',
        timestamp: 10,
        overall_score: 1,
        dimension_scores: { accuracy: 1, style: null },
        model_response: 'The answer is 42.',
        execution_time_ms: 124.956,
        success: true,
        passed: true,
        metadata: '{"topic":"history"}',
      },
      expect.objectContaining({ test_id: 'b', overall_score: null, success: true, passed: null }),
      expect.objectContaining({ test_id: 'c', model_response: null, success: false }),
    ]);
    expect(await sql(`SELECT batch_id, total_tests, success_count FROM "${schema}".batch_summaries`)).toEqual(
      [{ batch_id: 'first', total_tests: 3, success_count: 2 }],
    );
    await store.close();
  });

  it('is ready on an empty database when ten stores start at once', async () => {
    for (let round = 0; round < 3; round++) {
      const schema = newSchema();
      const stores = Array.from({ length: 10 }, () => newStore({ schema }));
      await Promise.all(stores.map((store, i) => store.append([scoredResult({ caseId: `case-${i}` })])));
      expect((await collect(stores[0]!.query())).length).toBe(10);
      expect(await sql(`SELECT version FROM "${schema}".assaykit_schema`)).toEqual([
        { version: POSTGRES_SCHEMA_VERSION },
      ]);
      await Promise.all(stores.map((store) => store.close()));
    }
  });

  it('refuses tables that it does not know or may not make, and leaves them alone', async () => {
    const schema = newSchema();
    const refused = async (options: PostgresResultStoreOptions, message: RegExp): Promise<void> => {
      const store = newStore({ schema, ...options });
      const failure = { code: 'ASSAY_STORE_FAILED', message: expect.stringMatching(message) as string };
      await expect(store.append([scoredResult()])).rejects.toMatchObject(failure);
      await expect(collect(store.query())).rejects.toMatchObject(failure);
      await store.close();
    };
    await refused({ migrate: false }, /has no tables of assaykit/);
    const store = newStore({ schema });
    await store.append([scoredResult()]);
    await store.close();
    const reader = newStore({ schema, migrate: false });
    expect((await collect(reader.query())).length).toBe(1);
    await reader.close();
    await sql(`UPDATE "${schema}".assaykit_schema SET version = 99`);
    await refused({}, /newer version of assaykit \(tables of version 99/);
    await sql(`UPDATE "${schema}".assaykit_schema SET version = 0`);
    await refused({ migrate: false }, /has no tables of assaykit/);
    await sql(`DROP TABLE "${schema}".assaykit_schema`);
    await refused({}, /did not create/);
    expect(await sql(`SELECT count(*)::int AS n FROM "${schema}".evaluation_results`)).toEqual([{ n: 1 }]);
  });

  it('refuses a database or a connection that changes texts or numbers', async () => {
    const { host, port, user, password } = server();
    await sql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'");
    const latin = new PostgresResultStore({ host, port, user, password, database: 'latin' });
    await expect(latin.append([scoredResult()])).rejects.toMatchObject({
      code: 'ASSAY_STORE_FAILED',
      message: expect.stringContaining('its encoding is LATIN1') as string,
    });
    await latin.close();
    await sql(
      "CREATE ROLE coarse SUPERUSER LOGIN PASSWORD 'coarse'; ALTER ROLE coarse SET extra_float_digits = 0",
    );
    const coarse = new PostgresResultStore({
      host,
      port,
      user: 'coarse',
      password: 'coarse',
      database: 'postgres',
    });
    await expect(coarse.append([scoredResult()])).rejects.toMatchObject({
      message: expect.stringContaining('`extra_float_digits`') as string,
    });
    await coarse.close();
  });

  it('takes any name of a schema as it is, and refuses what would be another one', async () => {
    for (const schema of [
      '"; DROP SCHEMA public CASCADE; --',
      "it's",
      'a"b',
      '$schema',
      'Ünïcode 😀',
      '%s',
      '  ',
    ]) {
      const store = newStore({ schema });
      await store.append([scoredResult({ caseId: schema })]);
      expect((await collect(store.query())).map(({ caseId }) => caseId)).toEqual([schema]);
      await store.close();
      expect(await sql('SELECT count(*)::int AS n FROM pg_namespace WHERE nspname = $1', [schema])).toEqual([
        { n: 1 },
      ]);
    }
    for (const schema of [
      '',
      'pg_own',
      'information_schema',
      'a\0b',
      'half \ud83d',
      'é'.repeat(32),
      7 as never,
    ]) {
      expect(() => newStore({ schema })).toThrow(expect.objectContaining({ code: 'ASSAY_INVALID_OPTION' }));
    }
  });

  it('keeps ids and names that no index can hold', async () => {
    const store = newStore();
    const random = (i: number): string =>
      Array.from({ length: 5_000 }, (_, k) =>
        String.fromCodePoint(0x4e00 + ((i * 7 + k * k * 31) % 20_000)),
      ).join('');
    const ids = [0, 1, 2].map(random);
    ids.push(`${ids[0]}a`, `${ids[0]}b`, `${ids[0]!.slice(0, 299)}😀${ids[0]}`);
    const results = ids.map((id, i) => scoredResult({ runId: id, caseId: id, model: id, startedAt: i }));
    await store.append(results);
    expect(await collect(store.query())).toEqual(results);
    for (const [i, id] of ids.entries()) {
      await store.begin(manifestOf(id));
      await store.appendBatchSummary(summaryOf(id, { batchId: id }));
      expect(await collect(store.query({ runId: id, model: id }))).toEqual([results[i]]);
      expect(await store.finishedKeys(id, [{ caseId: id, repetition: 0 }])).toEqual(['scored']);
      for (const length of [250, 300, 301, 4_999]) {
        const idPrefix = id.slice(0, length);
        const expected = ids.filter((each) => each.startsWith(idPrefix));
        const found = (await collect(store.query({ idPrefix, limit: 10 }))).map(({ caseId }) => caseId);
        expect(found).toEqual(expected);
      }
    }
    await store.close();
  });

  it('stores one append of many long answers in several statements, and all of it or nothing', async () => {
    const store = newStore();
    const text = 'Lorem ipsum "✓" \\ '.repeat(50_000);
    const results = Array.from({ length: 30 }, (_, i) =>
      scoredResult({ caseId: `long-${i}`, startedAt: i, text: text + i }),
    );
    const cases = results.map((_, i) =>
      keepCase({
        input: `${i}${text}`,
        expected: undefined,
        metadata: undefined,
        group: undefined,
        cluster: undefined,
      }),
    );
    await store.append(results, { cases });
    expect(await collect(store.query())).toEqual(results);
    await store.close();
  });

  it('gives a run of one store to another and back, whole', async () => {
    const folder = newFolder();
    const gzip = new GzipFileResultStore(folder);
    const kept = keepCase({
      input: 'What?',
      expected: '42',
      metadata: { n: 2n ** 70n },
      group: undefined,
      cluster: undefined,
    });
    const results = [
      ...numbered(700),
      scoredResult({ caseId: 'of a case', caseHash: kept.hash, startedAt: 9e12 }),
    ];
    await gzip.begin(manifestOf('run'));
    await gzip.append(results, { cases: [kept] });
    await gzip.appendBatchSummary(summaryOf('run', { batchId: 'a', at: 1 }));
    await gzip.finish({ runId: 'run', at: 5, models: ['small'], summary: { stopReason: 'end' } });
    const store = newStore();
    await convertResults(gzip, store, { runId: 'run' });
    const back = new GzipFileResultStore(newFolder());
    await convertResults(store, back, { runId: 'run' });
    for (const each of [store, back]) {
      expect(await collect(each.query({ withCase: true }))).toEqual(
        await collect(gzip.query({ withCase: true })),
      );
      expect(await collect(each.summaries('run'))).toEqual([summaryOf('run', { batchId: 'a', at: 1 })]);
      expect(await collect(each.runs())).toEqual(await collect(gzip.runs()));
      await each.close();
    }
    await gzip.close();
  });
  const newFolder = temporaryFolders();

  it('takes nothing from the environment', () => {
    const { host, port, user, database, password } = server();
    const script = `
      import { PostgresResultStore } from './dist/doors/postgres.js';
      const store = new PostgresResultStore(${JSON.stringify({ host, port, user, database, password })}, { schema: 'environment' });
      await store.append([]);
      console.log(await store.manifest('run'), (await store.finishedKeys('run', [])).length);
      await store.close();
      for (const address of ['postgres://${host}:${port}/postgres', 'postgres:///postgres']) {
        try { new PostgresResultStore(address); console.log('taken'); } catch (error) { console.log(error.code); }
      }
      const noPassword = new PostgresResultStore(${JSON.stringify({ host, port, user, database })}, { retryTimeoutMs: 0 });
      await noPassword.manifest('run').then(() => console.log('let in'), (error) => console.log(error.code, /password/.test(error.message)));
      await noPassword.close();`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 20_000,
      env: {
        PATH: process.env['PATH'],
        PGHOST: 'nowhere.invalid',
        PGPORT: '1',
        PGUSER: user,
        USER: user,
        PGDATABASE: 'nowhere',
        PGPASSWORD: password,
        PGSSLMODE: 'require',
        PGSSLNEGOTIATION: 'direct',
        PGOPTIONS: '-c default_transaction_read_only=on',
        PGAPPNAME: 'stray',
        PGREPLICATION: 'database',
        PGCLIENT_ENCODING: 'LATIN1',
        PGCONNECT_TIMEOUT: '1',
      },
    });
    expect(stderr).toBe('');
    expect(stdout.split('\n')).toEqual([
      'undefined 0',
      'ASSAY_INVALID_OPTION',
      'ASSAY_INVALID_OPTION',
      'ASSAY_STORE_FAILED true',
      '',
    ]);
  });

  it('shows the password nowhere: not in the store, errors, events or logs', async () => {
    const { password, connectionString, port } = server();
    const shown: unknown[] = [];
    const look = (value: unknown): void => {
      shown.push(inspect(value, { depth: 20, showHidden: true }), JSON.stringify(value), String(value));
    };
    const store = newStore();
    store.onAny((_event, payload) => look(payload));
    await store.append([scoredResult()]);
    look(store);
    await server().stop();
    const away = newStore({ retryTimeoutMs: 0 });
    away.onAny((_event, payload) => look(payload));
    await away.append([scoredResult()]).catch(look);
    await server().restart();
    await store.append([scoredResult({ caseId: 'b' })]); // the first connection was lost meanwhile
    for (const address of [
      connectionString.replace('@', '@@'),
      connectionString.replace('postgres:', 'mysql:'),
      connectionString.replace(`${port}`, 'port'),
      `${connectionString}?sslmode=prefer`,
      `${connectionString}?password=${password}`,
      connectionString.replace(password, `${password}%`),
      ` ${password}`,
    ]) {
      try {
        look(new PostgresResultStore(address));
      } catch (error) {
        look(error);
      }
    }
    try {
      new PostgresResultStore({ host: 'h', user: 'u', passwort: password } as never);
    } catch (error) {
      look(error);
    }
    await store.close();
    await away.close();
    expect(shown.length).toBeGreaterThan(20);
    for (const text of shown) expect(text ?? '').not.toContain(password);
    await connect();
  });

  it("leaves a pool of the host as it was, with the host's parsers", async () => {
    const pool = new pg.Pool({
      connectionString: server().connectionString,
      types: { getTypeParser: () => () => 'parsed by the host' } as never,
    });
    expect(() => new PostgresResultStore(pool, { maxConnections: 3 })).toThrow(/set it on the pool/);
    const store = new PostgresResultStore(pool, { schema: newSchema() });
    const results = numbered(50);
    await store.append(results);
    expect(await collect(store.query())).toEqual(results);
    await store.close();
    expect((await pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 'parsed by the host' }]);
    expect(pool.listenerCount('error')).toBe(0);
    await pool.end();
  });

  it('lets the process end after close, and when it only read', () => {
    const script = `
      import { PostgresResultStore } from './dist/doors/postgres.js';
      const store = new PostgresResultStore(${JSON.stringify(server().connectionString)}, { schema: 'ends' });
      for await (const _ of store.query()) break;
      await store.close();
      console.log('closed');`;
    const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect([stdout, status]).toEqual(['closed\n', 0]);
  });

  describe('reads by an index', () => {
    const schema = 'plans';
    beforeAll(async () => {
      const store = newStore({ schema });
      const cases = Array.from({ length: 2_000 }, (_, i) =>
        keepCase({
          input: i,
          expected: undefined,
          metadata: undefined,
          group: undefined,
          cluster: undefined,
        }),
      );
      await store.append(
        Array.from({ length: 12_000 }, (_, i): CaseResult => {
          const facts = {
            runId: `run-${i % 20}`,
            caseId: `topic-${i % 50}/case-${i}`,
            model: `model-${i % 10}`,
            startedAt: 1_000 + i,
            group: `group-${i % 7}`,
            caseHash: cases[i % 2_000]!.hash,
          };
          if (i % 97 === 0) return erroredResult(facts);
          return i % 89 === 0 ? unscoredResult(facts) : scoredResult({ ...facts, score: (i % 101) / 100 });
        }),
        { cases },
      );
      await store.close();
      await sql(`ANALYZE "${schema}".evaluation_results, "${schema}".evaluation_cases`);
    });

    const queries: readonly (readonly [ResultQuery, string])[] = [
      [{}, 'time'],
      [{ runId: 'run-3' }, 'run'],
      [{ runId: 'run-3', withCase: true }, 'run'],
      [{ model: 'model-3' }, 'model'],
      [{ idPrefix: 'topic-7/case-00' }, 'key'],
      [{ idPrefix: 'topic-7/case-1', runId: 'run-7' }, 'key'],
      [{ runId: 'run-3', minScore: 0.5 }, 'run'],
      [{ runId: 'run-3', passed: false }, 'run'],
      [{ passed: true }, 'time'],
      [{ group: 'group-3' }, 'time'],
      [{ group: 'group-3', runId: 'run-3' }, 'run'],
      [{ dimension: { name: 'accuracy', minScore: 0.99 } }, 'time'],
      [{ dimension: { name: 'accuracy' }, runId: 'run-3' }, 'run'],
      [{ errorCode: 'ASSAY_SERVER' }, 'failed'],
      [{ errorCode: 'ASSAY_SERVER', runId: 'run-3' }, 'failed'],
      [{ outcome: 'errored' }, 'failed'],
      [{ outcome: 'errored', runId: 'run-3' }, 'failed'],
      [{ outcome: 'scored' }, 'time'],
      [{ from: 1_005, to: 1_010 }, 'time'],
      [{ limit: 7 }, 'time'],
      [{ runId: 'run-3', limit: 7, order: 'newest-first' }, 'run'],
      [{ order: 'newest-first' }, 'time'],
      [{ order: 'highest-first' }, 'score'],
      [{ order: 'lowest-first', limit: 20 }, 'score'],
      [{ minScore: 0.9, order: 'highest-first' }, 'score'],
    ];

    const plan = async ({ text, values }: { text: string; values: unknown[] }): Promise<string> =>
      (await sql(`EXPLAIN ${text}`, values)).map((row) => row['QUERY PLAN']).join('\n');

    for (const [query, index] of queries) {
      it(`${JSON.stringify(query)}`, async () => {
        for (const phase of phasesOf(query)) {
          const select = selectOf(`"${schema}"`, query, { phase, last: undefined, rows: query.limit });
          const read = await plan({ ...select, text: `DECLARE plan NO SCROLL CURSOR FOR ${select.text}` });
          expect(read).not.toContain('Seq Scan');
          if (phase !== 'without score') expect(read).toContain(`evaluation_results_${index}`);
        }
      });
    }

    it('what a run looks up beside queries', async () => {
      const at = `"${schema}".`;
      for (const [text, values] of [
        [
          `SELECT place, outcome FROM unnest($2::text[], $3::integer[]) WITH ORDINALITY AS asked (test_id, repetition, place)
           JOIN ${at}evaluation_results USING (test_id, repetition) WHERE run_id = $1`,
          ['run-3', ['topic-3/case-3', 'topic-3/case-103'], [0, 0]],
        ],
        [
          `SELECT run_id, count(*) FROM ${at}evaluation_results WHERE run_id = ANY ($1) GROUP BY run_id`,
          [['run-3']],
        ],
      ] as const)
        expect(await plan({ text, values: [...values] })).not.toContain('Seq Scan');
    });
  });
});
