import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/foundation/clock.js';
import { machineTime, type MachineTime } from '../../../src/foundation/machine-time.js';
import { thisProcess } from '../../../src/foundation/process-identity.js';
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
    const first = await DirectoryLock.take(folder, { clock: systemClock });
    await expect(DirectoryLock.take(folder, { clock: systemClock })).rejects.toMatchObject({
      code: 'ASSAY_STORE_LOCKED',
      retryable: true,
      message: expect.stringContaining(`process ${process.pid} on ${hostname()}`) as string,
    });
    await first.release();
    const second = await DirectoryLock.take(folder, { clock: systemClock });
    await second.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is never held by two of many that want it at once', async () => {
    const folder = newFolder();
    for (let round = 0; round < 10; round++) {
      const taken = await Promise.allSettled(
        Array.from({ length: 6 }, () => DirectoryLock.take(folder, { clock: systemClock })),
      );
      const held = taken.filter((each) => each.status === 'fulfilled');
      expect(held.length).toBeLessThanOrEqual(1);
      for (const each of held) await each.value.release();
    }
  });

  it.each([
    [0, 10_000, true],
    [0, 61_000, false],
    [50_000, 61_000, true],
    [50_000, 111_000, false],
  ])(
    'of another container goes by the clock of the machine: taken, a sign after %d ms, and now %d ms',
    async (signMs, nowMs, isHeld) => {
      const folder = newFolder();
      const now = machineTime(systemClock);
      const machine = { ...now, at: now.at - nowMs };
      const holder = { ...thisProcess(), pidNamespace: 'elsewhere', takenAt: Date.now(), machine };
      const path = put(folder, `${JSON.stringify(holder)}\n"run"\n${machine.at + signMs}\n`);
      const stamp = isHeld ? 1 : Date.now() / 1000; // the wall clock was set meanwhile
      utimesSync(path, stamp, stamp);
      const other = DirectoryLock.take(folder, { clock: systemClock });
      await (isHeld
        ? expect(other).rejects.toMatchObject({ code: 'ASSAY_STORE_LOCKED' })
        : other.then((lock) => lock.release()));
    },
  );

  it('gives signs of life by the clock of the machine', async () => {
    const folder = newFolder();
    const clock = new ManualClock();
    const lock = await DirectoryLock.take(folder, { clock });
    const path = join(folder, lock.name);
    await clock.advance(15_000);
    const silence = (): number => {
      const lines = readFileSync(path, 'utf8').trim().split('\n');
      return Number(lines[1]) - (JSON.parse(lines[0]!) as { machine: MachineTime }).machine.at;
    };
    await expect.poll(silence).toBe(15_000);
    await lock.release();
  });

  it('is taken over from a process that is dead', async () => {
    const folder = newFolder();
    put(folder, { pid: deadPid(), host: hostname(), processStart: null });
    const lock = await DirectoryLock.take(folder, { clock: systemClock });
    expect(readdirSync(folder)).toHaveLength(1);
    await lock.release();
  });

  it.runIf(process.platform === 'linux')(
    'is taken over when its number belongs to a later process',
    async () => {
      const folder = newFolder();
      put(folder, { pid: process.pid, host: hostname(), processStart: '1' });
      await (await DirectoryLock.take(folder, { clock: systemClock })).release();
    },
  );

  it('is held by a process of its number that does not say when it began, while the time stamp is young', async () => {
    const folder = newFolder();
    const path = put(folder, { pid: process.pid, host: hostname(), processStart: null });
    await expect(DirectoryLock.take(folder, { clock: systemClock })).rejects.toMatchObject({
      code: 'ASSAY_STORE_LOCKED',
    });
    const old = Date.now() / 1000 - 61;
    utimesSync(path, old, old);
    await (await DirectoryLock.take(folder, { clock: systemClock })).release();
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
        await (await DirectoryLock.take(folder, { clock: systemClock })).release();
      } finally {
        parent.kill('SIGKILL');
      }
    },
  );

  it('leaves nothing behind when it cannot be put down', async () => {
    const folder = newFolder();
    for (const operation of ['create', 'write', 'rename'] as const) {
      const files = faultyFileSystem(failAt(1, { fault: 'torn', operations: [operation] }));
      await expect(DirectoryLock.take(folder, { clock: systemClock, files })).rejects.toMatchObject({
        code: 'ENOSPC',
      });
      expect(readdirSync(folder)).toEqual([]);
    }
    await (await DirectoryLock.take(folder, { clock: systemClock })).release();
  });

  it('clears away what a process that died while putting it down has left', async () => {
    const folder = newFolder();
    const path = join(folder, 'other.writer-lock.tmp');
    writeFileSync(path, '{"pid": 12');
    await (await DirectoryLock.take(folder, { clock: systemClock })).release();
    expect(readdirSync(folder)).toHaveLength(1);
    const old = Date.now() / 1000 - 61;
    utimesSync(path, old, old);
    await (await DirectoryLock.take(folder, { clock: systemClock })).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is not taken over from another machine while its time stamp is young', async () => {
    const folder = newFolder();
    const path = put(folder, { pid: deadPid(), host: 'elsewhere', processStart: null });
    await expect(DirectoryLock.take(folder, { clock: systemClock })).rejects.toMatchObject({
      code: 'ASSAY_STORE_LOCKED',
    });
    const old = Date.now() / 1000 - 61;
    utimesSync(path, old, old);
    await (await DirectoryLock.take(folder, { clock: systemClock })).release();
  });

  it('gives a sign of life while it is held, stamped by the file system and not by a clock of its own', async () => {
    const folder = newFolder();
    const clock = new ManualClock(2_000_000_000_000);
    const lock = await DirectoryLock.take(folder, { clock });
    expect(clock.pendingTimers).toBe(1);
    const path = join(folder, readdirSync(folder)[0] as string);
    utimesSync(path, 1, 1);
    await clock.advance(16_000);
    await expect.poll(() => Math.abs(statSync(path).mtimeMs - Date.now())).toBeLessThan(60_000);
    await lock.release();
    expect(clock.pendingTimers).toBe(0);
  });

  it('holds against a process of another namespace or start of the machine, whatever its number says', async () => {
    const own = thisProcess();
    for (const strange of [
      { ...own, pid: deadPid(), pidNamespace: 'pid:[1]' },
      { ...own, processStart: '1', pidNamespace: 'pid:[1]' },
      { ...own, pid: deadPid(), boot: 'another start of a machine of this name' },
    ]) {
      const folder = newFolder();
      put(folder, strange);
      await expect(DirectoryLock.take(folder, { clock: systemClock })).rejects.toMatchObject({
        code: 'ASSAY_STORE_LOCKED',
      });
    }
  });

  it('holds against a machine whose clock is minutes ahead', async () => {
    const folder = newFolder();
    put(folder, { pid: 1, host: 'elsewhere', processStart: null });
    const ahead = new ManualClock(Date.now() + 600_000);
    const taking = DirectoryLock.take(folder, { clock: ahead });
    const refused = expect(taking).rejects.toMatchObject({ code: 'ASSAY_STORE_LOCKED' });
    for (let i = 0; i < 10; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      await ahead.advance(200);
    }
    await refused;
  });

  it('lets the one write no more that slept through its time', async () => {
    const folder = newFolder();
    const asleep = await DirectoryLock.take(folder, { clock: new ManualClock() });
    const path = join(folder, readdirSync(folder)[0] as string);
    writeFileSync(path, JSON.stringify({ pid: 1, host: 'elsewhere', processStart: null }));
    const old = Date.now() / 1000 - 61;
    utimesSync(path, old, old);
    await asleep.check();
    const awake = await DirectoryLock.take(folder, { clock: systemClock });
    await expect(asleep.check()).rejects.toMatchObject({ code: 'ASSAY_LEASE_LOST' });
    await asleep.release();
    await awake.check();
    await awake.release();
  });

  it('names the run, the process and its age to another start of the run', async () => {
    const folder = newFolder();
    const lock = await DirectoryLock.take(folder, { clock: systemClock, runId: 'nightly' });
    await lock.addRun('second');
    for (const runId of ['nightly', 'second']) {
      await expect(DirectoryLock.take(folder, { clock: systemClock, runId })).rejects.toMatchObject({
        code: 'ASSAY_RUN_ACTIVE',
        message: expect.stringMatching(
          new RegExp(`run "${runId}", but process ${process.pid} on ${hostname()} began it \\d+\\.\\d s ago`),
        ) as string,
      });
    }
    await expect(DirectoryLock.take(folder, { clock: systemClock, runId: 'other' })).rejects.toMatchObject({
      code: 'ASSAY_STORE_LOCKED',
    });
    await lock.release();
  });

  it('does not trust a lock that cannot be read, until it is old', async () => {
    const folder = newFolder();
    const path = put(folder, '{"pid": 12');
    await expect(DirectoryLock.take(folder, { clock: systemClock })).rejects.toMatchObject({
      code: 'ASSAY_STORE_LOCKED',
    });
    const old = Date.now() / 1000 - 61;
    utimesSync(path, old, old);
    await (await DirectoryLock.take(folder, { clock: systemClock })).release();
  });

  it('can be released when its folder is gone', async () => {
    const folder = join(newFolder(), 'gone');
    mkdirSync(folder);
    const lock = await DirectoryLock.take(folder, { clock: systemClock });
    rmSync(folder, { recursive: true });
    await lock.release();
  });
});
