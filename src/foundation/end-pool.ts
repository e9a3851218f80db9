import type { Tinypool, TinypoolWorker } from 'tinypool';
import { systemClock, type ClockTimer } from './clock.js';

const PATIENCE_MS = 2_000; // for a thread that is inside of native code

/** Ends all workers of a pool, also those that are failing at that very moment. Never rejects. */
export async function endPool(pool: Tinypool): Promise<void> {
  const workers: (TinypoolWorker & { removeListener?: unknown })[] = pool.threads;
  // `destroy` waits with events.once, which wants to remove its listeners when a worker reports an error meanwhile;
  // tinypool's workers cannot, and the TypeError would end the host.
  for (const worker of workers) worker.removeListener ??= () => {};
  // It closes the ports, but waits for ever for the end of a worker that has ended already: wait for the workers.
  pool.destroy().catch(() => {});
  let timer: ClockTimer | undefined;
  const impatience = new Promise<void>((resolve) => {
    timer = systemClock.schedule(resolve, PATIENCE_MS);
  });
  await Promise.race([Promise.allSettled(workers.map((worker) => worker.terminate())), impatience]);
  timer?.cancel();
}
