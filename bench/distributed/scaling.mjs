// `node bench/distributed/scaling.mjs`: results a second of 1, 2 and 4 workers with 64 places each at a model that takes
// 50 ms, the model server in a process of its own, and the CPU time that a case costs a worker and the database.
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { waitForRun } from '../../dist/bullmq.js';
import { Fleet } from '../../test/distributed/fleet.mjs';
import { PostgresServer } from '../../test/support/postgres-server.mjs';
import { startServerProcess } from '../server-process.mjs';

const [latencyMs, places, cases] = [50, 64, 4000].map((value, i) => Number(process.argv[2 + i] ?? value));
const TICK_S = 1 / 100; // of /proc

const server = await PostgresServer.start();
const model = await startServerProcess({ latencyMs });
console.log(`model ${latencyMs} ms, ${places} places a worker, ${cpus().length} cores`);
let alone;
for (const workers of [1, 2, 4]) {
  const fleet = new Fleet(server, {
    schema: `scaling_${workers}`,
    modelUrl: model.url,
    worker: { concurrency: places },
  });
  try {
    const running = await Promise.all(Array.from({ length: workers }, () => fleet.start()));
    const cpuBefore = running.map(({ pid }) => cpuSeconds(pid));
    const databaseBefore = databaseSeconds(server.pid);
    const begun = performance.now();
    await fleet.enqueue(cases * workers);
    await waitForRun(fleet.store, 'run', { pollMs: 20 });
    const seconds = (performance.now() - begun) / 1000;
    const rate = (cases * workers) / seconds;
    alone ??= rate;
    const used = running.reduce((sum, { pid }, i) => sum + cpuSeconds(pid) - cpuBefore[i], 0);
    const database = databaseSeconds(server.pid) - databaseBefore;
    const perCase = (total) => `${((total / (cases * workers)) * 1000).toFixed(2)} ms`;
    console.log(
      `${workers} workers: ${rate.toFixed(0)} results/s, ${(rate / alone / workers).toFixed(2)} of linear; CPU a case: ` +
        `worker ${perCase(used)}, database ${perCase(database)}; ${(((used + database) / seconds / cpus().length) * 100).toFixed(0)} % of all cores`,
    );
  } finally {
    await fleet.close();
  }
}
await model.close();
await server.close();

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
