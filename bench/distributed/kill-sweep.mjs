// `node bench/distributed/kill-sweep.mjs`: 8,000 cases on two workers, of which at least 12 are killed, one crash of the
// database server, and a queue that loses everything half-way. Prints what was stored, and what had to be paid twice.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { requeueRun } from '../../dist/bullmq.js';
import { Fleet, killSweep, summaryOfOneProcess, timeless } from '../../test/distributed/fleet.mjs';
import { PostgresServer } from '../../test/support/postgres-server.mjs';

const COUNT = 8000;
const CONCURRENCY = 32;
const KILLS = 12;

const server = await PostgresServer.start();
const fleet = new Fleet(server, {
  latencyMs: 40,
  worker: { concurrency: CONCURRENCY, lockMs: 2000, stalledCheckMs: 500 },
});
try {
  await fleet.enqueue(COUNT);
  const begun = performance.now();
  const wiped = fleet.stored(COUNT / 3).then(async () => {
    await fleet.queue.obliterate({ force: true });
    await sleep(1000);
    return requeueRun(fleet.queue, { store: fleet.store, runId: 'run' });
  });
  const summary = await killSweep(fleet, server, { count: COUNT, workers: 2, kills: KILLS });
  const seconds = (performance.now() - begun) / 1000;
  const results = await fleet.results(); // throws for one that is stored twice
  const repeated = fleet.repeated();
  assert.equal(results.size, COUNT);
  assert.ok(repeated.every((calls) => calls <= CONCURRENCY));
  assert.deepEqual(timeless(summary), timeless(await summaryOfOneProcess(COUNT, fleet.definition)));
  console.log(`${results.size} of ${COUNT} cases stored, each once, in ${seconds.toFixed(1)} s`);
  console.log(
    `${KILLS} workers killed, the database server once; the queue wiped, ${await wiped} batches put back`,
  );
  console.log(`calls repeated by killed worker: ${repeated.join(', ')} (${CONCURRENCY} in flight)`);
  console.log('summary equal to that of one process, durations aside');
} finally {
  await fleet.close();
  await server.close();
}
