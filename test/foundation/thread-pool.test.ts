import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ThreadPool, ThreadsUnavailable } from '../../src/foundation/thread-pool.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assaykit-threads-'));
  await writeFile(join(folder, 'broken.mjs'), 'this is no JavaScript');
  await writeFile(
    join(folder, 'throws-later.mjs'),
    'setTimeout(() => { throw new Error("later") }); await new Promise(() => {})',
  );
  await writeFile(
    join(folder, 'good.mjs'),
    'export default (task) => { if (task === "die") { setTimeout(() => { throw new Error("dies") }); return new Promise(() => {}); } if (task === "throw") throw new Error("task"); return task + 1; }',
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Vitest fails the run on any uncaught exception, so each of these also shows that there is none. */
describe('threads', () => {
  const poolOf = (name: string): ThreadPool =>
    new ThreadPool({ file: () => pathToFileURL(join(folder, name)) });

  it.each(['missing.mjs', 'broken.mjs', 'throws-later.mjs'])(
    'are unavailable when their file is %s, for every caller',
    async (name) => {
      const pool = poolOf(name);
      const asked = await Promise.allSettled([pool.run(1), pool.run(2), pool.run(3)]);
      for (const each of asked) {
        expect(each.status === 'rejected' && (each.reason as Error)).toBeInstanceOf(ThreadsUnavailable);
      }
      await pool.close();
    },
  );

  it('are unavailable where no URL can be made, as in a bundle to CommonJS', async () => {
    const pool = new ThreadPool({ file: () => new URL('./x.js', '') });
    await expect(pool.run(1)).rejects.toBeInstanceOf(ThreadsUnavailable);
    await pool.close();
  });

  it('reject one task when a thread dies at it, and do the next', async () => {
    const pool = poolOf('good.mjs');
    expect(await pool.run(1)).toBe(2);
    await expect(pool.run('throw')).rejects.toThrow('task');
    await expect(pool.run('die')).rejects.not.toBeInstanceOf(ThreadsUnavailable);
    expect(await pool.run(2)).toBe(3);
    await pool.close();
  });
});
