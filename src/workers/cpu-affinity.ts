import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { messageOf } from '../errors.js';
import type { TextReader } from '../foundation/cgroup.js';
import { childProcess } from '../foundation/late-modules.js';
import type { PlacementNotice, WorkerPlacement } from './worker-protocol.js';

/** CPUs of one physical core. */
export type PhysicalCore = readonly number[];

/** The numbers that a list such as "0-3,8" names. */
export function cpuNumbers(list: string): number[] {
  const numbers: number[] = [];
  for (const part of list.trim().split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (match === null) continue;
    for (let cpu = Number(match[1]); cpu <= Number(match[2] ?? match[1]); cpu++) numbers.push(cpu);
  }
  return numbers;
}

/** The CPUs that a thread may run on, from the contents of its `status` file in /proc. */
export function allowedCpus(status: string): number[] {
  return cpuNumbers(/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '');
}

/**
 * The physical cores that a process may use: its allowed CPUs grouped by hardware thread siblings. A CPU whose
 * siblings cannot be read is a core of its own.
 */
export function physicalCores(read: TextReader): PhysicalCore[] {
  const allowed = allowedCpus(read('/proc/self/status') ?? '');
  const cores = new Map<string, number[]>();
  for (const cpu of allowed) {
    const siblings =
      read(`/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`)?.trim() ?? String(cpu);
    const core = cores.get(siblings);
    if (core === undefined) cores.set(siblings, [cpu]);
    else core.push(cpu);
  }
  return [...cores.values()];
}

/**
 * Which CPUs each worker gets: with enough cores one physical core each (all of its hardware threads), else the
 * CPUs dealt out evenly, one each.
 */
export function planAffinity(workers: number, cores: readonly PhysicalCore[]): number[][] {
  if (cores.length === 0) return [];
  const cpus = cores.flat();
  return Array.from({ length: workers }, (_, worker) =>
    workers <= cores.length ? [...cores[worker]!] : [cpus[worker % cpus.length]!],
  );
}

/** Puts the calling worker where it shall run, and reads back what came of it. Called inside a worker. */
export function applyPlacement(
  placement: WorkerPlacement,
  { worker, isProcess }: { readonly worker: number; readonly isProcess: boolean },
): PlacementNotice[] {
  const notices: PlacementNotice[] = [];
  if (placement.cpus !== undefined) notices.push(applyAffinity(placement.cpus, worker, isProcess));
  if (placement.priority !== undefined) notices.push(applyPriority(placement.priority, worker, isProcess));
  return notices;
}

function applyAffinity(
  plan: readonly (readonly number[])[],
  worker: number,
  isProcess: boolean,
): PlacementNotice {
  const refused = (reason: string): PlacementNotice => ({
    what: 'affinity',
    worker,
    applied: false,
    value: null,
    reason,
  });
  if (process.platform !== 'linux') return refused(`CPU affinity is not available on ${process.platform}`);
  const wanted = plan.length === 0 ? undefined : plan[worker % plan.length];
  if (wanted === undefined || wanted.length === 0)
    return refused('the CPUs of this machine could not be read');
  try {
    // Node shows a worker thread the pid of the process; only the kernel knows the thread's own id.
    const thread = readlinkSync('/proc/thread-self').split('/').pop()!;
    childProcess().execFileSync('taskset', [isProcess ? '-acp' : '-cp', wanted.join(','), thread], {
      stdio: 'pipe',
      timeout: 5000,
    });
    const cpus = allowedCpus(readFileSync('/proc/thread-self/status', 'utf8'));
    if (cpus.join() === [...wanted].sort((a, b) => a - b).join()) {
      return { what: 'affinity', worker, applied: true, value: cpus };
    }
    return refused(`asked for CPUs ${wanted.join(',')}, the kernel allows ${cpus.join(',')}`);
  } catch (error) {
    const missing = (error as { code?: unknown }).code === 'ENOENT';
    return refused(missing ? 'the `taskset` command is not installed (util-linux)' : messageOf(error));
  }
}

function applyPriority(priority: number, worker: number, isProcess: boolean): PlacementNotice {
  try {
    // 0 is the calling thread on Linux (a worker thread renices itself only), the process elsewhere.
    setPriority(0, priority);
    if (isProcess && process.platform === 'linux') {
      for (const thread of readdirSync('/proc/self/task')) setPriority(Number(thread), priority);
    }
    return { what: 'priority', worker, applied: true, value: getPriority(0) };
  } catch (error) {
    return { what: 'priority', worker, applied: false, value: null, reason: messageOf(error) };
  }
}
