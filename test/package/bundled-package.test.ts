import { cp, mkdir, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { join, resolve } from 'node:path';
import commonjs from '@rollup/plugin-commonjs';
import json from '@rollup/plugin-json';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { build as esbuild } from 'esbuild';
import { rollup } from 'rollup';
import { build as vite } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import webpack from 'webpack';
import { ConsumerFolder, runProgram } from '../support/consumer-folder.js';

const NATIVE = 'better-sqlite3'; // binaries cannot be bundled
const isBuiltin = (id: string): boolean => id.startsWith('node:') || builtinModules.includes(id);

/** How each bundler is told to make a server bundle; the guide "Bundle it" says the same. */
const bundlers: Readonly<Record<string, (host: string, folder: string) => Promise<string>>> = {
  'esbuild to ESM': async (host, folder) => {
    const outfile = join(folder, 'host.mjs');
    await esbuild({
      entryPoints: [host],
      bundle: true,
      platform: 'node',
      format: 'esm',
      external: [NATIVE],
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
      outfile,
      logLevel: 'error',
    });
    return outfile;
  },
  'esbuild to CommonJS': async (host, folder) => {
    const outfile = join(folder, 'host.cjs');
    await esbuild({
      entryPoints: [host],
      bundle: true,
      platform: 'node',
      format: 'cjs',
      external: [NATIVE],
      outfile,
      logLevel: 'silent', // warns that `import.meta` is empty in CommonJS
    });
    return outfile;
  },
  rollup: async (host, folder) => {
    const bundle = await rollup({
      input: host,
      external: (id) => isBuiltin(id) || id === NATIVE,
      plugins: [
        nodeResolve({ preferBuiltins: true, exportConditions: ['node'] }),
        (commonjs as unknown as typeof commonjs.default)({ ignore: ['node:sqlite'] }), // undici asks for it where it is missing
        (json as unknown as typeof json.default)(), // their types are those of CommonJS
      ],
      onLog: () => {},
    });
    await bundle.write({ dir: folder, format: 'esm', entryFileNames: 'host.mjs' });
    await bundle.close();
    return join(folder, 'host.mjs');
  },
  webpack: (host, folder) =>
    new Promise((done, failed) => {
      webpack(
        {
          mode: 'production',
          target: 'node20',
          entry: host,
          experiments: { outputModule: true },
          output: { path: folder, filename: 'host.mjs', module: true, library: { type: 'module' } },
          externals: { [NATIVE]: `module ${NATIVE}` },
        },
        (error, stats) => {
          if (error !== null && error !== undefined) failed(error);
          else if (stats?.hasErrors() === true)
            failed(new Error(stats.toString({ all: false, errors: true })));
          else done(join(folder, 'host.mjs'));
        },
      );
    }),
  'vite for a server': async (host, folder) => {
    await vite({
      root: resolve(host, '..'),
      configFile: false,
      logLevel: 'error',
      build: { ssr: host, outDir: folder, rollupOptions: { output: { entryFileNames: 'host.mjs' } } },
      ssr: { noExternal: true, external: [NATIVE] },
    });
    return join(folder, 'host.mjs');
  },
};

describe('a server bundle of the package', () => {
  let folder: ConsumerFolder;
  let host = '';
  beforeAll(async () => {
    folder = await ConsumerFolder.create();
    await folder.link(NATIVE);
    host = join(folder.path, 'host.mjs');
    await cp(join(import.meta.dirname, 'fixtures/bundled-host.mjs'), host);
    await writeFile(
      join(folder.path, 'evaluator.mjs'),
      `import { createEvaluator, exactMatch } from 'assaykit';
       export default createEvaluator({ name: 'w', version: '1', dimensions: { accuracy: exactMatch() } });`,
    );
  }, 120_000);
  afterAll(() => folder.remove());

  async function run(script: string): Promise<Record<string, string>> {
    const ended = await runProgram(process.execPath, [script], {
      cwd: folder.path,
      env: { ...process.env, EVALUATOR_FILE: join(folder.path, 'evaluator.mjs') },
    });
    expect(ended.stderr).not.toMatch(/uncaught|unhandled/i);
    expect(ended.status).toBe(0);
    return JSON.parse(ended.stdout) as Record<string, string>;
  }

  it('does everything by itself when it is not bundled', async () => {
    const features = await run(host);
    for (const [name, outcome] of Object.entries(features))
      expect([name, outcome]).toEqual([name, expect.stringMatching(/^works/)]);
  });

  it.each(Object.entries(bundlers))(
    '%s works, falls back or says what to configure, and never ends the host',
    async (name, bundle) => {
      const into = join(folder.path, `out-${name.replaceAll(' ', '-')}`);
      await mkdir(into, { recursive: true });
      await writeFile(join(into, 'package.json'), '{"type":"module"}');
      const features = await run(await bundle(host, into));
      for (const feature of ['memory', 'sqlite', 'client'])
        expect([feature, features[feature]]).toEqual([feature, 'works']);
      for (const feature of ['gzip', 'sqliteThread', 'bootstrap']) {
        expect(features[feature]).toMatch(/^works|^falls back: .*keep assaykit external/);
      }
      // Evaluators of the host's own have no form on the main thread: it takes them itself where that is wanted.
      for (const feature of ['threads', 'processes']) {
        expect(features[feature]).toMatch(
          /^works|^refused: ASSAY_WORKER_(?:UNAVAILABLE|CRASHED) .*keep assaykit external/,
        );
      }
    },
    120_000,
  );
});
