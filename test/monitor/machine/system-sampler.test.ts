import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  linuxReader,
  openMachineReader,
  type MachineCounters,
} from '../../../src/monitor/machine/machine-counters.js';
import {
  parseCpuTicks,
  parseDiskStats,
  parseMemInfo,
  parseNetDev,
} from '../../../src/monitor/machine/proc-files.js';
import { createSystemSampler, machineMetrics } from '../../../src/monitor/machine/system-sampler.js';

const STAT = [
  'cpu  100 0 50 800 40 5 5 0 30 0',
  'cpu0 50 0 25 400 20 2 3 0 15 0',
  'cpu1 50 0 25 400 20 3 2 0 15 0',
  'intr 1 2 3',
].join('\n');
const MEMINFO = 'MemTotal:        8000000 kB\nMemFree:          100000 kB\nMemAvailable:    6000000 kB\n';
const DISKSTATS = [
  '   8       0 sda 10 0 1000 5 20 0 2000 5 0 5 5',
  '   8       1 sda1 10 0 1000 5 20 0 2000 5 0 5 5',
  ' 259       0 nvme0n1 1 0 100 5 2 0 200 5 0 5 5',
  ' 259       1 nvme0n1p1 1 0 100 5 2 0 200 5 0 5 5',
  ' 253       0 dm-0 9 0 999 5 9 0 999 5 0 5 5',
  '   7       0 loop0 9 0 999 5 9 0 999 5 0 5 5',
].join('\n');
const NETDEV = [
  'Inter-|   Receive                                                |  Transmit',
  ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed',
  '    lo: 999 1 0 0 0 0 0 0 999 1 0 0 0 0 0 0',
  '  eth0:1000 1 0 0 0 0 0 0 500 1 0 0 0 0 0 0',
  'veth12@if3: 77 1 0 0 0 0 0 0 77 1 0 0 0 0 0 0',
  '  wlan0: 10 1 0 0 0 0 0 0 20 1 0 0 0 0 0 0',
].join('\n');

const reading = (files: Record<string, string>): MachineCounters => {
  const read = (path: string): string | undefined => files[path];
  return linuxReader(read, read)();
};

describe('files of /proc', () => {
  it('give busy and total CPU time without counting guests twice', () => {
    expect(parseCpuTicks(STAT)).toEqual({ busy: 160, total: 1000 });
    expect(parseCpuTicks(undefined)).toBeNull();
  });

  it('give memory that is used, not what is merely not free', () => {
    expect(parseMemInfo(MEMINFO)).toEqual({ total: 8_192_000_000, used: 2_048_000_000 });
    expect(parseMemInfo('MemTotal: 5 kB\n')).toBeNull();
  });

  it('give bytes of disks without counting partitions and layers again', () => {
    expect(parseDiskStats(DISKSTATS)).toEqual({ inBytes: 1100 * 512, outBytes: 2200 * 512 });
    expect(parseDiskStats('')).toBeNull();
  });

  it('give bytes of network interfaces without loopback and bridges', () => {
    expect(parseNetDev(NETDEV)).toEqual({ inBytes: 1010, outBytes: 520 });
    expect(parseNetDev(undefined)).toBeNull();
  });
});

describe('the Linux reader', () => {
  const machine = { '/proc/stat': STAT, '/proc/meminfo': MEMINFO };

  it('reports the machine where no cgroup limits the process', () => {
    expect(reading(machine)).toMatchObject({
      cpu: { busy: 160, total: 1000 },
      cgroupCpuMs: null,
      memoryUsedBytes: 2_048_000_000,
      memoryLimitBytes: 8_192_000_000,
      disk: null,
    });
  });

  it('reports a limited cgroup of version 2, without memory that can be taken back', () => {
    const counters = reading({
      ...machine,
      '/proc/self/cgroup': '0::/box\n',
      '/proc/self/mountinfo': '29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw',
      '/sys/fs/cgroup/box/memory.max': '1000000\n',
      '/sys/fs/cgroup/box/memory.current': '700000\n',
      '/sys/fs/cgroup/box/memory.stat': 'anon 1\ninactive_file 200000\n',
      '/sys/fs/cgroup/box/cpu.max': '50000 100000\n',
      '/sys/fs/cgroup/box/cpu.stat': 'usage_usec 2500000\n',
    });
    expect(counters).toMatchObject({
      cgroupCpuMs: 2500,
      cgroupCores: 0.5,
      memoryUsedBytes: 500_000,
      memoryLimitBytes: 1_000_000,
    });
  });

  it('reports a limited cgroup of version 1', () => {
    const counters = reading({
      ...machine,
      '/proc/self/cgroup': '5:memory:/box\n4:cpu:/box\n3:cpuacct:/box\n',
      '/proc/self/mountinfo': [
        '31 24 0:27 / /cg/memory rw - cgroup cgroup rw,memory',
        '32 24 0:28 / /cg/cpu rw - cgroup cgroup rw,cpu',
        '33 24 0:29 / /cg/cpuacct rw - cgroup cgroup rw,cpuacct',
      ].join('\n'),
      '/cg/memory/box/memory.limit_in_bytes': '1000000\n',
      '/cg/memory/box/memory.usage_in_bytes': '700000\n',
      '/cg/memory/box/memory.stat': 'inactive_file 1\ntotal_inactive_file 100000\n',
      '/cg/cpu/box/cpu.cfs_quota_us': '150000\n',
      '/cg/cpu/box/cpu.cfs_period_us': '100000\n',
      '/cg/cpuacct/box/cpuacct.usage': '3000000000\n',
    });
    expect(counters).toMatchObject({ cgroupCpuMs: 3000, cgroupCores: 1.5, memoryUsedBytes: 600_000 });
  });

  it('ignores limits that are above what the machine has', () => {
    const counters = reading({
      ...machine,
      '/proc/self/cgroup': '0::/\n',
      '/proc/self/mountinfo': '29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw',
      '/sys/fs/cgroup/memory.max': '99000000000\n',
      '/sys/fs/cgroup/cpu.max': '800000 100000\n',
    });
    expect(counters).toMatchObject({ cgroupCores: null, memoryLimitBytes: 8_192_000_000 });
  });
});

