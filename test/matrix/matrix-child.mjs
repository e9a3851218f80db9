// Runs a matrix of 4 models and 3 prompts over 500 cases into SQLite: the process that the test kills and starts again.
// Arguments: JSON { url, path, answered }: each answer's key is written to the
// file `answered` before anything else is done with it. Prints what came of it.
import { openSync, writeSync } from 'node:fs';
import { createEvaluator, includes, LoadBalancedClient } from '../../dist/doors/index.js';
import { promptTemplate, runMatrix } from '../../dist/doors/prompts.js';
import { SqliteResultStore } from '../../dist/doors/sqlite.js';

const { url, path, answered } = JSON.parse(process.argv[2]);
async function* cases() {
  for (let i = 0; i < 500; i++) yield { id: `c${i}`, input: { question: `question ${i}` }, expected: 'yes' };
}
const balanced = new LoadBalancedClient({ endpoints: [url], model: 'm0' });
const log = openSync(answered, 'a');
const client = {
  retriesItself: true,
  describe: () => balanced.describe(),
  async complete(request, options) {
    const response = await balanced.complete(request, options);
    writeSync(log, `${request.model}|${request.input.at(-1).content ?? request.input}\n`);
    return response;
  },
};
const store = new SqliteResultStore(path);
const model = (name) => ({ target: client, model: name });
const matrix = await runMatrix(cases(), {
  models: { m0: model('m0'), m1: model('m1'), m2: model('m2'), m3: model('m3') },
  prompts: {
    plain: promptTemplate('{{question}}'),
    brief: promptTemplate('{{question}}, briefly'),
    polite: promptTemplate('{{question}}, please'),
  },
  evaluator: createEvaluator({ name: 'e', version: '1', dimensions: { right: includes() } }),
  store,
  matrixId: 'm',
  resume: true,
  concurrency: 24,
});
await balanced.close();
await store.close();
console.log(
  JSON.stringify({
    stopReason: matrix.stopReason,
    scored: matrix.cells.map(({ score }) => score.scored),
    skipped: matrix.cells.map(({ summary }) => summary.skipped),
    comparisons: matrix.comparisons.map(({ pairs }) => pairs),
  }),
);
