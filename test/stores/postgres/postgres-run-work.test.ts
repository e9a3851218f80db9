import { createRequire } from 'node:module';
import type { Client, PoolConfig } from 'pg';
import { expect, it } from 'vitest';
import { PostgresResultStore } from '../../../src/postgres.js';
import { keepCase, readCase } from '../../../src/stores/kept-case.js';
import type { SharedSpending } from '../../../src/stores/run-work.js';
import { describeWithPostgres } from '../../support/with-postgres.js';

const pg = createRequire(import.meta.url)('pg') as {
  readonly Client: new (options: PoolConfig) => Client;
};

const NOTHING: SharedSpending = {
  cost: 0,
  tokens: 0,
  estimatedCost: 0,
  estimatedTokens: 0,
  results: 0,
  errored: 0,
};

describeWithPostgres('PostgresRunWork', (server) => {
  let schemas = 0;
  const open = (schema = `work ${(schemas += 1)}`): PostgresResultStore =>
    new PostgresResultStore(server().connectionString, { schema });

  it('keeps batches and their cases whole, whatever stands in them', async () => {
    await using store = open();
    const { work } = store;
    const runId = 'a run\0 of \ud800 any name';
    await work.open({ runId, batchSize: 2, limits: {} });
    const texts = ['\0 and \udfff', 'x'.repeat(1_000_000)];
    const kept = texts.map((input) =>
      keepCase({ input, expected: undefined, metadata: { big: 10n }, group: 'g', cluster: undefined }),
    );
    const cases = kept.map(({ hash }, i) => ({
      id: `id\0${i}\ud83d`,
      hash,
      parameters: { temperature: 0.1 * i },
    }));
    await work.add(runId, [{ batch: 0, cases }], kept);
    await work.add(runId, [{ batch: 0, cases }], kept);
    const found = await work.cases(runId, 0);
    expect(found.map(({ text: _text, ...rest }) => rest)).toEqual(cases);
    expect(found.map(({ text }) => readCase(text as string))).toEqual(
      texts.map((input) => ({ input, metadata: { big: 10n }, group: 'g' })),
    );
    await expect(work.add(runId, [{ batch: 0, cases: cases.slice(1) }], [])).rejects.toMatchObject({
      code: 'ASSAY_MANIFEST_MISMATCH',
    });
  });

  it('counts a start once, however often it is told, and not one that was given back', async () => {
    await using store = open();
    const { work } = store;
    await work.open({ runId: 'run', batchSize: 1, limits: {} });
    await work.add(
      'run',
      [
        { batch: 0, cases: [] },
        { batch: 1, cases: [] },
      ],
      [],
    );
    const starts = async (id: string): Promise<number | undefined> =>
      (await work.start('run', 0, id))?.starts;
    expect([await starts('a'), await starts('a'), await starts('b')]).toEqual([1, 1, 2]);
    await work.giveBack('run', 0, 'a'); // not the last any more
    expect(await starts('c')).toBe(3);
    await work.giveBack('run', 0, 'c');
    await work.giveBack('run', 0, 'c');
    expect(await starts('d')).toBe(3);
    expect(await work.settle('run', 0, { state: 'done' })).toBe(false);
    expect(await work.settle('run', 0, { state: 'failed', error: 'late' })).toBe(false); // what is done stays done
    expect(await work.settle('run', 1, { state: 'failed', error: 'no\0' })).toBe(true);
    expect(await work.counts('run')).toEqual({ open: 0, done: 1, failed: 1 });
    const failed = [];
    for await (const batch of work.batches('run', 'failed')) failed.push(batch);
    expect(failed).toMatchObject([{ batch: 1, state: 'failed' }]);
    await work.stop('run', 'cancelled');
    expect(await work.start('run', 1, 'e')).toMatchObject({ stopReason: 'cancelled' });
    await work.reopen('run');
    expect(await work.counts('run')).toEqual({ open: 1, done: 1, failed: 0 });
    expect(await work.start('run', 1, 'f')).toMatchObject({ starts: 1, stopReason: null });
    expect(await work.start('run', 2, 'f')).toBeUndefined();
  });

  it('lets one of two that settle the last batches at once see that none is open', async () => {
    await using store = open();
    const { work } = store;
    await work.open({ runId: 'run', batchSize: 1, limits: {} });
    for (let pair = 0; pair < 30; pair++) {
      const batches = [2 * pair, 2 * pair + 1];
      await work.add(
        'run',
        batches.map((batch) => ({ batch, cases: [] })),
        [],
      );
      const saw = await Promise.all(batches.map((batch) => work.settle('run', batch, { state: 'done' })));
      expect(saw).toContain(true);
    }
  });

  it('gives out turns at the rate, in advance, whoever asks', async () => {
    await using a = open();
    await using b = open(`work ${schemas}`);
    await a.work.open({ runId: 'run', batchSize: 1, limits: { requestsPerSecond: 50, burst: 10 } });
    const begun = performance.now();
    const due: number[] = [];
    const ask = async (store: PostgresResultStore): Promise<void> => {
      for (let i = 0; i < 10; i++) {
        const { firstMs, spacingMs } = await store.work.takeTurns('run', { turns: 5, tokens: 0 });
        const told = performance.now();
        expect(spacingMs).toBe(20);
        for (let k = 0; k < 5; k++) due.push(told + Math.max(0, firstMs + k * spacingMs) - begun);
      }
    };
    await Promise.all([ask(a), ask(b)]);
    due.sort((x, y) => x - y);
    expect(due.length).toBe(100);
    due.forEach((at, i) => expect(i + 1).toBeLessThanOrEqual(10 + (50 * at) / 1000 + 1));
    expect(due.at(-1)).toBeLessThan((90 / 50) * 1000 + (performance.now() - begun));
    await a.work.takeTurns('run', { turns: -200, tokens: 0 }); // given back: the bucket is full, not fuller
    const { firstMs } = await a.work.takeTurns('run', { turns: 11, tokens: 0 });
    expect(firstMs).toBeCloseTo(-180, 0); // ten at once, and the eleventh 20 ms later
  });

  it('gives out turns again when the clock of the server was set back by hours', async () => {
    await using store = open();
    await store.work.open({ runId: 'run', batchSize: 1, limits: { requestsPerSecond: 50, burst: 10 } });
    const client = new pg.Client({ connectionString: server().connectionString });
    await client.connect();
    await client.query(`UPDATE "work ${schemas}".shared_runs SET turns_at = turns_at + 18000000`); // as if it had been later
    await client.end();
    await store.work.takeTurns('run', { turns: 30, tokens: 0 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { firstMs } = await store.work.takeTurns('run', { turns: 1, tokens: 0 });
    expect(firstMs).toBeLessThan(0); // 20 in advance, 25 have come since
  });

  it('never gives out more of a budget than there is, and takes back what was not spent', async () => {
    await using store = open();
    const { work } = store;
    await work.open({ runId: 'run', batchSize: 1, limits: { maxTokens: 1000 } });
    const granted = await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        const report = { worker: `w${i}`, spent: NOTHING, wantedCost: 0, wantedTokens: 100 };
        await work.spend('run', report);
        return (await work.spend('run', report)).tokens; // told twice
      }),
    );
    expect(granted.reduce((sum, tokens) => sum + tokens, 0)).toBe(1000);
    const spent = { ...NOTHING, tokens: 40, results: 2 };
    const first = granted.indexOf(100);
    await work.spend('run', { worker: `w${first}`, spent, wantedCost: 0, wantedTokens: 40 });
    const last = { worker: 'last', spent: NOTHING, wantedCost: 0, wantedTokens: 100 };
    expect(await work.spend('run', last)).toMatchObject({ tokens: 60, spending: spent, stopReason: null });
  });

  it('is closed with its store', async () => {
    const store = open();
    await store.close();
    await expect(store.work.find('run')).rejects.toMatchObject({ code: 'ASSAY_CLOSED' });
  });
});
