/** CPU time of the whole machine in clock ticks since it was started. */
export interface CpuTicks {
  readonly busy: number;
  readonly total: number;
}

/** Bytes that went both ways since the machine was started. */
export interface ByteCounts {
  readonly inBytes: number;
  readonly outBytes: number;
}

const SECTOR_BYTES = 512; // the unit of /proc/diskstats, whatever the disk's own sector size

/** Reads the first line of `/proc/stat`; `null` when it is not there. */
export function parseCpuTicks(text: string | undefined): CpuTicks | null {
  const match = /^cpu +(\d.*)$/m.exec(text ?? '');
  if (match?.[1] === undefined) return null;
  // user nice system idle iowait irq softirq steal; guest times are already part of user and nice
  const ticks = match[1].split(' ').slice(0, 8).map(Number);
  const total = ticks.reduce((sum, each) => sum + each, 0);
  const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
  return { busy: total - idle, total };
}

/** Total and used bytes from `/proc/meminfo`; used is total without what the kernel calls available. */
export function parseMemInfo(
  text: string | undefined,
): { readonly total: number; readonly used: number } | null {
  const read = (key: string): number | null => {
    const match = new RegExp(`^${key}: +(\\d+) kB$`, 'm').exec(text ?? '');
    return match === null ? null : Number(match[1]) * 1024;
  };
  const total = read('MemTotal');
  const available = read('MemAvailable');
  return total === null || available === null ? null : { total, used: total - available };
}

/**
 * Bytes read (in) and written (out) by all disks, from `/proc/diskstats`. Partitions, and devices that pass
 * their work on to others (device mapper, RAID, loop), would count the same bytes twice and are left out.
 */
export function parseDiskStats(text: string | undefined): ByteCounts | null {
  const rows = (text ?? '')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length >= 10);
  const names = new Set(rows.map((fields) => fields[2] ?? ''));
  let found = false;
  let inBytes = 0;
  let outBytes = 0;
  for (const fields of rows) {
    const name = fields[2] ?? '';
    if (/^(loop|ram|zram|dm-|md|sr|fd)\d*/.test(name) || isPartition(name, names)) continue;
    found = true;
    inBytes += Number(fields[5]) * SECTOR_BYTES;
    outBytes += Number(fields[9]) * SECTOR_BYTES;
  }
  return found ? { inBytes, outBytes } : null;
}

/** Bytes received (in) and sent (out), from `/proc/net/dev`, without loopback and bridges between containers. */
export function parseNetDev(text: string | undefined): ByteCounts | null {
  let found = false;
  let inBytes = 0;
  let outBytes = 0;
  for (const line of (text ?? '').split('\n')) {
    const match = /^\s*([^:\s]+):\s*(\d.*)$/.exec(line);
    const name = match?.[1];
    if (name === undefined || /^(lo|veth.*|docker\d*|br-.*|virbr.*|cni.*|cali.*|flannel.*)$/.test(name))
      continue;
    const fields = (match?.[2] ?? '').trim().split(/\s+/).map(Number);
    found = true;
    inBytes += fields[0] ?? 0;
    outBytes += fields[8] ?? 0;
  }
  return found ? { inBytes, outBytes } : null;
}

function isPartition(name: string, names: ReadonlySet<string>): boolean {
  const disk = /^(.*\d)p\d+$/.exec(name)?.[1] ?? /^(.*\D)\d+$/.exec(name)?.[1];
  return disk !== undefined && names.has(disk);
}
