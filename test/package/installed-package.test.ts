import { readFileSync } from 'node:fs';
import { posix, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConsumerFolder } from '../support/consumer-folder.js';

const manifest = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../package.json'), 'utf8')) as {
  exports: Record<string, unknown>;
  dependencies: Record<string, string>;
};
const doors = Object.keys(manifest.exports)
  .filter((door) => door !== './package.json')
  .map((door) => door.replace(/^\./, 'assaykit'));
/** What a door's code may load only when it is used; the OpenTelemetry door is all about its peer. */
const peersOf = (door: string): readonly string[] => (door === 'assaykit/otel' ? ['@opentelemetry/api'] : []);

const QUICKSTART = `
import { BatchProcessor, LoadBalancedClient, createEvaluator, exactMatch, includes, type CaseResult, type RunSummary } from 'assaykit';
import { startFakeModelServer } from 'assaykit/testing';

const server = await startFakeModelServer({ reply: () => 'Paris' });
const client = new LoadBalancedClient({ endpoints: [server.url], model: 'fake' });
const results: CaseResult[] = [];
const processor = new BatchProcessor({
  target: client,
  evaluator: createEvaluator({
    name: 'capitals',
    version: '1',
    dimensions: { accuracy: exactMatch(), mention: includes() },
  }),
  concurrency: 4,
});
processor.on('case:end', ({ result }) => void results.push(result));
const summary: RunSummary = await processor.run([
  { id: 'france', input: 'Capital of France?', expected: 'Paris' },
  { id: 'italy', input: 'Capital of Italy?', expected: 'Rome' },
]);
await client.close();
await server.close();
console.log(JSON.stringify({ results: results.length, scored: summary.scored }));
`;
const asJavaScript = (text: string): string =>
  text.replaceAll(/, type \w+/g, '').replaceAll(/: (CaseResult\[\]|RunSummary)/g, '');

