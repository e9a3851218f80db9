import { availableParallelism, totalmem } from 'node:os';
import { readCgroupLimits, readText, type TextReader } from '../foundation/cgroup.js';
import { callable, checkOptions, integer, number, type OptionCheck } from '../foundation/options.js';
import { physicalCores } from './cpu-affinity.js';

/** Options of {@link recommendConcurrency}. */
export interface RecommendConcurrencyOptions {
  /**
   * Memory that one worker needs, bytes, >= 16 MiB. An evaluator with its thread takes some 50 MB; one that holds a model
   * of its own takes what the model takes. @default 536870912 (512 MiB)
   */
  readonly memoryPerWorkerBytes?: number | undefined;
  /**
   * Most workers to recommend, >= 1, or `Infinity`: one main thread hands out all the work, and each worker costs memory
   * before it does any. @default 16
   */
  readonly maxWorkers?: number | undefined;
  /** Reads system files; replaceable in tests. @default reads them */
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
  /** What keeps it from being more: the cores that there are, a CPU quota, memory, or the option `maxWorkers`. */
  readonly limitedBy: 'cores' | 'cpu-quota' | 'memory' | 'maxWorkers';
  /** Workers beyond which more only compete: one a hardware thread, as far as memory reaches; `maxWorkers` is no matter. */
  readonly maxSafeWorkers: number;
  /** Memory for each of the recommended workers when a quarter is left to the host, bytes. */
  readonly memoryPerWorkerBytes: number;
  /** What the machine offers: the grounds of the numbers above. */
  readonly system: SystemResources;
}

const MEGABYTE = 2 ** 20;
const SHARE_FOR_WORKERS = 0.75;
const DEFAULT_MEMORY_BYTES = 512 * MEGABYTE;
const DEFAULT_MAX_WORKERS = 16;

const workerCount: OptionCheck = (value) =>
  value === Number.POSITIVE_INFINITY ? undefined : integer(1)(value);

/** How the options that a pool has too are checked. */
export const RECOMMENDATION_CHECKS = {
  memoryPerWorkerBytes: number(16 * MEGABYTE),
  maxWorkers: workerCount,
};

/**
 * How many evaluation workers suit this machine, as limited by its container: physical cores, CPU quota, CPU set
 * and memory of the cgroup all count.
 *
 * The guide that this package comes from says otherwise: half of the physical cores, 4 GB a worker, at most 16. Its
 * workers each wait for a model and hold its replies; here a worker only evaluates, so it gets a core of its own and
 * needs little memory. The cap is the same. For the guide's numbers give `memoryPerWorkerBytes: 4 * 2 ** 30`, and half
 * of `system.physicalCores` as `maxWorkers`.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`.
 */
export function recommendConcurrency(options: RecommendConcurrencyOptions = {}): ConcurrencyRecommendation {
  const given = checkOptions('recommendConcurrency', options, {
    ...RECOMMENDATION_CHECKS,
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
  const byMemory = Math.max(1, Math.floor(usable / (given.memoryPerWorkerBytes ?? DEFAULT_MEMORY_BYTES)));
  const quota = limits.cpuCores ?? Number.POSITIVE_INFINITY;
  const byCores = besideTheMainThread(physical);
  const byQuota = besideTheMainThread(quota);
  const byOption = given.maxWorkers ?? DEFAULT_MAX_WORKERS;
  const recommendedWorkers = Math.min(byCores, byQuota, byMemory, byOption);
  const maxSafeWorkers = Math.max(
    recommendedWorkers,
    Math.min(Math.max(1, Math.ceil(Math.min(logicalCores, quota))), byMemory),
  );
  const limitedBy =
    recommendedWorkers === byCores
      ? 'cores'
      : recommendedWorkers === byQuota
        ? 'cpu-quota'
        : recommendedWorkers === byMemory
          ? 'memory'
          : 'maxWorkers';
  return {
    recommendedWorkers,
    limitedBy,
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

// The main thread hands out the work; with one or two cores it has to share.
function besideTheMainThread(cores: number): number {
  const whole = Math.max(1, Math.floor(cores));
  return whole > 2 ? whole - 1 : whole;
}

function machineMemory(read: TextReader): number {
  const kilobytes = /^MemTotal:\s+(\d+) kB$/m.exec(read('/proc/meminfo') ?? '')?.[1];
  return kilobytes === undefined ? totalmem() : Number(kilobytes) * 1024;
}
