// Appends to the stores against the barest program that stores the same.
//
//   npm run build && node bench/stores/append-throughput.mjs [--rows 10000] [--rounds 5]
//
// SQLite: the same statement on the same tables with better-sqlite3, 500 rows a transaction, nested columns by
// JSON.stringify. Gzip: JSON lines, fflate.gzipSync of 500, write, fdatasync. Contenders take turns within one run;
// figures are medians over the rounds. Main-thread time is the event loop's active time.
import {
  closeSync,
  fdatasyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { gzipSync } from 'fflate';
import { GzipFileResultStore } from '../../dist/stores/gzip/gzip-file-result-store.js';
import { SqliteResultStore } from '../../dist/stores/sqlite/sqlite-result-store.js';
import { UPSERT_RESULT } from '../../dist/stores/sqlite/sqlite-row.js';
import { migrate } from '../../dist/stores/sqlite/sqlite-schema.js';
import { median, quantile, sampleRows } from './sample-rows.mjs';

const Database = createRequire(import.meta.url)('better-sqlite3');
const { values } = parseArgs({
  options: { rows: { type: 'string', default: '10000' }, rounds: { type: 'string', default: '5' } },
});
const ROWS = Number(values.rows);
const ROUNDS = Number(values.rounds);
const BATCH = 500;
const rows = sampleRows(ROWS);
const batches = Array.from({ length: Math.ceil(ROWS / BATCH) }, (_, i) =>
  rows.slice(i * BATCH, (i + 1) * BATCH),
);

/** Runs `work` in a new folder; rows a second, main-thread µs a row, and what `work` returns. */
async function measure(work) {
  const folder = mkdtempSync(join(tmpdir(), 'assaykit-bench-'));
  try {
    const { run, end } = await work(folder);
    const before = performance.eventLoopUtilization();
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const started = performance.now();
    const batchMs = (await run()) ?? [];
    const seconds = (performance.now() - started) / 1000;
    delay.disable();
    const busy = performance.eventLoopUtilization(before).active;
    const extra = (await end(folder)) ?? {};
    return {
      rate: ROWS / seconds,
      mainUs: (busy * 1000) / ROWS,
      p99: quantile(batchMs, 0.99),
      block: delay.max / 1e6,
      ...extra,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function bareSqlite(folder) {
  const database = new Database(join(folder, 'bare.db'));
  for (const pragma of [
    'page_size = 8192',
    'journal_mode = WAL',
    'synchronous = NORMAL',
    'cache_size = -16000',
    'wal_autocheckpoint = 2000',
  ]) {
    database.pragma(pragma);
  }
  migrate(database, 'bare.db');
  const insert = database.prepare(UPSERT_RESULT);
  return {
    async run() {
      for (const batch of batches) {
        database.exec('BEGIN IMMEDIATE');
        for (const { runId, caseId, repetition, outcome, model, startedAt, response, ...rest } of batch) {
          const { text, ...others } = response;
          const scores = {};
          for (const { name, score } of rest.evaluation.dimensions) scores[name] = score;
          insert.run(
            runId,
            caseId,
            repetition,
            outcome,
            model,
            startedAt,
            rest.evaluation.overallScore,
            rest.timings.targetMs + rest.timings.evaluationMs,
            1,
            JSON.stringify(scores),
            null,
            JSON.stringify({ ...rest, response: others }),
            text,
          );
        }
        database.exec('COMMIT');
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    end: () => void database.close(),
  };
}

const inBatches = (store) => async () => {
  const took = [];
  for (const batch of batches) {
    const started = performance.now();
    await store.append(batch);
    took.push(performance.now() - started);
  }
  return took;
};

const singles = (store, inFlight) => async () => {
  let next = 0;
  const lane = async () => {
    while (next < rows.length) await store.append([rows[next++]]);
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
};

const sqlite = (options, how) => async (folder) => {
  const store = new SqliteResultStore(join(folder, 'store.db'), { driver: 'better-sqlite3', ...options });
  await store.manifest('nobody'); // opens it
  return { run: how(store), end: () => store.close() };
};

async function bareGzip(folder) {
  const descriptor = openSync(join(folder, 'bare.jsonl.gz'), 'a');
  return {
    async run() {
      for (const batch of batches) {
        const lines = batch.map((row) => JSON.stringify(row)).join('\n');
        writeSync(descriptor, gzipSync(Buffer.from(`${lines}\n`), { level: 6 }));
        fdatasyncSync(descriptor);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    end: () => void closeSync(descriptor),
  };
}

const diskOf = (folder) =>
  readdirSync(folder, { recursive: true }).reduce(
    (sum, name) => sum + statSync(join(folder, String(name))).blocks * 512,
    0,
  );

const gzip = (options) => async (folder) => {
  const store = new GzipFileResultStore(join(folder, 'store'), options);
  await store.begin({ runId: 'warm' }); // starts nothing but the lock
  await store.append([{ ...rows[0], runId: 'warm' }]); // starts the thread
  return {
    run: inBatches(store),
    async end() {
      await store.close();
      return { disk: diskOf(join(folder, 'store')) / ROWS };
    },
  };
};

const contenders = {
  'bare better-sqlite3, 500 a transaction': bareSqlite,
  'SqliteResultStore, append of 500': sqlite({}, inBatches),
  'SqliteResultStore, single, 64 in flight': sqlite({}, (store) => singles(store, 64)),
  'SqliteResultStore, single, 500 in flight': sqlite({}, (store) => singles(store, 500)),
  'SqliteResultStore, worker, append of 500': sqlite({ thread: 'worker' }, inBatches),
  'bare gzip (fflate) + write + fdatasync': bareGzip,
  'GzipFileResultStore, power': gzip({ durability: 'power' }),
  'GzipFileResultStore, power, zlib': gzip({ durability: 'power', codec: 'zlib' }),
  'GzipFileResultStore, file-per-result': gzip({ layout: 'file-per-result' }),
};

const taken = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, contender] of Object.entries(contenders)) {
    if (name.endsWith('file-per-result') && round > 1) continue; // only its disk matters
    const figures = await measure(contender);
    if (round > 0 || name.endsWith('file-per-result')) taken[name].push(figures); // the first round warms up
  }
}
const of = (name, figure) => median(taken[name].map((figures) => figures[figure]));
const table = {};
for (const name of Object.keys(contenders)) {
  const bare = name.toLowerCase().includes('gzip')
    ? 'bare gzip (fflate) + write + fdatasync'
    : 'bare better-sqlite3, 500 a transaction';
  table[name] = {
    'rows/s': Math.round(of(name, 'rate')),
    'of bare': Number((of(name, 'rate') / of(bare, 'rate')).toFixed(2)),
    'main µs/row': Number(of(name, 'mainUs').toFixed(1)),
    'append p99 ms': Number((of(name, 'p99') ?? Number.NaN).toFixed(1)),
    'longest block ms': Number(of(name, 'block').toFixed(1)),
    'disk B/row': Math.round(of(name, 'disk') ?? Number.NaN),
  };
}
console.table(table);
const workerShare =
  of('SqliteResultStore, worker, append of 500', 'mainUs') / of('SqliteResultStore, append of 500', 'mainUs');
const diskShare =
  of('GzipFileResultStore, power', 'disk') / of('GzipFileResultStore, file-per-result', 'disk');
console.log(`worker mode: ${workerShare.toFixed(2)} of the main-thread time (goal: at most 0.40)`);
console.log(`shards: ${diskShare.toFixed(2)} of the disk of file-per-result (goal: at most 0.20)`);
console.log(
  'goals of bare: batches 0.85, single 64 in flight 0.55, single 500 in flight 0.80, gzip shards 0.70',
);
