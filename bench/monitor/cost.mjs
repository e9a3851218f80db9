/**
 * What watching a run costs, in one process: the same stream of events (a case: one `attempt:end`, one `call:end`,
 * one `case:end`, payloads built only if somebody listens) with nobody listening and with a RealTimeMonitor;
 * further a snapshot, the error of percentiles, and memory at two history sizes.
 *
 *     npm run build && node --expose-gc bench/monitor/cost.mjs [cases]
 *
 * Rounds with and without alternate; each figure is the median over the rounds, CPU time of this process.
 */
import { EventSource } from '../../dist/foundation/event-source.js';
import { Histogram } from '../../dist/foundation/histogram.js';
import { seededRandom } from '../../dist/foundation/seeded-random.js';
import { RealTimeMonitor } from '../../dist/monitor/real-time-monitor.js';

const CASES = Number(process.argv[2] ?? 100_000);
const ROUNDS = 9;

class Run extends EventSource {
  play(cases, latencies) {
    let built = 0;
    for (let i = 0; i < cases; i++) {
      const latencyMs = latencies[i % latencies.length];
      const endpoint = ENDPOINTS[i & 3];
      if (this.wants('attempt:end')) {
        built += 1;
        this.emit('attempt:end', {
          at: Date.now(),
          callId: i,
          attempt: 1,
          endpoint,
          durationMs: latencyMs,
          outcome: 'ok',
          status: 200,
        });
      }
      if (this.wants('call:end')) {
        built += 1;
        this.emit('call:end', {
          at: Date.now(),
          callId: i,
          model: 'llama-3.1-8b',
          endpoint,
          attempts: 1,
          durationMs: latencyMs + 1,
          latencyMs,
          usage: USAGE,
          cost: 0.001,
        });
      }
      if (this.wants('case:end')) {
        built += 1;
        this.emit('case:end', { at: Date.now(), runId: 'bench', result: RESULT });
      }
    }
    return built;
  }
}

const ENDPOINTS = ['http://gpu1/v1', 'http://gpu2/v1', 'http://gpu3/v1', 'http://gpu4/v1'];
const USAGE = { inputTokens: 120, outputTokens: 30 };
const RESULT = {
  runId: 'bench',
  caseId: 'case',
  repetition: 0,
  outcome: 'scored',
  model: 'llama-3.1-8b',
  endpoint: ENDPOINTS[0],
  attempts: 1,
  usage: USAGE,
  cost: 0.001,
  cached: false,
  timings: { queuedMs: 1, targetMs: 100, timeToFirstTokenMs: null, evaluationMs: 1 },
  startedAt: 0,
  evaluation: { evaluator: 'e', version: '1', overallScore: 1, dimensions: [] },
  response: { text: '', finishReason: 'stop', requestId: null },
};

const random = seededRandom(1);
/** Log-normal latencies around 400 ms, as model servers have them. */
const latencies = Float64Array.from({ length: 10_007 }, () => {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return 400 * Math.exp(0.6 * normal);
});

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const cpuMicroseconds = (work) => {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
};

const run = new Run();

// ── memory at two history sizes ──────────────────────────────────────────────────────────────────────────────
const used = () => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 2 ** 20;
};
const memory = [3600, 86_400].map((historySize) => {
  const before = used();
  const kept = new RealTimeMonitor({ historySize, system: false });
  kept.watch(run);
  const turn = () => {
    for (let i = 0; i < historySize; i++) {
      run.play(2, latencies);
      kept.sample();
    }
  };
  turn();
  const once = used() - before;
  for (let i = 0; i < 3600; i++) {
    run.play(2, latencies);
    kept.sample();
  }
  const later = used() - before;
  kept.close();
  return { historySize, once, later };
});

// ── cost of events and monitor ───────────────────────────────────────────────────────────────────────────────
const monitor = new RealTimeMonitor({ system: false });
const onlyEvents = () => {};
const rounds = { silent: [], events: [], monitored: [] };
for (let round = 0; round < ROUNDS + 2; round++) {
  const silent = cpuMicroseconds(() => run.play(CASES, latencies));
  const stops = ['attempt:end', 'call:end', 'case:end'].map((event) => run.on(event, onlyEvents));
  const events = cpuMicroseconds(() => run.play(CASES, latencies));
  for (const stop of stops) stop();
  const unwatch = monitor.watch(run);
  const monitored = cpuMicroseconds(() => {
    // At 1,000 cases a second a snapshot comes every 1,000 cases; its cost is part of the figure.
    for (let done = 0; done < CASES; done += 1000) {
      run.play(1000, latencies);
      monitor.sample();
    }
  });
  unwatch();
  if (round < 2) continue; // warm-up
  rounds.silent.push(silent / CASES);
  rounds.events.push(events / CASES);
  rounds.monitored.push(monitored / CASES);
}
const silent = median(rounds.silent);
const eventsOnly = median(rounds.events) - silent;
const perCase = median(rounds.monitored) - silent;

// ── cost of a snapshot with everything, at 1,000 cases a second ──────────────────────────────────────────────
const full = new RealTimeMonitor();
full.watch(run);
const snapshots = [];
for (let i = 0; i < 300; i++) {
  run.play(1000, latencies);
  const before = performance.now();
  full.sample();
  snapshots.push(performance.now() - before);
}
const text = (() => {
  const before = performance.now();
  for (let i = 0; i < 20; i++) full.prometheus();
  return (performance.now() - before) / 20;
})();
const summary = (() => {
  const before = performance.now();
  for (let i = 0; i < 20; i++) full.summary();
  return (performance.now() - before) / 20;
})();
full.close();

// ── error of percentiles, over one million values ────────────────────────────────────────────────────────────
const parts = Array.from({ length: 100 }, () => new Histogram());
const values = new Float64Array(1_000_000);
for (let i = 0; i < values.length; i++) {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  values[i] = 400 * Math.exp(0.6 * normal);
  parts[i % 100].record(values[i]);
}
const merged = new Histogram();
for (const part of parts) merged.merge(part);
values.sort();
const errors = [50, 90, 95, 99, 99.9].map((percent) => {
  const exact = values[Math.ceil((percent / 100) * values.length) - 1];
  return { percent, error: Math.abs(merged.percentile(percent) / exact - 1) };
});
const worst = Math.max(...errors.map(({ error }) => error));

const show = (name, value, goal) => console.log(`${name.padEnd(58)} ${value.padStart(12)}   ${goal}`);
show('three payloads built and emitted, a case', `${eventsOnly.toFixed(2)} us`, '');
show('events + monitor + snapshots, a case', `${perCase.toFixed(2)} us`, 'goal: <= 2 us');
show('snapshot at 1,000 cases/s, median', `${median(snapshots).toFixed(2)} ms`, 'goal: < 2 ms');
show(
  'snapshot at 1,000 cases/s, 99th percentile',
  `${snapshots.toSorted((a, b) => a - b)[297].toFixed(2)} ms`,
  '',
);
show('worst error of p50..p99.9 merged from 100 parts', `${(worst * 100).toFixed(4)} %`, 'goal: < 0.1 %');
show('prometheus()', `${text.toFixed(2)} ms`, '');
show('summary() over the whole history', `${summary.toFixed(2)} ms`, '');
for (const { historySize, once, later } of memory) {
  const grown = `${once.toFixed(1)} -> ${later.toFixed(1)} MB`;
  show(
    `memory, history of ${historySize}: full -> an hour later`,
    grown,
    globalThis.gc ? 'goal: flat' : '(run with --expose-gc)',
  );
}
