// What the benches of a million results share, whatever the store: the rows, the queries and how they are timed, and by how
// much the resident set grows while all results are streamed.
import { median, sampleRows } from './sample-rows.mjs';

const MODELS = Array.from({ length: 20 }, (_, i) => `model-${i}`);
const BATCH = 500;

/** Queries of a dashboard and of the command line. */
export const QUERIES = [
  { model: 'model-7', order: 'newest-first', limit: 1_000 },
  { model: 'model-7', minScore: 0.8, order: 'newest-first', limit: 1_000 },
  { minScore: 0.9, order: 'newest-first', limit: 1_000 },
  { runId: 'nightly-42', order: 'lowest-first', limit: 1_000 },
  { idPrefix: 'category-3/case-00000', limit: 1_000 },
  { runId: 'nightly-42', outcome: 'errored', limit: 1_000 },
];

/** Appends that many results. */
export async function fill(store, rows) {
  for (let first = 0; first < rows; first += BATCH) {
    await store.append(sampleRows(Math.min(BATCH, rows - first), { models: MODELS, first }));
  }
}

/** Milliseconds that a query takes, the median of five, each from a new store. */
export async function timedQuery(openStore, query) {
  const took = [];
  for (let round = 0; round < 5; round++) {
    const store = openStore();
    await store.manifest('nobody');
    const started = performance.now();
    for await (const _ of store.query(query)) void _;
    took.push(performance.now() - started);
    await store.close();
  }
  return median(took);
}

/** Streams a whole store, closes it, and prints by how much the resident set grew at most, taken every 20 ms. */
export async function stream(store, query = {}) {
  for await (const _ of store.query({ limit: 2_000 })) void _; // code and driver are loaded
  const before = process.memoryUsage.rss();
  let most = before;
  const sampling = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20);
  const started = performance.now();
  let count = 0;
  for await (const _ of store.query(query)) {
    count += 1;
    if (count % 2_000 === 0) await new Promise((resolve) => setImmediate(resolve)); // lets the sampling in
  }
  clearInterval(sampling);
  await store.close();
  const seconds = (performance.now() - started) / 1000;
  console.log(JSON.stringify({ count, growthMb: (most - before) / 1e6, seconds }));
}
