import { expect, it } from 'vitest';
import { runStatus } from '../../src/bullmq.js';
import { describeWithPostgres } from '../support/with-postgres.js';
import { Fleet, killSweep, summaryOfOneProcess, timeless } from './fleet.mjs';

const COUNT = 2000;
const CONCURRENCY = 32;
const PATIENCE_MS = 300_000; // of machines with other things to do
const WORKER = { concurrency: CONCURRENCY, lockMs: 2000, stalledCheckMs: 500 };

describeWithPostgres('a run on workers that are killed', (server) => {
  it(
    'has every result exactly once, repeats no more than what was in flight, and comes to the summary of one process',
    async () => {
      await using fleet = new Fleet(server(), { latencyMs: 20, worker: WORKER });
      await fleet.enqueue(COUNT);
      const summary = await killSweep(fleet, server(), { count: COUNT, workers: 2, kills: 4 });
      expect((await fleet.results()).size).toBe(COUNT);
      const repeated = fleet.repeated();
      expect(repeated.length).toBeLessThanOrEqual(4);
      expect(Math.max(0, ...repeated)).toBeLessThanOrEqual(CONCURRENCY);
      expect(timeless(summary)).toEqual(timeless(await summaryOfOneProcess(COUNT, fleet.definition)));
      expect(await runStatus(fleet.store, 'run')).toMatchObject({
        state: 'ended',
        batches: { done: 40, open: 0 },
      });
    },
    PATIENCE_MS,
  );
});
