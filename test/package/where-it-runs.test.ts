import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(resolve(root, 'docs/where-it-runs.md'), 'utf8');
const fromScripts = async (file: string): Promise<Record<string, object>> =>
  (await import(pathToFileURL(resolve(root, 'scripts/places', file)).href)) as Record<string, object>;

/** Cells of the table below a heading, row by row. */
function tableOf(heading: string): string[][] {
  const [, section = ''] = page.split(`## ${heading}\n`);
  return section
    .split('\n## ')[0]!
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));
}

describe('the page of where the package runs', () => {
  let features: readonly string[] = [];
  let bundlers: readonly string[] = [];
  beforeAll(async () => {
    features = (await fromScripts('host.mjs'))['FEATURES'] as string[];
    bundlers = Object.keys((await fromScripts('bundlers.mjs'))['BUNDLERS']!);
  });

  it.each([
    ['Runtimes', 5],
    ['Bundles for a server', 6],
    ['Next.js', 6],
  ])('%s: each feature works, falls back or is refused by name', (heading, columns) => {
    const [head = [], , ...rows] = tableOf(heading);
    expect(head).toHaveLength(columns + 1);
    expect(rows).toHaveLength(features.length);
    for (const [feature, ...cells] of rows) {
      expect([feature, cells.length]).toEqual([feature, columns]);
      for (const cell of cells) expect(['works', 'falls back', 'refused by name']).toContain(cell);
    }
  });

  it('knows the oldest Node that the package takes, every bundler of the tests, and no feature that fails all over', () => {
    expect(tableOf('Runtimes')[0]).toContainEqual(expect.stringMatching(/^Node 20\.19\./));
    expect(tableOf('Bundles for a server')[0]).toEqual(expect.arrayContaining([...bundlers]));
    for (const [, onNode] of tableOf('Runtimes').slice(2)) expect(onNode).toBe('works');
  });

  it('compiles by each compiler, however modules are found', () => {
    const rows = tableOf('TypeScript').slice(2);
    expect(rows.map(([compiler]) => compiler?.split('.')[0])).toEqual(['TypeScript 5', 'TypeScript 7']);
    for (const [, ...cells] of rows) expect(cells).toEqual(['compiles', 'compiles', 'compiles']);
  });
});
