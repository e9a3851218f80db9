// A host that uses every part of the package that starts a thread, a process, a socket or a late import. It runs on
// each runtime and in each bundle (`main.mjs`). Each feature says what it gave, whether it fell back, or by which code it
// was refused.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  BatchProcessor,
  GzipFileResultStore,
  LoadBalancedClient,
  MemoryBoundedCache,
  MemoryResultStore,
  RealTimeMonitor,
  createEvaluator,
  exactMatch,
  readJsonl,
  terminalProgress,
  workerEvaluator,
} from 'assaykit';
import { runTools, trajectory } from 'assaykit/agents';
import { startDashboard } from 'assaykit/dashboard';
import { decide, gate } from 'assaykit/decisions';
import { instrumentOpenTelemetry } from 'assaykit/otel';
import { promptTemplate, runMatrix } from 'assaykit/prompts';
import { writeHtmlReport } from 'assaykit/report';
import { retrieval } from 'assaykit/retrieval';
import { bootstrap } from 'assaykit/statistics';
import { SqliteDiskTier, SqliteResultStore } from 'assaykit/sqlite';
import { startFakeModelServer } from 'assaykit/testing';

const cases = [
  { id: 'france', input: 'Capital of France?', expected: 'Paris' },
  { id: 'peru', input: 'Capital of Peru?', expected: 'Lima' },
];
const evaluator = createEvaluator({ name: 'capitals', version: '1', dimensions: { accuracy: exactMatch() } });
const target = async () => 'Paris';

/** Each feature by name: what it gives, given a folder of its own. */
const features = {
  memory: () => storedBy(new MemoryResultStore()),
  jsonl: async (folder) => {
    const file = join(folder, 'cases.jsonl');
    await writeFile(file, cases.map((each) => JSON.stringify(each)).join('\n'));
    return storedBy(new MemoryResultStore(), readJsonl(file));
  },
  client: () =>
    withServer(async (client) => {
      const { text } = await client.complete({ input: 'Hello' });
      let streamed = '';
      for await (const event of client.stream({ input: 'Hello' }))
        if (event.type === 'text') streamed += event.text;
      expect(streamed === text && text !== '', `whole ${text}, streamed ${streamed}`);
      const aborted = await client
        .complete({ input: 'Hello' }, { signal: AbortSignal.abort() })
        .catch((error) => error.code);
      expect(aborted === 'ASSAY_ABORTED', `an aborted call gave ${aborted}`);
      return 'works';
    }),
  gzip: (folder) => storedBy(new GzipFileResultStore(folder)),
  sqlite: (folder) => storedBy(new SqliteResultStore(join(folder, 'results.db'))),
  sqliteThread: (folder) => storedBy(new SqliteResultStore(join(folder, 'results.db'), { thread: 'worker' })),
  diskTier: async (folder) => {
    let computed = 0;
    for (let start = 0; start < 2; start++) {
      const disk = await SqliteDiskTier.open(join(folder, 'cache.db'), { maxBytes: 2 ** 20 });
      const cache = new MemoryBoundedCache({ maxBytes: 2 ** 20, disk });
      await cache.getOrCompute('key', async () => `value ${computed++}`);
      await cache.close();
    }
    expect(computed === 1, `${computed} times computed`);
    return 'works';
  },
  bootstrap: async () => {
    let outcome;
    const values = Array.from({ length: 50 }, (_, i) => i / 50);
    const onFallback = ({ message }) => (outcome = `falls back: ${message}`);
    const { interval } = await bootstrap(values, { threads: 2, seed: 7, onFallback });
    return outcome ?? `works ${interval.low.toFixed(2)}`;
  },
  threads: () => evaluatedBy('threads'),
  threadTimeout: async () => {
    const worker = await workerEvaluator(evaluatorFile(), { workers: 1, taskTimeoutMs: 2000 });
    try {
      const failure = await worker.evaluateText('endless', cases[0]).catch((error) => error);
      expect(failure.code === 'ASSAY_WORKER_TIMEOUT', failure.stack ?? JSON.stringify(failure));
      const { overallScore } = await worker.evaluateText('Paris', cases[0]);
      return `works ${overallScore}`;
    } finally {
      await worker.close();
    }
  },
  processes: () => evaluatedBy('processes'),
  progress: async () => {
    let drawn = '';
    const stream = { isTTY: true, columns: 80, write: (text) => ((drawn += text), true) };
    const processor = new BatchProcessor({ target, evaluator });
    const progress = terminalProgress(processor, { stream, screen: [] });
    await processor.run(cases);
    progress.close();
    expect(drawn.includes('2/2'), `drew ${JSON.stringify(drawn)}`);
    return 'works';
  },
  monitor: async () => {
    const monitor = new RealTimeMonitor({ intervalMs: 20 });
    const processor = new BatchProcessor({ target, evaluator });
    monitor.watch(processor);
    monitor.start();
    await processor.run(cases);
    const awake = setInterval(() => {}, 1000); // the monitor keeps no process running
    await new Promise((resolve) => monitor.once('snapshot', resolve));
    clearInterval(awake);
    const text = monitor.prometheus();
    monitor.stop();
    expect(text.includes('assaykit_cases_total{outcome="scored"} 2'), text);
    expect(monitor.current().rssBytes > 0, JSON.stringify(monitor.current()));
    return 'works';
  },
  otel: async () => {
    const spans = [];
    const span = { setStatus: () => span, setAttributes: () => span, spanContext: () => ({}), end: () => {} };
    const tracerProvider = {
      getTracer: () => ({ startSpan: (name) => (spans.push(name), span) }),
    };
    return withServer(async (client) => {
      const processor = new BatchProcessor({ target: client, evaluator });
      const telemetry = await instrumentOpenTelemetry([processor], { tracerProvider });
      await processor.run(cases);
      telemetry.stop();
      expect(spans.length === 2, `spans ${spans}`);
      return 'works';
    });
  },
  gate: async () => {
    const store = new MemoryResultStore();
    await new BatchProcessor({ target, evaluator, store }).run(cases, { runId: 'change' });
    const verdict = await gate({ run: { store, runId: 'change' }, require: { accuracy: { min: 0.9 } } });
    expect(verdict.outcome === 'undecided', verdict.toString());
    return 'works';
  },
  decide: async () => {
    const many = Array.from({ length: 60 }, (_, i) => ({
      id: `${i}`,
      input: 'Capital of France?',
      expected: 'Paris',
    }));
    const sides = { a: target, b: async () => 'Lyon' };
    const decision = await decide(many, {
      ...sides,
      evaluator,
      store: new MemoryResultStore(),
      plan: { cases: 60 },
    });
    expect(decision.outcome === 'a' && decision.callsSaved > 0, decision.toString());
    return 'works';
  },
  agents: () =>
    withServer(async (client) => {
      const agent = runTools(client, {
        tools: [
          { name: 'search', description: 'Searches', parameters: { type: 'object' }, execute: () => 'Paris' },
        ],
      });
      const way = trajectory({ match: 'same-order', expected: 'expected' });
      const judge = createEvaluator({ name: 'agents', version: '1', dimensions: { way } });
      const processor = new BatchProcessor({ target: agent, evaluator: judge });
      const summary = await processor.run([{ id: 'a', input: 'Hello', expected: [] }]);
      expect(summary.overall.mean === 1, summary.toString());
      return 'works';
    }),
  retrieval: async () => {
    const recall = retrieval({ measure: 'recall', k: 2, expected: 'metadata.relevant' });
    const processor = new BatchProcessor({
      target: async () => ({ output: 'Paris', contexts: [{ id: 'd1', text: 'Paris' }] }),
      evaluator: createEvaluator({ name: 'retrieval', version: '1', dimensions: { recall } }),
    });
    const summary = await processor.run([{ id: 'a', input: 'France', metadata: { relevant: ['d1', 'd2'] } }]);
    expect(summary.overall.mean === 0.5, summary.toString());
    return 'works';
  },
  prompts: async () => {
    const prompts = { plain: promptTemplate('{{input}}'), terse: promptTemplate('In a word: {{input}}') };
    const options = {
      models: { one: target },
      prompts,
      evaluator,
      store: new MemoryResultStore(),
      matrixId: 'm',
    };
    const matrix = await runMatrix(cases, options);
    expect(matrix.cells.length === 2, matrix.toString());
    return 'works';
  },
  report: async (folder) => {
    const path = join(folder, 'report.html');
    const store = new MemoryResultStore();
    await new BatchProcessor({ target, evaluator, store }).run(cases, { runId: 'change' });
    const written = await writeHtmlReport(store, { runId: 'change', path });
    const page = await readFile(path, 'utf8');
    expect(written.cases === 2 && page.trimEnd().endsWith('</html>'), JSON.stringify(written));
    return 'works';
  },
  dashboard: async () => {
    const dashboard = await startDashboard({ store: new MemoryResultStore() });
    const { status } = await fetch(dashboard.url);
    const without = await fetch(new URL('/', dashboard.url));
    await dashboard.close();
    expect(status === 200 && without.status === 403, `${status} with the token, ${without.status} without`);
    return 'works';
  },
};

