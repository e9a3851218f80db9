import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { temporaryFolders } from './temporary-folder.js';

describe('the threads of stores', () => {
  const newFolder = temporaryFolders();

  for (const flag of ['--max-old-space-size=512', '--expose-gc', '--title=host', '--enable-source-maps']) {
    it(`start in a host that was started with ${flag}`, () => {
      const folder = newFolder();
      const script = `
        const { GzipFileResultStore } = await import('./dist/stores/gzip/gzip-file-result-store.js');
        const { SqliteResultStore } = await import('./dist/stores/sqlite/sqlite-result-store.js');
        const { scoredResult } = await import('./dist/testing/sample-results.js');
        const folder = ${JSON.stringify(folder)};
        for (const store of [
          new GzipFileResultStore(folder + '/results'),
          new SqliteResultStore(folder + '/results.db', { thread: 'worker' }),
        ]) {
          await store.append([scoredResult()]);
          for await (const result of store.query()) console.log(result.caseId);
          await store.close();
        }`;
      const { stdout, status } = spawnSync(process.execPath, [flag, '--input-type=module', '-e', script], {
        encoding: 'utf8',
        timeout: 30_000,
      });
      expect({ stdout, status }).toEqual({ stdout: 'case\ncase\n', status: 0 });
    });
  }
});
