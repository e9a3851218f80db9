import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requeueRun, waitForRun } from '../../src/bullmq.js';
import { redisMissing, RedisServer } from '../support/redis-server.mjs';
import { describeWithPostgres } from '../support/with-postgres.js';
import { Fleet, summaryOfOneProcess, timeless } from './fleet.mjs';

const COUNT = 600;
const PATIENCE_MS = 300_000; // of machines with other things to do
const WORKER = { concurrency: 16, lockMs: 1000, stalledCheckMs: 200 };

if (redisMissing !== undefined) {
  console.warn(`Skipping the suite on Redis: ${redisMissing}`);
  describe.skip('a queue in Redis', () => it('needs Redis', () => undefined));
} else
  describeWithPostgres('a queue in Redis', (server) => {
    let redis: RedisServer;
    beforeAll(async () => {
      redis = await RedisServer.start();
    }, PATIENCE_MS);
    afterAll(() => redis.close());

    it(
      'does a run through a killed worker and a killed Redis that keeps its file',
      async () => {
        const connection = { redis: redis.url };
        await using fleet = new Fleet(server(), {
          schema: 'redis',
          latencyMs: 10,
          connection,
          worker: WORKER,
        });
        await fleet.enqueue(COUNT);
        const [killed] = await Promise.all([fleet.start(), fleet.start()]);
        await fleet.stored(100);
        await fleet.kill(killed);
        await fleet.stored(200);
        await redis.crash();
        await sleep(300);
        await redis.restart();
        const summary = await waitForRun(fleet.store, 'run', { pollMs: 50 });
        expect((await fleet.results()).size).toBe(COUNT);
        expect(Math.max(0, ...fleet.repeated())).toBeLessThanOrEqual(WORKER.concurrency);
        expect(timeless(summary)).toEqual(timeless(await summaryOfOneProcess(COUNT, fleet.definition)));
      },
      PATIENCE_MS,
    );

    it(
      'does a run whose jobs Redis has lost, from what the store knows',
      async () => {
        const connection = { redis: redis.url };
        await using fleet = new Fleet(server(), {
          schema: 'wiped',
          latencyMs: 0,
          connection,
          worker: WORKER,
        });
        await fleet.enqueue(COUNT);
        const { Redis } = await import('ioredis');
        const client = new Redis(redis.url);
        await client.flushall();
        client.disconnect();
        expect(await requeueRun(fleet.queue!, { store: fleet.store, runId: 'run' })).toBe(12);
        await fleet.start();
        await waitForRun(fleet.store, 'run', { pollMs: 50 });
        expect((await fleet.results()).size).toBe(COUNT);
        expect(fleet.calls().length).toBe(COUNT);
      },
      PATIENCE_MS,
    );
  });
