import { readFileSync } from 'node:fs';

/** Reads a small text file; `undefined` when it is absent or may not be read. */
export type TextReader = (path: string) => string | undefined;

/** Where the kernel keeps the accounts of one controller for this process. */
export interface CgroupLocation {
  /** Hierarchy: 1 has a mount a controller, 2 has one for all. */
  readonly version: 1 | 2;
  /** Folders that limit the process: its own first, then each ancestor up to the mount point. */
  readonly directories: readonly string[];
}

/** What a container or service may use at most. `null`: not limited. */
export interface CgroupLimits {
  /** CPU time a second of wall time, in cores; 0.5 is half a core. */
  readonly cpuCores: number | null;
  /** CPUs that the process may run on, from `cpuset`. */
  readonly cpusetCores: number | null;
  /** Bytes of memory before the kernel kills. */
  readonly memoryBytes: number | null;
  /** The folder whose memory limit is the tightest; its accounts are what counts against the limit. */
  readonly memoryDirectory: string | null;
  /** Hierarchy that `memoryDirectory` belongs to. */
  readonly memoryVersion: 1 | 2 | null;
  /** The folder whose CPU quota is the tightest. */
  readonly cpuDirectory: string | null;
  /** Hierarchy that `cpuDirectory` belongs to. */
  readonly cpuVersion: 1 | 2 | null;
}

const UNLIMITED_FROM = 2 ** 60; // version 1 says "no limit" with the largest page-aligned number

interface CgroupMount {
  readonly version: 1 | 2;
  readonly root: string;
  readonly mountPoint: string;
  readonly options: readonly string[];
}

/** Reads a file, `undefined` when that fails: the default {@link TextReader}. */
export const readText: TextReader = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

/**
 * Finds the folders of a controller from the contents of `/proc/self/cgroup` and `/proc/self/mountinfo`.
 * The path in the first is relative to the hierarchy, the mount may show only a part of it (Docker without
 * a cgroup namespace), so both are needed. `undefined` when the controller is not mounted.
 */
export function locateCgroup(
  controller: 'cpu' | 'cpuacct' | 'cpuset' | 'memory',
  { selfCgroup, mountInfo }: { readonly selfCgroup: string; readonly mountInfo: string },
): CgroupLocation | undefined {
  const mounts = parseMounts(mountInfo);
  let unifiedPath: string | undefined;
  for (const line of selfCgroup.split('\n')) {
    const match = /^\d+:([^:]*):(.*)$/.exec(line);
    const controllers = match?.[1];
    const path = match?.[2];
    if (controllers === undefined || path === undefined) continue;
    if (controllers === '') {
      unifiedPath = path;
      continue;
    }
    if (!controllers.split(',').includes(controller)) continue;
    const mount = mounts.find((each) => each.version === 1 && each.options.includes(controller));
    if (mount !== undefined) return { version: 1, directories: foldersUpTo(mount, path) };
  }
  if (unifiedPath === undefined) return undefined;
  const mount = mounts.find((each) => each.version === 2);
  return mount === undefined ? undefined : { version: 2, directories: foldersUpTo(mount, unifiedPath) };
}

/** The limits that hold for this process: the tightest of its own group and of all groups around it. */
export function readCgroupLimits(read: TextReader = readText): CgroupLimits {
  const selfCgroup = read('/proc/self/cgroup') ?? '';
  const mountInfo = read('/proc/self/mountinfo') ?? '';
  const cpu = locateCgroup('cpu', { selfCgroup, mountInfo });
  const memory = locateCgroup('memory', { selfCgroup, mountInfo });
  const cpuset = locateCgroup('cpuset', { selfCgroup, mountInfo });
  const tightestCpu = tightest(cpu, (folder) =>
    cpu?.version === 2
      ? parseCpuMax(read(`${folder}/cpu.max`))
      : parseCfsQuota(read(`${folder}/cpu.cfs_quota_us`), read(`${folder}/cpu.cfs_period_us`)),
  );
  const tightestMemory = tightest(memory, (folder) =>
    parseMemoryLimit(
      read(memory?.version === 2 ? `${folder}/memory.max` : `${folder}/memory.limit_in_bytes`),
    ),
  );
  const cpusetFile = cpuset?.version === 2 ? 'cpuset.cpus.effective' : 'cpuset.effective_cpus';
  // The group's own file; a group that the controller is not enabled for has what the one around it has.
  const cpusetTexts = cpuset?.directories.map((folder) => read(`${folder}/${cpusetFile}`));
  return {
    cpuCores: tightestCpu?.value ?? null,
    cpusetCores: parseCpuList(cpusetTexts?.find((text) => parseCpuList(text) !== null)),
    memoryBytes: tightestMemory?.value ?? null,
    memoryDirectory: tightestMemory?.folder ?? null,
    memoryVersion: tightestMemory === undefined ? null : (memory?.version ?? null),
    cpuDirectory: tightestCpu?.folder ?? null,
    cpuVersion: tightestCpu === undefined ? null : (cpu?.version ?? null),
  };
}

