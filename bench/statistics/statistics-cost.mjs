/**
 * What the statistics cost: nanoseconds an addition beside the plain loop and beside perf_hooks, the bootstrap on
 * this thread and in worker threads, and time and memory of comparing two long runs.
 *
 *   npm run build && node --expose-gc bench/statistics/statistics-cost.mjs [--json]
 *
 * Each figure is the median of rounds in which all contenders take turns, so that a busy machine slows them alike.
 */
import { createHistogram, performance } from 'node:perf_hooks';
import { ExactSum } from '../../dist/foundation/exact-sum.js';
import { Histogram } from '../../dist/foundation/histogram.js';
import { boundedMeanInterval } from '../../dist/statistics/bounded-mean.js';
import { bootstrap } from '../../dist/statistics/bootstrap.js';
import { ClusteredMoments } from '../../dist/statistics/clustered.js';
import { compareRuns } from '../../dist/statistics/compare-runs.js';
import { tInterval } from '../../dist/statistics/intervals.js';
import { Moments } from '../../dist/statistics/moments.js';
import { ScoreCounts } from '../../dist/statistics/score-counts.js';

const asJson = process.argv.includes('--json');
const figures = {};
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const note = (name, value, unit) => {
  figures[name] = { value, unit };
  if (!asJson) console.log(`${name.padEnd(56)} ${value.toPrecision(3).padStart(9)} ${unit}`);
};

let state = 7;
const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
const OPERATIONS = 200_000;
const uniform = Float64Array.from({ length: 1000 }, random);
const binary = uniform.map((x) => Math.round(x));
const durations = uniform.map((x) => 200 + 1800 * x);
const clusters = Array.from({ length: 1000 }, (_, i) => `cluster ${i % 14}`);

/** A plain running sum of values and squares: what the exact one is compared with. */
class PlainMoments {
  n = 0;
  sum = 0;
  squares = 0;
  add(x) {
    this.n += 1;
    this.sum += x;
    this.squares += x * x;
  }
}

const every = (visit) => () => {
  for (let i = 0, at = 0; i < OPERATIONS; i++, at = at === 999 ? 0 : at + 1) visit(at);
};
const plain = new PlainMoments();
const [sum, ofScores, ofBinary, clustered] = [
  new ExactSum(),
  new Moments(),
  new Moments(),
  new ClusteredMoments(),
];
const [fine, coarse, perfHooks] = [
  new Histogram(),
  new Histogram({ resolution: 'coarse' }),
  createHistogram(),
];
const additions = {
  'plain sum and squares, scores': every((i) => plain.add(uniform[i])),
  'ExactSum.add, scores': every((i) => sum.add(uniform[i])),
  'Moments.add, scores': every((i) => ofScores.add(uniform[i])),
  'Moments.add, 0/1': every((i) => ofBinary.add(binary[i])),
  'ClusteredMoments.add, scores, 14 clusters': every((i) => clustered.add(uniform[i], clusters[i])),
  'Histogram.record, fine': every((i) => fine.record(durations[i])),
  'Histogram.record, coarse': every((i) => coarse.record(durations[i])),
  'perf_hooks createHistogram record (whole microseconds)': every((i) =>
    perfHooks.record(Math.round(durations[i] * 1000)),
  ),
};
const samples = Object.fromEntries(Object.keys(additions).map((name) => [name, []]));
for (let round = 0; round < 15; round++) {
  for (const [name, run] of Object.entries(additions)) {
    const before = performance.now();
    run();
    if (round >= 4) samples[name].push(((performance.now() - before) * 1e6) / OPERATIONS);
  }
}
for (const [name, times] of Object.entries(samples)) note(name, median(times), 'ns');

const reads = [];
for (let round = 0; round < 200; round++) {
  const before = performance.now();
  const { mean, standardError } = ofScores;
  tInterval({ mean, standardError, degreesOfFreedom: ofScores.n - 1 });
  reads.push((performance.now() - before) * 1000);
}
note('mean, standard error and t interval, read once', median(reads), 'us');

