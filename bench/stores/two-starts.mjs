// Two starts of one run that overlap (a deploy, a cron overlap, a double click): does a summary miss a result, does the
// refused one ask a model?
//
//   npm run build && node bench/stores/two-starts.mjs [--rounds 100] [--only PostgreSQL]
//
// Each round begins a run, and a second start of it at a random moment of the first, over each kind of store; a third
// start afterwards must find everything. Both starts are in one process here: `--processes` has the second one in a
// process of its own (not for memory), which has loaded everything and opened the store when the first start begins, and
// is told when to go. `overlapping` counts the rounds in which it went before the first start had ended.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BatchProcessor, createEvaluator, GzipFileResultStore, MemoryResultStore } from 'assaykit';
import { PostgresResultStore } from 'assaykit/postgres';
import { SqliteResultStore } from 'assaykit/sqlite';
import { postgresMissing, PostgresServer } from '../../test/support/postgres-server.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    processes: { type: 'boolean', default: false },
    child: { type: 'string' },
    address: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});
const CASES = 300;
const server =
  values.child === undefined && postgresMissing === undefined ? await PostgresServer.start() : undefined;
const address = values.address ?? server?.connectionString;
const memory = new Map();
const STORES = {
  memory: (folder) => {
    if (!memory.has(folder)) memory.set(folder, new MemoryResultStore());
    return memory.get(folder);
  },
  'SQLite, main': (folder) => new SqliteResultStore(join(folder, 'results.db')),
  'SQLite, worker': (folder) => new SqliteResultStore(join(folder, 'results.db'), { thread: 'worker' }),
  'gzip, shards': (folder) => new GzipFileResultStore(folder),
  'gzip, files': (folder) => new GzipFileResultStore(folder, { layout: 'file-per-result' }),
  ...(address === undefined
    ? {}
    : { PostgreSQL: (folder) => new PostgresResultStore(address, { schema: basename(folder) }) }),
};

/** One start of the run: what it came to, and how often it asked. */
async function start(store) {
  let calls = 0;
  const processor = new BatchProcessor({
    target: async (input) => {
      calls += 1;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
      return input;
    },
    evaluator: createEvaluator({ name: 'any', version: '1', dimensions: { any: () => 1 } }),
    store,
    concurrency: 16,
    batchSize: 20,
  });
  const cases = Array.from({ length: CASES }, (_, i) => ({ id: `case-${i}`, input: `question ${i}` }));
  try {
    const { stopReason, submitted, scored, skipped, overall } = await processor.run(cases, {
      runId: 'run',
      resume: true,
    });
    return { stopReason, submitted, counted: scored + skipped, inMean: overall.scored, calls };
  } catch (error) {
    return { code: error.code, calls };
  }
}

if (values.child !== undefined) {
  const { kind, folder } = JSON.parse(values.child);
  const store = STORES[kind](folder);
  process.send('ready');
  await once(process, 'message');
  const begunAt = Date.now();
  const outcome = await start(store);
  await store.close();
  process.send({ ...outcome, begunAt }, () => process.exit(0));
  await new Promise(() => {});
}

/** The second start, ready to go. */
async function prepareSecond(kind, folder) {
  if (!values.processes) {
    return async () => {
      const begunAt = Date.now();
      const store = STORES[kind](folder);
      const outcome = await start(store);
      if (kind !== 'memory') await store.close();
      return { ...outcome, begunAt };
    };
  }
  const child = fork(fileURLToPath(import.meta.url), [
    '--child',
    JSON.stringify({ kind, folder }),
    ...(address === undefined ? [] : ['--address', address]),
  ]);
  await once(child, 'message');
  return async () => {
    child.send('go');
    const [outcome] = await once(child, 'message');
    return outcome;
  };
}

const whole = ({ stopReason, submitted, counted, inMean }) =>
  stopReason === 'end' && submitted === CASES && counted === CASES && inMean === CASES;

const table = {};
for (const kind of Object.keys(STORES)) {
  if (!kind.includes(values.only) || (values.processes && kind === 'memory')) continue;
  const total = {
    overlapping: 0,
    refused: 0,
    'calls by the refused': 0,
    'summaries that miss a result': 0,
    other: 0,
  };
  for (let round = 0; round < Number(values.rounds); round++) {
    const folder = mkdtempSync(join(tmpdir(), 'assaykit-two-starts-'));
    const store = STORES[kind](folder);
    const second = await prepareSecond(kind, folder);
    let endedAt = Number.POSITIVE_INFINITY;
    const running = start(store).finally(() => (endedAt = Date.now()));
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 30));
    const outcomes = await Promise.all([running, second()]);
    if (outcomes[1].begunAt < endedAt) total.overlapping += 1;
    if (kind !== 'memory') await store.close();
    const after = STORES[kind](folder);
    outcomes.push(await start(after));
    await after.close();
    for (const outcome of outcomes) {
      if (outcome.code === undefined) {
        if (!whole(outcome)) total['summaries that miss a result'] += 1;
      } else if (outcome.code === 'ASSAY_RUN_ACTIVE' || outcome.code === 'ASSAY_STORE_LOCKED') {
        total.refused += 1;
        total['calls by the refused'] += outcome.calls;
      } else total.other += 1;
    }
    const asked = outcomes.reduce((sum, { calls }) => sum + calls, 0);
    if (asked !== CASES) total['summaries that miss a result'] += 1;
    rmSync(folder, { recursive: true, force: true });
  }
  table[kind] = total;
}
await server?.close();
console.table(table);
const bad = Object.values(table).some(
  (total) => total['calls by the refused'] + total['summaries that miss a result'] + total.other > 0,
);
if (bad) process.exitCode = 1;
