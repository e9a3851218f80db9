#!/usr/bin/env node
// What the dashboard takes of a run's CPU time, with three pages that follow at ten updates a second: the same run with and
// without it, in turn. The pages are another process. A run is of fixed length in time, as the model's answers take long.
//   node bench/dashboard.mjs [rounds]
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BatchProcessor, createEvaluator, exactMatch, RealTimeMonitor } from 'assaykit';
import { startDashboard } from 'assaykit/dashboard';

const CASES = 20_000;
const ANSWER_MS = 20;
const CONCURRENCY = 64;

/** CPU seconds of one run; with `pages` the dashboard is open in so many. */
async function measured(pages) {
  const monitor = new RealTimeMonitor({ intervalMs: 100 });
  const processor = new BatchProcessor({
    target: (input) => new Promise((resolve) => setTimeout(() => resolve(input), ANSWER_MS)),
    evaluator: createEvaluator({ name: 'e', version: '1', dimensions: { same: exactMatch() } }),
    concurrency: CONCURRENCY,
    progressIntervalMs: 100,
  });
  monitor.watch(processor);
  monitor.start();
  const dashboard = pages === 0 ? undefined : await startDashboard({ monitor, processor, intervalMs: 100 });
  const readers = pages === 0 ? undefined : readersOf(dashboard.url, pages);
  await readers?.ready;
  const before = process.cpuUsage();
  const startedAt = performance.now();
  const cases = Array.from({ length: CASES }, (_, i) => ({ id: String(i), input: `${i}`, expected: `${i}` }));
  await processor.run(cases);
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(before);
  const updates = await readers?.end();
  await dashboard?.close();
  await processor.close();
  monitor.close();
  return {
    cpu: (user + system) / 1e6,
    updatesPerSecond: updates === undefined ? 0 : updates / pages / seconds,
  };
}

function readersOf(url, pages) {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), 'read', url, String(pages)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (bytes) => (said += bytes));
  const until = (text) =>
    new Promise((resolve) => {
      const check = () => said.includes(text) && resolve();
      child.stdout.on('data', check);
      check();
    });
  return {
    ready: until('ready'),
    async end() {
      child.stdin.end();
      await until('updates');
      return Number(/updates (\d+)/.exec(said)[1]);
    },
  };
}

async function read(url, pages) {
  let updates = 0;
  for (let i = 0; i < pages; i++) {
    const { body } = await fetch(url.replace('/?', '/live?'));
    void (async () => {
      for await (const bytes of body)
        updates += Buffer.from(bytes).toString('latin1').split('\n\n').length - 1;
    })().catch(() => {});
  }
  console.log('ready');
  process.stdin.resume().on('end', () => {
    console.log(`updates ${updates}`);
    process.exit();
  });
}

if (process.argv[2] === 'read') await read(process.argv[3], Number(process.argv[4]));
else {
  const rounds = Number(process.argv[2] ?? 5);
  const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
  await measured(0); // compiles what both use
  const [without, withIt, rates] = [[], [], []];
  for (let i = 0; i < rounds; i++) {
    without.push((await measured(0)).cpu);
    const { cpu, updatesPerSecond } = await measured(3);
    withIt.push(cpu);
    rates.push(updatesPerSecond);
  }
  const ratio = median(withIt) / median(without);
  console.log(
    `CPU of a run of ${CASES} cases: ${median(without).toFixed(2)} s, with three pages ${median(withIt).toFixed(2)} s ` +
      `(${median(rates).toFixed(1)} updates a second each): ratio ${ratio.toFixed(3)} over ${rounds} rounds`,
  );
}
