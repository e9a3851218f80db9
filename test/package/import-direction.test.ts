import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, posix, resolve } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
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
  const pathTo = (from: string, to: string): string => {
    const path = posix.relative(from, to);
    return `${path.startsWith('.') ? path : `./${path}`}/there.js`;
  };
  const valueOf = (path: string): string =>
    `import { there } from '${path}';\nexport const here = there + 1;\n`;
  const typeOf = (path: string): string =>
    `import type { Shape } from '${path}';\nexport type Here = readonly Shape[];\n`;

  it.each([
    ['cache', 'evaluation'],
    ['client', 'batch'],
    ['foundation', 'cache'],
    ['workers', 'client'],
    ['scorers', 'client'],
    ['evaluation', 'stores'],
    ['evaluation', 'workers'],
    ['stores', 'batch'],
    ['stores', 'client'],
    ['batch', 'monitor'],
    ['monitor', 'client'],
    ['telemetry', 'monitor'],
    ['statistics', 'evaluation'],
    ['statistics', 'decisions'],
    ['decisions', 'report'],
    ['report', 'testing'],
    ['batch', 'testing'],
    ['batch', 'report'],
    ['client/balancing', 'client/http'],
    ['client/balancing', 'client'],
    ['client/http', 'client/call'],
    ['client/protocols', 'batch'],
    ['batch/summary', 'batch'],
    ['scorers/json', 'scorers/judges'],
    ['stores/gzip', 'stores/sqlite'],
    ['monitor/alerts/handlers', 'monitor/alerts'],
  ])('src/%s may not take a value from src/%s', async (from, to) => {
    const said = await lint({
      [`src/${to}/there.ts`]: target,
      [`src/${from}/here.ts`]: valueOf(pathTo(from, to)),
    });
    expect(said).toContain(`src/${from}/here.ts`);
    expect(said).toContain('no-restricted-imports');
  });

  it.each([
    ['batch', 'evaluation'],
    ['workers', 'evaluation'],
    ['scorers', 'evaluation'],
    ['cache', 'foundation'],
    ['batch', 'statistics'],
    ['report', 'stores'],
    ['testing', 'stores'],
    ['client', 'client/call'],
    ['client/call', 'client/balancing'],
    ['stores/sqlite', 'stores'],
    ['decisions/sequential', 'statistics'],
  ])('src/%s may use src/%s', async (from, to) => {
    const said = await lint({
      [`src/${to}/there.ts`]: target,
      [`src/${from}/here.ts`]: valueOf(pathTo(from, to)),
    });
    expect(said).toBe('');
  });

  it.each([
    ['batch', 'stores'],
    ['stores', 'evaluation'],
    ['monitor', 'client'],
    ['telemetry', 'batch'],
    ['statistics', 'evaluation'],
    ['client/balancing', 'client'],
    ['monitor/terminal', 'batch'],
  ])('src/%s may take types from src/%s', async (from, to) => {
    const said = await lint({
      [`src/${to}/there.ts`]: target,
      [`src/${from}/here.ts`]: typeOf(pathTo(from, to)),
    });
    expect(said).toBe('');
  });

  it('no room has time or chance of its own, but those that are handed in', async () => {
    const text = 'export const here = [Date.now(), performance.now(), Math.random()];\n';
    const said = await lint({ 'src/batch/here.ts': text, 'src/foundation/clock.ts': text });
    expect(said.match(/no-restricted-properties/g)).toHaveLength(3);
    expect(said).not.toContain('foundation/clock.ts');
  });

  it.each([
    "import { readFileSync } from 'node:fs';\nexport const here = readFileSync;\n",
    "import { request } from 'undici';\nexport const here = request;\n",
    'export const here = Date.now();\n',
    'export const here = performance.now();\n',
    'export const here = Math.random();\n',
    'export const here = setTimeout(() => undefined, 1);\n',
  ])('src/client/balancing has no HTTP, clock or chance of its own: %j', async (text) => {
    expect(await lint({ 'src/client/balancing/here.ts': text })).toContain('no-restricted-');
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

/** What stands in the table for a room. */
interface Room {
  readonly values: readonly string[];
  readonly types: readonly string[];
}

/** One import of a file, dynamic ones and those within types included. */
interface Arrow {
  readonly file: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const isTypeOnly = (node: ts.ImportDeclaration | ts.ExportDeclaration): boolean => {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  const bindings = node.importClause?.namedBindings;
  if (node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  return (
    bindings !== undefined &&
    ts.isNamedImports(bindings) &&
    node.importClause?.name === undefined &&
    bindings.elements.every((element) => element.isTypeOnly)
  );
};

/** Every import within the package, resolved to paths below `src`. */
function arrowsOf(file: string): Arrow[] {
  const arrows: Arrow[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean): void => {
    if (specifier === undefined || !ts.isStringLiteral(specifier) || !specifier.text.startsWith('.')) return;
    arrows.push({ file, to: posix.join(posix.dirname(file), specifier.text), typeOnly });
  };
  const walk = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, isTypeOnly(node));
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal, true);
    }
    ts.forEachChild(node, walk);
  };
  walk(
    ts.createSourceFile(file, readFileSync(join(root, 'src', file), 'utf8'), ts.ScriptTarget.ES2023, true),
  );
  return arrows;
}

describe('the table of rooms', () => {
  const rooms = JSON.parse(readFileSync(join(root, 'scripts/rooms.json'), 'utf8')) as Record<string, Room>;
  const order = Object.keys(rooms);
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.replaceAll('\\', '/'));
  const inRooms = sources.filter((file) => file.includes('/'));

  it('has an entry for every folder of src', () => {
    expect(inRooms.map((file) => posix.dirname(file)).filter((folder) => !order.includes(folder))).toEqual(
      [],
    );
  });

  it('lets every arrow run down: a room knows only rooms that stand before it', () => {
    const houseOf = (room: string): string => room.split('/')[0]!;
    const upward = order.flatMap((room, at) =>
      [...rooms[room]!.values, ...rooms[room]!.types]
        // A room within a room and the room around it are one house.
        .filter((known) => !room.startsWith(`${known}/`) && !known.startsWith(`${room}/`))
        // Types between rooms of one house are free: no value depends on them.
        .filter((known) => !(houseOf(known) === houseOf(room) && !rooms[room]!.values.includes(known)))
        .filter((known) => order.indexOf(known) > at || !order.includes(known))
        .map((known) => `${room} -> ${known}`),
    );
    expect(upward).toEqual([]);
  });

  it('is kept by every import of every file, dynamic ones too', () => {
    const wrong = inRooms.flatMap(arrowsOf).filter(({ file, to, typeOnly }) => {
      if (to === 'errors.js') return false;
      const [from, target] = [posix.dirname(file), posix.dirname(to)];
      const { values, types } = rooms[from]!;
      return from !== target && !values.includes(target) && !(typeOnly && types.includes(target));
    });
    expect(wrong).toEqual([]);
  });

  it('is what the linter holds the rooms to', async () => {
    await run(process.execPath, [join(root, 'scripts/lint-rooms.mjs'), '--check'], { cwd: root });
  });
});
