// What it costs to look back: kept cases (CPU of the whole path, disk of a second run over the same cases), and the summary
// of a run whose process has ended.
//
//   npm run build && node bench/stores/history.mjs [--n 20000] [--pairs 5] [--results 1000000]
//
// CPU: pairs of runs over HTTP next to each other, with and without kept cases; the median of the pairs' ratios. Disk: the
// growth of the database by a second run over the same cases, with them and without. `summarize` runs in a process of its
// own; memory is the growth of its resident set, looked at every 50 ms, over that before the call.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BatchProcessor, createEvaluator, exactMatch, summarize } from '../../dist/doors/index.js';
import { SqliteResultStore } from '../../dist/doors/sqlite.js';
import { median } from '../results.mjs';
import { runContender } from '../run-contender.mjs';
import { startServerProcess, warmUp } from '../server-process.mjs';
import { benchManifest, sampleRows } from './sample-rows.mjs';

const { values: flags } = parseArgs({
  options: {
    n: { type: 'string', default: '20000' },
    pairs: { type: 'string', default: '5' },
    results: { type: 'string', default: '1000000' },
    summarize: { type: 'string' }, // within the process that does: the database
  },
});
const [N, PAIRS, RESULTS] = [flags.n, flags.pairs, flags.results].map(Number);
const RUN_ID = 'nightly-42';

async function cpuOfKeptCases() {
  const server = await startServerProcess();
  await warmUp(server.url);
  const ratios = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const cpu = {};
    for (const keepCases of pair % 2 === 0 ? [true, false] : [false, true]) {
      const row = await runContender('assaykit, SQLite', { server, n: N, c: 64, options: { keepCases } });
      if (row.error) throw new Error(row.error);
      cpu[keepCases] = row.cpuMsPer1k;
    }
    ratios.push(cpu.true / cpu.false);
  }
  await server.close();
  console.log(`kept cases: CPU ${median(ratios).toFixed(3)} (${ratios.map((r) => r.toFixed(2)).join(', ')})`);
}

/** Bytes of the database after one and after two runs over cases as long as GSM8K's. */
async function bytesOf(keepCases) {
  const folder = mkdtempSync(join(tmpdir(), 'assaykit-history-'));
  const sizes = [];
  for (const runId of ['first', 'second']) {
    const store = new SqliteResultStore(join(folder, 'results.db'));
    const processor = new BatchProcessor({
      target: async (question) => `${question.slice(0, 240)} #### 42`,
      evaluator: createEvaluator({ name: 'bench', version: '1', dimensions: { accuracy: exactMatch() } }),
      store,
      keepCases,
      concurrency: 64,
    });
    const cases = Array.from({ length: N }, (_, i) => ({
      id: `case-${String(i).padStart(7, '0')}`,
      input: `Question ${i}: `.padEnd(240, `the price of ${i} apples `),
      expected: String(i),
    }));
    await processor.run(cases, { runId });
    await store.close();
    sizes.push(statSync(join(folder, 'results.db')).size);
  }
  rmSync(folder, { recursive: true });
  return { first: sizes[0], second: sizes[1] - sizes[0] };
}

async function diskOfKeptCases() {
  const [kept, left] = [await bytesOf(true), await bytesOf(false)];
  const mb = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
  console.log(
    `disk of ${N} results: first run ${mb(kept.first)} with cases, ${mb(left.first)} without; ` +
      `second run ${mb(kept.second)} with, ${mb(left.second)} without: ${(kept.second / left.second).toFixed(3)}`,
  );
}

async function summarizeHere(path) {
  const store = new SqliteResultStore(path);
  for await (const _ of store.query({ limit: 100 })) void _; // code and driver are loaded
  const before = process.memoryUsage.rss();
  let most = before;
  const sampling = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 50);
  const started = performance.now();
  const summary = await summarize(store, RUN_ID);
  const seconds = (performance.now() - started) / 1000;
  clearInterval(sampling);
  await store.close();
  console.log(
    `summarize over ${summary.scored} results: ${seconds.toFixed(1)} s, ` +
      `+${((most - before) / 2 ** 20).toFixed(0)} MB resident (${(most / 2 ** 20).toFixed(0)} MB at most)`,
  );
}

async function timeOfSummary() {
  const folder = mkdtempSync(join(tmpdir(), 'assaykit-history-'));
  const path = join(folder, 'results.db');
  const store = new SqliteResultStore(path);
  await store.begin(benchManifest(RUN_ID));
  for (let first = 0; first < RESULTS; first += 2000)
    await store.append(sampleRows(Math.min(2000, RESULTS - first), { runId: RUN_ID, first }));
  await store.close();
  const self = fileURLToPath(import.meta.url);
  execFileSync(process.execPath, [self, '--summarize', path], { stdio: 'inherit' });
  rmSync(folder, { recursive: true });
}

if (flags.summarize !== undefined) await summarizeHere(flags.summarize);
else {
  await cpuOfKeptCases();
  await diskOfKeptCases();
  await timeOfSummary();
}
