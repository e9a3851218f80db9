// A million results: sizes of files, times of queries against the seed's schema, memory while all are streamed.
//
//   npm run build && node bench/stores/million.mjs [--rows 1000000] [--folder /tmp/assaykit-million] [--gzip]
//
// The seed's schema is the same table with its four single-column indexes (test_id, model_name, timestamp,
// overall_score). Query times are medians of five, each from a new connection. Streaming runs in processes of its
// own, whose resident set is taken every 20 ms. Takes about three minutes and 6 GB of disk for a million.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { GzipFileResultStore } from '../../dist/stores/gzip/gzip-file-result-store.js';
import { SqliteResultStore } from '../../dist/stores/sqlite/sqlite-result-store.js';
import { QUERIES, fill, stream, timedQuery } from './million-rows.mjs';
import { median } from './sample-rows.mjs';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    folder: { type: 'string', default: '/tmp/assaykit-million' },
    gzip: { type: 'boolean', default: false },
    stream: { type: 'string' },
  },
});
const ROWS = Number(values.rows);

const openStore = (path) =>
  path.endsWith('.db') ? new SqliteResultStore(path) : new GzipFileResultStore(path);

/** The same rows under the seed's indexes, copied within SQLite. */
function fillSeed(path, from) {
  const Database = createRequire(import.meta.url)('better-sqlite3');
  const database = new Database(path);
  database.pragma('page_size = 8192');
  database.pragma('journal_mode = OFF');
  database.exec(`ATTACH '${from}' AS ours`);
  const { sql } = database
    .prepare("SELECT sql FROM ours.sqlite_master WHERE name = 'evaluation_results'")
    .get();
  database.exec(sql);
  for (const column of ['test_id', 'model_name', 'timestamp', 'overall_score']) {
    database.exec(`CREATE INDEX idx_${column} ON evaluation_results (${column})`);
  }
  database.exec('INSERT INTO evaluation_results SELECT * FROM ours.evaluation_results');
  database.close();
}

function timed(path, sql, ...parameters) {
  const Database = createRequire(import.meta.url)('better-sqlite3');
  const took = [];
  for (let round = 0; round < 5; round++) {
    const database = new Database(path, { readonly: true });
    const statement = database.prepare(sql);
    const started = performance.now();
    statement.all(...parameters);
    took.push(performance.now() - started);
    database.close();
  }
  return median(took);
}

const sizeOf = (path) =>
  statSync(path).isDirectory()
    ? readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0)
    : statSync(path).size;

async function main() {
  rmSync(values.folder, { recursive: true, force: true });
  mkdirSync(values.folder, { recursive: true });
  const ours = join(values.folder, 'ours.db');
  const seed = join(values.folder, 'seed.db');
  const store = new SqliteResultStore(ours);
  const started = performance.now();
  await fill(store, ROWS);
  await store.close();
  console.log(
    `SQLite: ${ROWS} results in ${((performance.now() - started) / 1000).toFixed(0)} s (making them included)`,
  );
  fillSeed(seed, ours);
  const newest = 'SELECT * FROM evaluation_results WHERE model_name = ? ORDER BY timestamp DESC LIMIT 1000';
  const average =
    'SELECT model_name, avg(overall_score), min(overall_score), max(overall_score) FROM evaluation_results GROUP BY model_name';
  const table = {};
  for (const [name, sql, ...parameters] of [
    ['newest 1,000 of a model', newest, 'model-7'],
    ['average of each model', average],
  ]) {
    const [a, b] = [timed(ours, sql, ...parameters), timed(seed, sql, ...parameters)];
    table[name] = {
      'ours ms': a.toFixed(1),
      "seed's indexes ms": b.toFixed(1),
      'times faster (goal: 20)': (b / a).toFixed(1),
    };
  }
  for (const query of QUERIES) {
    const ms = await timedQuery(() => new SqliteResultStore(ours), query);
    table[`query ${JSON.stringify(query)}`] = { 'ours ms': ms.toFixed(1) };
  }
  console.table(table);
  const paths = [ours];
  if (values.gzip) {
    const shards = join(values.folder, 'shards');
    const gzip = new GzipFileResultStore(shards, { codec: 'zlib' });
    await fill(gzip, ROWS);
    await gzip.close();
    paths.push(shards);
  }
  const streams = {};
  for (const path of paths) {
    const script = fileURLToPath(import.meta.url);
    const { count, growthMb, seconds } = JSON.parse(
      execFileSync(process.execPath, [script, '--stream', path], { encoding: 'utf8' }),
    );
    streams[path] = {
      MB: (sizeOf(path) / 1e6).toFixed(0),
      results: count,
      'growth of RSS, MB (goal: under 60)': growthMb.toFixed(1),
      'results/s': Math.round(count / seconds),
    };
  }
  streams[seed] = { MB: (sizeOf(seed) / 1e6).toFixed(0) };
  console.table(streams);
  rmSync(values.folder, { recursive: true, force: true });
}

if (values.stream !== undefined) await stream(openStore(values.stream));
else await main();
