import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { temporaryFolders } from './temporary-folder.js';

/** Stores one result in each store that has a thread, and prints what it reads back. */
const program = (folder: string): string => `
  const { manifestOf } = await import('./dist/testing/store-contract-fixtures.js');
  const { GzipFileResultStore } = await import('./dist/stores/gzip/gzip-file-result-store.js');
  const { SqliteResultStore } = await import('./dist/stores/sqlite/sqlite-result-store.js');
  const { scoredResult } = await import('./dist/testing/sample-results.js');
  const folder = ${JSON.stringify(folder)};
  for (const store of [
    new GzipFileResultStore(folder + '/results'),
    new SqliteResultStore(folder + '/results.db', { thread: 'worker' }),
  ]) {
    await store.begin(manifestOf('run'));
    await store.append([scoredResult()]);
    for await (const result of store.query()) console.log(result.caseId);
    await store.close();
  }`;

/** Node's permission model, under the name that this version has for it; without `--allow-worker` no thread starts. */
const permission =
  Number.parseInt(process.versions.node, 10) < 24 ? '--experimental-permission' : '--permission';

describe('the threads of stores', () => {
  const newFolder = temporaryFolders();
  const run = (flags: readonly string[], code: string): { stdout: string; status: number | null } => {
    const { stdout, status } = spawnSync(process.execPath, [...flags, '--input-type=module', '-e', code], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    return { stdout, status };
  };

  for (const flag of ['--max-old-space-size=512', '--expose-gc', '--title=host', '--enable-source-maps']) {
    it(`start in a host that was started with ${flag}`, () => {
      expect(run([flag], program(newFolder()))).toEqual({ stdout: 'case\ncase\n', status: 0 });
    });
  }

  it("are done without where Node's permission model forbids threads, and so is every sync that nothing was promised by", () => {
    const flags = [permission, '--allow-fs-read=*', '--allow-fs-write=*', '--allow-addons'];
    expect(run(flags, program(newFolder()))).toEqual({ stdout: 'case\ncase\n', status: 0 });
  });

  it('find their driver when the folder that the host runs in is gone', () => {
    const folder = newFolder();
    const gone = join(folder, 'gone');
    mkdirSync(gone);
    const code = program(folder).replaceAll("'./dist/", `'${pathToFileURL(resolve('dist')).href}/`);
    const script = join(folder, 'host.mjs');
    writeFileSync(
      script,
      `process.chdir(${JSON.stringify(gone)}); (await import('node:fs')).rmdirSync('../gone');${code}`,
    );
    const { stdout, status } = spawnSync(process.execPath, [script], { encoding: 'utf8', timeout: 30_000 });
    expect({ stdout, status }).toEqual({ stdout: 'case\ncase\n', status: 0 });
  });
});
