#!/usr/bin/env node
// What an evaluation costs with each contender, against the bare undici.request loop in the same repetition.
//   npm run bench                                   the project's own rows
//   npm run bench -- --deps FOLDER                  with the other tools that bench/setup.mjs installed there
//   … [--only 'assaykit, SQLite'] [--n 10000] [--c 64] [--latency 0] [--reps 3] [--append] [--list]
// Appends a row for each run to .bench/contenders.jsonl and then writes docs/performance.md (bench/report.mjs).
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { BASE, CONTENDERS } from './registry.mjs';
import { writeReport } from './report.mjs';
import { RESULTS } from './results.mjs';
import { describeRow, runContender, unavailable } from './run-contender.mjs';
import { startServerProcess, warmUp } from './server-process.mjs';

/** Latency in ms, concurrency, number of cases. */
const PLAN = [
  [0, 64, 1000],
  [0, 64, 10_000],
  [0, 64, 100_000],
  [0, 256, 10_000],
  [50, 64, 10_000],
  [50, 256, 10_000],
  [50, 256, 100_000],
];

const { values: flags } = parseArgs({
  options: {
    deps: { type: 'string' },
    only: { type: 'string', multiple: true },
    n: { type: 'string' },
    c: { type: 'string' },
    latency: { type: 'string' },
    reps: { type: 'string', default: '3' },
    append: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});
if (flags.list) {
  for (const name of Object.keys(CONTENDERS))
    console.log(`${name}: ${unavailable(name, flags.deps) ?? 'ready'}`);
  process.exit(0);
}
const numbers = (text) => text?.split(',').map(Number);
const cells =
  flags.n === undefined && flags.c === undefined && flags.latency === undefined
    ? PLAN
    : (numbers(flags.latency) ?? [0]).flatMap((latency) =>
        (numbers(flags.c) ?? [64]).flatMap((c) => (numbers(flags.n) ?? [10_000]).map((n) => [latency, c, n])),
      );
const names = Object.keys(CONTENDERS).filter((name) => {
  if (flags.only !== undefined && name !== BASE && !flags.only.includes(name)) return false;
  const reason = unavailable(name, flags.deps);
  if (reason !== undefined) console.log(`skipped ${name}: ${reason}`);
  return reason === undefined;
});

mkdirSync(new URL('.', RESULTS.contenders), { recursive: true });
if (!flags.append) rmSync(RESULTS.contenders, { force: true });
const stamp = Date.now(); // tells the repetitions of one call from those of another
for (const latency of new Set(cells.map(([each]) => each))) {
  const server = await startServerProcess({ latencyMs: latency });
  await warmUp(server.url, latency === 0 ? 3000 : 300);
  for (let repetition = 1; repetition <= Number(flags.reps); repetition++) {
    for (const [, c, n] of cells.filter(([each]) => each === latency)) {
      for (const name of names.filter((each) => n <= CONTENDERS[each].maxN)) {
        const row = await runContender(name, { server, n, c, deps: flags.deps });
        appendFileSync(
          RESULTS.contenders,
          `${JSON.stringify({ ...row, latency, repetition: `${stamp}.${repetition}` })}\n`,
        );
        console.log(`latency ${latency} ms  ${describeRow(row)}`);
      }
    }
  }
  await server.close();
}
console.log(await writeReport());
