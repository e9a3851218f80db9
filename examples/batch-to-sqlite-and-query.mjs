// Results into SQLite, a second start that repeats nothing, and questions to the store afterwards.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchProcessor, createEvaluator, includes } from 'assaykit';
import { SqliteResultStore } from 'assaykit/sqlite';

const folder = await mkdtemp(join(tmpdir(), 'assaykit-example-'));
const store = new SqliteResultStore(join(folder, 'results.db'));

const ANSWERS = {
  Austria: 'Vienna',
  Belgium: 'It is Brussels.',
  Chile: 'Valparaíso',
  Denmark: 'Copenhagen!',
};
let asked = 0;
const processor = new BatchProcessor({
  target: async (country) => {
    asked++;
    return ANSWERS[country];
  },
  evaluator: createEvaluator({ name: 'capitals', version: '1', dimensions: { accuracy: includes() } }),
  store,
});
const cases = [
  { id: 'europe/austria', input: 'Austria', expected: 'Vienna' },
  { id: 'europe/belgium', input: 'Belgium', expected: 'Brussels' },
  { id: 'america/chile', input: 'Chile', expected: 'Santiago' },
  { id: 'europe/denmark', input: 'Denmark', expected: 'Copenhagen' },
];

const first = await processor.run(cases.slice(0, 2), { runId: 'capitals' }); // say it was stopped here
console.log(`first start: ${first.scored} scored`);
const second = await processor.run(cases, { runId: 'capitals', resume: true });
console.log(`second start: ${second.scored} scored, ${second.skipped} skipped, ${asked} asked in all`);
console.log(`mean over the whole run: ${second.overall.mean}`);

for await (const { caseId, response } of store.query({
  runId: 'capitals',
  idPrefix: 'europe/',
  minScore: 1,
})) {
  console.log('right:', caseId, JSON.stringify(response.text));
}
for await (const { caseId, evaluation } of store.query({ runId: 'capitals', order: 'newest-first' })) {
  if (evaluation.overallScore === 0) console.log('wrong:', caseId);
}
for await (const batch of store.summaries('capitals'))
  console.log(`batch: ${batch.scored} of ${batch.total} scored`);

await processor.close();
await store.close();
await rm(folder, { recursive: true });
