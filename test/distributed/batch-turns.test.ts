import { expect, it } from 'vitest';
import { BatchStore } from '../../src/distributed/batch-store.js';
import { BatchTurns, WorkerRun } from '../../src/distributed/worker-run.js';
import { WorkerSlots } from '../../src/distributed/worker-slots.js';
import { AssayError, MemoryResultStore } from '../../src/index.js';
import { leaseOfThisProcess } from '../../src/stores/run-lease.js';
import type { RunWork, SharedRun } from '../../src/stores/run-work.js';
import { ManualClock } from '../../src/testing/index.js';
import { manifestOf } from '../../src/testing/store-contract-fixtures.js';

const LEASE_MS = 1000;

/** A batch of a worker with two places, and how often the store was asked whether it is its own. */
async function batch() {
  const clock = new ManualClock();
  let asked = 0;
  let isLost = false;
  const store = new MemoryResultStore();
  store.renew = async () => {
    asked += 1;
    if (isLost) throw new AssayError('ASSAY_LEASE_LOST', 'lost');
  };
  const owner = new BatchStore(store, { batchId: 'batch-0', clock });
  const lease = leaseOfThisProcess({ runId: 'run', id: 'a', part: 'batch-0', durationMs: LEASE_MS });
  await owner.begin(manifestOf('run'), { lease });
  const run = new WorkerRun({
    run: { runId: 'run', limits: {} } as SharedRun,
    work: {} as RunWork,
    slots: new WorkerSlots(2),
    clock,
    worker: 'worker',
    onStop: () => {},
    onError: () => {},
  });
  const turns = new BatchTurns({ run, owner, clock, most: Number.POSITIVE_INFINITY });
  return { clock, turns, asked: () => asked, lose: () => (isLost = true), owner, lease };
}

it('asks nobody while its lease surely holds', async () => {
  const { clock, turns, asked, owner, lease } = await batch();
  expect(turns.take()).toBe(undefined);
  await clock.advance(LEASE_MS - 1);
  expect(turns.take()).toBe(undefined);
  turns.durable(2);
  await owner.renew(lease);
  await clock.advance(LEASE_MS - 1);
  expect(turns.take()).toBe(undefined);
  expect(asked()).toBe(1);
});

it('begins a case after it was cut off only when the store has said that the batch is its own', async () => {
  const { clock, turns, asked } = await batch();
  await clock.advance(LEASE_MS);
  await turns.take();
  expect(asked()).toBe(1);
  expect(turns.take()).toBe(undefined);
});

it('begins no case of a batch that was lost meanwhile, also not one that waited for its turn', async () => {
  const { clock, turns, lose } = await batch();
  void turns.take();
  void turns.take();
  let begun = 0;
  void turns.take()?.then(() => (begun += 1));
  lose();
  await clock.advance(LEASE_MS);
  turns.durable(2);
  void turns.take()?.then(() => (begun += 1));
  await clock.advance(10 * LEASE_MS);
  expect(begun).toBe(0);
  turns.stop();
  await clock.advance(LEASE_MS);
  expect(begun).toBe(2); // let go, to find that the batch has ended
});
