import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../../src/batch/batch-processor.js';
import { RunStatistics } from '../../../src/batch/summary/run-statistics.js';
import type { RunSummary } from '../../../src/batch/summary/run-summary.js';
import { createEvaluator } from '../../../src/evaluation/create-evaluator.js';
import type { TestCase } from '../../../src/evaluation/evaluation-types.js';
import { bleu } from '../../../src/scorers/text-metrics/bleu.js';
import { wilsonInterval } from '../../../src/statistics/intervals.js';
import { MemoryResultStore } from '../../../src/stores/memory-result-store.js';
import { seededRandom } from '../../../src/foundation/seeded-random.js';

interface Drawn {
  readonly score: number | null;
  readonly second: number;
  readonly fails: boolean;
  readonly cluster: string;
  readonly group: string;
}

const drawn = fc.record({
  score: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: null, freq: 8 }),
  second: fc.constantFrom(0, 1),
  fails: fc.boolean(),
  cluster: fc.constantFrom('a', 'b', 'c', 'd'),
  group: fc.constantFrom('x', 'y', 'z'),
});

const casesOf = (all: readonly Drawn[], clustered: boolean): TestCase<Drawn, string>[] =>
  all.map((each, i) => ({
    id: `c${i}`,
    input: each,
    expected: 'the cat sat on the mat',
    group: each.group,
    ...(clustered ? { cluster: each.cluster } : {}),
  }));

const evaluator = createEvaluator<Drawn, string>({
  name: 'drawn',
  version: '1',
  dimensions: {
    first: ({ input }) => (input.score === null ? { score: null, reason: 'none' } : input.score),
    second: ({ input }) => input.second,
    bleu: bleu() as never,
  },
});

async function run(
  cases: readonly TestCase<Drawn, string>[],
  options: {
    readonly concurrency: number;
    readonly repetitions: number;
    readonly seed: number;
    readonly drainAfter?: number;
  },
): Promise<RunSummary> {
  const random = seededRandom(options.seed);
  const store = new MemoryResultStore();
  let asked = 0;
  const processor = new BatchProcessor<Drawn, string>({
    evaluator,
    store,
    concurrency: options.concurrency,
    repetitions: options.repetitions,
    batchSize: 3,
    target: async (input, { testCase, repetition }) => {
      if (++asked === options.drainAfter) void processor.drain();
      for (let turns = Math.floor(random() * 4); turns > 0; turns--)
        await new Promise((resolve) => setImmediate(resolve));
      if (input.fails) throw new Error('down');
      return repetition === 0 ? `the cat sat on ${testCase.id}` : 'a dog';
    },
  });
  const summary = await processor.run(cases, { runId: 'r' });
  expect(summary.scored + summary.unscored + summary.errored + summary.skipped).toBe(summary.submitted);
  for (const { scored, unscored, errored } of [summary.overall, ...Object.values(summary.dimensions)]) {
    expect(scored + unscored + errored).toBe(summary.submitted);
  }
  if (summary.stopReason === 'end') return summary;
  const resumed = await processor.run(cases, { runId: 'r', resume: true });
  expect(resumed.scored + resumed.unscored + resumed.errored + resumed.skipped).toBe(
    cases.length * options.repetitions,
  );
  return resumed;
}

const numbers = ({ overall, dimensions, groups, repetitions, corpus }: RunSummary): unknown => ({
  overall,
  dimensions,
  groups,
  repetitions,
  corpus,
});

