// Styles and scripts of the pages (`src/page`) as text: what `src/page/page-code.ts` names stands for it. The build puts it
// into `dist/page/page-code.js`; tests on the sources get it by a plugin of vitest.config.ts.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const page = fileURLToPath(new URL('../src/page/', import.meta.url));

/** Files of `src/page` by the name that stands for them. */
const PARTS = {
  ASSAYKIT_PAGE_STYLES: 'page.css',
  ASSAYKIT_PAGE_THEME: 'browser/theme.ts',
  ASSAYKIT_PAGE_REPORT: 'browser/report.ts',
  ASSAYKIT_DASHBOARD_STYLES: 'dashboard.css',
  ASSAYKIT_DASHBOARD: 'browser/dashboard.ts',
};

/** What is in the dashboard's script and styles of somebody else, as its licence asks for. */
const licence = readFileSync(new URL('../node_modules/uplot/LICENSE', import.meta.url), 'utf8').trim();
const NOTICE = `/* uPlot is in here:\n${licence}\n*/`;
const NOTICES = { 'dashboard.css': { css: NOTICE }, 'browser/dashboard.ts': { js: NOTICE } };

const bundled = (file) =>
  buildSync({
    entryPoints: [page + file],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: ['es2022', 'chrome111', 'firefox115', 'safari16.4'],
    charset: 'ascii', // the hash that the page's policy names must not depend on how its bytes are read
    legalComments: 'none',
    ignoreAnnotations: true, // "no side effects" is said of the package, not of these
    banner: NOTICES[file] ?? {},
  }).outputFiles[0].text.trim();

/** The code of `page-code.ts` with the names of it replaced. */
export function withPageCode(code) {
  return Object.entries(PARTS).reduce(
    (filled, [name, file]) =>
      // The declarations of the names go: TypeScript leaves none, and tests run what it has not seen.
      filled
        .replace(`declare const ${name}: string;`, '')
        .replace(`= ${name};`, () => `= ${JSON.stringify(bundled(file))};`),
    code,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = fileURLToPath(new URL('../dist/page/page-code.js', import.meta.url));
  writeFileSync(file, withPageCode(readFileSync(file, 'utf8')));
}
