import { closeSync, openSync, readSync } from 'node:fs';
import { cpus, freemem, totalmem } from 'node:os';
import {
  locateCgroup,
  parseStatValue,
  readCgroupLimits,
  readText,
  type CgroupLimits,
  type TextReader,
} from '../../foundation/cgroup.js';
import {
  parseCpuTicks,
  parseDiskStats,
  parseMemInfo,
  parseNetDev,
  type ByteCounts,
  type CpuTicks,
} from './proc-files.js';

/** Raw counts of the machine; rates come from the difference of two. `null`: not known here. */
export interface MachineCounters {
  /** CPU time of the machine. */
  readonly cpu: CpuTicks | null;
  /** CPU time of this process's cgroup in milliseconds, when it may not use the whole machine. */
  readonly cgroupCpuMs: number | null;
  /** Cores that the cgroup may use; set together with `cgroupCpuMs`. */
  readonly cgroupCores: number | null;
  readonly memoryUsedBytes: number | null;
  readonly memoryLimitBytes: number | null;
  readonly disk: ByteCounts | null;
  readonly network: ByteCounts | null;
}

/** Reads {@link MachineCounters}. */
export interface MachineReader {
  /** The counts as they are now. */
  read(): MachineCounters;
  /** Frees file descriptors. */
  close(): void;
}

const MICROSECONDS = 1000;
const NANOSECONDS = 1_000_000;

/**
 * Reads the machine through /proc and the cgroup files on Linux (about 0.3 ms, with file descriptors that stay
 * open), through `os` elsewhere, where disk and network are not known.
 */
export function openMachineReader(platform: NodeJS.Platform = process.platform): MachineReader {
  if (platform !== 'linux') return { read: readPortable, close: () => {} };
  const files = new KeptFiles();
  return {
    read: linuxReader((path) => files.read(path), readText),
    close: () => files.close(),
  };
}

/**
 * The Linux reader over any source of file contents: `read` for files that are read at every sample, `readOnce`
 * for limits, which are looked up at the start.
 */
export function linuxReader(read: TextReader, readOnce: TextReader): () => MachineCounters {
  const limits = readCgroupLimits(readOnce);
  const selfCgroup = readOnce('/proc/self/cgroup') ?? '';
  const mountInfo = readOnce('/proc/self/mountinfo') ?? '';
  const machineCores = [...(readOnce('/proc/stat') ?? '').matchAll(/^cpu\d+ /gm)].length;
  const cores = Math.min(limits.cpuCores ?? Infinity, limits.cpusetCores ?? Infinity);
  const limited = machineCores > 0 && cores < machineCores;
  const cpuTime = limited ? cgroupCpuTime(limits, { selfCgroup, mountInfo, read }) : () => null;
  const memory = cgroupMemory(limits, read);
  return () => {
    const host = parseMemInfo(read('/proc/meminfo'));
    const limit = limits.memoryBytes;
    // A limit above what the machine has limits nothing.
    const group = limit !== null && (host === null || limit < host.total) ? memory() : null;
    const cgroupCpuMs = cpuTime();
    return {
      cpu: parseCpuTicks(read('/proc/stat')),
      cgroupCpuMs,
      cgroupCores: cgroupCpuMs === null ? null : cores,
      memoryUsedBytes: group ?? host?.used ?? null,
      memoryLimitBytes: group === null ? (host?.total ?? null) : limit,
      disk: parseDiskStats(read('/proc/diskstats')),
      network: parseNetDev(read('/proc/net/dev')),
    };
  };
}

function cgroupCpuTime(
  limits: CgroupLimits,
  {
    selfCgroup,
    mountInfo,
    read,
  }: { readonly selfCgroup: string; readonly mountInfo: string; readonly read: TextReader },
): () => number | null {
  const location = locateCgroup('cpuacct', { selfCgroup, mountInfo });
  // With version 1 the quota may belong to a group around ours, in another tree than the accounts.
  const own = location?.directories[0];
  if (own === undefined) return () => null;
  if (location?.version === 1) {
    return () => {
      const text = read(`${own}/cpuacct.usage`)?.trim() ?? '';
      return /^\d+$/.test(text) ? Number(text) / NANOSECONDS : null;
    };
  }
  const folder = limits.cpuDirectory ?? own;
  return () => {
    const usage = parseStatValue(read(`${folder}/cpu.stat`), 'usage_usec');
    return usage === null ? null : usage / MICROSECONDS;
  };
}

/** Memory of the limited group without inactive file pages, which the kernel gives back under pressure. */
function cgroupMemory(limits: CgroupLimits, read: TextReader): () => number | null {
  const { memoryDirectory: folder, memoryVersion: version } = limits;
  if (folder === null) return () => null;
  const [usageFile, inactiveKey] =
    version === 2 ? ['memory.current', 'inactive_file'] : ['memory.usage_in_bytes', 'total_inactive_file'];
  return () => {
    const text = read(`${folder}/${usageFile}`)?.trim() ?? '';
    if (!/^\d+$/.test(text)) return null;
    const inactive = parseStatValue(read(`${folder}/memory.stat`), inactiveKey as string) ?? 0;
    return Math.max(0, Number(text) - inactive);
  };
}

function readPortable(): MachineCounters {
  let busy = 0;
  let total = 0;
  for (const { times } of cpus()) {
    const all = times.user + times.nice + times.sys + times.idle + times.irq;
    total += all;
    busy += all - times.idle;
  }
  const memory = totalmem();
  return {
    cpu: total > 0 ? { busy, total } : null,
    cgroupCpuMs: null,
    cgroupCores: null,
    memoryUsedBytes: memory - freemem(),
    memoryLimitBytes: memory,
    disk: null,
    network: null,
  };
}

/** Files that are opened once and read from their start each time: the kernel makes /proc files anew. */
class KeptFiles {
  readonly #descriptors = new Map<string, number | null>();
  #buffer = Buffer.allocUnsafe(16_384);

  read(path: string): string | undefined {
    let descriptor = this.#descriptors.get(path);
    if (descriptor === undefined) {
      try {
        descriptor = openSync(path, 'r');
      } catch {
        descriptor = null; // absent here: not tried again
      }
      this.#descriptors.set(path, descriptor);
    }
    if (descriptor === null) return undefined;
    try {
      let length = 0;
      for (;;) {
        // A pseudo-file has no size; it is read until nothing comes, in as few calls as its content needs.
        const got = readSync(descriptor, this.#buffer, length, this.#buffer.length - length, length);
        if (got === 0) break;
        length += got;
        if (length === this.#buffer.length) {
          this.#buffer = Buffer.concat([this.#buffer], this.#buffer.length * 2);
        }
      }
      return this.#buffer.toString('latin1', 0, length);
    } catch {
      return undefined;
    }
  }

  close(): void {
    for (const descriptor of this.#descriptors.values()) if (descriptor !== null) closeSync(descriptor);
    this.#descriptors.clear();
  }
}
