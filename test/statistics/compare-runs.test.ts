import { afterEach, describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import { AssayError } from '../../src/errors.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import type { CaseResult, DimensionResult } from '../../src/evaluation/evaluation-types.js';
import { seededRandom } from '../../src/foundation/seeded-random.js';
import { exactMatch } from '../../src/scorers/exact-match.js';
import { compareRuns } from '../../src/statistics/compare-runs.js';
import { ComparisonRefusedError } from '../../src/statistics/comparison-refused.js';
import { formatComparison } from '../../src/statistics/format-comparison.js';
import { comparePaired } from '../../src/statistics/paired-differences.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';
import type { RunManifest } from '../../src/stores/run-manifest.js';
import { describeWithData, readDataJson, readDataLines } from '../support/data.js';
import { expectClose, shuffle } from './support.js';

interface Row {
  readonly id: string;
  /** Overall score; `null`: unscored, `undefined`: errored. */
  readonly score: number | null | undefined;
  readonly dimensions?: Readonly<Record<string, number | null>>;
  readonly repetition?: number;
  readonly cluster?: string;
  readonly version?: string;
}

/** A result as the processor would write it. */
function resultOf(runId: string, row: Row): CaseResult {
  const base = {
    runId,
    caseId: row.id,
    repetition: row.repetition ?? 0,
    ...(row.cluster === undefined ? {} : { cluster: row.cluster }),
    model: 'm',
    endpoint: 'e',
    attempts: 1,
    usage: null,
    cost: null,
    cached: false,
    timings: { queuedMs: 0, targetMs: 1, timeToFirstTokenMs: null, evaluationMs: 0 },
    startedAt: 1_700_000_000_000,
  };
  if (row.score === undefined) {
    return { ...base, outcome: 'errored', error: { code: 'ASSAY_SERVER', message: 'no', retryable: true } };
  }
  const dimensions = Object.entries(row.dimensions ?? {}).map(([name, score]): DimensionResult => ({
    name,
    outcome: score === null ? 'unscored' : 'scored',
    score,
    durationMs: 0,
  }));
  const evaluation = { evaluator: 'e', version: row.version ?? '1', overallScore: row.score, dimensions };
  const response = { text: 'x', finishReason: 'stop', requestId: null } as const;
  if (row.score === null) return { ...base, outcome: 'unscored', reason: 'none', evaluation, response };
  return { ...base, outcome: 'scored', evaluation: { ...evaluation, overallScore: row.score }, response };
}

const run = (runId: string, rows: readonly Row[]): CaseResult[] => rows.map((row) => resultOf(runId, row));

const manifest = (runId: string, changes: Partial<RunManifest> = {}): RunManifest => ({
  runId,
  evaluator: 'e',
  evaluatorVersion: '1',
  configurationHash: 'same',
  conventions: { accuracy: 'exact-match@1' },
  target: { model: runId },
  repetitions: 1,
  startedAt: 1_700_000_000_000,
  packageVersion: '0.1.0',
  ...changes,
});

const stores: MemoryResultStore[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});
const newStore = (): MemoryResultStore => {
  const store = new MemoryResultStore();
  stores.push(store);
  return store;
};

describeWithData('compareRuns on real outputs', () => {
  it('reproduces the published paired figures of two GSM8K models, straight from a store', async () => {
    const rows = readDataLines<{ id: string; model: string; isCorrect: boolean }>(
      'gsm8k/model_solutions_6b.jsonl',
    );
    const store = newStore();
    for (const runId of ['6b_verification', '6b_finetuning']) {
      await store.begin(manifest(runId));
      const ofModel = rows.filter(({ model }) => model === runId);
      await store.append(
        run(
          runId,
          ofModel.map(({ id, isCorrect }) => ({ id, score: isCorrect ? 1 : 0 })),
        ),
      );
    }
    const found = await compareRuns({ store, runId: '6b_verification' }, { store, runId: '6b_finetuning' });
    const { paired } = readDataJson<{ paired: Record<string, Record<string, number>> }>(
      'gsm8k/expected.json',
    );
    const expected = paired['6b_verification minus 6b_finetuning'] as Record<string, number>;
    const [overall] = found.metrics;
    if (overall === undefined) throw new Error('expected an overall metric');
    expect(found.pairs).toBe(1319);
    expectClose(overall.difference, expected['meanDiff'] as number);
    expectClose(overall.standardError, expected['stderrPaired'] as number);
    expect([overall.wins, overall.losses, overall.ties]).toEqual([293, 64, 962]);
    expect(overall.test).toBe('mcnemar');
    expect(formatComparison(found)).toContain('a is better');
  });
});

