// Gathers what each door of the package loads into a few files: `dist/doors` (docs/decisions/doors.md). Types stay in the
// declaration files that tsc writes, next to the single JavaScript files that tests and benchmarks use.
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { latePatterns } from './late-patterns.mjs';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const dir = `${dist}/doors`;

const SQLITE = /\/stores\/sqlite\//; // the root does without
const ROWS = /\/stores\/(?:result-row|row-ids|try-again)\./; // what the doors of databases share
const PAGES = /\/dist\/(?:page|report)\//; // likewise

rmSync(dir, { recursive: true, force: true });

/** What becomes of some entries: files of text. */
async function bundled(input, output) {
  const bundle = await rolldown({
    input,
    external: (id) => !id.startsWith('.') && !id.startsWith('/'), // dependencies stay dependencies
    platform: 'node',
    plugins: [latePatterns],
    checks: { pluginTimings: false }, // a busy machine is no fault of the sources
    onLog: (level, log) => {
      if (level === 'warn') throw new Error(log.message);
    },
  });
  const { output: files } = await bundle.generate({
    format: 'esm',
    comments: { legal: false, annotation: true, jsdoc: false }, // bundlers read `webpackIgnore`
    ...output,
  });
  await bundle.close();
  return files;
}

/** What the root loads: it must not load what other doors alone have in common. */
const ofTheRoot = new Set(
  (await bundled({ index: `${dist}/index.js` }, { codeSplitting: false })).flatMap(
    ({ moduleIds }) => moduleIds,
  ),
);

// What doors have in common is in chunks that they share: each class and each state exists once. Few: a file costs the
// start of a script more than code that it does not need.
const doors = await bundled(
  {
    index: `${dist}/index.js`,
    statistics: `${dist}/statistics.js`,
    decisions: `${dist}/decisions.js`,
    matchers: `${dist}/matchers.js`,
    report: `${dist}/report.js`,
    dashboard: `${dist}/dashboard.js`,
    agents: `${dist}/agents.js`,
    retrieval: `${dist}/retrieval.js`,
    prompts: `${dist}/prompts.js`,
    sqlite: `${dist}/sqlite.js`,
    postgres: `${dist}/postgres.js`,
    bullmq: `${dist}/bullmq.js`,
    otel: `${dist}/telemetry/opentelemetry.js`,
    testing: `${dist}/testing/index.js`,
    // Threads and processes start from files of their own, found beside whichever file starts them.
    worker: `${dist}/workers/worker.js`,
    'sqlite-worker': `${dist}/stores/sqlite/sqlite-worker.js`,
    'gzip-worker': `${dist}/stores/gzip/gzip-worker.js`,
    'bootstrap-worker': `${dist}/statistics/bootstrap-worker.js`,
  },
  {
    codeSplitting: {
      minShareCount: 2,
      groups: [
        { name: 'common', test: (id) => ofTheRoot.has(id), priority: 2 },
        { name: 'rows', test: ROWS, priority: 1 },
        { name: 'sqlite', test: SQLITE, priority: 1 },
        { name: 'pages', test: PAGES, priority: 1 },
        { name: 'doors', test: () => true },
      ],
    },
    chunkFileNames: 'shared-[name].js',
  },
);
// The command line is a host: it opens the doors by the name of the package, so nothing of it is in what they share.
const commands = await bundled(
  { cli: `${dist}/cli.js` },
  {
    codeSplitting: { groups: [{ name: 'common', test: /\/(?!cli\.js|main\.js)[^/]+$/, minShareCount: 2 }] },
    chunkFileNames: 'cli-[name].js',
  },
);

mkdirSync(dir);
for (const { fileName, code } of [...doors, ...commands]) {
  // Node holds a file with one character beyond Latin-1 at two bytes each: 600 kB more, 1.5 % of a script's start.
  const ascii = code.replace(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  writeFileSync(`${dir}/${fileName}`, ascii);
}
chmodSync(`${dir}/cli.js`, 0o755);
