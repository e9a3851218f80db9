/**
 * What it costs to have an answer judged in a worker, against bare tinypool with the same payload: one at a time,
 * and in batches while the workers are saturated. Main-thread time is CPU time of the main thread alone.
 *
 *   npm run build && node bench/workers/round-trip.mjs
 */
import { fileURLToPath } from 'node:url';
import { Tinypool } from 'tinypool';
import { textResponse } from '../../dist/evaluation/evaluator.js';
import { workerEvaluator } from '../../dist/workers/worker-evaluator.js';
import { idleCores } from './idle-cpu.mjs';
import { mainThreadMs } from './main-thread-cpu.mjs';

const WORKERS = 2;
const SINGLES = 500;
const BATCHED = 5000;
const BATCH = 50;
const ROUNDS = 30;
const text = `work:0 ${'The quick brown fox jumps over the lazy dog. '.repeat(42)}`.slice(0, 2000);
const signal = new AbortController().signal;
const response = textResponse(text);
const context = {
  testCase: { id: 'case-1', input: 'question', expected: 'answer' },
  repetition: 0,
  runId: 'bench',
  signal,
};
const payload = { response, testCase: context.testCase, repetition: 0, runId: 'bench' };
/** 256 cases in flight, as a processor has them; each its own objects, since one object would be cloned once a message. */
const cases = Array.from({ length: 256 }, () => ({
  response: structuredClone(response),
  context: { ...context, testCase: structuredClone(context.testCase) },
}));
/** Of many short turns the lower quartile: what the code takes, not what a neighbour on the CPU adds. */
const quartile = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 4)];

const evaluator = await workerEvaluator(new URL('./evaluators.mjs', import.meta.url), {
  workers: WORKERS,
  batchTasks: BATCH,
});
const bare = new Tinypool({
  filename: fileURLToPath(new URL('./bare-task.mjs', import.meta.url)),
  minThreads: WORKERS,
  maxThreads: WORKERS,
  useAtomics: false,
});

/** Microseconds a text: wall, and CPU of the main thread. */
async function measure(count, run) {
  const cpu = mainThreadMs();
  const begun = performance.now();
  await run();
  return {
    wallUs: ((performance.now() - begun) * 1000) / count,
    mainUs: ((mainThreadMs() - cpu) * 1000) / count,
  };
}

const contenders = {
  'workerEvaluator, one by one': [
    SINGLES,
    async () => {
      for (let i = 0; i < SINGLES; i++) await evaluator.evaluate(response, context);
    },
  ],
  'bare tinypool, one by one': [
    SINGLES,
    async () => {
      for (let i = 0; i < SINGLES; i++) await bare.run(payload);
    },
  ],
  'workerEvaluator, saturated': [
    BATCHED,
    async () => {
      let left = BATCHED;
      await Promise.all(
        cases.map(async (each) => {
          while (left-- > 0) await evaluator.evaluate(each.response, each.context);
        }),
      );
    },
  ],
  [`bare tinypool, ${BATCH} a message`]: [
    BATCHED,
    async () => {
      let left = BATCHED / BATCH;
      const batch = Array.from({ length: BATCH }, () => structuredClone(payload)); // as above
      await Promise.all(
        Array.from({ length: WORKERS }, async () => {
          while (left-- > 0) await bare.run(batch);
        }),
      );
    },
  ],
};
const taken = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
for (let round = -1; round < ROUNDS; round++) {
  for (const [name, [count, run]] of Object.entries(contenders)) {
    const result = await measure(count, run);
    if (round >= 0) taken[name].push(result); // the first round only warms up
  }
}
const figures = Object.entries(taken).map(([name, results]) => ({
  name,
  wallUs: quartile(results.map((each) => each.wallUs)),
  mainUs: quartile(results.map((each) => each.mainUs)),
}));
console.log(`idle cores now: ${(await idleCores()).toFixed(2)}; 2 KB a text, ${WORKERS} workers`);
for (const { name, wallUs, mainUs } of figures) {
  console.log(
    `${name.padEnd(30)} ${wallUs.toFixed(1).padStart(7)} us a text   main thread busy ${mainUs.toFixed(1).padStart(6)} us a text`,
  );
}
const [single, bareSingle, batched, bareBatched] = figures;
const { completed, messages } = evaluator.stats;
console.log(
  `one by one: ${(single.wallUs / bareSingle.wallUs).toFixed(2)} times bare tinypool (main thread ${(single.mainUs / bareSingle.mainUs).toFixed(2)})   goal <= 1.3`,
);
console.log(
  `batched: ${(batched.wallUs / bareBatched.wallUs).toFixed(2)} times bare tinypool (main thread ${(batched.mainUs / bareBatched.mainUs).toFixed(2)}, ${batched.mainUs.toFixed(1)} us a text)   goal <= 1.3, <= 5 us`,
);
console.log(`${completed} texts in ${messages} messages`);
await evaluator.close();
await bare.destroy();
