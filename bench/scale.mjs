#!/usr/bin/env node
// Whether the cost of a case stays the same: over the number of cases, the number of calls at once, and their size.
//   npm run build && npm run bench:scale [-- --most 100000] [--only cases|resume|concurrency|size]
// Beside each point runs the bare loop. Writes .bench/scale.jsonl; about 15 minutes with all 1,000,000 cases.
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { BASE } from './registry.mjs';
import { RESULTS, show } from './results.mjs';
import { describeRow, runContender } from './run-contender.mjs';
import { startServerProcess, warmUp } from './server-process.mjs';

const { values: flags } = parseArgs({
  options: { most: { type: 'string', default: '1000000' }, only: { type: 'string' } },
});
const SQLITE = 'assaykit, SQLite';
const GZIP = 'assaykit, gzip';

const counts = [1000, 10_000, 100_000, 1_000_000].filter((n) => n <= Number(flags.most));
const bytes = (length) =>
  length >= 1_000_000 ? '1 MB' : length >= 1000 ? `${length / 1000} kB` : `${length} B`;

/** One point: which contender, and how it is run. */
const SERIES = {
  cases: [SQLITE, GZIP].flatMap((name) =>
    counts.map((n) => ({ series: `Number of cases (${name})`, point: show(n), name, n, c: 64 })),
  ),
  resume: counts.map((n) => ({
    series: 'Number of cases, resumed at 50 % (assaykit, SQLite)',
    point: show(n),
    name: SQLITE,
    n,
    c: 64,
    options: { finishedShare: 0.5 },
  })),
  concurrency: [1, 4, 16, 64, 256, 1024, 2048].map((c) => ({
    series: 'Calls at once (assaykit, SQLite, 20,000 cases)',
    point: show(c),
    name: SQLITE,
    n: 20_000,
    c,
  })),
  size: [100, 1000, 10_000, 100_000, 1_000_000].map((length) => ({
    series: 'Characters of prompt and of answer (assaykit, SQLite, 16 at once)',
    point: bytes(length),
    name: SQLITE,
    n: Math.max(300, Math.min(10_000, 300_000_000 / length / 10)),
    c: 16,
    length,
    promptLength: length,
  })),
};

mkdirSync(new URL('.', RESULTS.scale), { recursive: true });
rmSync(RESULTS.scale, { force: true });
for (const [kind, points] of Object.entries(SERIES)) {
  if (flags.only !== undefined && flags.only !== kind) continue;
  for (const { series, point, name, ...run } of points) {
    const server = await startServerProcess({ length: run.length ?? 1000 });
    if ((run.length ?? 0) <= 10_000) await warmUp(server.url);
    const base = await runContender(BASE, { ...run, options: undefined, server });
    const row = await runContender(name, { ...run, server, timeoutMs: 1_800_000 });
    await server.close();
    const ratio = row.cpuMsPer1k / base.cpuMsPer1k;
    appendFileSync(RESULTS.scale, `${JSON.stringify({ series, point, ratio, ...row })}\n`);
    console.log(`${series}: ${point}: ${describeRow(row)}, ${show(ratio, 2)} times the bare loop`);
  }
}
