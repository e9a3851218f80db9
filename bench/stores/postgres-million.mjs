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
import { QUERIES, fill, stream, timedQuery } from './million-rows.mjs';
import { sampleRows } from './sample-rows.mjs';

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
const self = fileURLToPath(import.meta.url);

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
    await fill(store, ROWS);
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
    for (const query of QUERIES) {
      const ms = await timedQuery(() => new PostgresResultStore(address), query);
      table[JSON.stringify(query)] = { ms: Number(ms.toFixed(1)) };
    }
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

if (values.stream !== undefined)
  await stream(new PostgresResultStore(values.stream), { order: values.order });
else if (values.worker !== undefined) await worker(values.worker, Number(values.at), values.address);
else await main();
