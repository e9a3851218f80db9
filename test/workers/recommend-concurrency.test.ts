import { describe, expect, it } from 'vitest';
import { recommendConcurrency } from '../../src/workers/recommend-concurrency.js';

const GIGABYTE = 2 ** 30;

/** A machine with hyper-threading: `cores` physical cores, twice as many CPUs. */
function machine(cores: number, gigabytes: number, files: Readonly<Record<string, string>> = {}) {
  return (path: string): string | undefined => {
    if (Object.hasOwn(files, path)) return files[path];
    if (path === '/proc/self/status') return `Cpus_allowed_list:\t0-${cores * 2 - 1}\n`;
    if (path === '/proc/meminfo') return `MemTotal:       ${gigabytes * 1024 * 1024} kB\n`;
    const cpu = /cpu(\d+)\/topology/.exec(path)?.[1];
    return cpu === undefined ? undefined : `${Number(cpu) % cores},${(Number(cpu) % cores) + cores}\n`;
  };
}

const container = (cpuMax: string, memoryMax: string): Readonly<Record<string, string>> => ({
  '/proc/self/cgroup': '0::/\n',
  '/proc/self/mountinfo': '30 29 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n',
  '/sys/fs/cgroup/cpu.max': cpuMax,
  '/sys/fs/cgroup/memory.max': memoryMax,
});

describe('recommendConcurrency', () => {
  it('counts physical cores and leaves one to the main thread', () => {
    const advice = recommendConcurrency({ read: machine(8, 64) });
    expect(advice).toMatchObject({
      recommendedWorkers: 7,
      maxSafeWorkers: 16,
      system: { logicalCores: 16, physicalCores: 8, cpuLimit: null, memoryLimitBytes: null },
    });
    expect(advice.system.memoryBytes).toBe(64 * GIGABYTE);
    expect(advice.memoryPerWorkerBytes).toBe(Math.floor((48 * GIGABYTE) / 7));
  });

  it.each([
    [1, 1],
    [2, 2],
    [3, 2],
  ])('recommends, of %i cores, %i workers', (cores, workers) => {
    expect(recommendConcurrency({ read: machine(cores, 64) }).recommendedWorkers).toBe(workers);
  });

  it('is limited by the CPU quota and the memory of the container', () => {
    const quota = recommendConcurrency({ read: machine(16, 64, container('400000 100000', 'max')) });
    expect(quota).toMatchObject({ recommendedWorkers: 3, maxSafeWorkers: 4, system: { cpuLimit: 4 } });
    const memory = recommendConcurrency({
      read: machine(16, 64, container('max 100000', String(2 * GIGABYTE))),
    });
    expect(memory).toMatchObject({ recommendedWorkers: 3, maxSafeWorkers: 3 });
    expect(memory.memoryPerWorkerBytes).toBe(GIGABYTE / 2);
    const half = recommendConcurrency({
      read: machine(16, 64, container('50000 100000', String(GIGABYTE / 8))),
    });
    expect(half).toMatchObject({ recommendedWorkers: 1, maxSafeWorkers: 1 });
  });

  it('reckons with the memory that a worker is said to need', () => {
    const read = machine(16, 16);
    expect(recommendConcurrency({ read, memoryPerWorkerBytes: 4 * GIGABYTE }).recommendedWorkers).toBe(3);
    expect(() => recommendConcurrency({ memoryPerWorkerBytes: 1 })).toThrow(/`memoryPerWorkerBytes`/);
  });

  it('recommends no more than 16 on a large machine, unless it is told to, and says what limits it', () => {
    const read = machine(64, 512);
    expect(recommendConcurrency({ read })).toMatchObject({
      recommendedWorkers: 16,
      limitedBy: 'maxWorkers',
      maxSafeWorkers: 128,
    });
    const all = recommendConcurrency({ read, maxWorkers: Number.POSITIVE_INFINITY });
    expect(all).toMatchObject({ recommendedWorkers: 63, limitedBy: 'cores' });
    const guide = recommendConcurrency({ read, maxWorkers: 32, memoryPerWorkerBytes: 16 * GIGABYTE });
    expect(guide).toMatchObject({ recommendedWorkers: 24, limitedBy: 'memory' });
    const quota = recommendConcurrency({ read: machine(64, 512, container('400000 100000', 'max')) });
    expect(quota).toMatchObject({ recommendedWorkers: 3, limitedBy: 'cpu-quota' });
    expect(() => recommendConcurrency({ maxWorkers: 0 })).toThrow(/`maxWorkers`/);
  });

  it('gives sensible numbers for this machine, and where nothing can be read', () => {
    for (const advice of [recommendConcurrency(), recommendConcurrency({ read: () => undefined })]) {
      expect(advice.recommendedWorkers).toBeGreaterThanOrEqual(1);
      expect(advice.maxSafeWorkers).toBeGreaterThanOrEqual(advice.recommendedWorkers);
      expect(advice.memoryPerWorkerBytes).toBeGreaterThan(0);
    }
  });

  it('finds the CPU set of the group around when its own has no such controller', () => {
    const read = machine(16, 64, {
      '/proc/self/cgroup': '0::/pod/app\n',
      '/proc/self/mountinfo': '30 29 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n',
      '/sys/fs/cgroup/pod/cpuset.cpus.effective': '0-3\n',
      '/sys/fs/cgroup/cpuset.cpus.effective': '0-31\n',
    });
    expect(recommendConcurrency({ read }).system.logicalCores).toBe(4);
  });
});
