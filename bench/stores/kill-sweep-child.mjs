// One start of a run that kill-sweep.mjs kills: every call of the model and every acknowledged result is written
// to a log by one write each, so that the log is true up to the moment of the kill.
import { openSync, writeSync } from 'node:fs';
import { BatchProcessor } from '../../dist/batch/batch-processor.js';
import { createEvaluator } from '../../dist/evaluation/create-evaluator.js';
import { GzipFileResultStore } from '../../dist/stores/gzip/gzip-file-result-store.js';
import { openDatabase } from '../../dist/stores/sqlite/sqlite-driver.js';
import { SqliteResultStore } from '../../dist/stores/sqlite/sqlite-result-store.js';
import { failAt, faultyDatabase, faultyFileSystem } from '../../dist/testing/faults.js';

const { kind, path, options, runId, cases, concurrency, batchSize, log, fault } = JSON.parse(process.argv[2]);
const descriptor = openSync(log, 'a');
const note = (line) => void writeSync(descriptor, `${line}\n`);

const plan = fault === null ? undefined : failAt(fault.at, { fault: fault.kind });
let store;
if (kind === 'gzip') {
  store = new GzipFileResultStore(path, {
    ...options,
    ...(plan === undefined ? {} : { files: faultyFileSystem(plan) }),
  });
} else if (plan === undefined) store = new SqliteResultStore(path, options);
else {
  const database = await openDatabase(path, { driver: 'auto' });
  store = new SqliteResultStore(path, { ...options, open: () => faultyDatabase(database, plan) });
}

const processor = new BatchProcessor({
  target: async (_input, { testCase }) => {
    note(`call ${testCase.id}`);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
    return `answer to ${testCase.id}`;
  },
  evaluator: createEvaluator({ name: 'sweep', version: '1', dimensions: { any: () => 1 } }),
  store,
  concurrency,
  batchSize,
});
processor.on('batch:end', ({ summary }) => note(`batch ${summary.total}`));
const append = store.append.bind(store);
store.append = async (results) => {
  await append(results);
  note(`stored ${results.map((result) => result.caseId).join(' ')}`);
};
const source = Array.from({ length: cases }, (_, i) => ({ id: `case-${i}`, input: `question ${i}` }));
process.stdout.write('started\n');
await processor.run(source, { runId, resume: true });
await store.close();
note('finished');
