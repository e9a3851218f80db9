import { describe, expect, it } from 'vitest';
import type { ModelClient, ModelResponse } from '../../src/client/model-client.js';
import { AssayError } from '../../src/errors.js';
import type { TestCase } from '../../src/evaluation/evaluation-types.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import { textResponse } from '../../src/evaluation/evaluator.js';
import type { RunMatrixOptions } from '../../src/matrix/matrix-options.js';
import { runMatrix } from '../../src/matrix/run-matrix.js';
import { promptTemplate } from '../../src/prompts/prompt-template.js';
import { includes } from '../../src/scorers/includes.js';
import { compareRuns } from '../../src/statistics/compare-runs.js';
import { holm } from '../../src/statistics/multiple-comparisons.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';

const evaluator = createEvaluator({ name: 'e', version: '1', dimensions: { right: includes() } });
const cases = (n: number): TestCase<unknown, unknown, unknown>[] =>
  Array.from({ length: n }, (_, i) => ({ id: `c${i}`, input: { q: `question ${i}`, i }, expected: 'yes' }));
const prompts = { plain: promptTemplate('{{q}}'), terse: promptTemplate('{{q}} Be brief.') };

/** Answers right in the share of cases that it is told to; counts what it is asked, and how much at once. */
function modelOf(rightOf: number, shared = { inFlight: 0, most: 0 }) {
  const asked: string[] = [];
  const client: ModelClient = {
    complete: async ({ input }): Promise<ModelResponse> => {
      asked.push(input as string);
      shared.most = Math.max(shared.most, ++shared.inFlight);
      await new Promise((resolve) => setImmediate(resolve));
      shared.inFlight--;
      const i = Number(/\d+/.exec(input as string)![0]);
      const right = i % 10 < rightOf + (String(input).endsWith('brief.') ? 2 : 0);
      return {
        ...textResponse(right ? 'yes' : 'no'),
        endpoint: 'e',
        attempts: 1,
        usage: { inputTokens: 8, outputTokens: 2 },
        cost: 0.01,
      };
    },
    describe: () => ({ client: 'test', rightOf }),
  };
  return { client, asked };
}

