import { readFileSync } from 'node:fs';

/**
 * CPU time of the main thread since it started, milliseconds. On Linux from the scheduler's accounts, which count
 * neither the workers nor the time in which a neighbour had the core; elsewhere the time the event loop was active.
 */
export function mainThreadMs() {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return performance.eventLoopUtilization().active;
  }
}
