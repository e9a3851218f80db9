#!/usr/bin/env node
// Fails when the whole path costs much more than it did: CPU of the path over CPU of the bare loop, in pairs of runs
// next to each other, so that the machine's speed does not matter. Part of CI.
//   npm run build && npm run bench:guard
import { BASE } from './registry.mjs';
import { median, show } from './results.mjs';
import { describeRow, runContender } from './run-contender.mjs';
import { startServerProcess, warmUp } from './server-process.mjs';

/** Generous: the goal is 1.35 (docs/performance.md), and a busy machine moves a ratio by a tenth; a doubling fails. */
const BOUNDS = { 'assaykit, SQLite': 2.0, 'assaykit, memory': 1.85 };
const CASES = 10_000;
const REPETITIONS = 5;

const ratios = new Map(Object.keys(BOUNDS).map((name) => [name, []]));
const server = await startServerProcess();
await warmUp(server.url);
for (let repetition = 0; repetition < REPETITIONS; repetition++) {
  const base = await runContender(BASE, { server, n: CASES, c: 64 });
  console.log(describeRow(base));
  for (const [name, measured] of ratios) {
    const row = await runContender(name, { server, n: CASES, c: 64 });
    console.log(describeRow(row));
    if (row.error || base.error) throw new Error(row.error ?? base.error);
    measured.push(row.cpuMsPer1k / base.cpuMsPer1k);
  }
}
await server.close();
for (const [name, measured] of ratios) {
  const ratio = median(measured);
  const holds = ratio <= BOUNDS[name];
  console.log(
    `${name}: ${show(ratio, 2)} times the bare loop, ${holds ? 'within' : 'ABOVE'} the bound of ${BOUNDS[name]}`,
  );
  if (!holds) process.exitCode = 1;
}
