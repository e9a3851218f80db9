/**
 * Throughput and event-loop delay with a scorer of 5 ms CPU, in workers against inline, while a timer stands for
 * the calls in flight. Says so when the CPUs are not idle: then the figures mean nothing.
 *
 *   npm run build && node bench/workers/speed-up.mjs
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { textResponse } from '../../dist/evaluation/evaluator.js';
import { workerEvaluator } from '../../dist/workers/worker-evaluator.js';
import { idleCores } from './idle-cpu.mjs';

const TEXTS = 600;
const ROUNDS = 3;
const IN_FLIGHT = 16;
const response = textResponse('work:5000 some answer');
const context = {
  testCase: { id: 'case', input: '' },
  repetition: 0,
  runId: 'bench',
  signal: new AbortController().signal,
};
const module = new URL('./evaluators.mjs', import.meta.url);
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

const idle = await idleCores(1000);
console.log(
  `idle cores before: ${idle.toFixed(2)}${idle < 1.8 ? '   (two are needed: beside a busy neighbour nothing speeds up)' : ''}`,
);

async function measure(evaluator) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const begun = performance.now();
  let left = TEXTS;
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (left-- > 0) {
        await new Promise((resolve) => setImmediate(resolve)); // an answer arrives
        await evaluator.evaluate(response, context);
      }
    }),
  );
  const perSecond = (TEXTS / (performance.now() - begun)) * 1000;
  delay.disable();
  return { perSecond, p99: delay.percentile(99) / 1e6 };
}

const workers = await workerEvaluator(module, { workers: 2 });
const inline = await workerEvaluator(module, { inline: true });
const results = { inline: [], workers: [] };
await measure(workers); // compiles
for (let round = 0; round < ROUNDS; round++) {
  results.inline.push(await measure(inline));
  results.workers.push(await measure(workers));
}
const figure = (which, of) => median(results[which].map((each) => each[of]));
for (const which of ['inline', 'workers']) {
  console.log(
    `${which.padEnd(8)} ${figure(which, 'perSecond').toFixed(0).padStart(5)} texts/s   event-loop delay p99 ${figure(which, 'p99').toFixed(1)} ms`,
  );
}
console.log(
  `speed-up ${(figure('workers', 'perSecond') / figure('inline', 'perSecond')).toFixed(2)}   goal >= 1.7; delay p99 goal < 15 ms, inline above it`,
);
await workers.close();
await inline.close();
