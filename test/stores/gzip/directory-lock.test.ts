import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/foundation/clock.js';
import { DirectoryLock } from '../../../src/stores/gzip/directory-lock.js';
import { failAt, faultyFileSystem } from '../../../src/testing/faults.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { temporaryFolders } from '../temporary-folder.js';

describe('DirectoryLock', () => {
  const newFolder = temporaryFolders();
  const put = (folder: string, holder: unknown): string => {
    const path = join(folder, 'other.writer-lock');
    writeFileSync(path, typeof holder === 'string' ? holder : JSON.stringify(holder));
    return path;
  };
  const deadPid = (): number => spawnSync(process.execPath, ['-e', '']).pid;

  it('is held by one writer at a time', async () => {
    const folder = join(newFolder(), 'made', 'on', 'the', 'way');
    const first = await DirectoryLock.take(folder, systemClock);
    await expect(DirectoryLock.take(folder, systemClock)).rejects.toMatchObject({
      code: 'ASSAY_STORE_LOCKED',
      retryable: true,
      message: expect.stringContaining(`process ${process.pid} on ${hostname()}`) as string,
    });
    await first.release();
    const second = await DirectoryLock.take(folder, systemClock);
    await second.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is never held by two of many that want it at once', async () => {
    const folder = newFolder();
    for (let round = 0; round < 10; round++) {
      const taken = await Promise.allSettled(
        Array.from({ length: 6 }, () => DirectoryLock.take(folder, systemClock)),
      );
      const held = taken.filter((each) => each.status === 'fulfilled');
      expect(held.length).toBeLessThanOrEqual(1);
      for (const each of held) await each.value.release();
    }
  });

  it('is taken over from a process that is dead', async () => {
    const folder = newFolder();
    put(folder, { pid: deadPid(), host: hostname(), processStart: null });
    const lock = await DirectoryLock.take(folder, systemClock);
    expect(readdirSync(folder)).toHaveLength(1);
    await lock.release();
  });

  it.runIf(process.platform === 'linux')(
    'is taken over when its number belongs to a later process',
    async () => {
      const folder = newFolder();
      put(folder, { pid: process.pid, host: hostname(), processStart: '1' });
      await (await DirectoryLock.take(folder, systemClock)).release();
    },
  );

  it('is held by a process of its number that does not say when it began, while the time stamp is young', async () => {
    const folder = newFolder();
    const path = put(folder, { pid: process.pid, host: hostname(), processStart: null });
    await expect(DirectoryLock.take(folder, systemClock)).rejects.toMatchObject({
      code: 'ASSAY_STORE_LOCKED',
    });
    const old = Date.now() / 1000 - 61;
    utimesSync(path, old, old);
    await (await DirectoryLock.take(folder, systemClock)).release();
  });

  it.runIf(process.platform === 'linux')(
    'is taken over from a zombie, which nobody may ever clear away',
    async () => {
      const folder = newFolder();
      // `sleep` has taken the shell's place and knows nothing of the child.
      const parent = spawn('sh', ['-c', 'sleep 0.01 & echo $!; exec sleep 60'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      try {
        const [line] = (await once(parent.stdout, 'data')) as [Buffer];
        const pid = Number(line);
        const fields = (): string[] =>
          readFileSync(`/proc/${pid}/stat`, 'utf8')
            .replace(/^.*\) /, '')
            .split(' ');
        put(folder, { pid, host: hostname(), processStart: fields()[19] });
        await expect.poll(() => fields()[0]).toBe('Z');
        await (await DirectoryLock.take(folder, systemClock)).release();
      } finally {
        parent.kill('SIGKILL');
      }
    },
  );

  it('leaves nothing behind when it cannot be put down', async () => {
    const folder = newFolder();
    for (const operation of ['create', 'write', 'rename'] as const) {
      const files = faultyFileSystem(failAt(1, { fault: 'torn', operations: [operation] }));
      await expect(DirectoryLock.take(folder, systemClock, files)).rejects.toMatchObject({ code: 'ENOSPC' });
      expect(readdirSync(folder)).toEqual([]);
    }
    await (await DirectoryLock.take(folder, systemClock)).release();
  });

  it('clears away what a process that died while putting it down has left', async () => {
    const folder = newFolder();
    const path = join(folder, 'other.writer-lock.tmp');
    writeFileSync(path, '{"pid": 12');
    await (await DirectoryLock.take(folder, systemClock)).release();
    expect(readdirSync(folder)).toHaveLength(1);
    const old = Date.now() / 1000 - 61;
    utimesSync(path, old, old);
    await (await DirectoryLock.take(folder, systemClock)).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is not taken over from another machine while its time stamp is young', async () => {
    const folder = newFolder();
    const path = put(folder, { pid: deadPid(), host: 'elsewhere', processStart: null });
    await expect(DirectoryLock.take(folder, systemClock)).rejects.toMatchObject({
      code: 'ASSAY_STORE_LOCKED',
    });
    const old = Date.now() / 1000 - 61;
    utimesSync(path, old, old);
    await (await DirectoryLock.take(folder, systemClock)).release();
  });

  it('renews its time stamp while it is held', async () => {
    const folder = newFolder();
    const clock = new ManualClock(2_000_000_000_000);
    const lock = await DirectoryLock.take(folder, clock);
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(16_000);
    const [name] = readdirSync(folder);
    await expect.poll(() => statSync(join(folder, name as string)).mtimeMs).toBe(2_000_000_015_000);
    await lock.release();
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not trust a lock that cannot be read, until it is old', async () => {
    const folder = newFolder();
    const path = put(folder, '{"pid": 12');
    await expect(DirectoryLock.take(folder, systemClock)).rejects.toMatchObject({
      code: 'ASSAY_STORE_LOCKED',
    });
    const old = Date.now() / 1000 - 61;
    utimesSync(path, old, old);
    await (await DirectoryLock.take(folder, systemClock)).release();
  });

  it('can be released when its folder is gone', async () => {
    const folder = join(newFolder(), 'gone');
    mkdirSync(folder);
    const lock = await DirectoryLock.take(folder, systemClock);
    rmSync(folder, { recursive: true });
    await lock.release();
  });
});