describe('the packed package in an empty folder', () => {
  let folder: ConsumerFolder;
  beforeAll(async () => {
    folder = await ConsumerFolder.create();
  }, 180_000);
  afterAll(() => folder?.remove());

  it('holds the built files, the documentation and the examples, and nothing else', () => {
    const folderOf = (path: string): string => path.split('/')[0]!;
    expect([...new Set(folder.packedFiles.map(folderOf))].sort()).toEqual(
      'CHANGELOG.md CONTRIBUTING.md LICENSE README.md dist docs examples package.json'.split(' '),
    );
    const odd = folder.packedFiles.filter(
      (path) =>
        (path.startsWith('dist/') && !/\.(js|d\.ts)$/.test(path)) ||
        (path.startsWith('docs/') && !/^docs\/(?!api\/).*\.md$|^docs\/images\/[\w-]+\.png$/.test(path)),
    );
    expect(odd).toEqual([]);
  });

  it('has documentation whose links lead to files that came with it', async () => {
    const pages = folder.packedFiles.filter((path) => path.endsWith('.md'));
    expect(pages.length).toBeGreaterThan(20);
    const broken: string[] = [];
    for (const page of pages) {
      const text = (await folder.readInstalled(page)).replaceAll(/^```.*?^```$/gms, '');
      for (const [, link = ''] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
        if (/^[a-z]+:/.test(link)) continue;
        const target = posix.join(posix.dirname(page), link);
        const there = folder.packedFiles.some((path) => path === target || path.startsWith(`${target}/`));
        if (!there) broken.push(`${page}: ${link}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it('has examples that run from where it is installed', async () => {
    const { status, stdout, stderr } = await folder.node('node_modules/assaykit/examples/quickstart.mjs');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).not.toBe('');
  });

  it('installs its runtime dependencies and no optional peer', async () => {
    await folder.write(
      'installed.mjs',
      `import { readdirSync } from 'node:fs';
console.log(JSON.stringify(readdirSync('node_modules').filter((name) => !name.startsWith('.'))));`,
    );
    const { stdout } = await folder.node('installed.mjs');
    const installed = JSON.parse(stdout) as string[];
    expect(installed).toEqual(expect.arrayContaining(['assaykit', ...Object.keys(manifest.dependencies)]));
    expect(installed).not.toContain('better-sqlite3');
  });

  it('puts at most 12 packages and 15 MB on the disk', async () => {
    const script = resolve(import.meta.dirname, '../../scripts/places/install.mjs');
    const { installSize } = (await import(pathToFileURL(script).href)) as {
      installSize: (modules: string) => { packages: number; bytes: number };
    };
    const { packages, bytes } = installSize(resolve(folder.path, 'node_modules'));
    expect(packages).toBeGreaterThan(5);
    expect(packages).toBeLessThanOrEqual(12);
    expect(bytes).toBeGreaterThan(1e6);
    expect(bytes).toBeLessThanOrEqual(15e6);
  });

  it.each(doors)(
    '%s opens by import and by require, with the same names and without a warning',
    async (door) => {
      for (const peer of peersOf(door)) await folder.link(peer);
      await folder.write(
        'names.mjs',
        `import * as names from '${door}'; console.log(Object.keys(names).sort().join());`,
      );
      await folder.write('names.cjs', `console.log(Object.keys(require('${door}')).sort().join());`);
      const [imported, required] = [await folder.node('names.mjs'), await folder.node('names.cjs')];
      expect(imported.stderr).toBe('');
      expect(required.stderr).toBe('');
      expect(imported.stdout.trim()).not.toBe('');
      const withoutMarker = (names: string): string =>
        names.replace(/(^|,)(__esModule|module\.exports)(?=,|$)/g, '');
      expect(withoutMarker(required.stdout)).toBe(withoutMarker(imported.stdout));
    },
  );

  it.each(doors)(
    'importing %s reads no environment variable, opens nothing and loads no HTTP client',
    async (door) => {
      for (const peer of peersOf(door)) await folder.link(peer);
      await folder.write(
        'side-effects.mjs',
        `import { createRequire } from 'node:module';
const read = [];
const own = process.env;
process.env = new Proxy(own, { get: (env, name) => (read.push(String(name)), env[name]) });
const globalsBefore = Reflect.ownKeys(globalThis).length;
// The loader may still be closing the module files that it read.
const countOpen = () => process.getActiveResourcesInfo().filter((kind) => kind !== 'CloseReq').length;
const openBefore = countOpen();
const listeners = process.eventNames().length;
await import('${door}');
const cached = Object.keys(createRequire(import.meta.url).cache);
console.log(JSON.stringify({
  read: read.filter((name) => !/^(NODE|WATCH)_/.test(name)), // Node's own loader asks for those
  opened: countOpen() - openBefore,
  globals: Reflect.ownKeys(globalThis).length - globalsBefore,
  undici: cached.filter((path) => path.includes('/undici/')).length,
  listeners: process.eventNames().length - listeners,
}));`,
      );
      const { stdout, stderr } = await folder.node('side-effects.mjs');
      expect(stderr).toBe('');
      expect(JSON.parse(stdout)).toEqual({ read: [], opened: 0, globals: 0, undici: 0, listeners: 0 });
    },
  );

  it('runs cases over HTTP, and the host ends by itself after close', async () => {
    await folder.write('quickstart.mjs', asJavaScript(QUICKSTART));
    const { status, stdout, stderr } = await folder.node('quickstart.mjs', { timeoutMs: 30_000 });
    expect(stderr).toBe('');
    expect(stdout.trim()).toBe('{"results":2,"scored":2}');
    expect(status).toBe(0);
  });

  it('runs from CommonJS', async () => {
    const body = asJavaScript(QUICKSTART).replaceAll(
      /import \{([^}]*)\} from ('[^']*');/g,
      'const {$1} = require($2);',
    );
    await folder.write('quickstart.cjs', `(async () => {${body}})();`);
    const { status, stdout } = await folder.node('quickstart.cjs', { timeoutMs: 30_000 });
    expect(stdout.trim()).toBe('{"results":2,"scored":2}');
    expect(status).toBe(0);
  });

  it('type-checks in strict ESM and CommonJS hosts, its own declarations included', async () => {
    await folder.write('quickstart.ts', QUICKSTART);
    await folder.write(
      'host.cts',
      `import assaykit = require('assaykit');
import { AssayError } from 'assaykit';
const failed: unknown = new Error('no');
export const code: string | undefined = AssayError.is(failed) ? failed.code : undefined;
export const evaluator = assaykit.createEvaluator({ name: 'n', version: '1', dimensions: { d: assaykit.exactMatch() } });
`,
    );
    const opened = doors.map((door, index) => `import * as door${index} from '${door}';`).join('\n');
    const used = `export const doors = [${doors.map((_door, index) => `door${index}`).join(', ')}];`;
    await folder.write('doors.ts', `${opened}\n${used}\n`);
    for (const peer of ['@opentelemetry/api', '@opentelemetry/api-logs']) await folder.link(peer);
    expect(await folder.typeCheck(['quickstart.ts', 'host.cts', 'doors.ts'])).toBe('');
  });

  it('refuses a misspelt option and a wrong type at compile time', async () => {
    await folder.write(
      'wrong.ts',
      `import { BatchProcessor, createEvaluator, exactMatch } from 'assaykit';
const evaluator = createEvaluator({ name: 'n', version: '1', dimensions: { d: exactMatch() } });
new BatchProcessor({ target: async () => 'text', evaluator, concurency: 4 });
new BatchProcessor({ target: async () => 'text', evaluator, concurrency: '4' });
`,
    );
    const complaints = await folder.typeCheck(['wrong.ts']);
    expect(complaints).toContain('wrong.ts(3,');
    expect(complaints).toContain('wrong.ts(4,');
  });

  it.runIf(Number(process.versions.node.split('.')[0]) < 22)(
    'says what to install when SQLite is missing',
    async () => {
      await folder.write(
        'no-sqlite.mjs',
        `import { AssayError } from 'assaykit';
import { SqliteResultStore } from 'assaykit/sqlite';
try {
  const store = new SqliteResultStore('results.db');
  await store.manifest('any');
  console.log('opened');
} catch (error) {
  console.log(AssayError.is(error) ? error.code + ': ' + error.message : 'another error: ' + error);
}`,
      );
      const { stdout } = await folder.node('no-sqlite.mjs');
      expect(stdout).toMatch(/^ASSAY_MISSING_DEPENDENCY: .*npm install better-sqlite3/);
    },
  );

  it('stores into SQLite and gzip files, watches with the monitor, and still ends by itself', async () => {
    await folder.link('better-sqlite3');
    await folder.write(
      'everything.mjs',
      `import { BatchProcessor, GzipFileResultStore, MemoryBoundedCache, RealTimeMonitor, createEvaluator, exactMatch } from 'assaykit';
import { SqliteResultStore } from 'assaykit/sqlite';
const monitor = new RealTimeMonitor();
monitor.start();
const evaluator = createEvaluator({ name: 'n', version: '1', dimensions: { d: exactMatch() } });
const cases = Array.from({ length: 300 }, (_, i) => ({ id: 'c' + i, input: 'q' + i, expected: 'a' }));
let scored = 0;
for (const store of [new SqliteResultStore('everything.db'), new GzipFileResultStore('everything')]) {
  const cache = new MemoryBoundedCache({ maxBytes: 1_000_000 });
  const processor = new BatchProcessor({ target: async () => 'a', evaluator, store, cache });
  const unwatch = monitor.watch(processor, cache, store);
  scored += (await processor.run(cases)).scored;
  unwatch();
  await store.close();
}
monitor.stop();
console.log(scored);`,
    );
    const { status, stdout, stderr } = await folder.node('everything.mjs', { timeoutMs: 30_000 });
    expect(stderr).toBe('');
    expect(stdout.trim()).toBe('600');
    expect(status).toBe(0);
  });
});
