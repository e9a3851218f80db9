import { describe, expect, it } from 'vitest';
import {
  locateCgroup,
  parseCfsQuota,
  parseCpuList,
  parseCpuMax,
  parseMemoryLimit,
  parseStatValue,
  readCgroupLimits,
  readText,
} from '../../src/foundation/cgroup.js';

const V2_MOUNT = '29 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate';
const V1_MOUNTS = [
  '31 24 0:27 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory',
  '32 24 0:28 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct',
].join('\n');

const files =
  (contents: Record<string, string>) =>
  (path: string): string | undefined =>
    contents[path];

describe('cgroup limits', () => {
  it('takes the tightest limit of the own group and of the groups around it in version 2', () => {
    const limits = readCgroupLimits(
      files({
        '/proc/self/cgroup': '0::/kube/pod/container\n',
        '/proc/self/mountinfo': V2_MOUNT,
        '/sys/fs/cgroup/kube/pod/container/cpu.max': 'max 100000\n',
        '/sys/fs/cgroup/kube/pod/cpu.max': '150000 100000\n',
        '/sys/fs/cgroup/kube/cpu.max': '400000 100000\n',
        '/sys/fs/cgroup/kube/pod/container/memory.max': '536870912\n',
        '/sys/fs/cgroup/kube/pod/memory.max': '1073741824\n',
        '/sys/fs/cgroup/kube/pod/container/cpuset.cpus.effective': '0-2,5\n',
      }),
    );
    expect(limits).toEqual({
      cpuCores: 1.5,
      cpusetCores: 4,
      memoryBytes: 536_870_912,
      memoryDirectory: '/sys/fs/cgroup/kube/pod/container',
      memoryVersion: 2,
      cpuDirectory: '/sys/fs/cgroup/kube/pod',
      cpuVersion: 2,
    });
  });

  it('strips the mounted root from the path in version 1, as in Docker without a cgroup namespace', () => {
    const limits = readCgroupLimits(
      files({
        '/proc/self/cgroup': '5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/docker/abc\n',
        '/proc/self/mountinfo': V1_MOUNTS,
        '/sys/fs/cgroup/memory/memory.limit_in_bytes': '268435456\n',
        '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '50000\n',
        '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
      }),
    );
    expect(limits.cpuCores).toBe(0.5);
    expect(limits.memoryBytes).toBe(268_435_456);
    expect(limits.memoryVersion).toBe(1);
    expect(limits.memoryDirectory).toBe('/sys/fs/cgroup/memory');
  });

  it('prefers the version 1 hierarchy of a controller on a hybrid machine', () => {
    const location = locateCgroup('memory', {
      selfCgroup: '4:memory:/service\n0::/\n',
      mountInfo: `35 24 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n36 24 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw`,
    });
    expect(location).toEqual({
      version: 1,
      directories: ['/sys/fs/cgroup/memory/service', '/sys/fs/cgroup/memory'],
    });
  });

  it('reports no limit where there is no cgroup at all', () => {
    const limits = readCgroupLimits(() => undefined);
    expect(Object.values(limits).every((value) => value === null)).toBe(true);
  });

  it('stays at the mount point when the path lies outside of what is mounted', () => {
    expect(
      locateCgroup('cpu', { selfCgroup: '0::/../elsewhere\n', mountInfo: V2_MOUNT })?.directories,
    ).toEqual(['/sys/fs/cgroup/elsewhere', '/sys/fs/cgroup']);
    expect(
      locateCgroup('memory', { selfCgroup: '5:memory:/other\n', mountInfo: V1_MOUNTS })?.directories,
    ).toEqual(['/sys/fs/cgroup/memory']);
  });

  it('unescapes blanks in mount points', () => {
    const mount = '29 23 0:26 / /mnt/my\\040groups rw - cgroup2 cgroup2 rw';
    expect(locateCgroup('cpu', { selfCgroup: '0::/\n', mountInfo: mount })?.directories).toEqual([
      '/mnt/my groups',
    ]);
  });

  it('reads what the kernel writes for "no limit" as null', () => {
    expect(parseCpuMax('max 100000')).toBeNull();
    expect(parseCfsQuota('-1\n', '100000\n')).toBeNull();
    expect(parseMemoryLimit('max\n')).toBeNull();
    expect(parseMemoryLimit('9223372036854771712\n')).toBeNull();
    expect(parseMemoryLimit(undefined)).toBeNull();
    expect(parseCpuList('')).toBeNull();
  });

  it('finds one value in a file of "key value" lines without matching longer names', () => {
    const stat = 'nr_inactive_file 7\ninactive_file 4096\nusage_usec 12\n';
    expect(parseStatValue(stat, 'inactive_file')).toBe(4096);
    expect(parseStatValue(stat, 'file')).toBeNull();
  });

  it('reads the limits of the machine it runs on without throwing', () => {
    const limits = readCgroupLimits(readText);
    if (limits.memoryBytes !== null) expect(limits.memoryBytes).toBeGreaterThan(0);
    if (limits.cpuCores !== null) expect(limits.cpuCores).toBeGreaterThan(0);
    expect(readText('/nonexistent/file')).toBeUndefined();
  });
});
