import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vitest/config';
import { withPageCode } from './scripts/page-code.mjs';

const root = fileURLToPath(new URL('.', import.meta.url));

/**
 * Tests that start threads or processes of the package, which Node loads from `dist`: they need a build.
 * All others are the project `unit`, which runs on the sources alone.
 */
const NEED_BUILD = [
  'test/{contracts,distributed,examples,faults,workers}/**/*.test.ts',
  'test/cli/commands/*.test.ts',
  'test/stores/**/*.test.ts',
  'test/batch/drain.test.ts',
  'test/dashboard/process-end.test.ts',
  'test/matrix/killed-matrix.test.ts',
  'test/cache/memory-bounded-cache-heap.test.ts',
  'test/client/calls.test.ts',
  'test/monitor/real-time-monitor.test.ts',
  'test/statistics/resample.test.ts',
  'test/telemetry/opentelemetry.test.ts',
];
/** Tests that compute for seconds: left out of `unit`, so that it stays under a minute on two cores. */
const SLOW = [
  'test/batch/hostile-host.test.ts',
  'test/batch/real-data.test.ts',
  'test/batch/target-retry.test.ts',
  'test/cases/public-files.test.ts',
  'test/client/balancing/black-holes.test.ts',
  'test/client/balancing/standstill.test.ts',
  'test/client/fault-matrix.test.ts',
  'test/client/http/canary.test.ts',
  'test/client/http/health-checks.test.ts',
  'test/dashboard/live-feed.test.ts',
  'test/decisions/group-sequential.test.ts',
  'test/foundation/linear-time.test.ts',
  'test/monitor/alerts/alert-incident.test.ts',
  'test/monitor/alerts/slow-trickle.test.ts',
  'test/scorers/reading/linear-time.test.ts',
];
const PACKAGE = ['test/package/**/*.test.ts'];
/** Tests that look at pages in a real browser. */
const BROWSER = ['test/browser/**/*.test.ts'];

/** Worker files are started by Node itself, which cannot load TypeScript on Node 20: take the built ones. */
const builtWorkers: Plugin = {
  name: 'built-workers',
  enforce: 'pre',
  transform(code, id) {
    if (!id.startsWith(`${root}src/`) || !code.includes('import.meta.url')) return undefined;
    const folder = id.slice(`${root}src/`.length).split('/').slice(0, -1).join('/');
    return code.replace(
      /new URL\((['"])\.\/([\w./-]+\.js)\1, import\.meta\.url\)/g,
      (_match, _quote, file) => `new URL(${JSON.stringify(`file://${root}dist/${folder}/${file}`)})`,
    );
  },
};

/** The pages' styles and scripts, which the build puts in. */
const pageCode: Plugin = {
  name: 'page-code',
  enforce: 'pre',
  transform: (code, id) => (id === `${root}src/page/page-code.ts` ? withPageCode(code) : undefined),
};

// In CI a test that starts processes, servers or a browser gets a second try on a machine that has other things to do; what
// is wrong fails twice.
const retry = process.env['CI'] === undefined ? 0 : 1;
const shared = { retry, pool: 'forks', testTimeout: 60_000, hookTimeout: 60_000 } as const;

export default defineConfig({
  test: {
    globalSetup: ['test/support/data-folder.ts', 'test/support/announce-postgres.ts'],
    maxWorkers: 2,
    projects: [
      {
        plugins: [builtWorkers, pageCode],
        test: {
          ...shared,
          retry: 0,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...NEED_BUILD, ...SLOW, ...PACKAGE, ...BROWSER],
        },
      },
      {
        plugins: [builtWorkers, pageCode],
        test: {
          ...shared,
          name: 'built',
          include: [...NEED_BUILD, ...SLOW],
          globalSetup: ['test/support/build.ts'],
        },
      },
      {
        plugins: [builtWorkers, pageCode],
        test: {
          ...shared,
          name: 'browser',
          include: BROWSER,
          globalSetup: ['test/support/build.ts', 'test/browser/support/find-chromium.ts'],
        },
      },
      {
        test: { ...shared, name: 'package', include: PACKAGE, globalSetup: ['test/support/build.ts'] },
      },
    ],
  },
});
