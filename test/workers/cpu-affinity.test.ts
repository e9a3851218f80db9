import { afterEach, describe, expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { workerEvaluator } from '../../src/workers/worker-evaluator.js';
import {
  allowedCpus,
  applyPlacement,
  cpuNumbers,
  physicalCores,
  planAffinity,
} from '../../src/workers/cpu-affinity.js';
import { WorkerPool } from '../../src/workers/worker-pool.js';

const pools: WorkerPool[] = [];
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
});

/** An evaluator that reports where its own thread may run, as the kernel says it. */
const whereAmI = `data:text/javascript,${encodeURIComponent(`
  import { readFileSync } from 'node:fs';
  import { getPriority } from 'node:os';
  export default {
    name: 'where', version: '1',
    evaluate() {
      const end = performance.now() + 30;
      while (performance.now() < end);
      const status = readFileSync('/proc/thread-self/status', 'utf8');
      return { evaluator: 'where', version: '1', overallScore: 1, dimensions: [],
        metadata: { status, priority: getPriority(0) } };
    },
  };
`)}`;

describe('the plan of CPUs', () => {
  it('reads lists of CPUs as the kernel writes them', () => {
    expect(cpuNumbers('0-3,8,10-11\n')).toEqual([0, 1, 2, 3, 8, 10, 11]);
    expect(cpuNumbers('')).toEqual([]);
    expect(allowedCpus('Name:\tnode\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\nMems:\t1\n')).toEqual([0, 1]);
  });

  it('groups the allowed CPUs into physical cores', () => {
    const files: Record<string, string> = {
      '/proc/self/status': 'Cpus_allowed_list:\t0-2,4-5\n',
      '/sys/devices/system/cpu/cpu0/topology/thread_siblings_list': '0,4\n',
      '/sys/devices/system/cpu/cpu4/topology/thread_siblings_list': '0,4\n',
      '/sys/devices/system/cpu/cpu1/topology/thread_siblings_list': '1,5\n',
      '/sys/devices/system/cpu/cpu5/topology/thread_siblings_list': '1,5\n',
    };
    expect(physicalCores((path) => files[path])).toEqual([[0, 4], [1, 5], [2]]);
    expect(physicalCores(() => undefined)).toEqual([]);
  });

  it('gives each worker a physical core while there are enough, else spreads them evenly', () => {
    const cores = [
      [0, 4],
      [1, 5],
    ];
    expect(planAffinity(2, cores)).toEqual(cores);
    expect(planAffinity(5, cores)).toEqual([[0], [4], [1], [5], [0]]);
    expect(planAffinity(2, [])).toEqual([]);
  });

  it('says why it did nothing when there is nothing to go by', () => {
    expect(applyPlacement({ cpus: [] }, { worker: 0, isProcess: false })).toMatchObject([
      { what: 'affinity', applied: false, value: null },
    ]);
    expect(applyPlacement({ cpus: [[4095]] }, { worker: 0, isProcess: false })[0]!.reason).toBeTruthy();
    expect(applyPlacement({}, { worker: 0, isProcess: false })).toEqual([]);
  });
});

describe.runIf(process.platform === 'linux')('CPU affinity of running workers', () => {
  const own = allowedCpus(readFileSync('/proc/self/status', 'utf8'));

  it.each(['threads', 'processes'] as const)(
    'pins %s to the CPUs that were asked for, and not the host',
    async (runtime) => {
      const last = own.at(-1)!;
      const pool = new WorkerPool({ workers: 2, runtime, cpuAffinity: [[own[0]!], [last]], priority: 7 });
      pools.push(pool);
      const told: (readonly number[] | null)[] = [];
      pool.on('worker:affinity', ({ applied, cpus }) => {
        expect(applied).toBe(true);
        told.push(cpus);
      });
      const priorities: (number | null)[] = [];
      pool.on('worker:priority', ({ priority }) => priorities.push(priority));
      const evaluator = await workerEvaluator(whereAmI, { pool });
      const evaluations = await Promise.all(
        [1, 2, 3, 4].map((i) => evaluator.evaluateText('', { id: `${i}`, input: '' })),
      );
      const readBack = evaluations.map(({ metadata }) => allowedCpus(metadata!['status'] as string));
      expect(readBack.every((cpus) => cpus.length === 1 && (cpus[0] === own[0] || cpus[0] === last))).toBe(
        true,
      );
      expect(new Set(readBack.flat()).size).toBe(new Set([own[0], last]).size);
      expect(evaluations.every(({ metadata }) => metadata!['priority'] === 7)).toBe(true);
      expect(told.flat().toSorted()).toEqual([own[0]!, last].toSorted());
      expect(priorities).toEqual([7, 7]);
      expect(pool.placements.map(({ what, worker, applied }) => [what, worker, applied])).toEqual(
        [
          ['affinity', 0, true],
          ['priority', 0, true],
          ['affinity', 1, true],
          ['priority', 1, true],
        ].toSorted((a, b) => Number(a[1]) - Number(b[1])),
      );
      expect(allowedCpus(readFileSync('/proc/self/status', 'utf8'))).toEqual(own);
    },
  );

  it('says that it was not applied, and works all the same, when the CPU does not exist', async () => {
    const pool = new WorkerPool({ workers: 1, cpuAffinity: [[4000]] });
    pools.push(pool);
    const reasons: (string | undefined)[] = [];
    pool.on('worker:affinity', ({ applied, reason }) => reasons.push(applied ? 'applied' : reason));
    const evaluator = await workerEvaluator(whereAmI, { pool });
    expect((await evaluator.evaluateText('', { id: 'a', input: '' })).overallScore).toBe(1);
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).not.toBe('applied');
  });
});

describe('the options', () => {
  it('must name CPUs for every worker', () => {
    expect(() => new WorkerPool({ workers: 3, cpuAffinity: [[0]] })).toThrow(/all 3 workers/);
    expect(() => new WorkerPool({ cpuAffinity: [] })).toThrow(/`cpuAffinity`/);
    expect(() => new WorkerPool({ cpuAffinity: 'some' as never })).toThrow(/'auto'/);
    expect(() => new WorkerPool({ priority: 20 })).toThrow(/`priority`/);
  });
});
