import { availableParallelism, totalmem } from 'node:os';
import { readCgroupLimits, readText, type TextReader } from '../foundation/cgroup.js';
import { checkOptions, callable, integer } from '../foundation/options.js';
import { physicalCores } from './cpu-affinity.js';

/** Options of {@link recommendConcurrency}. */
export interface RecommendConcurrencyOptions {
  /** Memory that one worker needs, megabytes, >= 16. @default 512 */
  readonly memoryPerWorkerMb?: number | undefined;
  /** The text of a system file, `undefined` where there is none; replaceable in tests. @default reads them */
  readonly read?: ((path: string) => string | undefined) | undefined;
}

/** What the machine offers to this process. */
export interface SystemResources {
  /** Hardware threads that this process may run on. */
  readonly logicalCores: number;
  /** Physical cores behind them; the same number where that cannot be read. */
  readonly physicalCores: number;
  /** CPU time that a cgroup allows, in cores; `null`: not limited. */
  readonly cpuLimit: number | null;
  /** Memory of the machine, bytes. */
  readonly memoryBytes: number;
  /** Memory that a cgroup allows, bytes; `null`: not limited. */
  readonly memoryLimitBytes: number | null;
}

/** How many workers suit the machine. */
export interface ConcurrencyRecommendation {
  /** Workers for steady work: one a physical core, one core left to the main thread where there are three or more. */
  readonly recommendedWorkers: number;
  /** Workers beyond which more only compete: one a hardware thread. */
  readonly maxSafeWorkers: number;
  /** Memory for each of the recommended workers when a quarter is left to the host, bytes. */
  readonly memoryPerWorkerBytes: number;
  /** What the machine offers: the grounds of the numbers above. */
  readonly system: SystemResources;
}

const MEGABYTE = 2 ** 20;
const SHARE_FOR_WORKERS = 0.75;

/**
 * How many evaluation workers suit this machine, as limited by its container: physical cores, CPU quota, CPU set
 * and memory of the cgroup all count.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`.
 */
export function recommendConcurrency(options: RecommendConcurrencyOptions = {}): ConcurrencyRecommendation {
  const given = checkOptions('recommendConcurrency', options, {
    memoryPerWorkerMb: integer(16),
    read: callable,
  });
  const read = given.read ?? readText;
  const limits = readCgroupLimits(read);
  const cores = physicalCores(read);
  const logicalCores = Math.min(
    cores.length === 0 ? availableParallelism() : cores.flat().length,
    limits.cpusetCores ?? Number.POSITIVE_INFINITY,
  );
  const physical = Math.min(cores.length === 0 ? logicalCores : cores.length, logicalCores);
  const memoryBytes = machineMemory(read);
  const usable = Math.min(memoryBytes, limits.memoryBytes ?? Number.POSITIVE_INFINITY) * SHARE_FOR_WORKERS;
  const byMemory = Math.max(1, Math.floor(usable / ((given.memoryPerWorkerMb ?? 512) * MEGABYTE)));
  const quota = limits.cpuCores ?? Number.POSITIVE_INFINITY;
  const usableCores = Math.max(1, Math.floor(Math.min(physical, quota)));
  const recommendedWorkers = Math.min(usableCores > 2 ? usableCores - 1 : usableCores, byMemory);
  const maxSafeWorkers = Math.max(
    recommendedWorkers,
    Math.min(Math.max(1, Math.ceil(Math.min(logicalCores, quota))), byMemory),
  );
  return {
    recommendedWorkers,
    maxSafeWorkers,
    memoryPerWorkerBytes: Math.floor(usable / recommendedWorkers),
    system: {
      logicalCores,
      physicalCores: physical,
      cpuLimit: limits.cpuCores,
      memoryBytes,
      memoryLimitBytes: limits.memoryBytes,
    },
  };
}

function machineMemory(read: TextReader): number {
  const kilobytes = /^MemTotal:\s+(\d+) kB$/m.exec(read('/proc/meminfo') ?? '')?.[1];
  return kilobytes === undefined ? totalmem() : Number(kilobytes) * 1024;
}
