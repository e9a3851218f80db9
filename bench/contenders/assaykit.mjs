// The whole path of this package: cases from a generator, LoadBalancedClient over HTTP, an evaluator with two
// dimensions, a store, the monitor watching all of it, and a listener on every case.
// `options.store`: 'sqlite' | 'gzip' | 'memory' | 'none'; `options.keepCases` as of the processor.
import { join } from 'node:path';
import {
  BatchProcessor,
  createEvaluator,
  exactMatch,
  GzipFileResultStore,
  LoadBalancedClient,
  MemoryResultStore,
  RealTimeMonitor,
} from 'assaykit';
import { SqliteResultStore } from 'assaykit/sqlite';
import { chatBody, generateCases } from '../cases.mjs';

const STORES = {
  sqlite: (dir) => new SqliteResultStore(join(dir, 'results.db')),
  gzip: (dir) => new GzipFileResultStore(join(dir, 'results')),
  memory: () => new MemoryResultStore(),
  none: () => undefined,
};

/** The same requests as the bare loop sends, as test cases. */
function* testCases(n, sizes) {
  for (const each of generateCases(n, sizes)) {
    yield { id: each.id, input: chatBody(each).messages, expected: each.expected };
  }
}

const RUN_ID = 'bench';

async function runCases({ url, n, c, length, promptLength, dir, options }, { onResult, resume }) {
  const store = STORES[options.store](dir);
  const client = new LoadBalancedClient({
    endpoints: [{ url: `${url}/v1`, apiKey: 'test' }],
    model: 'mock',
  });
  const evaluator = createEvaluator({
    name: 'bench',
    version: '1',
    dimensions: {
      accuracy: exactMatch(),
      identity: ({ output, expected }) => output.startsWith(expected.slice(0, 8)),
    },
  });
  const processor = new BatchProcessor({
    target: client,
    evaluator,
    store,
    concurrency: c,
    parameters: { maxTokens: 500, temperature: 0 },
    ...(options.keepCases === undefined ? {} : { keepCases: options.keepCases }),
  });
  const monitor = new RealTimeMonitor();
  monitor.watch(processor, client, ...(store === undefined ? [] : [store]));
  monitor.start();
  processor.on('case:end', ({ result }) => {
    onResult(result.outcome === 'scored' && result.evaluation.overallScore === 1);
  });
  const flushes = [];
  store?.on('store:flush', ({ durationMs }) => void flushes.push(durationMs));
  const summary = await processor.run(testCases(n, { length, promptLength }), { runId: RUN_ID, resume });
  monitor.stop();
  await client.close();
  await store?.close();
  return { summary, flushes };
}

/**
 * Loads what the package loads at first use: the imports of the other contenders are not measured either. With
 * `options.finishedShare`, that share of the cases is in the store before the measured run resumes it.
 */
export async function prepare(context) {
  const modules = ['undici/lib/core/connect.js', 'undici/lib/dispatcher/pool.js'];
  await Promise.all([...modules, 'node:crypto', 'node:perf_hooks'].map((name) => import(name)));
  const { finishedShare, store } = context.options;
  if (store === 'sqlite') await import('better-sqlite3');
  if (finishedShare === undefined) return;
  await runCases(
    { ...context, n: Math.floor(context.n * finishedShare) },
    { onResult: () => {}, resume: false },
  );
}

export async function run(context) {
  const resume = context.options.finishedShare !== undefined;
  const { summary, flushes } = await runCases(context, { onResult: context.done, resume });
  const sorted = flushes.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
  return { benchExtra: { latency: summary.latency, flushMs: { p50: at(0.5), p99: at(0.99), max: at(1) } } };
}