// The interval of bounded scores: exact up to 300, then a saddle point; bins beyond 4,096 distinct scores.
const shapes = {
  uniform: random,
  'ratings in tenths': () => Math.floor(random() * 11) / 10,
  '92 % ones': () => (random() < 0.92 ? 1 : random()),
};
for (const [shape, draw] of Object.entries(shapes)) {
  for (const n of [300, 10_000, 1_000_000]) {
    const scores = Array.from({ length: n }, draw);
    const counts = new ScoreCounts();
    const before = performance.now();
    for (const score of scores) counts.add(score);
    note(`ScoreCounts.add, ${n} ${shape}`, ((performance.now() - before) * 1e6) / n, 'ns');
    const times = [];
    for (let round = 0; round < 9; round++) {
      const begun = performance.now();
      boundedMeanInterval(counts);
      times.push(performance.now() - begun);
    }
    note(`boundedMeanInterval, ${n} ${shape}`, median(times), 'ms');
  }
}

for (const [n, resamples] of [
  [1319, 1000],
  [1319, 10_000],
  [12_012, 10_000],
]) {
  const values = Array.from({ length: n }, () => (random() < 0.4 ? 1 : 0));
  const times = { inline: [], '1 thread': [], '2 threads': [] };
  const results = new Set();
  for (let round = 0; round < 3; round++) {
    for (const [name, threads] of [
      ['inline', 'inline'],
      ['1 thread', 1],
      ['2 threads', 2],
    ]) {
      const before = performance.now();
      results.add(JSON.stringify(await bootstrap(values, { resamples, threads })));
      times[name].push(performance.now() - before);
    }
  }
  if (results.size !== 1) throw new Error('The bootstrap gave different results in different places');
  for (const [name, each] of Object.entries(times)) {
    note(`bootstrap, ${n} values, ${resamples} resamples, ${name}`, median(each), 'ms');
  }
}

const PAIRS = 200_000;
/** A run as a store streams it: results are made when they are asked for. */
async function* streamRun(runId, shift) {
  for (let i = 0; i < PAIRS; i++) {
    const score = ((i * 7919 + shift) % 1000) / 1000;
    const evaluation = {
      evaluator: 'e',
      version: '1',
      overallScore: score,
      dimensions: [
        { name: 'd1', outcome: 'scored', score: 1 - score, durationMs: 0 },
        { name: 'd2', outcome: 'scored', score: (i + shift) % 2, durationMs: 0 },
      ],
    };
    yield { runId, caseId: `case ${i}`, repetition: 0, outcome: 'scored', evaluation };
  }
}
/** A store of two runs without repetitions: what a manifest says need not be kept for. */
const store = {
  query: ({ runId }) => streamRun(runId, runId === 'a' ? 0 : 13),
  manifest: async () => ({ evaluator: 'e', evaluatorVersion: '1', conventions: {}, repetitions: 1 }),
};
for (const permutation of [false, true]) {
  globalThis.gc?.();
  const before = performance.now();
  const memory = process.memoryUsage();
  let peak = 0;
  const watch = setInterval(() => {
    globalThis.gc?.();
    const now = process.memoryUsage();
    peak = Math.max(peak, now.heapUsed + now.arrayBuffers - memory.heapUsed - memory.arrayBuffers);
  }, 50);
  await compareRuns({ store, runId: 'a' }, { store, runId: 'b' }, { permutation, resamples: 1000 });
  clearInterval(watch);
  const name = `compareRuns, ${PAIRS} pairs, 3 metrics, ${permutation ? 'with' : 'no'} permutation test`;
  note(name, ((performance.now() - before) * 1000) / PAIRS, 'us a pair');
  if (globalThis.gc !== undefined) note(`${name}, memory`, peak / PAIRS, 'bytes a pair');
}
if (asJson) console.log(JSON.stringify(figures, null, 2));