describe('compareRuns', () => {
  it('pairs by case and repetition, whatever the order, and lists what has no partner', async () => {
    const a = run('a', [
      { id: 'x', score: 1 },
      { id: 'x', score: 0.5, repetition: 1 },
      { id: 'y', score: 0.25 },
      { id: 'only a', score: 1 },
    ]);
    const b = run('b', [
      { id: 'only b', score: 0, repetition: 2 },
      { id: 'y', score: 0.75 },
      { id: 'x', score: 0.25, repetition: 1 },
      { id: 'x', score: 0 },
    ]);
    const found = await compareRuns(a, b);
    expect(found.pairs).toBe(3);
    expect(found.onlyInA).toEqual({ count: 1, ids: ['only a'] });
    expect(found.onlyInB).toEqual({ count: 1, ids: ['only b#2'] });
    expect(found.metrics[0]).toMatchObject({ name: 'overall', pairs: 3, wins: 2, losses: 1, ties: 0 });
    expectClose(found.metrics[0]?.difference ?? null, (1 + 0.25 - 0.5) / 3, 1e-15);
  });

  it('takes repetitions of a case as dependent', async () => {
    const random = seededRandom(3);
    const rows = Array.from({ length: 40 }, (_, i) => ({
      id: `c${i >> 1}`,
      repetition: i & 1,
      a: random(),
      b: random(),
    }));
    const found = await compareRuns(
      run(
        'a',
        rows.map(({ a, ...row }) => ({ ...row, score: a })),
      ),
      run(
        'b',
        rows.map(({ b, ...row }) => ({ ...row, score: b })),
      ),
    );
    const expected = await comparePaired(
      rows.map(({ a }) => a),
      rows.map(({ b }) => b),
      { clusters: rows.map(({ id }) => id) },
    );
    expect(found.metrics[0]).toMatchObject(expected);
    expect(found.metrics[0]?.clusters).toBe(20);
  });

  it('takes cases of one cluster as dependent, unless told to ignore them', async () => {
    const rows = Array.from({ length: 12 }, (_, i) => ({
      id: `c${i}`,
      cluster: `k${i % 3}`,
      score: ((i * 7) % 5) / 4,
    }));
    const a = run('a', rows);
    const b = run(
      'b',
      rows.map((row, i) => ({ ...row, score: ((i * 3) % 5) / 4 })),
    );
    expect((await compareRuns(a, b)).metrics[0]).toMatchObject({ test: 'clustered-t', clusters: 3 });
    expect((await compareRuns(a, b, { clusters: 'ignore' })).metrics[0]).toMatchObject({
      test: 't',
      clusters: null,
    });
    const partly = run('a', [...rows.slice(0, 3), { id: 'c3', score: 1 }]);
    const others = run('b', [...rows.slice(0, 3), { id: 'c3', score: 1 }]);
    await expect(compareRuns(partly, others)).rejects.toThrow(/all cases or none/);
    const moved = run(
      'b',
      rows.map((row) => ({ ...row, cluster: 'elsewhere' })),
    );
    await expect(compareRuns(a, moved)).rejects.toThrow(/in one cluster/);
  });

  it('leaves out pairs that one side has no score for, and counts them', async () => {
    const a = run('a', [
      { id: '1', score: 1, dimensions: { style: 0.5, fact: 1 } },
      { id: '2', score: null, dimensions: { style: null, fact: null } },
      { id: '3', score: undefined },
      { id: '4', score: 0, dimensions: { style: 0.25, fact: 0 } },
    ]);
    const b = run(
      'b',
      ['1', '2', '3', '4'].map((id) => ({ id, score: 0, dimensions: { style: 0 } })),
    );
    const { metrics } = await compareRuns(a, b);
    const counts = metrics.map(({ name, pairs, missingInA, missingInB }) => [
      name,
      pairs,
      missingInA,
      missingInB,
    ]);
    expect(counts).toEqual([
      ['overall', 2, 2, 0],
      ['fact', 0, 2, 4],
      ['style', 2, 2, 0],
    ]);
    expect(metrics[1]).toMatchObject({
      difference: null,
      pValue: null,
      interval: null,
      adjustedPValue: null,
    });
  });

  it('corrects the dimensions for their number, and not the overall score', async () => {
    const random = seededRandom(8);
    const rows = Array.from({ length: 30 }, (_, i) => ({
      id: `c${i}`,
      score: random(),
      dimensions: { d1: random(), d2: random(), d3: random() },
    }));
    const others = rows.map(({ id }) => ({
      id,
      score: random() * 0.8,
      dimensions: { d1: random() * 0.6, d2: random(), d3: random() },
    }));
    const { metrics } = await compareRuns(run('a', rows), run('b', others));
    const [overall, ...dimensions] = metrics;
    expect(overall?.adjustedPValue).toBe(overall?.pValue);
    const smallest = Math.min(...dimensions.map(({ pValue }) => pValue as number));
    const found = dimensions.find(({ pValue }) => pValue === smallest);
    expect(found?.adjustedPValue).toBe(Math.min(1, 3 * smallest));
  });

  it('gives the same bits for any order of completion', async () => {
    const random = seededRandom(21);
    const rows = Array.from({ length: 80 }, (_, i) => ({ id: `c${i}`, a: random(), b: random() }));
    const a = run(
      'a',
      rows.map(({ id, a: score }) => ({ id, score, dimensions: { [`d${id.at(-1)}`]: score / 3 } })),
    );
    const b = run(
      'b',
      rows.map(({ id, b: score }) => ({ id, score, dimensions: { [`d${id.at(-1)}`]: score / 7 } })),
    );
    const options = { resamples: 500 };
    const expected = JSON.stringify(await compareRuns(a, b, options));
    for (const seed of [1, 2]) {
      const mixed = await compareRuns(
        shuffle(a, seededRandom(seed)),
        shuffle(b, seededRandom(seed + 9)),
        options,
      );
      expect(JSON.stringify(mixed)).toBe(expected);
    }
  });

  it('refuses runs that were scored differently, listing how, unless forced', async () => {
    const store = newStore();
    await store.begin(manifest('a'));
    await store.begin(
      manifest('b', { evaluatorVersion: '2', conventions: { accuracy: 'exact-match@2', tone: 'judge@1' } }),
    );
    await store.append(run('a', [{ id: 'x', score: 1 }]));
    await store.append(run('b', [{ id: 'x', score: 0 }]));
    const sources = [
      { store, runId: 'a' },
      { store, runId: 'b' },
    ] as const;
    const refused = await compareRuns(...sources).catch((error: unknown) => error);
    if (!(refused instanceof ComparisonRefusedError)) throw new Error('expected a refusal');
    expect(refused.code).toBe('ASSAY_COMPARISON_REFUSED');
    expect(AssayError.is(refused)).toBe(true);
    expect(refused.differences).toEqual([
      'evaluator version: 1 in a, 2 in b',
      'convention of accuracy: exact-match@1 in a, exact-match@2 in b',
      'convention of tone: none in a, judge@1 in b',
    ]);
    const forced = await compareRuns(...sources, { force: true });
    expect(forced.forcedDifferences).toEqual(refused.differences);
    expect(formatComparison(forced)).toContain('FORCED');
  });

  it('refuses runs whose configuration alone differs', async () => {
    const store = newStore();
    await store.begin(manifest('a'));
    await store.begin(manifest('b', { configurationHash: 'other' }));
    await expect(compareRuns({ store, runId: 'a' }, { store, runId: 'b' })).rejects.toThrow(
      /configuration hash/,
    );
  });

  it('refuses results of different evaluator versions even without manifests', async () => {
    const a = run('a', [{ id: 'x', score: 1 }]);
    const b = run('b', [{ id: 'x', score: 1, version: '2' }]);
    await expect(compareRuns(a, b)).rejects.toThrow(/e 1 in a, e 2 in b/);
    expect((await compareRuns(a, b, { force: true })).forcedDifferences).toEqual([
      'evaluator: e 1 in a, e 2 in b',
    ]);
  });

  it('holds few results at a time while two long runs stream by', async () => {
    const total = 50_000;
    let held = 0;
    let most = 0;
    const registry = { taken: [0, 0] };
    const stream = async function* (side: 0 | 1): AsyncGenerator<CaseResult> {
      for (let i = 0; i < total; i++) {
        registry.taken[side] = i + 1;
        held = Math.abs((registry.taken[0] as number) - (registry.taken[1] as number));
        most = Math.max(most, held);
        yield resultOf(side === 0 ? 'a' : 'b', { id: `c${i}`, score: side === 0 ? 1 : i % 2 });
      }
    };
    const found = await compareRuns(stream(0), stream(1), { permutation: false });
    expect(most).toBe(1); // the runs are read in turn: neither is gathered before the other
    expect(found.metrics[0]).toMatchObject({ pairs: total, wins: total / 2, ties: total / 2 });
  });

  it('bounds the list of unmatched ids but not their count', async () => {
    const many = run(
      'a',
      Array.from({ length: 30 }, (_, i) => ({ id: `c${String(i).padStart(2, '0')}`, score: 1 })),
    );
    const found = await compareRuns(many, run('b', [{ id: 'c00', score: 1 }]), { unmatchedLimit: 2 });
    expect(found.onlyInA).toEqual({ count: 29, ids: ['c01', 'c02'] });
    expect(formatComparison(found)).toContain('only in a: 29 ("c01", "c02", 27 more)');
  });

  it('says where a loss that the pairs did not show could outweigh the difference', async () => {
    const random = seededRandom(5);
    const rows = (by: number, n: number): Row[] =>
      Array.from({ length: n }, (_, i) => ({ id: `c${i}`, score: 0.4 + by + 0.1 * random() }));
    const told = async (n: number): Promise<string> =>
      formatComparison(
        await compareRuns(
          rows(0.2, n).map((row) => resultOf('a', row)),
          rows(0, n).map((row) => resultOf('b', row)),
        ),
      );
    const few = await told(12);
    expect(few).toContain('a is better');
    expect(few).toMatch(
      /overall: a rare, large loss that these pairs did not show could outweigh it \(-0\.\d+ to \+0\.\d+ /,
    );
    expect(await told(200)).not.toContain('a rare, large loss');
  });

  it('as text leaves out what matters least until it fits', async () => {
    const rows = Array.from({ length: 20 }, (_, i) => ({ id: `c${i}`, score: i % 2 }));
    const better = rows.map(({ id }) => ({ id, score: 1 }));
    const found = await compareRuns(run('a', better), run('b', rows));
    const headAt = (columns: number): string => formatComparison(found, { columns }).split('\n')[2] as string;
    expect(formatComparison(found, { columns: 500 })).toBe(formatComparison(found));
    expect(headAt(500)).toContain('test');
    expect(headAt(110)).not.toContain('test');
    for (const columns of [110, 95, 80, 70]) {
      expect(headAt(columns).length).toBeLessThanOrEqual(columns);
      expect(headAt(columns)).toMatch(/^metric .* a - b .* 95 % interval .* p .* verdict$/);
    }
    expect(headAt(1)).toBe(headAt(60)); // the rest is what the table is for
  });

  it('refuses a run without results and a result that comes twice', async () => {
    const one = run('a', [{ id: 'x', score: 1 }]);
    const store = newStore();
    await expect(compareRuns(one, { store, runId: 'mistyped' })).rejects.toThrow(
      'results of run b, "mistyped", found none',
    );
    await expect(compareRuns([], one)).rejects.toThrow('results of run a, found none');
    await expect(compareRuns([...one, ...one], run('b', [{ id: 'y', score: 1 }]))).rejects.toThrow(/got two/);
  });

  it.each([
    [null],
    ['nightly-42'],
    [{}],
    [{ store: new MemoryResultStore() }],
    [{ store: null, runId: 'x' }],
  ])('refuses %j as a run', async (source) => {
    const one = run('a', [{ id: 'x', score: 1 }]);
    await expect(compareRuns(one, source as never)).rejects.toThrow(
      'Expected run b to be { store, runId } or results to iterate over',
    );
  });

  it('notices a result that comes again after its partner came, in one run or in both', async () => {
    const [a, b] = [run('a', [{ id: 'x', score: 1 }]), run('b', [{ id: 'x', score: 0 }])];
    for (const [left, right] of [
      [[...a, ...a], b],
      [a, [...b, ...b]],
      [
        [...a, ...a],
        [...b, ...b],
      ],
    ] as const) {
      await expect(compareRuns(left, right)).rejects.toMatchObject({ code: 'ASSAY_DUPLICATE_CASE' });
    }
  });

  it('stops when aborted and closes both streams', async () => {
    const closed: string[] = [];
    const controller = new AbortController();
    const endless = async function* (name: string): AsyncGenerator<CaseResult> {
      try {
        for (let i = 0; ; i++) {
          if (i === 10) controller.abort(new Error('enough'));
          yield resultOf(name, { id: `c${i}`, score: 1 });
        }
      } finally {
        closed.push(name);
      }
    };
    const comparison = compareRuns(endless('a'), endless('b'), { signal: controller.signal });
    await expect(comparison).rejects.toMatchObject({ code: 'ASSAY_ABORTED' });
    expect(closed.sort()).toEqual(['a', 'b']);
  });

  it('lets timers have their turn, so that a comparison of results at hand can be aborted', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => ({ id: `c${i}`, score: i % 2 }));
    const controller = new AbortController();
    const comparison = compareRuns(run('a', rows), run('b', rows), {
      permutation: false,
      signal: controller.signal,
    });
    setImmediate(() => controller.abort(new Error('enough')));
    await expect(comparison).rejects.toMatchObject({ code: 'ASSAY_ABORTED' });
  });

  it('names an option that nobody knows', async () => {
    const one = run('a', [{ id: 'x', score: 1 }]);
    await expect(compareRuns(one, one, { forced: true } as never)).rejects.toThrow(/did you mean `force`/);
  });
});

