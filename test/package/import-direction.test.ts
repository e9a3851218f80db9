import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);
let house = '';

/** Lints a planted file in a house of its own that has the project's lint rules; returns what the linter says. */
async function lint(files: Readonly<Record<string, string>>): Promise<string> {
  await rm(join(house, 'src'), { recursive: true, force: true });
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(house, path)), { recursive: true });
    await writeFile(join(house, path), text);
  }
  try {
    await run(join(root, 'node_modules/.bin/oxlint'), ['--deny-warnings', '--format=unix', 'src'], {
      cwd: house,
    });
    return '';
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

describe('the linter keeps the import direction', () => {
  beforeAll(async () => {
    house = await mkdtemp(join(tmpdir(), 'assaykit-lint-'));
    await cp(join(root, '.oxlintrc.json'), join(house, '.oxlintrc.json'));
    await symlink(join(root, 'node_modules'), join(house, 'node_modules'));
  });
  afterAll(() => rm(house, { recursive: true, force: true }));

  const target = 'export const there = 1;\nexport interface Shape { readonly a: number }\n';
  const valueOf = (path: string): string =>
    `import { there } from '${path}';\nexport const here = there + 1;\n`;
  const typeOf = (path: string): string =>
    `import type { Shape } from '${path}';\nexport type Here = readonly Shape[];\n`;

  it.each([
    ['cache', 'evaluation'],
    ['client', 'batch'],
    ['foundation', 'cache'],
    ['workers', 'evaluation'],
    ['scorers', 'client'],
    ['evaluation', 'stores'],
    ['stores', 'batch'],
    ['stores', 'client'],
    ['batch', 'stores'],
    ['batch', 'monitor'],
    ['monitor', 'client'],
    ['telemetry', 'monitor'],
    ['statistics', 'evaluation'],
    ['report', 'testing'],
    ['batch', 'testing'],
    ['batch', 'report'],
  ])('src/%s may not take a value from src/%s', async (from, to) => {
    const said = await lint({
      [`src/${to}/there.ts`]: target,
      [`src/${from}/here.ts`]: valueOf(`../${to}/there.js`),
    });
    expect(said).toContain(`src/${from}/here.ts`);
    expect(said).toContain('no-restricted-imports');
  });

  it('a nested folder is held to the rule of its room', async () => {
    const said = await lint({
      'src/batch/there.ts': target,
      'src/client/protocols/here.ts': valueOf('../../batch/there.js'),
    });
    expect(said).toContain('no-restricted-imports');
  });

  it.each([
    ['batch', 'evaluation'],
    ['evaluation', 'client'],
    ['cache', 'foundation'],
    ['batch', 'statistics'],
    ['report', 'batch'],
    ['testing', 'stores'],
  ])('src/%s may use src/%s', async (from, to) => {
    const said = await lint({
      [`src/${to}/there.ts`]: target,
      [`src/${from}/here.ts`]: valueOf(`../${to}/there.js`),
    });
    expect(said).toBe('');
  });

  it.each([
    ['batch', 'stores'],
    ['stores', 'evaluation'],
    ['monitor', 'client'],
    ['telemetry', 'batch'],
    ['statistics', 'evaluation'],
    ['scorers', 'evaluation'],
  ])('src/%s may take types from src/%s', async (from, to) => {
    const said = await lint({
      [`src/${to}/there.ts`]: target,
      [`src/${from}/here.ts`]: typeOf(`../${to}/there.js`),
    });
    expect(said).toBe('');
  });

  it('two files that import one another are a cycle', async () => {
    const said = await lint({
      'src/cache/one.ts': `import { two } from './two.js';\nexport const one = (): number => two();\n`,
      'src/cache/two.ts': `import { one } from './one.js';\nexport const two = (): number => one();\n`,
    });
    expect(said).toContain('no-cycle');
  });

  it('errors.ts imports nothing of the package, and no room imports a door', async () => {
    expect(
      await lint({
        'src/foundation/there.ts': target,
        'src/errors.ts': valueOf('./foundation/there.js'),
      }),
    ).toContain('no-restricted-imports');
    expect(await lint({ 'src/index.ts': target, 'src/batch/here.ts': valueOf('../index.js') })).toContain(
      'no-restricted-imports',
    );
  });

  it('`any` is refused', async () => {
    expect(await lint({ 'src/cache/loose.ts': 'export const loose: any = 1;\n' })).toContain(
      'no-explicit-any',
    );
  });
});
