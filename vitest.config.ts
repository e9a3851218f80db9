import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vitest/config';

const root = fileURLToPath(new URL('.', import.meta.url));

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

export default defineConfig({
  plugins: [builtWorkers],
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/data-folder.ts'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
