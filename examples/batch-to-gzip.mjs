// Results into compressed files that `zcat` reads, and back.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchProcessor, GzipFileResultStore, createEvaluator, number } from 'assaykit';

const folder = await mkdtemp(join(tmpdir(), 'assaykit-example-'));
const store = new GzipFileResultStore(folder);

/** Cases from a generator: pulled one by one, so there may be a million of them. */
function* cases() {
  for (let i = 1; i <= 500; i++) yield { id: `square-${i}`, input: i, expected: i * i };
}

const processor = new BatchProcessor({
  target: async (n) => `The square of ${n} is ${n % 10 === 7 ? n * n + 1 : n * n}`,
  evaluator: createEvaluator({ name: 'squares', version: '1', dimensions: { accuracy: number() } }),
  store,
  batchSize: 100,
});
processor.on('batch:end', ({ summary }) =>
  console.log(`stored ${summary.total}, mean ${summary.averageScore}`),
);
const summary = await processor.run(cases(), { runId: 'squares' });
console.log(`${summary.scored} scored, mean ${summary.overall.mean}`);
await processor.close();
await store.close();

console.log(
  (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.gz')).length,
  'gzip files',
);

const reopened = new GzipFileResultStore(folder);
let wrong = 0;
for await (const result of reopened.query({ runId: 'squares' }))
  if (result.evaluation.overallScore === 0) wrong++;
console.log(wrong, 'wrong answers read back');
await reopened.close();
await rm(folder, { recursive: true });
