// What the project has promised, each beside what was measured.
import { compared, figure, findCell, firstResultMs, ratio } from './contender-figures.mjs';
import { BASE } from './registry.mjs';
import { show } from './results.mjs';

const SQLITE = 'assaykit, SQLite';
const MEMORY = 'assaykit, memory';
const HAND_ROLLED = 'openai + p-queue + SQLite WAL';

const IDEAL_PER_SECOND = 256 / 0.05;

const atMost = (goal, value, limit, digits, unit = '') => ({
  goal,
  target: `≤ ${show(limit, digits)}${unit}`,
  measured: value === undefined ? '' : `${show(value, digits)}${unit}`,
  holds: value === undefined ? undefined : value <= limit,
});
const atLeast = (goal, value, limit, digits, unit = '') => ({
  goal,
  target: `≥ ${show(limit, digits)}${unit}`,
  measured: value === undefined ? '' : `${show(value, digits)}${unit}`,
  holds: value === undefined ? undefined : value >= limit,
});

/** The performance goals of the project. `rows`: of the contenders; `imports`, `soak`: of those benchmarks, if run. */
export function projectGoals({ rows, imports, soak }) {
  const [small, large] = [findCell(rows, 0, 64, 10_000), findCell(rows, 0, 64, 100_000)];
  const start = findCell(rows, 0, 64, 1000);
  const extra = (cell, read) => compared(cell, SQLITE, BASE, (ours, base) => read(ours) - read(base));
  const shareOfPossible = (ours, base) => ours.perSecond / Math.min(IDEAL_PER_SECOND, base.perSecond);
  const wideShare = (n) => compared(findCell(rows, 50, 256, n), SQLITE, BASE, shareOfPossible);
  return [
    atMost(
      'CPU of the whole path with SQLite, times the bare loop, 10,000 cases',
      ratio(small, SQLITE),
      1.35,
      2,
    ),
    atMost('the same, 100,000 cases', ratio(large, SQLITE), 1.35, 2),
    atMost(
      'CPU of the whole path in memory, times the bare loop, 10,000 cases',
      ratio(small, MEMORY),
      1.15,
      2,
    ),
    atMost('the same, 100,000 cases', ratio(large, MEMORY), 1.15, 2),
    atLeast(
      'CPU of the hand-rolled script (openai, p-queue, SQLite WAL), times ours, 10,000 cases',
      ratio(small, HAND_ROLLED, SQLITE),
      5,
      1,
    ),
    atLeast('the same, 100,000 cases', ratio(large, HAND_ROLLED, SQLITE), 5, 1),
    atLeast(
      'CPU of promptfoo in memory, times ours in memory',
      ratio(small, 'promptfoo, memory', MEMORY),
      28,
      0,
    ),
    atLeast(
      'CPU of promptfoo with its database, times ours with SQLite',
      ratio(small, 'promptfoo, database', SQLITE),
      45,
      0,
    ),
    atMost(
      'peak RSS at 100,000 cases above the bare loop',
      extra(large, (row) => row.peakRssMb),
      40,
      0,
      ' MB',
    ),
    atLeast(
      'throughput at 50 ms and concurrency 256, share of what is possible, 10,000 cases',
      wideShare(10_000),
      0.95,
      3,
    ),
    atLeast('the same, 100,000 cases', wideShare(100_000), 0.95, 3),
    atMost('first result after that of the bare loop', extra(start, firstResultMs), 50, 0, ' ms'),
    atMost(
      'start of a script that imports the root, times an empty one (60 ms where that takes 35)',
      imports && imports.rootMs / imports.emptyMs,
      60 / 35,
      2,
    ),
    atMost('growth of RSS over the last 90 % of 1,000,000 cases', soak && soak.growth * 100, 5, 1, ' %'),
  ];
}

/** The target metrics of the guide that this package comes from, at 50 ms latency and 64 calls at once. */
export function seedTargets({ rows }) {
  const cell = findCell(rows, 50, 64, 10_000);
  const of = (read) => figure(cell, SQLITE, read);
  const perMinute = of((row) => row.perSecond * 60);
  const cpuShare = of((row) => (row.cpuMsPer1k * row.n) / 1000 / row.runMs);
  return [
    {
      goal: 'evaluation throughput',
      target: '50 to 200 a minute',
      measured: perMinute === undefined ? '' : `${show(perMinute)} a minute`,
      holds: perMinute === undefined ? undefined : perMinute >= 200,
    },
    atMost(
      'response time of an evaluation, 99th percentile',
      of((row) => row.extra?.latency?.p99Ms),
      5000,
      0,
      ' ms',
    ),
    atMost(
      'memory',
      of((row) => row.peakRssMb),
      4096,
      0,
      ' MB',
    ),
    atMost('CPU of the process, share of one core (sustainable)', cpuShare && cpuShare * 100, 85, 0, ' %'),
    atMost(
      'latency that the client adds to the model API, median',
      of((row) => (row.extra?.latency ? row.extra.latency.p50Ms - 50 : undefined)),
      100,
      1,
      ' ms',
    ),
    atMost(
      'storage: time of a write of one batch of results, 99th percentile',
      of((row) => row.extra?.flushMs?.p99),
      50,
      1,
      ' ms',
    ),
  ];
}