function expect(holds, found) {
  if (!holds) throw new Error(`wrong: ${found}`);
}

async function withServer(work) {
  const server = await startFakeModelServer();
  const client = new LoadBalancedClient({ endpoints: [server.url], model: 'fake' });
  try {
    return await work(client);
  } finally {
    await client.close();
    await server.close();
  }
}

async function storedBy(store, from = cases) {
  let outcome = 'works';
  store.on('worker:fallback', ({ message }) => (outcome = `falls back: ${message}`));
  const processor = new BatchProcessor({ target, evaluator, store });
  try {
    const summary = await processor.run(from);
    let stored = 0;
    for await (const result of store.query({})) stored += result.outcome === 'scored' ? 1 : 0;
    expect(summary.scored === 2 && stored === 2, `${summary.toString()}\n${stored} stored`);
    return outcome;
  } finally {
    await processor.close();
    await store.close();
  }
}

/** The file that workers load, which is never part of a bundle. */
const evaluatorFile = () => pathToFileURL(process.env['EVALUATOR_FILE']);

async function evaluatedBy(runtime) {
  const worker = await workerEvaluator(evaluatorFile(), { runtime, workers: 1 });
  try {
    const { overallScore } = await worker.evaluateText('Paris', cases[0]);
    return `works ${overallScore}`;
  } finally {
    await worker.close();
  }
}

/** How a feature went. */
async function outcomeOf(feature) {
  const folder = await mkdtemp(join(tmpdir(), 'assaykit-host-'));
  try {
    return await feature(folder);
  } catch (error) {
    return error.code === undefined ? `wrong: ${error.stack}` : `refused: ${error.code} ${error.message}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Names of all features. */
export const FEATURES = Object.keys(features);

/** How each of the named features went. */
export async function tryFeatures(names = FEATURES) {
  const outcomes = {};
  for (const name of names) outcomes[name] = await outcomeOf(features[name]);
  return outcomes;
}
