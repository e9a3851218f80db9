/**
 * Writes docs/where-it-runs.md: every feature on every runtime and in every bundle, every compiler, the size of an install.
 *
 *   npm run build && npm run places                           everything: 15 minutes, 2 GB in the folder for temporary files
 *   npm run places -- --only runtimes --only typescript       of: runtimes, bundlers, next, typescript, install
 *
 * npm installs the packed package and each tool into temporary folders outside of the project. What was not asked for is
 * taken from the last time (`.bench/places.json`). Exit code 1 when anything crashes, hangs or does not compile.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { tryBundlers, tryNext } from './places/bundles.mjs';
import { tryCompilers } from './places/compilers.mjs';
import { FEATURES } from './places/host.mjs';
import { tryInstall } from './places/install.mjs';
import { cellOf } from './places/place.mjs';
import { tryRuntimes } from './places/runtimes.mjs';

const PAGE = 'docs/where-it-runs.md';
const KEPT = '.bench/places.json';
const SECTIONS = {
  install: tryInstall,
  typescript: tryCompilers,
  runtimes: tryRuntimes,
  bundlers: tryBundlers,
  next: tryNext,
};
const WHAT = {
  memory: 'a run into a `MemoryResultStore`',
  jsonl: '`readJsonl`',
  client: '`LoadBalancedClient`, whole and streamed',
  gzip: '`GzipFileResultStore`',
  sqlite: '`SqliteResultStore`',
  sqliteThread: "`SqliteResultStore`, `thread: 'worker'`",
  diskTier: '`MemoryBoundedCache` with `SqliteDiskTier`',
  bootstrap: '`bootstrap({ threads: 2 })`',
  threads: '`workerEvaluator`, threads',
  threadTimeout: '`workerEvaluator`: a task without end is ended',
  processes: '`workerEvaluator`, processes',
  progress: '`terminalProgress`',
  monitor: '`RealTimeMonitor`, Prometheus text',
  otel: '`assaykit/otel`',
  gate: '`gate`',
  decide: '`decide`',
  agents: '`runTools`, `trajectory`',
  retrieval: '`retrieval`',
  prompts: '`promptTemplate`, `runMatrix`',
  report: '`writeHtmlReport`',
  dashboard: '`startDashboard`',
};

const { only } = parseArgs({ options: { only: { type: 'string', multiple: true } } }).values;
const asked = only ?? Object.keys(SECTIONS);
const unknown = asked.filter((name) => SECTIONS[name] === undefined);
if (unknown.length > 0)
  throw new Error(`No section ${unknown.join(', ')}: ${Object.keys(SECTIONS).join(', ')}`);

const found = lastTime();
for (const name of asked) {
  console.log(`${name} …`);
  found[name] = await SECTIONS[name]();
  mkdirSync('.bench', { recursive: true });
  writeFileSync(KEPT, JSON.stringify(found, null, 2));
}
const missing = Object.keys(SECTIONS).filter((name) => found[name] === undefined);
if (missing.length > 0) console.log(`${PAGE} is not written: nothing is known of ${missing.join(', ')}`);
else writeFileSync(PAGE, await format(page(), { ...(await resolveConfig(PAGE)), filepath: PAGE }));
report();

function lastTime() {
  try {
    return JSON.parse(readFileSync(KEPT, 'utf8'));
  } catch {
    return {}; // the first time
  }
}

/** Prints what is not as it must be. */
function report() {
  const bad = ['runtimes', 'bundlers', 'next'].flatMap((section) =>
    Object.entries(found[section] ?? {}).flatMap(([column, outcomes]) =>
      FEATURES.filter(
        (name) => !/^(works|falls back|refused by name)$/.test(cellOf(outcomes[name] ?? '')),
      ).map((name) => `${column}, ${name}: ${outcomes[name]}`),
    ),
  );
  for (const [compiler, complaints] of Object.entries(found.typescript ?? {}))
    for (const [how, complaint] of Object.entries(complaints))
      if (complaint !== '') bad.push(`${compiler}, ${how}: ${complaint}`);
  for (const line of bad) console.error(line);
  console.log(`${bad.length} crash, hang or do not compile`);
  process.exitCode = bad.length === 0 ? 0 : 1;
}

function page() {
  const { packages, bytes } = found.install;
  return [
    '# Where it runs',
    '',
    'Each feature of `scripts/places/host.mjs` in the packed package, as npm installs it. This page is written by',
    '`npm run places`; the bundlers are run by `npm run test:package`, too.',
    '',
    '- **works**: gives what it gives on Node 20.',
    '- **falls back**: gives the same without its thread, and says so by an event or `onFallback`.',
    '- **refused by name**: rejects with an `AssayError` whose code and message say what to do.',
    '',
    '## Runtimes',
    '',
    ...table(found.runtimes),
    '',
    'SQLite is `better-sqlite3` 12 on Node 20, elsewhere the `node:sqlite` of the runtime.',
    ...reasons(found.runtimes),
    '',
    '## Bundles for a server',
    '',
    'Everything bundled but `better-sqlite3`. How each is told, and how to keep the package external, which makes every',
    'cell "works": [Bundle it](guides/bundle-it.md).',
    '',
    ...table({ ...found.bundlers }),
    '',
    '## Next.js',
    '',
    'A route of the app router, built by `next build` (15 with webpack, 16 with Turbopack), started and asked. External is',
    "`serverExternalPackages: ['assaykit', 'better-sqlite3']`; standalone is `output: 'standalone'` with that and",
    '`outputFileTracingIncludes`, run from a folder of its own.',
    '',
    ...table(found.next),
    '',
    '## TypeScript',
    '',
    '`scripts/places/typed-host.ts` with `strict`, `exactOptionalPropertyTypes`, `noUncheckedIndexedAccess`,',
    '`skipLibCheck: false`, and without OpenTelemetry installed:',
    '',
    ...compilers(),
    '',
    '## An install',
    '',
    `${packages} packages with this one, ${(bytes / 1e6).toFixed(1)} MB. Optional peers are not among them.`,
    '',
  ].join('\n');
}

function table(outcomes) {
  const columns = Object.keys(outcomes);
  return [
    `| feature | ${columns.join(' | ')} |`,
    `| --- | ${columns.map(() => '---').join(' | ')} |`,
    ...FEATURES.map(
      (name) => `| ${WHAT[name]} | ${columns.map((column) => cellOf(outcomes[column][name])).join(' | ')} |`,
    ),
  ];
}

/** What stands behind the cells that do not say "works". */
function reasons(outcomes) {
  return Object.entries(outcomes).flatMap(([column, each]) =>
    FEATURES.filter((name) => cellOf(each[name]) !== 'works').map(
      (name) => `${column}, ${WHAT[name]}: ${each[name].replace(/^(refused|falls back): /, '')}.`,
    ),
  );
}

function compilers() {
  const all = Object.entries(found.typescript);
  const ways = Object.keys(all[0][1]);
  return [
    `| compiler | ${ways.join(' | ')} |`,
    `| --- | ${ways.map(() => '---').join(' | ')} |`,
    ...all.map(
      ([name, complaints]) =>
        `| ${name} | ${ways.map((way) => (complaints[way] === '' ? 'compiles' : 'fails')).join(' | ')} |`,
    ),
  ];
}
