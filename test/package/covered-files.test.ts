import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');
const filesIn = (folder: string, end: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith(end) && !path.endsWith('.d.ts'))
    .sort();

const tests = filesIn('test', '.test.ts').filter((path) => !path.startsWith('test/package/'));
/** Inner files of a room that have no test of their name, by the test that runs them through what they are parts of. */
const coveredBy = JSON.parse(textOf('test/covered-by.json')) as Readonly<Record<string, readonly string[]>>;

/** Files of the project that a file imports, or starts as a thread. */
function importsOf(path: string): string[] {
  const found: string[] = [];
  for (const [, type, specifier = ''] of textOf(path).matchAll(
    /(?:^import (type )?[^;]*?from |^export [^;]*?from |import\(|new URL\()'(\.[^']*)\.js'/gms,
  )) {
    if (type !== undefined) continue; // of a type nothing is run
    const target = posix.join(posix.dirname(path), `${specifier}.ts`);
    if (existsSync(join(root, target))) found.push(target);
  }
  // The build puts these in: a page that is opened runs them.
  if (path === 'src/page/page-code.ts')
    for (const [, entry] of textOf('scripts/page-code.mjs').matchAll(/'(browser\/[\w-]+\.ts)'/g))
      found.push(`src/page/${entry}`);
  return found;
}

const reachedFrom = new Map<string, Set<string>>();
/** All source files that a test can run. */
function reached(test: string): ReadonlySet<string> {
  let seen = reachedFrom.get(test);
  if (seen !== undefined) return seen;
  seen = new Set();
  reachedFrom.set(test, seen);
  const pending = [test];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    for (const next of importsOf(path)) {
      if (seen.has(next)) continue;
      seen.add(next);
      pending.push(next);
    }
  }
  return seen;
}

/** Whether a file does more than declare types and constants. */
function hasLogic(path: string): boolean {
  const code = textOf(path)
    .replaceAll(/\/\*.*?\*\/|\/\/[^\n]*/gs, '')
    .replaceAll(/^(export )?(interface|type) .*?^\}/gms, '');
  return /\b(if|for|while|return)\b|=>|\?/.test(code);
}

/** Whether `src/room/file.ts` or `src/room/*.ts` stands for a file. */
const standsFor = (entry: string, path: string): boolean =>
  entry.endsWith('/*.ts') ? posix.dirname(path) === posix.dirname(entry) : path === entry;
const baseName = (path: string, end: string): string => posix.basename(path, end);
const named = new Set(tests.map((path) => baseName(path, '.test.ts')));
const imported = new Set(tests.flatMap(importsOf));
const sources = filesIn('src', '.ts').filter((path) => path.split('/').length > 2 && hasLogic(path));
const unnamed = sources.filter((path) => !named.has(baseName(path, '.ts')) && !imported.has(path));
const testsThatCover = (path: string): string[] =>
  Object.entries(coveredBy)
    .filter(([, entries]) => entries.some((entry) => standsFor(entry, path)))
    .map(([test]) => test);

describe('a file with logic of its own', () => {
  it('has a test of its name, is called by a test, or is run by the test that is said to cover it', () => {
    expect(sources.length).toBeGreaterThan(200);
    const uncovered = unnamed.filter((path) => !testsThatCover(path).some((test) => reached(test).has(path)));
    expect(uncovered).toEqual([]);
  });

  it('is covered by tests that exist and that it needs', () => {
    expect(Object.keys(coveredBy).filter((test) => !tests.includes(test))).toEqual([]);
    const needless = Object.entries(coveredBy).flatMap(([test, entries]) =>
      entries
        .filter((entry) => !unnamed.some((path) => standsFor(entry, path) && reached(test).has(path)))
        .map((entry) => `${test}: ${entry}`),
    );
    expect(needless).toEqual([]);
  });
});
