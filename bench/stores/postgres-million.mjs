// A million results in PostgreSQL: size, times of queries, memory while all are streamed, ten workers that start at once.
//
//   npm run build && node bench/stores/postgres-million.mjs [--rows 1000000] [--shared-buffers 256MB]
//
// The server is one of its own on this machine. Query times are medians of five, each from a new store. Streaming runs in
// a process of its own, whose resident set is taken every 20 ms. Ten workers are ten processes that append to an empty schema at once.
import { execFile, execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { PostgresResultStore } from '../../dist/postgres.js';
import { PostgresServer } from '../../test/support/postgres-server.mjs';
import { median, sampleRows } from './sample-rows.mjs';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    'shared-buffers': { type: 'string', default: '256MB' },
    stream: { type: 'string' },
    worker: { type: 'string' },
    at: { type: 'string' },
    address: { type: 'string' },
    order: { type: 'string', default: 'oldest-first' },
  },
});
const ROWS = Number(values.rows);
const MODELS = Array.from({ length: 20 }, (_, i) => `model-${i}`);
const BATCH = 500;
const self = fileURLToPath(import.meta.url);

/** Streams a whole store and prints by how much the resident set grew at most. */
async function stream(address) {
  const store = new PostgresResultStore(address);
  for await (const _ of store.query({ limit: 2_000 })) void _; // code and driver are loaded
  const before = process.memoryUsage.rss();
  let most = before;
  const sampling = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20);
  const started = performance.now();
  let count = 0;
  for await (const _ of store.query({ order: values.order })) count += 1;
  clearInterval(sampling);
  await store.close();
  const seconds = (performance.now() - started) / 1000;
  console.log(JSON.stringify({ count, growthMb: (most - before) / 1e6, seconds }));
}

/** One of ten that start at the same moment on an empty schema. */
async function worker(name, at, address) {
  const store = new PostgresResultStore(address, { schema: 'ten' });
  await new Promise((resolve) => setTimeout(resolve, at - Date.now()));
  const started = performance.now();
  for (let first = 0; first < 2_000; first += 100)
    await store.append(sampleRows(100, { runId: `worker-${name}`, first }));
  const seconds = (performance.now() - started) / 1000;
  await store.close();
  console.log(JSON.stringify({ seconds }));
}

async function timed(address, query) {
  const took = [];
  for (let round = 0; round < 5; round++) {
    const store = new PostgresResultStore(address);
    await store.manifest('nobody');
    const started = performance.now();
    for await (const _ of store.query(query)) void _;
    took.push(performance.now() - started);
    await store.close();
  }
  return median(took);
}

async function tenWorkers(address) {
  const at = String(Date.now() + 3_000);
  const ended = await Promise.allSettled(
    Array.from({ length: 10 }, (_, i) =>
      promisify(execFile)(process.execPath, [self, '--worker', String(i), '--at', at, '--address', address]),
    ),
  );
  const store = new PostgresResultStore(address, { schema: 'ten' });
  let count = 0;
  for await (const _ of store.query()) count += 1;
  await store.close();
  const failed = ended.filter(({ status }) => status === 'rejected');
  for (const { reason } of failed) console.error(String(reason.stderr).slice(0, 500));
  console.log(`ten workers at once on an empty database: ${failed.length} failed, ${count} of 20000 results`);
}

async function main() {
  const server = await PostgresServer.start({
    shared_buffers: values['shared-buffers'],
    max_wal_size: '4GB',
  });
  const address = server.connectionString;
  try {
    await tenWorkers(address);
    const store = new PostgresResultStore(address);
    const started = performance.now();
    for (let first = 0; first < ROWS; first += BATCH)
      await store.append(sampleRows(Math.min(BATCH, ROWS - first), { models: MODELS, first }));
    const seconds = (performance.now() - started) / 1000;
    console.log(`${ROWS} results in ${seconds.toFixed(0)} s (making them included)`);
    await store.close();
    const client = new (createRequire(import.meta.url)('pg').Client)({ connectionString: address });
    await client.connect();
    await client.query('VACUUM ANALYZE assaykit.evaluation_results');
    const { rows } = await client.query(
      "SELECT pg_table_size('assaykit.evaluation_results') AS rows, pg_indexes_size('assaykit.evaluation_results') AS indexes",
    );
    await client.end();
    const bytes = (text) => Math.round(Number(text) / ROWS);
    console.log(
      `bytes a result: ${bytes(rows[0].rows)} in the table, ${bytes(rows[0].indexes)} in six indexes`,
    );
    const table = {};
    for (const query of [
      { model: 'model-7', order: 'newest-first', limit: 1_000 },
      { model: 'model-7', minScore: 0.8, order: 'newest-first', limit: 1_000 },
      { minScore: 0.9, order: 'newest-first', limit: 1_000 },
      { runId: 'nightly-42', order: 'lowest-first', limit: 1_000 },
      { idPrefix: 'category-3/case-00000', limit: 1_000 },
      { runId: 'nightly-42', outcome: 'errored', limit: 1_000 },
    ])
      table[JSON.stringify(query)] = { ms: Number((await timed(address, query)).toFixed(1)) };
    console.table(table);
    for (const order of ['oldest-first', 'highest-first']) {
      const said = execFileSync(process.execPath, [self, '--stream', address, '--order', order], {
        encoding: 'utf8',
      });
      const { count, growthMb, seconds: took } = JSON.parse(said);
      console.log(
        `${order}: ${count} results streamed in ${took.toFixed(1)} s, resident set +${growthMb.toFixed(0)} MB (goal: under 60)`,
      );
    }
  } finally {
    await server.close();
  }
}

if (values.stream !== undefined) await stream(values.stream);
else if (values.worker !== undefined) await worker(values.worker, Number(values.at), values.address);
else await main();