/** Cores from version 2's `cpu.max` ("200000 100000" is 2); `null` for "max" or no file. */
export function parseCpuMax(text: string | undefined): number | null {
  const [quota, period] = (text ?? '').trim().split(/\s+/);
  return cores(quota, period ?? '100000');
}

/** Cores from version 1's `cpu.cfs_quota_us` and `cpu.cfs_period_us`; `null` for -1 or no file. */
export function parseCfsQuota(quota: string | undefined, period: string | undefined): number | null {
  return cores(quota?.trim(), period?.trim());
}

/** Bytes from `memory.max` or `memory.limit_in_bytes`; `null` when not limited. */
export function parseMemoryLimit(text: string | undefined): number | null {
  const trimmed = text?.trim() ?? '';
  if (!/^\d+$/.test(trimmed)) return null;
  const bytes = Number(trimmed);
  return bytes >= UNLIMITED_FROM ? null : bytes;
}

/** How many CPUs a list such as "0-3,8" names; `null` for an empty or absent one. */
export function parseCpuList(text: string | undefined): number | null {
  let count = 0;
  for (const part of (text ?? '').trim().split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (match === null) continue;
    count += match[2] === undefined ? 1 : Math.max(0, Number(match[2]) - Number(match[1]) + 1);
  }
  return count === 0 ? null : count;
}

/** The number behind `key` in a file of "key value" lines (`cpu.stat`, `memory.stat`); `null` when absent. */
export function parseStatValue(text: string | undefined, key: string): number | null {
  const match = new RegExp(`^${key} (\\d+)$`, 'm').exec(text ?? '');
  return match === null ? null : Number(match[1]);
}

function cores(quota: string | undefined, period: string | undefined): number | null {
  if (quota === undefined || period === undefined || !/^\d+$/.test(quota) || !/^\d+$/.test(period))
    return null;
  const value = Number(quota) / Number(period);
  return Number.isFinite(value) && value > 0 ? value : null;
}

function tightest(
  location: CgroupLocation | undefined,
  limitOf: (folder: string) => number | null,
): { readonly folder: string; readonly value: number } | undefined {
  let found: { readonly folder: string; readonly value: number } | undefined;
  for (const folder of location?.directories ?? []) {
    const value = limitOf(folder);
    if (value !== null && (found === undefined || value < found.value)) found = { folder, value };
  }
  return found;
}

function parseMounts(mountInfo: string): CgroupMount[] {
  const mounts: CgroupMount[] = [];
  for (const line of mountInfo.split('\n')) {
    // "36 35 0:31 /root /mount/point rw,opts shared:1 - cgroup cgroup rw,memory"
    const [left, right] = line.split(' - ');
    const [, , , root, mountPoint] = (left ?? '').split(' ');
    const [type, , options] = (right ?? '').split(' ');
    if (root === undefined || mountPoint === undefined || (type !== 'cgroup' && type !== 'cgroup2')) continue;
    mounts.push({
      version: type === 'cgroup2' ? 2 : 1,
      root: unescapeMount(root),
      mountPoint: unescapeMount(mountPoint),
      options: (options ?? '').split(','),
    });
  }
  return mounts;
}

/** mountinfo writes blanks, tabs, line feeds and backslashes as three octal digits. */
function unescapeMount(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_match, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

function foldersUpTo(mount: CgroupMount, path: string): string[] {
  // Outside of the part that is mounted (another namespace) only the mount point itself can be read.
  const inside = mount.root === '/' ? path : path.startsWith(mount.root) ? path.slice(mount.root.length) : '';
  const parts = inside.split('/').filter((part) => part !== '' && part !== '..');
  const folders: string[] = [];
  for (let depth = parts.length; depth >= 0; depth--) {
    folders.push([mount.mountPoint, ...parts.slice(0, depth)].join('/'));
  }
  return folders;
}
