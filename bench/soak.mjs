#!/usr/bin/env node
// One process, 1,000,000 cases over HTTP into SQLite: does its memory keep its size, are all handles given back?
//   npm run build && npm run bench:soak [-- --cases 1000000]
// Writes .bench/soak.json. Exits with 1 when RSS grew by over 5 % after the first tenth, or a handle is left.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { run } from './contenders/assaykit.mjs';
import { median, RESULTS, saveResult, show } from './results.mjs';
import { startServerProcess, warmUp } from './server-process.mjs';

const MOST_GROWTH = 0.05;
const SAMPLES = 200;
const { values: flags } = parseArgs({ options: { cases: { type: 'string', default: '1000000' } } });
const cases = Number(flags.cases);

const server = await startServerProcess();
await warmUp(server.url, 1000);
await new Promise((resolve) => setTimeout(resolve, 5000)); // the warm-up's own sockets time out
const handlesBefore = process.getActiveResourcesInfo().length;
const dir = mkdtempSync(join(tmpdir(), 'assaykit-soak-'));
const rss = [];
let finished = 0;
let correct = 0;
const every = Math.floor(cases / SAMPLES);
const startedAt = performance.now();
const done = (ok) => {
  if (ok) correct++;
  if (++finished % every === 0) rss.push(process.memoryUsage.rss() / 2 ** 20);
};
await run({ url: server.url, n: cases, c: 64, length: 1000, dir, done, options: { store: 'sqlite' } });
const seconds = (performance.now() - startedAt) / 1000;
await new Promise((resolve) => setTimeout(resolve, 1000)); // closed sockets leave the loop in later turns
const handlesAfter = process.getActiveResourcesInfo().length;
rmSync(dir, { recursive: true, force: true });
await server.close();

const tenth = SAMPLES / 10;
const rssAtTenthMb = median(rss.slice(tenth, 2 * tenth)); // a window, because RSS goes up and down with collections
const rssAtEndMb = median(rss.slice(-tenth));
const result = {
  cases,
  correct,
  perSecond: cases / seconds,
  rssAtTenthMb,
  rssAtEndMb,
  peakAfterTenthMb: Math.max(...rss.slice(tenth)),
  growth: rssAtEndMb / rssAtTenthMb - 1,
  handlesBefore,
  handlesAfter,
};
saveResult(RESULTS.soak, result);
console.log(result);
const sound = correct === cases && result.growth <= MOST_GROWTH && handlesAfter <= handlesBefore;
console.log(sound ? 'memory and handles hold' : `does not hold: growth ${show(result.growth * 100, 1)} %`);
process.exitCode = sound ? 0 : 1;
