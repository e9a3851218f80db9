import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/foundation/clock.js';
import { machineTime, machineTimeBetween, type MachineTime } from '../../src/foundation/machine-time.js';
import { GzipFileResultStore, MemoryResultStore, type ResultStore } from '../../src/index.js';
import { SqliteResultStore } from '../../src/sqlite.js';
import { isHeld, leaseOfThisProcess, type RunLease } from '../../src/stores/run-lease.js';
import { openDatabase } from '../../src/stores/sqlite/sqlite-driver.js';
import { ManualClock } from '../../src/testing/index.js';
import { manifestOf } from '../../src/testing/store-contract-fixtures.js';
import { scoredResult } from '../../src/testing/sample-results.js';
import { temporaryFolders } from './temporary-folder.js';

const temporaryFolder = temporaryFolders();
const HOUR_MS = 3_600_000;
const LEASE_MS = 30_000;

const leaseOf = (id: string): RunLease =>
  leaseOfThisProcess({ runId: 'run', id, part: '', durationMs: LEASE_MS });

/** Stores whose leases go by a monotonic clock: one process has one, and so have all processes of a machine. */
const IN_ONE_PROCESS: Readonly<Record<string, (clock: ManualClock) => ResultStore>> = {
  memory: (clock) => new MemoryResultStore({ clock }),
  SQLite: (clock) => new SqliteResultStore(`${temporaryFolder()}/results.db`, { clock }),
  'SQLite, worker': (clock) =>
    new SqliteResultStore(`${temporaryFolder()}/results.db`, { clock, thread: 'worker' }),
  'gzip, shards': (clock) => new GzipFileResultStore(temporaryFolder(), { clock }),
  'gzip, files': (clock) => new GzipFileResultStore(temporaryFolder(), { clock, layout: 'file-per-result' }),
};

describe.each(Object.entries(IN_ONE_PROCESS))('a lease in %s', (_kind, open) => {
  it.each([-5 * HOUR_MS, 5 * HOUR_MS])('is what it was after the clock was set by %d ms', async (jumpMs) => {
    const clock = new ManualClock();
    const store = open(clock);
    await store.begin(manifestOf('run'), { lease: leaseOf('first') });
    clock.jumpWallTime(jumpMs);
    await expect(store.begin(manifestOf('run'), { lease: leaseOf('second') })).rejects.toMatchObject({
      code: 'ASSAY_RUN_ACTIVE',
    });
    for await (const { state, writer } of store.runs())
      expect([state, writer?.since]).toEqual(['running', clock.wallTime()]);
    await store.append([scoredResult()], { lease: leaseOf('first') });
    await clock.advance(LEASE_MS);
    await store.begin(manifestOf('run'), { lease: leaseOf('second') });
    await expect(store.append([scoredResult()], { lease: leaseOf('first') })).rejects.toMatchObject({
      code: 'ASSAY_LEASE_LOST',
    });
    await store.close();
  });
});

/** Gives the leases of a database to another machine, or to a version of this package that kept the wall clock only. */
async function moveLeases(path: string, machine: string | null): Promise<void> {
  const database = await openDatabase(path, { driver: 'auto' });
  const set = machine === null ? "json_remove(lease, '$.machine')" : LEASES_ELSEWHERE;
  database
    .prepare(`UPDATE evaluation_leases SET lease = ${set}`)
    .run(...(machine === null ? [] : [machine, machine]));
  database.close();
}

const LEASES_ELSEWHERE = "json_set(lease, '$.machine.takenAt.clock', ?, '$.machine.renewedAt.clock', ?)";

describe('a lease in SQLite', () => {
  it.each(['another machine', null])(
    'goes by the wall clock where there is no other that both know (%s), and not for the hours it was set back',
    async (machine) => {
      const clock = new ManualClock();
      const path = `${temporaryFolder()}/results.db`;
      const store = new SqliteResultStore(path, { clock });
      await store.begin(manifestOf('run'), { lease: leaseOf('first') });
      await moveLeases(path, machine);
      clock.jumpWallTime(1000);
      const second = { lease: leaseOf('second') };
      await expect(store.begin(manifestOf('run'), second)).rejects.toMatchObject({
        code: 'ASSAY_RUN_ACTIVE',
      });
      clock.jumpWallTime(-5 * HOUR_MS);
      await store.begin(manifestOf('run'), second);
      await expect(store.renew(leaseOf('first'))).rejects.toMatchObject({ code: 'ASSAY_LEASE_LOST' });
      await store.close();
    },
  );

  it('is held while it is renewed, whatever the wall clock of another start says meanwhile', async () => {
    const clock = new ManualClock();
    const path = `${temporaryFolder()}/results.db`;
    const [first, second] = [new SqliteResultStore(path, { clock }), new SqliteResultStore(path, { clock })];
    await first.begin(manifestOf('run'), { lease: leaseOf('first') });
    for (let renewals = 0; renewals < 5; renewals++) {
      await clock.advance(LEASE_MS - 1);
      clock.jumpWallTime((renewals - 2) * HOUR_MS);
      await expect(second.begin(manifestOf('run'), { lease: leaseOf('second') })).rejects.toMatchObject({
        code: 'ASSAY_RUN_ACTIVE',
        message: expect.stringContaining('was there 30.0 s ago') as string,
      });
      for await (const { state } of second.runs()) expect(state).toBe('running');
      await first.renew(leaseOf('first'));
    }
    await clock.advance(LEASE_MS);
    for await (const { state } of second.runs()) expect(state).toBe('crashed');
    await second.begin(manifestOf('run'), { lease: leaseOf('second') });
    await first.close();
    await second.close();
  });

  it('that is asked for again is renewed, and stays as old as it is', async () => {
    const clock = new ManualClock();
    const store = new SqliteResultStore(`${temporaryFolder()}/results.db`, { clock });
    await store.begin(manifestOf('run'), { lease: leaseOf('first') });
    const since = clock.wallTime();
    await clock.advance(LEASE_MS - 1);
    await store.begin(manifestOf('run'), { lease: leaseOf('first') });
    await clock.advance(LEASE_MS - 1);
    for await (const { state, writer } of store.runs())
      expect([state, writer?.since]).toEqual(['running', since]);
    await store.close();
  });

  it('is counted by one clock in all processes of a machine', () => {
    const script =
      "import { machineTime } from './dist/foundation/machine-time.js'; import { systemClock } from './dist/foundation/clock.js'; console.log(JSON.stringify(machineTime(systemClock)))";
    const before = machineTime(systemClock);
    const told = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    const there = JSON.parse(told) as MachineTime;
    expect(machineTimeBetween(before, there)).toBeGreaterThan(0);
    expect(machineTimeBetween(there, machineTime(systemClock))).toBeGreaterThanOrEqual(0);
    expect(machineTimeBetween(there, before)).toBeUndefined();
  });

  it('holds around the moment of its last sign', () => {
    const held = { ...leaseOf('first'), takenAt: 0, renewedAt: 1_000_000 };
    const holds = [-LEASE_MS, 1 - LEASE_MS, LEASE_MS - 1, LEASE_MS].map((ms) => isHeld(held, 1_000_000 + ms));
    expect(holds).toEqual([false, true, true, false]);
  });
});