describe('the summary of a run', () => {
  it('is refused when its outcomes do not add up to what was submitted', () => {
    const statistics = new RunStatistics({ repetitions: 1, passThreshold: undefined, evaluator });
    const head = {
      runId: 'r',
      startedAt: 0,
      durationMs: 1,
      stopReason: 'end',
      confidenceLevel: 0.95,
    } as const;
    expect(statistics.summary({ ...head, submitted: 2, skipped: 2 })).toMatchObject({ submitted: 2 });
    expect(() => statistics.summary({ ...head, submitted: 3, skipped: 2 })).toThrow(
      expect.objectContaining({
        code: 'ASSAY_INVARIANT',
        message: expect.stringContaining('to be 3 submitted, got 0 + 0 + 0 + 2') as unknown,
      }),
    );
  });

  it('has the same bits for any concurrency, order of completion and resume', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(drawn, { minLength: 1, maxLength: 40 }),
        fc.boolean(),
        fc.constantFrom(1, 3),
        fc.nat(),
        async (all, clustered, repetitions, seed) => {
          const cases = casesOf(all, clustered);
          const one = await run(cases, { concurrency: 1, repetitions, seed });
          const many = await run([...cases].reverse(), { concurrency: 16, repetitions, seed: seed + 1 });
          const resumed = await run(cases, {
            concurrency: 4,
            repetitions,
            seed: seed + 2,
            drainAfter: 1 + (seed % (all.length * repetitions)),
          });
          expect(numbers(many)).toEqual(numbers(one));
          expect(numbers(resumed)).toEqual(numbers(one));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('names macro and micro means over groups, and sums corpus metrics instead of averaging them', async () => {
    const base = { second: 1, fails: false, cluster: 'a' };
    const cases = casesOf(
      [
        { ...base, score: 1, group: 'x' },
        { ...base, score: 1, group: 'x' },
        { ...base, score: 1, group: 'x' },
        { ...base, score: 0, group: 'y' },
      ],
      false,
    );
    const summary = await run(cases, { concurrency: 2, repetitions: 2, seed: 1 });
    const { byName, macroMean, microMean } = summary.groups!;
    expect(microMean).toBe(summary.overall.mean);
    expect(macroMean).toBeCloseTo((byName['x']!.mean! + byName['y']!.mean!) / 2, 12);
    expect(macroMean).toBeLessThan(microMean!);
    expect(summary.corpus['bleu']!.score).not.toBeNull();
    expect(summary.corpus['bleu']!.score).not.toBe(summary.dimensions['bleu']!.mean);
  });

  it('takes the repetitions of a case for one cluster in the error of its group, too', async () => {
    const base = { second: 1, fails: false, cluster: 'a', group: 'x' };
    const cases = casesOf(
      [0.1, 0.4, 0.9, 0.3].map((score) => ({ ...base, score })),
      false,
    );
    const { overall, groups } = await run(cases, { concurrency: 2, repetitions: 3, seed: 1 });
    expect(overall.clusters).toBe(4);
    expect(groups!.byName['x']).toEqual(overall); // all cases are in the one group
  });

  it.each([0, 1] as const)(
    'has a width where every score is %d, also with clusters or repetitions',
    async (second) => {
      const base = { score: second, second, fails: false, group: 'x' };
      const all = ['a', 'a', 'b', 'b', 'c', 'c'].map((cluster) => ({ ...base, cluster }));
      const clustered = await run(casesOf(all, true), { concurrency: 2, repetitions: 1, seed: 1 });
      const repeated = await run(casesOf(all, false), { concurrency: 2, repetitions: 3, seed: 1 });
      for (const [{ dimensions }, clusters] of [
        [clustered, 3],
        [repeated, 6],
      ] as const) {
        const { mean, standardError, interval } = dimensions['second']!;
        expect([mean, standardError]).toEqual([second, 0]);
        expect(interval).toEqual(wilsonInterval({ successes: second * clusters, n: clusters }));
      }
    },
  );

  it.each([
    ['two halves', [0.5, 0.5], 'mid-gaffke'],
    ['one score', [0.3], 'mid-gaffke'],
    ['nearly all ones', [1, 1, 1, 1, 1, 1, 1, 1, 1, 0.4], 'mid-gaffke'],
    ['zeros and ones', [0, 1, 1], 'wilson'],
  ] as const)('keeps the interval of %s within 0..1, with a width', async (_, scores, method) => {
    const base = { second: 1, fails: false, cluster: 'a', group: 'x' };
    const cases = casesOf(
      scores.map((score) => ({ ...base, score })),
      false,
    );
    const { dimensions } = await run(cases, { concurrency: 2, repetitions: 1, seed: 1 });
    const { interval, mean } = dimensions['first']!;
    expect(interval!.method).toBe(method);
    expect(interval!.low).toBeGreaterThanOrEqual(0);
    expect(interval!.high).toBeLessThanOrEqual(1);
    expect(interval!.low).toBeLessThan(mean!);
    expect(interval!.high).toBeGreaterThan(mean!);
    expect(interval!.high - interval!.low).toBeGreaterThan(0.2);
  });

  it('has a width where every case has one right answer of two', async () => {
    let asked = 0;
    const processor = new BatchProcessor({
      target: () => (asked++ % 2 === 0 ? 'yes' : 'no'),
      evaluator: createEvaluator({
        name: 'e',
        version: '1',
        dimensions: { right: ({ output }) => output === 'yes' },
      }),
      repetitions: 2,
      concurrency: 1,
    });
    const cases = Array.from({ length: 10 }, (_, i) => ({ id: `c${i}`, input: 'x' }));
    const { overall } = await processor.run(cases);
    expect(overall).toMatchObject({ mean: 0.5, standardError: 0, clusters: 10, degreesOfFreedom: 9 });
    expect(overall.interval).toMatchObject({ method: 'clustered-mid-gaffke' });
    expect(overall.interval!.high - overall.interval!.low).toBeGreaterThan(0.2);
  });

  it('warns, in the data and in the table, where one cluster outweighs all others', async () => {
    const one = (cluster: string, score: number): Drawn => ({
      score,
      second: 1,
      fails: false,
      cluster,
      group: 'x',
    });
    const heavy = Array.from({ length: 40 }, (_, i) => one('big', i % 2));
    const light = Array.from({ length: 10 }, (_, i) => one(`small ${i}`, 1));
    const summary = await run(casesOf([...heavy, ...light], true), {
      concurrency: 2,
      repetitions: 1,
      seed: 1,
    });
    expect(summary.overall.clusters).toBe(11);
    expect(summary.overall.effectiveClusters).toBeCloseTo(2500 / 1610, 12);
    expect(summary.overall.degreesOfFreedom).toBeLessThan(4);
    expect(summary.warnings[0]).toMatch(
      /too few clusters .* overall has 11 clusters, worth 1\.6 of equal size/,
    );
    expect(summary.toString()).toMatch(/overall .* 11 clusters \(worth 1\.6: too few\)/);
    const even = casesOf(
      Array.from({ length: 50 }, (_, i) => one(`c${i % 5}`, i % 2)),
      true,
    );
    const fine = await run(even, { concurrency: 2, repetitions: 1, seed: 1 });
    expect(fine.overall.degreesOfFreedom).toBeCloseTo(4, 12);
    expect(fine.warnings).toEqual([]);
  });

  it('says so when only some cases carry a cluster, and does not cluster then', async () => {
    const all = Array.from({ length: 6 }, (_, i) => ({
      score: i / 6,
      second: 1,
      fails: false,
      cluster: 'abc'[i % 3]!,
      group: 'x',
    }));
    const cases = casesOf(all, true);
    const clustered = await run(cases, { concurrency: 2, repetitions: 1, seed: 1 });
    expect(clustered.overall.clusters).toBe(3);
    const { cluster: _left, ...without } = cases[0]!;
    const partly = await run([without, ...cases.slice(1)], { concurrency: 2, repetitions: 1, seed: 1 });
    expect(partly.overall.clusters).toBeNull();
    expect(partly.warnings[0]).toMatch(/some cases carry a cluster/);
  });
});
