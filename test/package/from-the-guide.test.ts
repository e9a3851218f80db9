import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(resolve(root, 'docs/from-the-guide.md'), 'utf8');
const guide = resolve(root, '../shared/seed.md');

const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (-|guide )/.test(line))
  .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
  .map(([, left = '', here = '', why = '']) => ({ left, here, why }));
const named = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);

/** All sources, and for each exported name where it is declared. */
const sources = new Map(
  (readdirSync(resolve(root, 'src'), { recursive: true }) as string[])
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `src/${file}`)
    .map((file) => [file, readFileSync(resolve(root, file), 'utf8')]),
);
const doors = ['src/index.ts', 'src/sqlite.ts'].map((file) => sources.get(file) ?? '').join('\n');

function declarationOf(name: string): string | undefined {
  const declared = new RegExp(
    `export (?:declare )?(?:abstract )?(?:async )?(?:class|interface|function|const|type) ${name}\\b`,
  );
  for (const text of sources.values()) {
    const found = declared.exec(text);
    if (found === null) continue;
    const end = text.indexOf('\n}\n', found.index);
    const body = text.slice(found.index, end === -1 ? undefined : end);
    const base = /\b(?:extends|=) ([A-Z]\w+)(?:<[^{]*)? ?[{;&]/.exec(body)?.[1];
    const inherited = base === undefined || base === name ? '' : (declarationOf(base) ?? '');
    return body + inherited;
  }
  return undefined;
}

describe('the page from the guide', () => {
  it('has a difference or nothing, and something here, in every row', () => {
    expect(rows.length).toBeGreaterThan(90);
    for (const { left, here } of rows)
      expect([left, here === '–' || named(here).length > 0]).toEqual([left, true]);
  });

  it.each([...new Set(rows.flatMap(({ here }) => named(here)))])('leads to `%s`, which there is', (name) => {
    if (name.endsWith('.mjs')) return expect(existsSync(resolve(root, name))).toBe(true);
    const quoted = /^'([\w-]+)'$/.exec(name)?.[1];
    if (quoted !== undefined) {
      return expect([...sources.values()].some((text) => text.includes(`'${quoted}'`))).toBe(true);
    }
    const [, owner = '', member, event] = /^(\w+)(?:\.(\w+)|\['([\w:]+)'\])?$/.exec(name) ?? [];
    expect(doors).toMatch(new RegExp(`\\b${owner}\\b`));
    const declaration = declarationOf(owner);
    expect(declaration).toBeDefined();
    if (member !== undefined)
      expect(declaration).toMatch(new RegExp(`\\b${member}\\b\\s*[?(:<=]|get ${member}\\(`));
    if (event !== undefined) expect(declaration).toContain(`'${event}'`);
  });

  it.skipIf(!existsSync(guide))('names every class, function, field and setting of the guide', () => {
    const code = readFileSync(guide, 'utf8');
    const left = rows.map((row) => row.left).join('\n');
    const names = new Set<string>();
    for (const [, name] of code.matchAll(/^\s*(?:async )?def (\w+)\(/gm)) names.add(name!);
    for (const [, name] of code.matchAll(/^class (\w+)/gm)) names.add(name!);
    for (const [, name] of code.matchAll(/^\s+"(\w+)": (?:\{|"?\w)/gm)) names.add(name!); // of JSON
    for (const [, name] of code.matchAll(/^    (\w+): (?:str|float|int|AlertSeverity|Callable\b.*)/gm))
      names.add(name!);
    for (const [, name] of code.matchAll(/^\s+self\.(\w+) = /gm)) names.add(name!);
    for (const [, name] of code.matchAll(/^\s+'(\w+)': /gm)) names.add(name!);
    for (const [, name] of code.matchAll(/^\s+(\w+) (?:TEXT|REAL|INTEGER|BOOLEAN|DATETIME)\b/gm))
      names.add(name!);
    for (const [, name] of code.matchAll(/name="(\w+)"/g)) names.add(name!);
    for (const [, name] of code.matchAll(/^(\w+) = (?!\w+\()/gm)) names.add(name!);
    // What every class has, or what only lives between two lines.
    for (const name of ['__init__', 'id', 'conn', 'data']) names.delete(name);
    expect(names.size).toBeGreaterThan(150);
    const missing = [...names].filter((name) => !new RegExp(`\\b${name}\\b`).test(left));
    expect(missing).toEqual([]);
  });
});
