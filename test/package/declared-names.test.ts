import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/** Paths below a folder of the project that end as asked, relative to the project. */
function filesIn(folder: string, end: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(end) && !name.startsWith('api/'))
    .map((name) => `${folder}/${name}`);
}

const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Calls `visit` on every node of a file. */
function walk(path: string, visit: (node: ts.Node) => void): void {
  const step = (node: ts.Node): void => {
    visit(node);
    ts.forEachChild(node, step);
  };
  step(ts.createSourceFile(path, textOf(path), ts.ScriptTarget.ES2023, true));
}

const declaredEvents = new Map<string, string>();
const emittedNames = new Set<string>();
const memberNames = new Set<string>();
for (const path of filesIn('src', '.ts')) {
  walk(path, (node) => {
    if (ts.isInterfaceDeclaration(node)) {
      const isEventMap =
        node.name.text === 'BaseEventMap' ||
        (node.heritageClauses?.some((clause) => clause.getText().includes('BaseEventMap')) ?? false);
      for (const member of node.members) {
        if (member.name === undefined || !ts.isPropertySignature(member)) continue;
        const name = ts.isStringLiteral(member.name) ? member.name.text : member.name.getText();
        memberNames.add(name);
        if (isEventMap) declaredEvents.set(name, `${path} ${node.name.text}`);
      }
    } else if (ts.isArrayLiteralExpression(node)) {
      for (const element of node.elements) walkLiterals(element, (text) => emittedNames.add(text)); // [name, payload]
    } else if (ts.isCallExpression(node)) {
      for (const argument of node.arguments) {
        walkLiterals(argument, (text) => emittedNames.add(text));
      }
    }
  });
}

/** The string literals that an argument may stand for: a literal, or the branches of a condition. */
function walkLiterals(node: ts.Node, found: (text: string) => void): void {
  if (ts.isStringLiteral(node)) found(node.text);
  else if (ts.isConditionalExpression(node)) {
    walkLiterals(node.whenTrue, found);
    walkLiterals(node.whenFalse, found);
  }
}

const pages = ['README.md', ...filesIn('docs', '.md')];

describe('names that the package declares', () => {
  it('has event maps', () => {
    expect(declaredEvents.size).toBeGreaterThan(20);
  });

  it('every declared event is emitted', () => {
    const silent = [...declaredEvents].filter(([name]) => !emittedNames.has(name));
    expect(silent).toEqual([]);
  });

  it('every declared event is listened for in a test', () => {
    const tests = filesIn('test', '.ts')
      .filter((path) => !path.startsWith('test/package/'))
      .map(textOf)
      .join('\n');
    const untested = [...declaredEvents].filter(([name]) => !tests.includes(`'${name}'`));
    expect(untested).toEqual([]);
  });

  it('every declared error code is thrown somewhere, and every one that the docs name is declared', () => {
    const declaration = textOf('src/errors.ts');
    const declared = new Set([...declaration.matchAll(/'(ASSAY_[A-Z_]+)'/g)].map(([, code = '']) => code));
    const sources = filesIn('src', '.ts')
      .map((path) =>
        path === 'src/errors.ts' ? declaration.slice(declaration.indexOf('interface')) : textOf(path),
      )
      .join('\n');
    expect([...declared].filter((code) => !sources.includes(`'${code}'`))).toEqual([]);
    const unknown = pages.flatMap((page) =>
      [...textOf(page).matchAll(/\b(ASSAY_[A-Z_]+)\b/g)]
        .map(([, code = '']) => code)
        .filter((code) => !declared.has(code) && !code.endsWith('_'))
        .map((code) => `${page}: ${code}`),
    );
    expect(unknown).toEqual([]);
  });

  it('every declared error code is explained', () => {
    const declared = [...textOf('src/errors.ts').matchAll(/'(ASSAY_[A-Z_]+)'/g)].map(([, code = '']) => code);
    const explained = textOf('docs/error-codes.md');
    expect(declared.length).toBeGreaterThan(40);
    expect(declared.filter((code) => !explained.includes(`| \`${code}\``))).toEqual([]);
  });

  it('every event that README and docs name exists', () => {
    const nouns = new Set([...declaredEvents.keys()].map((name) => name.split(':')[0]));
    const unknown: string[] = [];
    for (const page of pages) {
      for (const [, name = ''] of textOf(page).matchAll(/`([a-z]+(?:-[a-z]+)*:[a-z]+(?:-[a-z]+)*)`/g)) {
        if (nouns.has(name.split(':')[0]) && !declaredEvents.has(name)) unknown.push(`${page}: ${name}`);
      }
    }
    expect(unknown).toEqual([]);
  });

  it('every option in a table of options exists', () => {
    const unknown: string[] = [];
    for (const page of pages) {
      let inOptions = false;
      for (const line of textOf(page).split('\n')) {
        if (!line.startsWith('|')) inOptions = false;
        else if (/^\|\s*options?\s*\|/i.test(line)) inOptions = true;
        else if (inOptions) {
          for (const [, name = ''] of (line.split('|')[1] ?? '').matchAll(/`([A-Za-z]+)`/g)) {
            if (!memberNames.has(name)) unknown.push(`${page}: ${name}`);
          }
        }
      }
    }
    expect(unknown).toEqual([]);
  });
});