it('warns of clusters that are too few, in the data and in the table', async () => {
  const rows = Array.from({ length: 12 }, (_, i) => ({
    id: `c${i}`,
    cluster: `k${i % 3}`,
    score: (i % 5) / 4,
  }));
  const found = await compareRuns(
    run('a', rows),
    run(
      'b',
      rows.map((row, i) => ({ ...row, score: (i % 3) / 2 })),
    ),
  );
  expect(found.metrics[0]).toMatchObject({ clusters: 3, effectiveClusters: 3 });
  expect(found.metrics[0]!.degreesOfFreedom).toBeCloseTo(2, 12);
  expect(formatComparison(found)).toMatch(/note: too few clusters .* overall has 3 clusters/);
});

describe('runs that were not scored alike', () => {
  const cases = ['Yes', 'no', 'Maybe'].map((expected, i) => ({ id: `c${i}`, input: 'x', expected }));

  /** A run as a list, and in a store. */
  const evaluate = async (
    runId: string,
    options: { readonly ignoreCase?: boolean } = {},
  ): Promise<{
    readonly list: CaseResult[];
    readonly stored: { store: MemoryResultStore; runId: string };
  }> => {
    const store = newStore();
    const processor = new BatchProcessor({
      target: () => 'yes',
      evaluator: createEvaluator({
        name: 'answers',
        version: '1',
        dimensions: { exact: exactMatch(options) },
      }),
      store,
    });
    await processor.run(cases, { runId });
    const list: CaseResult[] = [];
    for await (const result of store.query({ runId })) list.push(result);
    return { list, stored: { store, runId } };
  };

  it('are refused as lists, from stores and mixed; runs that were scored alike are compared in every mixture', async () => {
    const [first, again, folded] = [
      await evaluate('first'),
      await evaluate('again'),
      await evaluate('folded', { ignoreCase: true }),
    ];
    for (const a of [first.list, first.stored]) {
      for (const b of [again.list, again.stored]) {
        expect((await compareRuns(a, b)).forcedDifferences).toEqual([]);
      }
      for (const b of [folded.list, folded.stored]) {
        await expect(compareRuns(a, b)).rejects.toThrow(ComparisonRefusedError);
        expect((await compareRuns(a, b, { force: true })).forcedDifferences[0]).toMatch(/convention/);
      }
    }
  });

  it('are those of which only one says how it was scored', async () => {
    const { list } = await evaluate('a');
    const silent = list.map((result): CaseResult => {
      if (result.outcome !== 'scored') return result;
      const { scoringHash: _, ...evaluation } = result.evaluation;
      return { ...result, evaluation };
    });
    await expect(compareRuns(list, silent)).rejects.toThrow(/hash [0-9a-f]{16} in a, unknown in b/);
    expect((await compareRuns(silent, silent)).forcedDifferences).toEqual([]);
  });

  it('are those without a manifest in their store, and the refusal says why', async () => {
    const { list, stored } = await evaluate('a');
    const lost = { store: { query: stored.store.query.bind(stored.store), manifest: async () => undefined } };
    await expect(compareRuns(list, { ...lost, runId: 'a' })).rejects.toThrow(
      'manifest: none in b, so nothing says how that run was scored',
    );
    const forced = await compareRuns(list, { ...lost, runId: 'a' }, { force: true });
    expect(forced.forcedDifferences).toHaveLength(1);
    await expect(compareRuns(list, { store: stored.store, runId: 'misspelled' })).rejects.toMatchObject({
      code: 'ASSAY_EMPTY_INPUT',
    });
  });
});