describe('runMatrix', () => {
  it('runs every combination as a run of its own over one queue, and compares them', async () => {
    const load = { inFlight: 0, most: 0 };
    const [weak, strong] = [modelOf(3, load), modelOf(7, load)];
    const store = new MemoryResultStore();
    const matrix = await runMatrix(cases(100), {
      models: { weak: weak.client, strong: { target: strong.client, parameters: { temperature: 0 } } },
      prompts,
      evaluator,
      store,
      matrixId: 'm',
      concurrency: 6,
      tags: ['nightly'],
    });
    expect(load.most).toBe(6); // of all runs together
    expect(matrix.cells.map(({ runId, score }) => [runId, score.mean])).toEqual([
      ['m/weak/plain', 0.3],
      ['m/weak/terse', 0.5],
      ['m/strong/plain', 0.7],
      ['m/strong/terse', 0.9],
    ]);
    expect(matrix.cells[3]!.costPerSolved.cost).toBeCloseTo(0.01 / 0.9, 12);
    expect((await store.manifest('m/strong/terse'))!).toMatchObject({
      labels: { matrix: 'm', model: 'strong', prompt: 'terse' },
      target: { prompt: { hash: prompts.terse.hash }, parameters: { temperature: 0 } },
      tags: ['nightly'],
    });
    // the comparisons are those of compareRuns, with Holm's correction over all three
    const alone = await Promise.all(
      ['m/weak/terse', 'm/strong/plain', 'm/strong/terse'].map((runId) =>
        compareRuns({ store, runId }, { store, runId: 'm/weak/plain' }, { permutation: false }),
      ),
    );
    const wanted = alone.map(({ metrics }) => metrics.find(({ kind }) => kind === 'overall')!);
    const adjusted = holm(wanted.map(({ pValue }) => pValue));
    expect(matrix.comparisons).toEqual(
      wanted.map(({ pairs, difference, interval, pValue }, i) => ({
        a: { model: matrix.cells[i + 1]!.model, prompt: matrix.cells[i + 1]!.prompt },
        b: { model: 'weak', prompt: 'plain' },
        pairs,
        difference,
        interval,
        pValue,
        adjustedPValue: adjusted[i],
      })),
    );
    expect(matrix.comparisons[1]!.adjustedPValue).toBeGreaterThan(matrix.comparisons[1]!.pValue!);
    const text = matrix.toString();
    expect(text).toMatch(/^Matrix m: overall\n\nmodel {3}prompt {2}mean/);
    expect(text).toMatch(
      /strong {2}terse {3}0\.9000 {2}0\.\d{4} to 0\.\d{4} +100 +0 +0 +1\.0000 +0\.0111 +0\.\d{4} to/,
    );
    expect(text).toMatch(/strong\/terse - weak\/plain {2}100 +\+0\.6000 .* better$/m);
    expect(JSON.parse(JSON.stringify(matrix))).toMatchObject({ stopReason: 'end', metric: 'overall' });
  });

  it('compares all pairs, or none, or with another baseline, by a dimension', async () => {
    const options = (more: Partial<RunMatrixOptions>): RunMatrixOptions => ({
      models: { weak: modelOf(3).client, strong: modelOf(7).client },
      evaluator,
      store: new MemoryResultStore(),
      prompts,
      ...more,
    });
    expect((await runMatrix(cases(20), options({ compare: 'all' }))).comparisons).toHaveLength(6);
    expect((await runMatrix(cases(20), options({ compare: 'none' }))).comparisons).toEqual([]);
    const other = await runMatrix(
      cases(20),
      options({ baseline: { model: 'strong', prompt: 'terse' }, metric: 'right', level: 0.9 }),
    );
    expect(other.comparisons.map(({ difference }) => difference?.toFixed(1))).toEqual([
      '-0.6',
      '-0.4',
      '-0.2',
    ]);
    expect(other.comparisons[0]!.interval!.level).toBe(0.9);
  });

  it('works without prompts, on functions, and says so of a model in its table', async () => {
    const target = async (input: unknown) => ({
      output: (input as { i: number }).i % 2 === 0 ? 'yes' : 'no',
    });
    const matrix = await runMatrix(cases(10), {
      models: { even: target, odd: target },
      evaluator,
      store: new MemoryResultStore(),
      matrixId: 'm',
    });
    expect(matrix.cells.map(({ runId, prompt, score }) => [runId, prompt, score.mean])).toEqual([
      ['m/even', null, 0.5],
      ['m/odd', null, 0.5],
    ]);
    expect(matrix.toString()).toMatch(/odd - even +10 +0\.0000 .*no difference found/);
  });

  it('reads a stream once for all runs, no further ahead than the slowest', async () => {
    let pulled = 0;
    let behind = Infinity;
    const finished = new Map<string, number>();
    async function* stream() {
      for (const each of cases(3000)) {
        pulled++;
        if (finished.size === 4)
          behind = Math.max(behind === Infinity ? 0 : behind, pulled - Math.min(...finished.values()));
        yield each;
      }
    }
    const matrix = await runMatrix(stream(), {
      models: { weak: modelOf(3).client, strong: modelOf(7).client },
      prompts,
      evaluator,
      store: new MemoryResultStore(),
      concurrency: 8,
      onStart: (processor, { model, prompt }) =>
        void processor.on('case:end', () =>
          finished.set(`${model}${prompt}`, (finished.get(`${model}${prompt}`) ?? 0) + 1),
        ),
    });
    expect(pulled).toBe(3000);
    expect(behind).toBeLessThanOrEqual(64 + 3 * 8);
    expect(matrix.cells.every(({ score }) => score.scored === 3000)).toBe(true);
  });

  it('keeps one budget for all runs, estimates included, and goes on when resumed without a call repeated', async () => {
    const [weak, strong] = [modelOf(3), modelOf(7)];
    const options: RunMatrixOptions = {
      models: { weak: weak.client, strong: strong.client },
      prompts,
      evaluator,
      store: new MemoryResultStore(),
      matrixId: 'm',
      concurrency: 4,
      budget: { maxCost: 1 },
    };
    const first = await runMatrix(cases(100), options);
    expect(first.stopReason).toBe('budget');
    const spent = weak.asked.length + strong.asked.length;
    expect(spent).toBeGreaterThanOrEqual(100); // 0.01 each
    expect(spent).toBeLessThanOrEqual(100 + 4); // what was in flight is finished
    expect(first.budget!.cost).toBeCloseTo(spent / 100, 9);
    expect(first.cells.every(({ summary }) => summary.budget === null)).toBe(true);
    expect(first.comparisons).toHaveLength(3);
    const second = await runMatrix(cases(100), { ...options, resume: true, budget: undefined });
    expect(second.stopReason).toBe('end');
    expect(second.cells.map(({ score }) => score.mean)).toEqual([0.3, 0.5, 0.7, 0.9]);
    for (const { asked } of [weak, strong]) expect([asked.length, new Set(asked).size]).toEqual([200, 200]);

    const silent: ModelClient = { complete: async () => ({ ...textResponse('yes'), endpoint: 'e' }) };
    const blind = await runMatrix(cases(200), {
      ...options,
      models: { silent },
      store: new MemoryResultStore(),
      budget: { maxTokens: 500 },
    });
    expect(blind.stopReason).toBe('budget');
    expect(blind.budget).toMatchObject({
      estimatedTokens: blind.budget!.tokens,
      blind: [{ budget: 'maxTokens' }],
    });
  });

  it('ends all runs when one fails, keeps what is stored, and can be resumed', async () => {
    const store = new MemoryResultStore();
    const good = modelOf(5);
    const options: RunMatrixOptions = {
      models: { good: good.client, other: modelOf(3).client },
      evaluator,
      store,
      prompts,
      matrixId: 'm',
    };
    const torn = function* () {
      yield* cases(40);
      throw new Error('torn');
    };
    await expect(runMatrix(torn(), options)).rejects.toThrow('torn');
    const done = good.asked.length;
    expect(done).toBeGreaterThan(0);
    const matrix = await runMatrix(cases(40), { ...options, resume: true });
    expect(matrix.cells.map(({ score }) => score.scored)).toEqual([40, 40, 40, 40]);
    expect(new Set(good.asked).size).toBe(good.asked.length);
    await expect(runMatrix(cases(1), options)).rejects.toMatchObject({ code: 'ASSAY_INVALID_OPTION' }); // known, and not resumed
    const changed = { ...options, resume: true, prompts: { ...prompts, terse: promptTemplate('{{q}}?') } };
    await expect(runMatrix(cases(40), changed)).rejects.toMatchObject({ code: 'ASSAY_MANIFEST_MISMATCH' });
  });

  it('rejects when it is aborted, and lets a processor end it cleanly', async () => {
    const controller = new AbortController();
    const options: RunMatrixOptions = {
      models: { a: modelOf(5).client, b: modelOf(3).client },
      evaluator,
      store: new MemoryResultStore(),
      prompts,
    };
    const aborted = runMatrix(cases(5000), { ...options, signal: controller.signal });
    setTimeout(() => controller.abort(), 5);
    await expect(aborted).rejects.toMatchObject({ code: 'ASSAY_ABORTED' });
    const drained = await runMatrix(cases(5000), {
      ...options,
      onStart: (processor) => void processor.once('case:end', () => void processor.drain()),
    });
    expect(drained.stopReason).toBe('drained');
    expect(drained.cells.every(({ summary }) => summary.scored < 100)).toBe(true);
  });

  it('keeps errored cases apart: they lower no mean, and both sides of a pair need a score', async () => {
    const failing: ModelClient = {
      complete: async ({ input }) => {
        if (/\b3\b/.test(String(input))) throw new AssayError('ASSAY_BAD_REQUEST', 'no');
        return { ...textResponse('yes'), endpoint: 'e' };
      },
    };
    const matrix = await runMatrix(cases(10), {
      models: { good: modelOf(10).client, failing },
      evaluator,
      store: new MemoryResultStore(),
      prompts: { plain: prompts.plain },
    });
    expect(matrix.cells[1]!.score).toMatchObject({ mean: 1, scored: 9, errored: 1 });
    expect(matrix.comparisons[0]).toMatchObject({ pairs: 9, difference: 0 });
  });

  it('refuses bad options', async () => {
    const { client } = modelOf(5);
    const store = new MemoryResultStore();
    const wrong = (options: object) =>
      expect(runMatrix(cases(1), { models: { a: client }, evaluator, store, ...options } as RunMatrixOptions))
        .rejects;
    await wrong({ models: {} }).toThrow('`models` of runMatrix to name a model');
    await wrong({ prompts: {} }).toThrow('`prompts` of runMatrix to name a prompt');
    await wrong({ models: { a: { model: 'm' } } }).toThrow(
      'Expected `target` of runMatrix.models.a to be given',
    );
    await wrong({ store: undefined }).toThrow('Expected `store` of runMatrix to be given');
    await wrong({ target: client }).toThrow('Expected no `target` of runMatrix: give `models` and `prompts`');
    await wrong({ rateLimit: {} }).toThrow("limit the models' clients");
    await wrong({ metric: 'rihgt' }).toThrow('Unknown metric "rihgt" of runMatrix; did you mean `right`');
    await wrong({ baseline: { model: 'b' } }).toThrow('to name one of its combinations, got model "b"');
    await wrong({
      models: { 'a/b': client, a: client },
      prompts: { c: prompts.plain, 'b/c': prompts.plain },
    }).toThrow('twice');
    await wrong({ concurency: 3 }).toThrow('did you mean `concurrency`?');
    await wrong({ prompts: { a: 'text' } }).toThrow('Expected `prompt` of BatchProcessor to be a prompt');
    await expect(runMatrix([], { models: { a: client }, evaluator, store })).rejects.toMatchObject({
      code: 'ASSAY_EMPTY_INPUT',
    });
  });
});
