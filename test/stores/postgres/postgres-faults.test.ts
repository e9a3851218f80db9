import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import type { Client, Pool, PoolConfig } from 'pg';
import { expect, it } from 'vitest';
import { PostgresResultStore, type PostgresResultStoreOptions } from '../../../src/postgres.js';
import { scoredResult } from '../../../src/testing/sample-results.js';
import { collect, manifestOf, numbered } from '../../../src/testing/store-contract-fixtures.js';
import { leaseOfThisProcess } from '../../../src/stores/run-lease.js';
import { describeWithPostgres } from '../../support/with-postgres.js';

const pg = createRequire(import.meta.url)('pg') as {
  readonly Client: new (options: PoolConfig) => Client;
  readonly Pool: new (options: PoolConfig) => Pool;
};

describeWithPostgres('PostgresResultStore under faults', (server) => {
  let made = 0;
  const newStore = (options: PostgresResultStoreOptions = {}): PostgresResultStore =>
    new PostgresResultStore(server().connectionString, { schema: `faults ${(made += 1)}`, ...options });

  /** Runs SQL of the owner of the database. */
  const admin = async (sql: string, database = 'postgres'): Promise<Record<string, unknown>[]> => {
    const client = new pg.Client({ connectionString: server().connectionString, database });
    await client.connect();
    try {
      return (await client.query(sql)).rows as Record<string, unknown>[];
    } finally {
      await client.end();
    }
  };
  const cutConnections = (): Promise<unknown> =>
    admin(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'assaykit' AND backend_type = 'client backend'`,
    );
  const countOf = async (store: PostgresResultStore): Promise<number> =>
    (await collect(store.query())).length;

  it('loses nothing that was acknowledged, and stores nothing twice, when the server is killed while writing', async () => {
    const store = newStore();
    const results = numbered(3_000);
    const acknowledged: string[] = [];
    const writing = (async () => {
      for (let first = 0; first < results.length; first += 50) {
        const batch = results.slice(first, first + 50);
        await store.append(batch);
        acknowledged.push(...batch.map(({ caseId }) => caseId));
      }
    })();
    for (const at of [200, 900, 1_800]) {
      while (acknowledged.length < at) await new Promise((resolve) => setTimeout(resolve, 2));
      await server().crash();
      const durable = acknowledged.length;
      await server().restart();
      const found = new Set((await collect(store.query())).map(({ caseId }) => caseId));
      for (const caseId of acknowledged.slice(0, durable)) expect(found).toContain(caseId);
    }
    await writing;
    expect(await collect(store.query())).toEqual(results);
    await store.close();
  });

  it('goes on after connections were cut, at work and at rest, and reading goes on where it was', async () => {
    const store = newStore();
    const results = numbered(2_000);
    await store.append(results.slice(0, 1_000));
    await cutConnections(); // at rest
    await store.append(results.slice(1_000));
    const seen: string[] = [];
    for await (const { caseId } of store.query()) {
      seen.push(caseId);
      if (seen.length % 500 === 1) await cutConnections(); // the cursor's own among them
    }
    expect(seen).toEqual(results.map(({ caseId }) => caseId));
    const appends = Array.from({ length: 20 }, (_, i) =>
      store.append([scoredResult({ runId: 'later', caseId: `${i}` })]),
    );
    await cutConnections();
    await Promise.all(appends);
    expect((await collect(store.query({ runId: 'later' }))).length).toBe(20);
    await store.close();
  });

  it('reads on, each result once, when the server is killed in the middle', async () => {
    const store = newStore();
    await store.append(numbered(1_000));
    for (const order of ['newest-first', 'highest-first'] as const) {
      const seen: string[] = [];
      for await (const { caseId } of store.query({ order })) {
        seen.push(caseId);
        if (seen.length === 400) {
          await server().crash();
          await server().restart();
        }
      }
      expect(seen.length).toBe(1_000);
      expect(new Set(seen).size).toBe(1_000);
    }
    await store.close();
  });

  it('gives up with a retryable error when the server stays away, and works when it is back', async () => {
    const store = newStore({ retryTimeoutMs: 200 });
    await store.append([scoredResult({ caseId: 'before' })]);
    const told: unknown[] = [];
    store.on('store:error', ({ error }) => told.push(error));
    await server().stop();
    try {
      const failed = { code: 'ASSAY_STORE_FAILED', retryable: true };
      await expect(store.append([scoredResult({ caseId: 'lost' })])).rejects.toMatchObject(failed);
      await expect(store.manifest('run')).rejects.toMatchObject(failed);
      expect(told).toEqual([expect.objectContaining(failed)]);
    } finally {
      await server().restart();
    }
    await store.append([scoredResult({ caseId: 'after' })]);
    expect((await collect(store.query())).map(({ caseId }) => caseId).sort()).toEqual(['after', 'before']);
    await store.close();
  });

  it('closes although the server is gone', async () => {
    const store = newStore({ retryTimeoutMs: 100 });
    await store.append([scoredResult()]);
    const query = store.query()[Symbol.asyncIterator]();
    await query.next();
    await server().crash();
    const append = store.append([scoredResult({ caseId: 'lost' })]);
    append.catch(() => {}); // it is looked at below
    await store.close();
    await expect(append).rejects.toMatchObject({ code: 'ASSAY_STORE_FAILED' });
    await server().restart();
  });

  it('stores what was handed over before close, and every append settles', async () => {
    const store = newStore();
    const results = numbered(1_000);
    const appends = results.map((result) => store.append([result]));
    await store.close();
    const settled = await Promise.allSettled(appends);
    expect(settled.filter(({ status }) => status === 'rejected')).toEqual([]);
    const again = newStore({ schema: `faults ${made}` });
    expect(await countOf(again)).toBe(1_000);
    await again.close();
  });

  it('ends a statement that takes too long, and says which option', async () => {
    const store = newStore({ statementTimeoutMs: 150 });
    await store.append([scoredResult()]);
    const blocker = new pg.Client({ connectionString: server().connectionString });
    await blocker.connect();
    await blocker.query(`BEGIN; LOCK TABLE "faults ${made}".evaluation_results`);
    await expect(store.append([scoredResult({ caseId: 'slow' })])).rejects.toMatchObject({
      code: 'ASSAY_STORE_FAILED',
      retryable: true,
      message: expect.stringContaining('`statementTimeoutMs`') as string,
    });
    await blocker.end();
    await store.append([scoredResult({ caseId: 'slow' })]);
    expect(await countOf(store)).toBe(2);
    await store.close();
  });

  it('says that a database is read-only, and reads it', async () => {
    const schema = `faults ${(made += 1)}`;
    const writer = newStore({ schema });
    await writer.append([scoredResult()]);
    await writer.close();
    await admin(`DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN PASSWORD 'reader';
      GRANT USAGE ON SCHEMA "${schema}" TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA "${schema}" TO reader`);
    const { host, port, database } = server();
    const address = { host, port, database, user: 'reader', password: 'reader' };
    const denied = new PostgresResultStore(address, { schema });
    expect((await collect(denied.query())).length).toBe(1);
    await expect(denied.append([scoredResult({ caseId: 'no' })])).rejects.toMatchObject({
      code: 'ASSAY_STORE_FAILED',
      retryable: false,
      message: expect.stringMatching(/permission denied .*42501/) as string,
    });
    await denied.close();
    await admin('ALTER ROLE reader SET default_transaction_read_only = on');
    const readOnly = new PostgresResultStore(address, { schema });
    expect((await collect(readOnly.query())).length).toBe(1);
    await expect(readOnly.append([scoredResult({ caseId: 'no' })])).rejects.toMatchObject({
      code: 'ASSAY_STORE_FAILED',
      retryable: false,
    });
    await readOnly.close();
  });

  it('says that a password is wrong or a database missing, at once', async () => {
    const { host, port, user, password } = server();
    for (const [address, code] of [
      [{ host, port, user, password: 'wrong-password' }, '28P01'],
      [{ host, port, user, password, database: 'nowhere' }, '3D000'],
    ] as const) {
      const store = new PostgresResultStore(address);
      const error: Error = await store.append([scoredResult()]).then(
        () => expect.fail('it was stored'),
        (thrown: Error) => thrown,
      );
      expect(error).toMatchObject({ code: 'ASSAY_STORE_FAILED', retryable: false });
      expect(error.message).toContain(code);
      expect(error.message).not.toContain(address.password);
      await store.close();
    }
  });

  it('says that all connections of a pool are in use', async () => {
    const pool = new pg.Pool({
      connectionString: server().connectionString,
      max: 1,
      connectionTimeoutMillis: 100,
    });
    const store = new PostgresResultStore(pool, { schema: `faults ${(made += 1)}` });
    await store.append([scoredResult()]);
    const held = await pool.connect();
    await expect(store.append([scoredResult({ caseId: 'b' })])).rejects.toMatchObject({
      code: 'ASSAY_STORE_FAILED',
      retryable: true,
      message: expect.stringContaining('all connections were in use') as string,
    });
    held.release();
    await store.append([scoredResult({ caseId: 'b' })]);
    await store.close();
    expect(pool.listenerCount('error')).toBe(0);
    await pool.end();
  });

  it('needs one connection only, however many queries are read side by side', async () => {
    const store = newStore({ maxConnections: 1, connectTimeoutMs: 5_000 });
    await store.append(numbered(300));
    let pairs = 0;
    for await (const outer of store.query({ limit: 20 })) {
      for await (const inner of store.query({ order: 'newest-first', limit: 20 }))
        pairs += Number(inner.caseId !== outer.caseId);
      await store.append([{ ...outer, runId: 'copy' }]);
    }
    expect(pairs).toBe(400);
    await store.close();
  });

  it('waits for room on a full disk no longer than it must, and is told as one that may be tried again', async () => {
    const full = Object.assign(new Error('could not extend file: No space left on device'), {
      code: '53100',
    });
    const pool = new pg.Pool({ connectionString: server().connectionString });
    const store = new PostgresResultStore(pool, { schema: `faults ${(made += 1)}` });
    await store.append([scoredResult()]);
    const connect = pool.connect.bind(pool) as () => Promise<never>;
    pool.connect = (() => Promise.reject(full)) as typeof pool.connect;
    await expect(store.append([scoredResult({ caseId: 'b' })])).rejects.toMatchObject({
      code: 'ASSAY_STORE_FAILED',
      retryable: true,
    });
    pool.connect = connect as typeof pool.connect;
    await store.append([scoredResult({ caseId: 'b' })]);
    expect(await countOf(store)).toBe(2);
    await store.close();
    await pool.end();
  });

  it('gives a run to one of many starts that come at once, whichever store they come by', async () => {
    const schema = `faults ${(made += 1)}`;
    const stores = Array.from({ length: 4 }, () => newStore({ schema, maxConnections: 4 }));
    for (let round = 0; round < 10; round++) {
      const runId = `run ${round}`;
      const begun = await Promise.allSettled(
        Array.from({ length: 12 }, (_, i) =>
          stores[i % stores.length]!.begin(manifestOf(runId), {
            lease: leaseOfThisProcess({ runId, id: `start ${i}`, part: '', durationMs: 60_000 }),
          }),
        ),
      );
      expect(begun.filter(({ status }) => status === 'fulfilled').length).toBe(1);
      for (const each of begun)
        if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'ASSAY_RUN_ACTIVE' });
    }
    await Promise.all(stores.map((store) => store.close()));
  });

  it('takes a run over only when a write under the expired lease is over', async () => {
    const schema = `faults ${(made += 1)}`;
    const slow = newStore({ schema });
    const next = newStore({ schema });
    const lease = leaseOfThisProcess({ runId: 'run', id: 'slow', part: '', durationMs: 1 });
    await slow.begin(manifestOf('run'), { lease });
    await slow.append([scoredResult({ caseId: 'first' })], { lease });
    const blocker = new pg.Client({ connectionString: server().connectionString });
    await blocker.connect();
    await blocker.query(`BEGIN; UPDATE "${schema}".evaluation_results SET success = true`);
    const append = slow.append([scoredResult({ caseId: 'first' }), scoredResult({ caseId: 'late' })], {
      lease,
    });
    await untilBlocked(admin);
    const takeOver = next.begin(manifestOf('run'), {
      lease: leaseOfThisProcess({ runId: 'run', id: 'next', part: '', durationMs: 60_000 }),
    });
    await untilBlocked(admin, 2); // the take-over by the append
    await blocker.end();
    await takeOver;
    expect(await next.finishedKeys('run', [{ caseId: 'late', repetition: 0 }])).toEqual(['scored']);
    await append;
    await expect(slow.append([scoredResult({ caseId: 'later' })], { lease })).rejects.toMatchObject({
      code: 'ASSAY_LEASE_LOST',
    });
    await slow.close();
    await next.close();
  });

  it('lets others go on when a process is stopped in the middle of a write', async () => {
    const schema = `faults ${(made += 1)}`;
    const next = newStore({ schema });
    const manifest = manifestOf('run');
    await next.begin(manifest);
    const blocker = new pg.Client({ connectionString: server().connectionString });
    await blocker.connect();
    await blocker.query(`BEGIN; SELECT 1 FROM "${schema}".evaluation_runs FOR UPDATE`);
    const lease = leaseOfThisProcess({ runId: 'run', id: 'stopped', part: 'a', durationMs: 1000 });
    const stopped = spawn(
      process.execPath,
      ['--input-type=module', '-e', BEGIN_A_RUN, server().connectionString, schema, JSON.stringify(lease)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    try {
      await untilBlocked(admin); // within its transaction
      stopped.kill('SIGSTOP');
      await blocker.end(); // the stopped one has the run's row now
      await next.begin(manifest, {
        lease: leaseOfThisProcess({ runId: 'run', id: 'next', part: 'b', durationMs: 60_000 }),
      });
      stopped.kill('SIGCONT');
      const told = await new Promise((resolve) => stopped.stdout.once('data', resolve));
      expect(String(told)).toBe('begun'); // by another try
    } finally {
      stopped.kill('SIGKILL');
      await next.close();
    }
  }, 20_000);

  it('neither blocks nor loses anything when many writers store the same results at once', async () => {
    const schema = `faults ${(made += 1)}`;
    const stores = Array.from({ length: 4 }, () => newStore({ schema }));
    const results = numbered(400);
    await Promise.all(
      stores.flatMap((store, i) =>
        [0, 1, 2].map((k) => store.append((i + k) % 2 === 0 ? results : [...results].reverse())),
      ),
    );
    expect(await collect(stores[0]!.query())).toEqual(results);
    await Promise.all(stores.map((store) => store.close()));
  });
});

/** A process that takes a lease and then tells. */
const BEGIN_A_RUN = `
  import { PostgresResultStore } from ${JSON.stringify(new URL('../../../dist/postgres.js', import.meta.url))};
  const [address, schema, lease] = process.argv.slice(1);
  const store = new PostgresResultStore(address, { schema });
  await store.begin({ runId: 'run', startedAt: 1 }, { lease: JSON.parse(lease) });
  process.stdout.write('begun');
  await store.close();`;

/** Waits until so many connections of stores wait for a lock. */
async function untilBlocked(admin: (sql: string) => Promise<unknown[]>, count = 1): Promise<void> {
  for (;;) {
    const waiting = await admin(
      `SELECT 1 FROM pg_stat_activity WHERE application_name = 'assaykit' AND wait_event_type = 'Lock'`,
    );
    if (waiting.length >= count) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
