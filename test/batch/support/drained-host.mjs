// A host that drains on SIGTERM: prints each case it has begun, runs slowly, ends by itself.
import { appendFileSync } from 'node:fs';
import { BatchProcessor, createEvaluator } from 'assaykit';
import { SqliteResultStore } from 'assaykit/sqlite';

const [folder, total] = process.argv.slice(2);
const store = new SqliteResultStore(`${folder}/results.db`);
const processor = new BatchProcessor({
  target: async (input) => {
    appendFileSync(`${folder}/asked.log`, `${input}\n`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    return input;
  },
  evaluator: createEvaluator({ name: 'any', version: '1', dimensions: { any: () => 1 } }),
  store,
  concurrency: 4,
  batchSize: 5,
});
process.once('SIGTERM', () => void processor.drain({ timeoutMs: 5000 }));
const cases = Array.from({ length: Number(total) }, (_, i) => ({ id: `c${i}`, input: `c${i}` }));
const summary = await processor.run(cases, { runId: 'r', resume: true });
console.log(
  JSON.stringify({
    stopReason: summary.stopReason,
    scored: summary.scored,
    skipped: summary.skipped,
    n: summary.overall.scored,
  }),
);
await store.close();
