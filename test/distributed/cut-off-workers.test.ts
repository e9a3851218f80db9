import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { runStatus, waitForRun } from '../../src/bullmq.js';
import { describeWithPostgres } from '../support/with-postgres.js';
import { Fleet, summaryOfOneProcess, timeless } from './fleet.mjs';

const COUNT = 600;
const PATIENCE_MS = 300_000; // of machines with other things to do
const WORKER = { concurrency: 16, lockMs: 1000, stalledCheckMs: 200 };

// A lock of a second instead of thirty: what takes a minute in production takes two seconds here.
describeWithPostgres('workers that are cut off', (server) => {
  it(
    'stores nothing twice and loses nothing when a worker is stopped for longer than its lock and then goes on',
    async () => {
      await using fleet = new Fleet(server(), { schema: 'stopped', latencyMs: 10, worker: WORKER });
      await fleet.enqueue(COUNT);
      const [stopped] = await Promise.all([fleet.start(), fleet.start()]);
      await fleet.stored(150);
      stopped.kill('SIGSTOP');
      await sleep(3000);
      await fleet.stored(400);
      stopped.kill('SIGCONT');
      const summary = await waitForRun(fleet.store, 'run', { pollMs: 50 });
      await sleep(500); // what the stopped one still wants to write
      expect((await fleet.results()).size).toBe(COUNT);
      expect(timeless(summary)).toEqual(timeless(await summaryOfOneProcess(COUNT, fleet.definition)));
      expect(fleet.calls().length - COUNT).toBeLessThanOrEqual(WORKER.concurrency); // in flight at the stop

      expect(await fleet.drain(stopped, 2000)).toBe(0);
    },
    PATIENCE_MS,
  );

  it(
    'stores nothing twice and loses nothing when the event loop of a worker is blocked for longer than its lock',
    async () => {
      await using fleet = new Fleet(server(), { schema: 'blocked', latencyMs: 10, worker: WORKER });
      await fleet.enqueue(COUNT);
      const [blocked] = await Promise.all([fleet.start(), fleet.start()]);
      await fleet.stored(150);
      blocked.send({ block: 3000 });
      const summary = await waitForRun(fleet.store, 'run', { pollMs: 50 });
      await sleep(500);
      expect((await fleet.results()).size).toBe(COUNT);
      expect(timeless(summary)).toEqual(timeless(await summaryOfOneProcess(COUNT, fleet.definition)));
      expect(fleet.calls().length - COUNT).toBeLessThanOrEqual(WORKER.concurrency);
      expect(await fleet.drain(blocked, 2000)).toBe(0);
    },
    PATIENCE_MS,
  );

  it(
    'records the one case that kills its workers as errored, and does all others of its batch',
    async () => {
      await using fleet = new Fleet(server(), {
        schema: 'poisoned',
        latencyMs: 5,
        poison: 123,
        worker: WORKER,
      });
      await fleet.enqueue(200);
      const ended = waitForRun(fleet.store, 'run', { pollMs: 50 });
      let waiting = true;
      void ended.finally(() => (waiting = false));
      while (waiting) {
        const worker = await fleet.start();
        await Promise.race([new Promise((resolve) => worker.once('exit', resolve)), ended]);
      }
      const summary = await ended;
      expect(summary.submitted).toBe(200);
      expect(summary.errorsByCode).toEqual({ ASSAY_TARGET_FAILED: 4, ASSAY_WORKER_CRASHED: 1 });
      const result = (await fleet.results()).get('case-123/0');
      expect(result).toMatchObject({ outcome: 'errored', group: 'group 4', metadata: { number: 123 } });
      expect(result?.error?.message).toContain('Batch 2 was begun 6 times');
      expect(fleet.calls().filter(({ number }) => number === 123).length).toBe(6);
      expect(await runStatus(fleet.store, 'run')).toMatchObject({ state: 'ended' });
    },
    PATIENCE_MS,
  );
});
