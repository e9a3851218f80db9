import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

/** The package as a bundler leaves it that forgets the files of threads. */
async function withoutWorkerFiles(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'assaykit-fallback-'));
  await cp(resolve('dist'), join(folder, 'dist'), { recursive: true });
  await cp(resolve('package.json'), join(folder, 'package.json'));
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  for (const file of [
    'stores/gzip/gzip-worker',
    'stores/sqlite/sqlite-worker',
    'statistics/bootstrap-worker',
  ]) {
    await rm(join(folder, 'dist', `${file}.js`));
  }
  return folder;
}

it('does the work of threads whose files are missing without them, says so once, and the host ends by itself', async () => {
  const folder = await withoutWorkerFiles();
  const script = `
    const { BatchProcessor, GzipFileResultStore, createEvaluator, exactMatch } = await import('./dist/index.js');
    const { SqliteResultStore } = await import('./dist/sqlite.js');
    const { bootstrap } = await import('./dist/statistics.js');
    const evaluator = createEvaluator({ name: 'e', version: '1', dimensions: { accuracy: exactMatch() } });
    const told = {};
    for (const [name, store] of [
      ['gzip', new GzipFileResultStore('shards')],
      ['sqlite', new SqliteResultStore('results.db', { thread: 'worker' })],
    ]) {
      told[name] = [];
      store.on('worker:fallback', ({ worker, message }) => told[name].push([worker, message.includes('keep assaykit external')]));
      const processor = new BatchProcessor({ target: (input) => input, evaluator, store, batchSize: 2 });
      const cases = Array.from({ length: 10 }, (_, i) => ({ id: 'c' + i, input: 'x', expected: 'x' }));
      const summary = await processor.run(cases);
      let stored = 0;
      for await (const _ of store.query({})) stored++;
      told[name].push(summary.scored, stored);
      await processor.close();
      await store.close();
    }
    const values = Array.from({ length: 40 }, (_, i) => i / 40);
    const heard = [];
    const there = await bootstrap(values, { threads: 2, seed: 7, onFallback: ({ worker }) => heard.push(worker) });
    const here = await bootstrap(values, { threads: 'inline', seed: 7 });
    told.bootstrap = [heard, JSON.stringify(there) === JSON.stringify(here)];
    console.log(JSON.stringify(told));
  `;
  try {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', script],
      { cwd: folder, timeout: 50_000 },
    );
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      gzip: [['gzip', true], 10, 10],
      sqlite: [['sqlite', true], 10, 10],
      bootstrap: [['bootstrap'], true],
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
