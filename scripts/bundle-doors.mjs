// Gathers what each door of the package loads into a few files: `dist/doors`. Node needs about 0.3 ms for every module
// file, and the root has 240 of them: importing it took 3.5 times as long from the single files (npm run bench:import).
// Types stay in the single declaration files, next to the JavaScript that the tests use.
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const outdir = `${dist}/doors`;

rmSync(outdir, { recursive: true, force: true });
await build({
  entryPoints: {
    index: `${dist}/index.js`,
    sqlite: `${dist}/sqlite.js`,
    otel: `${dist}/telemetry/opentelemetry.js`,
    testing: `${dist}/testing/index.js`,
    // Threads and processes start from files of their own, found beside whichever file starts them.
    worker: `${dist}/workers/worker.js`,
    'sqlite-worker': `${dist}/stores/sqlite-worker.js`,
    'gzip-worker': `${dist}/stores/gzip-worker.js`,
    'bootstrap-worker': `${dist}/statistics/bootstrap-worker.js`,
  },
  outdir,
  bundle: true,
  splitting: true, // doors share classes and state instead of holding copies of them
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  charset: 'utf8',
  chunkNames: 'shared-[hash]',
  legalComments: 'none',
  logLevel: 'warning',
});
