import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CaseResult } from '../../src/evaluation/evaluation-types.js';
import { GzipFileResultStore } from '../../src/stores/gzip/gzip-file-result-store.js';
import type { ResultStore } from '../../src/stores/result-store.js';
import { openDatabase } from '../../src/stores/sqlite/sqlite-driver.js';
import { SqliteResultStore } from '../../src/stores/sqlite/sqlite-result-store.js';
import { scoredResult } from '../../src/testing/sample-results.js';
import { temporaryFolders } from '../stores/temporary-folder.js';
import { runChild, startChild, type ChildMessage, type ChildSettings } from './store-child.js';

const kinds = ['gzip', 'sqlite'] as const;
const canLimit = ((): boolean => {
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // not Linux
  }
})();

const pathOf = (kind: 'gzip' | 'sqlite', folder: string): string =>
  kind === 'gzip' ? join(folder, 'results') : join(folder, 'results.db');
const openStore = (kind: 'gzip' | 'sqlite', path: string): ResultStore =>
  kind === 'gzip' ? new GzipFileResultStore(path) : new SqliteResultStore(path);

async function idsIn(kind: 'gzip' | 'sqlite', path: string): Promise<string[]> {
  const store = openStore(kind, path);
  const ids: string[] = [];
  for await (const result of store.query()) ids.push(result.caseId);
  await store.close();
  return ids;
}

const acknowledgedIds = (messages: readonly ChildMessage[], size: number): string[] =>
  messages
    .filter((message) => message.acknowledged !== undefined)
    .flatMap(({ acknowledged }) => Array.from({ length: size }, (_, i) => `case-${acknowledged}-${i}`));

describe.skipIf(!canLimit)('a full disk (limit of file size)', () => {
  const newFolder = temporaryFolders();

  for (const kind of kinds) {
    for (const durability of ['process', 'power']) {
      it(`stops acknowledging and stays readable: ${kind}, ${durability}`, async () => {
        const settings: ChildSettings = {
          kind,
          path: pathOf(kind, newFolder()),
          options: { durability, ...(kind === 'gzip' ? { level: 1 } : {}) },
          batches: 400,
          size: 100,
        };
        const messages = await runChild(settings, { fileBytes: kind === 'gzip' ? 20_000 : 600_000 });
        const failed = messages.find((message) => message.failed !== undefined);
        expect(failed).toMatchObject({ code: 'ASSAY_STORE_FAILED', retryable: true });
        expect(messages.filter((message) => message.event === 'store:error')).toHaveLength(1);
        const safe = acknowledgedIds(messages, 100);
        expect(safe.length).toBeGreaterThan(0);
        expect(messages.find((message) => message.readable !== undefined)?.readable).toBe(safe.length);
        expect(messages.at(-1)).toEqual({ closed: true });
        expect(await idsIn(kind, settings.path)).toEqual(safe);
      });
    }

    it(`goes on when space returns: ${kind}`, async () => {
      const settings: ChildSettings = {
        kind,
        path: pathOf(kind, newFolder()),
        batches: 60,
        size: 100,
        unlimit: true,
      };
      const messages = await runChild(settings, { fileBytes: kind === 'gzip' ? 20_000 : 600_000 });
      expect(messages.filter((message) => message.failed !== undefined)).toHaveLength(1);
      const safe = acknowledgedIds(messages, 100);
      expect(safe).toHaveLength(6_000);
      expect(await idsIn(kind, settings.path)).toEqual(safe);
    });
  }
});

describe.skipIf(process.getuid?.() !== 0)('a folder that may not be written', () => {
  const newFolder = temporaryFolders();
  const NOBODY = 65_534;

  for (const kind of kinds) {
    it(`is a clear error: ${kind}`, async () => {
      const folder = newFolder();
      chmodSync(folder, 0o755);
      const messages = await runChild({ kind, path: pathOf(kind, folder) }, { uid: NOBODY });
      expect(messages[1]).toMatchObject({ failed: 0, code: 'ASSAY_STORE_FAILED', retryable: false });
      expect(messages[1]?.message).toContain(folder);
      expect(readdirSync(folder)).toEqual([]);
    });
  }

  it('lets a gzip store be read', async () => {
    const folder = newFolder();
    const path = pathOf('gzip', folder);
    const store = new GzipFileResultStore(path, { fileMode: 0o644 });
    await store.append([scoredResult()]);
    await store.close();
    chmodSync(folder, 0o755);
    chmodSync(path, 0o555);
    const messages = await runChild({ kind: 'gzip', path, batches: 0 }, { uid: NOBODY });
    expect(messages).toEqual([{ readable: 1 }, { closed: true }]);
  });
});

describe.skipIf(process.getuid?.() !== 0)('a database that is read-only', () => {
  const newFolder = temporaryFolders();

  it('is read by whoever may not write it', async () => {
    const folder = newFolder();
    const path = pathOf('sqlite', folder);
    const store = new SqliteResultStore(path, { fileMode: 0o644 });
    await store.append([scoredResult()]);
    await store.close();
    chmodSync(path, 0o444);
    chmodSync(folder, 0o555);
    const messages = await runChild({ kind: 'sqlite', path, batches: 0 }, { uid: 65_534 });
    expect(messages).toEqual([{ readable: 1 }, { closed: true }]);
  });
});

