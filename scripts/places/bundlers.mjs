// How each bundler is told to make a server bundle; the guide "Bundle it" says the same. Each takes the host's file, the
// folder for the bundle and whether the package is kept external, and gives the bundle's file.
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import commonjs from '@rollup/plugin-commonjs';
import json from '@rollup/plugin-json';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { build as buildByEsbuild } from 'esbuild';
import { rollup } from 'rollup';
import { build as buildByVite } from 'vite';
import webpack from 'webpack';

const NATIVE = 'better-sqlite3'; // binaries cannot be bundled
const PACKAGE = 'assaykit';
const ofPackage = /^assaykit(\/|$)/; // its doors, too
const isBuiltin = (id) => id.startsWith('node:') || builtinModules.includes(id);

/** The bundlers that are dependencies of the project, by name. */
export const BUNDLERS = {
  'esbuild to ESM': async (host, folder, kept = false) => {
    const outfile = join(folder, 'host.mjs');
    await buildByEsbuild({
      entryPoints: [host],
      bundle: true,
      platform: 'node',
      format: 'esm',
      external: kept ? [NATIVE, PACKAGE] : [NATIVE],
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
      outfile,
      logLevel: 'error',
    });
    return outfile;
  },
  'esbuild to CommonJS': async (host, folder, kept = false) => {
    const outfile = join(folder, 'host.cjs');
    await buildByEsbuild({
      entryPoints: [host],
      bundle: true,
      platform: 'node',
      format: 'cjs',
      external: kept ? [NATIVE, PACKAGE] : [NATIVE],
      outfile,
      logLevel: 'silent', // warns that `import.meta` is empty in CommonJS
    });
    return outfile;
  },
  rollup: async (host, folder, kept = false) => {
    const bundle = await rollup({
      input: host,
      external: (id) => isBuiltin(id) || id === NATIVE || (kept && ofPackage.test(id)),
      plugins: [
        nodeResolve({ preferBuiltins: true, exportConditions: ['node'] }),
        commonjs({ ignore: ['node:sqlite'] }), // undici asks for it where it is missing
        json(),
      ],
      onLog: () => {},
    });
    await bundle.write({ dir: folder, format: 'esm', entryFileNames: 'host.mjs' });
    await bundle.close();
    return join(folder, 'host.mjs');
  },
  webpack: (host, folder, kept) => compile(webpack, { host, folder, kept }),
  'Vite for a server': async (host, folder, kept = false) => {
    await buildByVite({
      root: dirname(host),
      configFile: false,
      logLevel: 'error',
      build: { ssr: host, outDir: folder, rollupOptions: { output: { entryFileNames: 'host.mjs' } } },
      ssr: { noExternal: true, external: kept ? [NATIVE, PACKAGE] : [NATIVE] },
    });
    return join(folder, 'host.mjs');
  },
};

/** A bundle by webpack, or by rspack, which takes the same. */
export function compile(bundler, { host, folder, kept = false }) {
  const options = {
    mode: 'production',
    target: 'node20',
    entry: host,
    experiments: { outputModule: true },
    output: { path: folder, filename: 'host.mjs', module: true, library: { type: 'module' } },
    externals: kept ? [NATIVE, ofPackage] : [NATIVE],
    externalsType: 'module',
  };
  return new Promise((done, failed) => {
    bundler(options, (error, stats) => {
      if (error !== null && error !== undefined) failed(error);
      else if (stats.hasErrors()) failed(new Error(stats.toString({ all: false, errors: true })));
      else done(join(folder, 'host.mjs'));
    });
  });
}
