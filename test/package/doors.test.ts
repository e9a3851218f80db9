import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const manifest = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as {
  exports: Record<string, { readonly types: string } | string>;
};
const doors = Object.entries(manifest.exports).flatMap(([door, entry]) =>
  typeof entry === 'string' ? [] : [[door, resolve(root, entry.types)] as const],
);
const program = ts.createProgram(
  doors.map(([, types]) => types),
  { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, strict: true },
);
const checker = program.getTypeChecker();

/** What a door gives, as its declarations say: names of values, and of types alone. */
function namesOf(types: string): { readonly values: string[]; readonly types: string[] } {
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(types)!)!);
  const isValue = (symbol: ts.Symbol): boolean => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    const typeOnly = symbol.declarations?.some(
      (declared) =>
        ts.isExportSpecifier(declared) && (declared.isTypeOnly || declared.parent.parent.isTypeOnly),
    );
    return typeOnly !== true && (target.flags & ts.SymbolFlags.Value) !== 0;
  };
  return {
    values: exported.filter(isValue).map(({ name }) => name),
    types: exported.filter((symbol) => !isValue(symbol)).map(({ name }) => name),
  };
}

describe('the doors of the package', () => {
  it('give few values at the root: what a run needs', () => {
    const { values } = namesOf(resolve(root, 'dist/index.d.ts'));
    expect(values).toEqual(
      expect.arrayContaining(['BatchProcessor', 'compareRuns', 'formatComparison', 'messagesOf']),
    );
    expect(values.length).toBeGreaterThan(40);
    expect(values.length).toBeLessThanOrEqual(95);
  });

  it('load no built-in module at the root that only some hosts need', () => {
    const script = "await import('assaykit'); console.log(process.moduleLoadList.join('\\n'))";
    const loaded = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: root,
      encoding: 'utf8',
    }).split('\n');
    expect(loaded).toContain('NativeModule fs');
    for (const late of ['crypto', 'zlib', 'child_process'])
      expect(loaded).not.toContain(`NativeModule ${late}`); // `src/foundation/late-modules.ts`
  });

  it('give each value through one door only', () => {
    const seen = new Map<string, string[]>();
    for (const [door, types] of doors) {
      for (const name of namesOf(types).values) seen.set(name, [...(seen.get(name) ?? []), door]);
    }
    expect([...seen].filter(([, through]) => through.length > 1)).toEqual([]);
  });

  it('do not give what serves the package itself', () => {
    const inner = (
      'Cancellation CancellableCall SharedNames TextReader WorkerModule WorkerModuleKind PoolTaskOptions midRanks ' +
      'betaCdf betaQuantile studentCdf studentQuantile normalCdf normalQuantile LinkedList TokenBucket checkOptions'
    ).split(' ');
    const given = doors.flatMap(([, types]) => Object.values(namesOf(types)).flat());
    expect(inner.filter((name) => given.includes(name))).toEqual([]);
  });

  it('do not show the inner form of cancellation to a host', () => {
    const exported = checker.getExportsOfModule(
      checker.getSymbolAtLocation(program.getSourceFile(resolve(root, 'dist/index.d.ts'))!)!,
    );
    const callOptions = checker.getAliasedSymbol(exported.find(({ name }) => name === 'CallOptions')!);
    const members = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(callOptions));
    expect(members.map(({ name }) => name).sort()).toEqual(['signal', 'timeoutMs']);
  });
});