describe('formatComparison', () => {
  it('is a table that can be read', async () => {
    const scores = [1, 1, 0, 1, 1, 1, 0, 1, 1, 1];
    const a = run(
      'new',
      scores.map((score, i) => ({
        id: `c${i}`,
        score,
        dimensions: { accuracy: score, style: 0.5 + i / 40 },
      })),
    );
    const b = run(
      'old',
      scores.map((_, i) => ({ id: `c${i}`, score: 0, dimensions: { accuracy: 0, style: 0.5 + i / 40 } })),
    );
    expect(`\n${formatComparison(await compareRuns(a, b))}\n`).toMatchInlineSnapshot(`
      "
      a = new (10 results), b = old (10 results): 10 pairs

      metric    pairs       a       b    a - b       95 % interval       p  p (Holm)  test       win/loss/tie  verdict
      overall      10  0.8000  0.0000  +0.8000  +0.3004 to +0.9433  0.0078            mcnemar    8/0/2         a is better
      accuracy     10  0.8000  0.0000  +0.8000  +0.3004 to +0.9433  0.0078    0.0156  mcnemar    8/0/2         a is better
      style        10  0.6125  0.6125   0.0000  -0.2589 to +0.2589  1.0000    1.0000  sign-flip  0/0/10        no difference found
      "
    `);
  });
});