describe('a file that is removed under the store', () => {
  const newFolder = temporaryFolders();
  const batch = (number: number): CaseResult[] => [scoredResult({ caseId: `${number}`, startedAt: number })];

  for (const kind of kinds) {
    it(`is noticed before anything more is acknowledged: ${kind}`, async () => {
      const path = pathOf(kind, newFolder());
      const store = openStore(kind, path);
      await store.append(batch(0));
      if (kind === 'sqlite') rmSync(path);
      else {
        for (const name of readdirSync(path)) if (name.startsWith('results-')) rmSync(join(path, name));
      }
      for (let time = 0; time < 2; time++) {
        await expect(store.append(batch(1))).rejects.toMatchObject({
          code: 'ASSAY_STORE_FAILED',
          message: expect.stringContaining('removed') as string,
        });
      }
      await store.close();
      expect(await idsIn(kind, path)).toEqual([]);
      const another = openStore(kind, path);
      await another.append(batch(1));
      await another.close();
      expect(await idsIn(kind, path)).toEqual(['1']);
    });
  }

  it('is noticed when another file takes its place: sqlite', async () => {
    const folder = newFolder();
    const path = pathOf('sqlite', folder);
    const store = new SqliteResultStore(path);
    await store.append(batch(0));
    copyFileSync(path, `${path}.copy`);
    rmSync(path);
    copyFileSync(`${path}.copy`, path);
    await expect(store.append(batch(1))).rejects.toMatchObject({ code: 'ASSAY_STORE_FAILED' });
    await store.close();
  });
});

describe('a database that is locked', () => {
  const newFolder = temporaryFolders();

  for (const thread of ['main', 'worker'] as const) {
    it(`is waited for without holding up the event loop, then refused: ${thread}`, async () => {
      const path = join(newFolder(), 'results.db');
      const store = new SqliteResultStore(path, { lockTimeoutMs: 300, thread });
      await store.append([scoredResult({ caseId: 'first' })]);
      const other = await openDatabase(path, { driver: 'auto' });
      other.exec('BEGIN IMMEDIATE');
      let turns = 0;
      const ticking = setInterval(() => (turns += 1), 5);
      const errors: unknown[] = [];
      store.on('store:error', ({ error }) => errors.push(error));
      await expect(store.append([scoredResult({ caseId: 'second' })])).rejects.toMatchObject({
        code: 'ASSAY_STORE_LOCKED',
        retryable: true,
      });
      clearInterval(ticking);
      expect(turns).toBeGreaterThan(5);
      expect(errors).toHaveLength(1);
      other.exec('COMMIT');
      other.close();
      await store.append([scoredResult({ caseId: 'second' })]);
      await store.close();
      expect(await idsIn('sqlite', path)).toEqual(['first', 'second']);
    });
  }

  it('is had when the lock is given back in time', async () => {
    const path = join(newFolder(), 'results.db');
    const store = new SqliteResultStore(path);
    await store.append([scoredResult({ caseId: 'first' })]);
    const other = await openDatabase(path, { driver: 'auto' });
    other.exec('BEGIN IMMEDIATE');
    const waiting = store.append([scoredResult({ caseId: 'second' })]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    other.exec('COMMIT');
    other.close();
    await waiting;
    await store.close();
  });
});

describe('two processes', () => {
  const newFolder = temporaryFolders();

  it('write one database side by side, whichever thread they use', async () => {
    const path = join(newFolder(), 'results.db');
    const common = { kind: 'sqlite', path, batches: 40, size: 25 } as const;
    const said = await Promise.all([
      runChild({ ...common, name: 'a' }),
      runChild({ ...common, name: 'b', singles: true }),
      runChild({ ...common, name: 'c', options: { thread: 'worker' } }),
    ]);
    for (const messages of said) {
      expect(messages.filter((message) => message.failed !== undefined)).toEqual([]);
      expect(messages.at(-1)).toEqual({ closed: true });
    }
    expect(new Set(await idsIn('sqlite', path)).size).toBe(3_000);
    const database = await openDatabase(path, { driver: 'auto' });
    expect(Object.values(database.prepare('PRAGMA integrity_check').get() as object)).toEqual(['ok']);
    database.close();
  });

  it('do not write one gzip folder', async () => {
    const path = join(newFolder(), 'results');
    const store = new GzipFileResultStore(path);
    await store.append([scoredResult({ caseId: 'mine' })]);
    const messages = await runChild({ kind: 'gzip', path });
    expect(messages[1]).toMatchObject({ failed: 0, code: 'ASSAY_STORE_LOCKED', retryable: true });
    expect(messages[2]).toEqual({ readable: 1 });
    await store.close();
    const after = await runChild({ kind: 'gzip', path });
    expect(after.filter((message) => message.acknowledged !== undefined)).toHaveLength(10);
  });
});

describe('a process that is killed', () => {
  const newFolder = temporaryFolders();

  for (const settings of [
    { kind: 'gzip' },
    { kind: 'gzip', singles: true },
    { kind: 'sqlite' },
    { kind: 'sqlite', options: { thread: 'worker' } },
  ] as const) {
    it(`has lost nothing that was acknowledged, and holds no lock: ${JSON.stringify(settings)}`, async () => {
      const folder = newFolder();
      mkdirSync(folder, { recursive: true });
      const path = pathOf(settings.kind, folder);
      for (let round = 0; round < 3; round++) {
        const { child, seen, exited } = startChild({ ...settings, path, batches: 100_000, size: 40 });
        while (seen.length < 10 + 7 * round) await new Promise((resolve) => setTimeout(resolve, 2));
        child.kill('SIGKILL');
        await exited;
        const stored = await idsIn(settings.kind, path);
        const missing = acknowledgedIds(seen, 40).filter((id) => !stored.includes(id));
        expect(missing).toEqual([]);
        expect(new Set(stored).size).toBe(stored.length);
        const store = openStore(settings.kind, path);
        await store.append([scoredResult({ caseId: `after ${round}` })]);
        await store.close();
      }
    });
  }
});
