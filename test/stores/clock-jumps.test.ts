import { describe, expect, it } from 'vitest';
import { GzipFileResultStore, MemoryResultStore, type ResultStore } from '../../src/index.js';
import { SqliteResultStore } from '../../src/sqlite.js';
import { isHeld, leaseOfThisProcess, type RunLease } from '../../src/stores/run-lease.js';
import { ManualClock } from '../../src/testing/index.js';
import { manifestOf } from '../../src/testing/store-contract-fixtures.js';
import { scoredResult } from '../../src/testing/sample-results.js';
import { temporaryFolders } from './temporary-folder.js';

const temporaryFolder = temporaryFolders();
const HOUR_MS = 3_600_000;
const LEASE_MS = 30_000;

const leaseOf = (id: string): RunLease =>
  leaseOfThisProcess({ runId: 'run', id, part: '', durationMs: LEASE_MS });

/** Stores whose leases lie in memory: one process has one monotonic clock. */
const IN_ONE_PROCESS: Readonly<Record<string, (clock: ManualClock) => ResultStore>> = {
  memory: (clock) => new MemoryResultStore({ clock }),
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

describe('a lease in SQLite', () => {
  it('of a writer that is gone does not hold for the hours by which the clock was set back', async () => {
    const clock = new ManualClock();
    const store = new SqliteResultStore(`${temporaryFolder()}/results.db`, { clock });
    await store.begin(manifestOf('run'), { lease: leaseOf('first') });
    clock.jumpWallTime(-5 * HOUR_MS);
    await store.begin(manifestOf('run'), { lease: leaseOf('second') });
    await expect(store.renew(leaseOf('first'))).rejects.toMatchObject({ code: 'ASSAY_LEASE_LOST' });
    clock.jumpWallTime(-1000);
    await expect(store.begin(manifestOf('run'), { lease: leaseOf('third') })).rejects.toMatchObject({
      code: 'ASSAY_RUN_ACTIVE',
    });
    await store.close();
  });

  it('holds around the moment of its last sign', () => {
    const held = { ...leaseOf('first'), takenAt: 0, renewedAt: 1_000_000 };
    const holds = [-LEASE_MS, 1 - LEASE_MS, LEASE_MS - 1, LEASE_MS].map((ms) => isHeld(held, 1_000_000 + ms));
    expect(holds).toEqual([false, true, true, false]);
  });
});