describe('machine metrics', () => {
  const none: MachineCounters = {
    cpu: null,
    cgroupCpuMs: null,
    cgroupCores: null,
    memoryUsedBytes: null,
    memoryLimitBytes: null,
    disk: null,
    network: null,
  };

  it('are null where nothing is known', () => {
    expect(Object.values(machineMetrics(none, none, 1000))).toEqual(Array(8).fill(null));
  });

  it('divide by the measured time, and by the quota of a cgroup', () => {
    const before = { ...none, cgroupCpuMs: 1000, cgroupCores: 0.5, network: { inBytes: 0, outBytes: 0 } };
    const after = { ...before, cgroupCpuMs: 1500, network: { inBytes: 4000, outBytes: 2000 } };
    expect(machineMetrics(before, after, 2000)).toMatchObject({
      cpuPercent: 50,
      networkReceivedBytesPerSecond: 2000,
      networkSentBytesPerSecond: 1000,
      diskReadBytesPerSecond: null,
    });
  });

  it('are never negative when a device goes away', () => {
    const disk = { inBytes: 5000, outBytes: 5000 };
    expect(
      machineMetrics({ ...none, disk }, { ...none, disk: { inBytes: 10, outBytes: 10 } }, 1000)
        .diskReadBytesPerSecond,
    ).toBe(0);
  });
});

describe('the sampler of this machine', () => {
  it('knows its own process, and the machine as far as the platform tells', () => {
    const sampler = createSystemSampler();
    const until = performance.now() + 30;
    while (performance.now() < until); // so that there is CPU time to see
    const metrics = sampler.sample(30, 0);
    sampler.close();
    expect(metrics.rssBytes).toBeGreaterThan(10_000_000);
    expect(metrics.processCpuPercent).toBeGreaterThan(0);
    expect(metrics.memoryPercent).toBeGreaterThan(0);
    expect(metrics.memoryPercent).toBeLessThanOrEqual(100);
    if (process.platform === 'linux') expect(metrics.networkSentBytesPerSecond).not.toBeUndefined();
  });

  it('shows a block of the event loop even when the histogram has missed it', () => {
    const sampler = createSystemSampler();
    expect(sampler.sample(5000, 4000)).toMatchObject({
      eventLoopDelayMaxMs: 4000,
      eventLoopDelayP99Ms: 4000,
    });
    sampler.close();
  });

  it.runIf(process.platform === 'linux')('reads through descriptors that stay open, and closes them', () => {
    const open = (): number => readdirSync('/proc/self/fd').length;
    const before = open();
    const reader = openMachineReader();
    reader.read();
    const during = open();
    for (let i = 0; i < 20; i++) reader.read();
    expect(during).toBeGreaterThan(before);
    expect(open()).toBe(during);
    reader.close();
    expect(open()).toBe(before);
  });

  it('knows CPU and memory but neither disk nor network elsewhere', () => {
    const reader = openMachineReader('darwin');
    const { memoryUsedBytes, disk, network, cpu } = reader.read();
    reader.close();
    expect(memoryUsedBytes).toBeGreaterThan(0);
    expect(cpu?.total).toBeGreaterThan(0);
    expect([disk, network]).toEqual([null, null]);
  });
});
