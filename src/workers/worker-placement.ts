import { readText } from '../foundation/cgroup.js';
import { physicalCores, planAffinity } from './cpu-affinity.js';
import type { ResolvedPoolOptions } from './pool-options.js';
import type { PlacementNotice, WorkerPlacement } from './worker-protocol.js';

/** The event that tells of a placement. */
export function placementEvent(
  { what, worker, applied, value, reason }: PlacementNotice,
  at: number,
): readonly ['worker:affinity' | 'worker:priority', object] {
  const common = { at, worker, applied, ...(reason === undefined ? {} : { reason }) };
  return what === 'affinity'
    ? ['worker:affinity', { ...common, cpus: value as readonly number[] | null }]
    : ['worker:priority', { ...common, priority: value as number | null }];
}

/** What a worker is to be told of its CPUs and its priority; `undefined`: nothing. */
export function placementOf({
  cpuAffinity,
  priority,
  workers,
}: ResolvedPoolOptions): WorkerPlacement | undefined {
  if (cpuAffinity === undefined && priority === undefined) return undefined;
  const cpus = cpuAffinity === 'auto' ? planAffinity(workers, physicalCores(readText)) : cpuAffinity;
  return { ...(cpus === undefined ? {} : { cpus }), ...(priority === undefined ? {} : { priority }) };
}
