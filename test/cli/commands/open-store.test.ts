import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommandLine, jsonLines, sampleEval } from '../../support/command-line.js';

describe('the store that a name means', () => {
  let folder: CommandLine;
  beforeAll(async () => {
    folder = await CommandLine.create();
    await folder.write('eval.mjs', sampleEval());
  });
  afterAll(() => folder.remove());
  const run = (store: string): Promise<{ readonly status: number }> =>
    folder.run('run', 'eval.mjs', '--run-id', 'one', '--quiet', '--store', store);

  it('is a database by its ending or its contents, else a folder', async () => {
    expect((await run('a.sqlite')).status).toBe(0);
    expect((await run('b/c/d')).status).toBe(0);
    await folder.shell('cp a.sqlite renamed');
    for (const store of ['a.sqlite', 'b/c/d', 'renamed']) {
      const { stdout } = await folder.run('runs', '--store', store, '--json');
      expect(jsonLines(stdout)).toMatchObject([{ runId: 'one' }]);
    }
  });

  it('may be a folder with a file for each result', async () => {
    const layout = "new GzipFileResultStore('single', { layout: 'file-per-result' })";
    const text = sampleEval({ members: `store: ${layout},` }).replace(
      'import {',
      'import { GzipFileResultStore,',
    );
    await folder.write('single.mjs', text);
    expect((await folder.run('run', 'single.mjs', '--run-id', 'one', '--quiet')).status).toBe(0);
    const { stdout } = await folder.run('show', 'one', 'c3', '--store', 'single', '--json');
    expect(jsonLines(stdout)).toMatchObject([{ caseId: 'c3', outcome: 'scored' }]);
  });

  it('is not made by looking for it', async () => {
    for (const store of ['nowhere', 'nowhere.db']) {
      const { status, stderr } = await folder.run('runs', '--store', store);
      expect(status).toBe(66);
      expect(stderr).toBe(
        `assaykit: No store at "${store}": name one by --store, or make one by \`assaykit run\`\n`,
      );
      expect((await folder.shell(`ls ${store}`)).status).not.toBe(0);
    }
  });

  it('is refused when something else is there', async () => {
    await mkdir(join(folder.path, 'folder.db'));
    await folder.write('text', 'no results');
    await folder.write('text.db', 'no database');
    for (const [store, found] of [
      ['folder.db', 'a folder'],
      ['text', 'another file'],
      ['text.db', 'another file'],
    ] as const) {
      const [read, write] = [await folder.run('runs', '-s', store), await run(store)];
      expect([read.status, write.status]).toEqual([74, 74]);
      expect(read.stderr).toContain(`found ${found}`);
    }
  });
});
