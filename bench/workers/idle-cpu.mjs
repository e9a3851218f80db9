import { cpus } from 'node:os';

/** Cores that stand idle, measured for a while: beside a busy neighbour nothing speeds up. */
export async function idleCores(forMs = 500) {
  const before = cpus();
  await new Promise((resolve) => setTimeout(resolve, forMs));
  let idle = 0;
  cpus().forEach(({ times }, i) => {
    const was = before[i].times;
    const all = Object.keys(times).reduce((sum, kind) => sum + times[kind] - was[kind], 0);
    idle += (times.idle - was.idle) / Math.max(1, all);
  });
  return idle;
}
