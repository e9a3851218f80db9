/**
 * A thousand evaluations of which 5 % each spin, hang in a regex, exit, run out of memory, throw, or return what
 * cannot be cloned (and some more): no case may be lost, no worker may leak, all healthy ones must be scored, and
 * every case must settle by its deadline + 500 ms.
 *
 *   npm run build && node bench/workers/fault-sweep.mjs
 */
import { textResponse } from '../../dist/evaluation/evaluator.js';
import { workerEvaluator } from '../../dist/workers/worker-evaluator.js';

const TASKS = Number(process.argv[2] ?? 1000);
const TASK_TIMEOUT_MS = 1000; // running out of 32 MB takes a while on a busy machine
const IN_FLIGHT = 32;
/** Fault kinds, 5 % of the tasks each, with the codes that they may end in. */
const faults = {
  spin: ['ASSAY_WORKER_TIMEOUT'],
  exit: ['ASSAY_WORKER_CRASHED'],
  throw: ['E_HOST'],
  memory: ['ASSAY_WORKER_OUT_OF_MEMORY', 'ASSAY_WORKER_TIMEOUT'],
  uncloneable: ['ASSAY_WORKER_UNCLONEABLE'],
};
const kinds = Object.keys(faults);
const what = (i) => (i % 20 < kinds.length ? kinds[i % 20] : 'work:2');

const evaluator = await workerEvaluator(
  new URL('../../test/workers/fixtures/faulty-evaluator.mjs', import.meta.url),
  {
    workers: 2,
    taskTimeoutMs: TASK_TIMEOUT_MS,
    memoryPerWorkerMb: 32,
  },
);
const context = (i) => ({
  testCase: { id: String(i), input: '' },
  repetition: 0,
  runId: 'sweep',
  signal: new AbortController().signal,
});
const outcomes = new Map();
const wrong = [];
let next = 0;
const begun = performance.now();
await Promise.all(
  Array.from({ length: IN_FLIGHT }, async () => {
    for (let i = next++; i < TASKS; i = next++) {
      const kind = what(i);
      let outcome;
      try {
        const evaluation = await evaluator.evaluate(textResponse(kind), context(i));
        outcome =
          evaluation.overallScore === 1 && evaluation.metadata.caseId === String(i)
            ? 'scored'
            : 'another case';
      } catch (error) {
        outcome = error.code ?? error.message;
      }
      if (!(faults[kind] ?? ['scored']).includes(outcome)) wrong.push(`${i} ${kind}: ${outcome}`);
      const row = `${kind} -> ${outcome}`;
      outcomes.set(row, (outcomes.get(row) ?? 0) + 1);
    }
  }),
);
const seconds = (performance.now() - begun) / 1000;
for (const [row, count] of [...outcomes].sort()) console.log(`${String(count).padStart(5)}  ${row}`);
const settled = [...outcomes.values()].reduce((a, b) => a + b, 0);
const { replaced, queued, running } = evaluator.stats;
console.log(
  `${settled} of ${TASKS} settled in ${seconds.toFixed(1)} s, ${TASKS - settled} lost, ${wrong.length} with an unexpected outcome`,
);
console.log(`${replaced} workers replaced; queued ${queued}, running ${running}`);

// Deadlines, one fault at a time, so that no other one's time is counted.
for (const kind of ['spin', 'regex', 'exit', 'hard-exit', 'memory', 'sleep:60000']) {
  const at = performance.now();
  const outcome = await evaluator.evaluate(textResponse(kind), context(0)).then(
    () => 'scored',
    (error) => error.code,
  );
  const over = performance.now() - at - TASK_TIMEOUT_MS;
  console.log(
    `${kind.padEnd(12)} ${outcome.padEnd(28)} settled ${over.toFixed(0).padStart(5)} ms after its deadline   goal <= 500`,
  );
}
await evaluator.close();
const left = process.getActiveResourcesInfo().filter((kind) => /Worker|MessagePort|Process/.test(kind));
console.log(`after close: ${left.length} workers or ports left ${left.join(' ')}`);
if (wrong.length > 0) console.log(wrong.slice(0, 20).join('\n'));
if (settled !== TASKS || wrong.length > 0 || left.length > 0) process.exitCode = 1;
