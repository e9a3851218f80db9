// Results a second of 1, 2 and 4 workers at a model that takes 50 ms, 64 calls each; the model server is in a process of its own.
//
//   npm run build && node bench/distributed/scaling.mjs [latencyMs 50] [places 64] [cases a worker 4000]
//
// A run is enqueued first; what is measured is the time between two moments at which all workers are at work: from when the
// last one is ready until 85 % of the batches are done. With it the CPU time that a case costs the workers, the database, the
// model server, and how busy the machine was: where that is near 100 %, more workers cannot do more.
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitForRun } from '../../dist/bullmq.js';
import { Fleet } from '../../test/distributed/fleet.mjs';
import { PostgresServer } from '../../test/support/postgres-server.mjs';
import { startServerProcess } from '../server-process.mjs';

const [latencyMs, places, cases] = [50, 64, 4000].map((value, i) => Number(process.argv[2 + i] ?? value));
const TICK_S = 1 / 100; // of /proc
const BATCH = 50;
const SHARE = 0.85; // of the batches: at the end places stay empty

const server = await PostgresServer.start();
const model = await startServerProcess({ latencyMs });
console.log(`model ${latencyMs} ms, ${places} places a worker, ${cpus().length} cores`);
let alone;
for (const workers of [1, 2, 4]) {
  const rate = await measure(workers);
  alone ??= rate;
  console.log(`  ${(rate / alone / workers).toFixed(2)} of linear`);
}
await model.close();
await server.close();

async function measure(workers) {
  const fleet = new Fleet(server, {
    schema: `scaling_${workers}`,
    modelUrl: model.url,
    worker: { concurrency: places },
  });
  try {
    await fleet.enqueue(cases * workers, { batchSize: BATCH });
    const running = await Promise.all(Array.from({ length: workers }, () => fleet.start()));
    const done = async () => (await fleet.store.work.counts('run')).done;
    const first = await done();
    const before = used(running);
    const begun = performance.now();
    const until = Math.floor(((cases * workers) / BATCH) * SHARE);
    let last = first;
    while (last < until) {
      await sleep(100);
      last = await done();
    }
    const seconds = (performance.now() - begun) / 1000;
    const after = used(running);
    const results = (last - first) * BATCH;
    const perCase = (name) => `${(((after[name] - before[name]) / results) * 1000).toFixed(2)} ms`;
    const busy = 1 - (after.idle - before.idle) / seconds / cpus().length;
    console.log(
      `${workers} workers: ${(results / seconds).toFixed(0)} results/s; CPU a case: worker ${perCase('workers')}, ` +
        `database ${perCase('database')}, model server ${perCase('model')}; machine ${(busy * 100).toFixed(0)} % busy`,
    );
    await waitForRun(fleet.store, 'run', { pollMs: 500 });
    return results / seconds;
  } finally {
    await fleet.close();
  }
}

/** CPU seconds so far. */
function used(running) {
  return {
    workers: running.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0),
    database: databaseSeconds(server.pid),
    model: cpuSeconds(model.pid),
    idle: cpus().reduce((sum, { times }) => sum + times.idle, 0) / 1000,
  };
}

/** User and system time of a process. */
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_S;
}

/** Same for the server of the database and its children, those that have ended included. */
function databaseSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  const ended = (Number(fields[13]) + Number(fields[14])) * TICK_S;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean);
  return ended + cpuSeconds(pid) + children.reduce((sum, child) => sum + cpuSeconds(Number(child)), 0);
}
