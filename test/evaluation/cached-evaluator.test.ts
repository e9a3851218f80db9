import { describe, expect, it, vi } from 'vitest';
import { MemoryBoundedCache } from '../../src/cache/memory-bounded-cache.js';
import { cachedEvaluation, cachedEvaluator } from '../../src/evaluation/cached-evaluator.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import type { Evaluation, EvaluationContext } from '../../src/evaluation/evaluation-types.js';
import { Evaluator, textResponse } from '../../src/evaluation/evaluator.js';
import { judge } from '../../src/scorers/judges/judge.js';
import { jury } from '../../src/scorers/judges/jury.js';
import { judgeUsageOf } from '../../src/evaluation/judge-usage.js';
import { bleu } from '../../src/scorers/text-metrics/bleu.js';
import { RecordedJudge } from '../support/recorded-judge.js';
import { ManualClock } from '../../src/testing/manual-clock.js';

const newCache = (clock = new ManualClock()): MemoryBoundedCache<string, Evaluation> =>
  new MemoryBoundedCache({ maxBytes: 1e6, clock });

/** An evaluator whose one scorer counts its calls. */
function counting(version = '1', configuration: Readonly<Record<string, unknown>> = {}) {
  const score = vi.fn(({ output }: { output: string }) => Math.min(1, output.length / 10));
  return {
    score,
    evaluator: createEvaluator({ name: 'length', version, configuration, dimensions: { length: score } }),
  };
}

describe('cachedEvaluator', () => {
  it('judges the same answer to the same expectation once', async () => {
    const cache = newCache();
    const { score, evaluator } = counting();
    const cached = cachedEvaluator(evaluator, cache);
    const first = await cached.evaluateText('hello', { id: 'a', input: 'x', expected: 1 });
    const second = await cached.evaluateText('hello', { id: 'b', input: 'other', expected: 1 });
    expect(second).toEqual(first);
    expect(score).toHaveBeenCalledTimes(1);
    await cached.evaluateText('hello!', { id: 'a', input: 'x', expected: 1 });
    await cached.evaluateText('hello', { id: 'a', input: 'x', expected: 2 });
    expect(score).toHaveBeenCalledTimes(3);
  });

  it('finds nothing of another version, configuration or name', async () => {
    const cache = newCache();
    const runs = [counting('1'), counting('2'), counting('1', { level: 2 })];
    for (const { evaluator, score } of runs) {
      await cachedEvaluator(evaluator, cache).evaluateText('hello', { id: 'a', input: 'x' });
      expect(score).toHaveBeenCalledTimes(1);
    }
  });

  it('refuses what is no evaluator or no cache, and a configuration that has no stable text', () => {
    const { evaluator } = counting();
    const refused = (expected: RegExp): Error =>
      expect.objectContaining({
        code: 'ASSAY_INVALID_OPTION',
        message: expect.stringMatching(expected) as unknown,
      }) as Error;
    expect(() => cachedEvaluator(undefined as never, newCache())).toThrow(
      refused(/an evaluator with `evaluate`, got undefined/),
    );
    expect(() => cachedEvaluator(evaluator, new Map() as never)).toThrow(
      refused(/a cache with `getOrCompute`, got an object/),
    );
    expect(() => cachedEvaluation(undefined as never, vi.fn(), {})).toThrow(
      refused(/a cache with `getOrCompute`, got undefined/),
    );
    const { evaluator: odd } = counting('1', { judge: () => 1 });
    expect(() => cachedEvaluator(odd, newCache())).toThrow(refused(/"length".*plain data.*function/));
  });

  it('stands for the evaluator behind it', () => {
    const evaluator = createEvaluator({ name: 'bleu', version: '1', dimensions: { bleu: bleu() } });
    const cached = cachedEvaluator(evaluator, newCache());
    const { name, version, dimensions, configuration, conventions, corpusMetrics } = evaluator;
    expect(Object.keys(corpusMetrics!)).toEqual(['bleu']);
    expect(cached).toMatchObject({ name, version, dimensions, configuration, conventions, corpusMetrics });
  });

  it('keys on input and metadata when told to', async () => {
    for (const options of [{ keyOnInput: true }, { keyOnMetadata: true }] as const) {
      const { score, evaluator } = counting();
      const cached = cachedEvaluator(evaluator, newCache(), options);
      await cached.evaluateText('hello', { id: 'a', input: 'x', metadata: { m: 1 } });
      await cached.evaluateText('hello', { id: 'a', input: 'y', metadata: { m: 2 } });
      expect(score).toHaveBeenCalledTimes(2);
      await cached.evaluateText('hello', { id: 'a', input: 'y', metadata: { m: 2 } });
      expect(score).toHaveBeenCalledTimes(2);
    }
  });

  it('tells answers apart by their tool calls', async () => {
    const { score, evaluator } = counting();
    const cached = cachedEvaluator(evaluator, newCache());
    const context = {
      testCase: { id: 'a', input: '' },
      repetition: 0,
      runId: 'r',
      signal: new AbortController().signal,
    };
    for (const name of ['add', 'subtract', 'add']) {
      await cached.evaluate(
        { ...textResponse(''), toolCalls: [{ id: 'c', name, arguments: {}, argumentsText: '' }] },
        context,
      );
    }
    expect(score).toHaveBeenCalledTimes(2);
  });

  it('tells judges of one rubric apart by whom they ask', async () => {
    const cache = newCache();
    const asked: string[] = [];
    const judgedBy = (name: string, cacheIdentity?: string) => {
      const client = {
        complete: async () => {
          asked.push(name);
          return textResponse('GRADE: C');
        },
        ...(cacheIdentity === undefined ? {} : { cacheIdentity }),
      };
      return cachedEvaluator(
        createEvaluator({
          name: 'judged',
          version: '1',
          dimensions: {
            one: judge({ client, rubric: 'Good?' }),
            many: jury({ members: { x: judge({ client, rubric: 'Well?' }), y: () => 1 } }),
          },
        }),
        cache,
      );
    };
    for (const evaluator of [
      judgedBy('a', 'same'),
      judgedBy('b', 'same'),
      judgedBy('c', 'other'),
      judgedBy('d'),
      judgedBy('e'),
    ]) {
      await evaluator.evaluateText('hello', { id: 'a', input: 'x' });
      await evaluator.evaluateText('hello', { id: 'a', input: 'x' });
    }
    expect(asked.join('')).toBe('aaccddee');
  });

  it('forgets after the time to live', async () => {
    const clock = new ManualClock();
    const { score, evaluator } = counting();
    const cached = cachedEvaluator(evaluator, newCache(clock), { ttlMs: 1000 });
    const ask = () => cached.evaluateText('hello', { id: 'a', input: 'x' });
    await ask();
    await clock.advance(999);
    await ask();
    expect(score).toHaveBeenCalledTimes(1);
    await clock.advance(1);
    await ask();
    expect(score).toHaveBeenCalledTimes(2);
  });

  it('does not keep an evaluation with an errored dimension, and not a failure', async () => {
    const cache = newCache();
    let failures = 2;
    const flaky = createEvaluator({
      name: 'flaky',
      version: '1',
      dimensions: {
        sometimes: () => {
          if (failures-- > 0) throw new Error('not now');
          return 1;
        },
        always: () => 1,
      },
    });
    const cached = cachedEvaluator(flaky, cache);
    const outcomes: string[] = [];
    for (let i = 0; i < 4; i++) {
      const { dimensions } = await cached.evaluateText('x', { id: 'a', input: '' });
      outcomes.push(dimensions[0]!.outcome);
    }
    expect(outcomes).toEqual(['errored', 'errored', 'scored', 'scored']);
    expect(cache.stats).toMatchObject({ entries: 1, hits: 1 });
  });

  it('judges an answer that is under way twice only once, and outlives the case that asked first', async () => {
    let finish: () => void = () => {};
    const score = vi.fn(() => new Promise<number>((resolve) => (finish = () => resolve(1))));
    const slow = createEvaluator({ name: 'slow', version: '1', dimensions: { slow: score } });
    const cached = cachedEvaluator(slow, newCache());
    const contextOf = (signal: AbortSignal): EvaluationContext => ({
      testCase: { id: 'a', input: '' },
      repetition: 0,
      runId: 'r',
      signal,
    });
    const cancelled = new AbortController();
    const first = Promise.resolve(cached.evaluate(textResponse('x'), contextOf(cancelled.signal)));
    const second = Promise.resolve(
      cached.evaluate(textResponse('x'), contextOf(new AbortController().signal)),
    );
    cancelled.abort();
    await expect(first).rejects.toMatchObject({ code: 'ASSAY_ABORTED' });
    finish();
    await expect(second).resolves.toMatchObject({ overallScore: 1 });
    expect(score).toHaveBeenCalledTimes(1);
  });

  it('counts what a judge cost once, for the case that asked it', async () => {
    const client = new RecordedJudge(['GRADE: C']);
    const evaluator = createEvaluator({
      name: 'judged',
      version: '1',
      dimensions: { correct: judge({ client, rubric: 'Correct?' }), long: ({ output }) => output.length > 3 },
    });
    const cached = cachedEvaluator(evaluator, newCache());
    const cases = [1, 2, 3].map((id) => cached.evaluateText('hello', { id: `c${id}`, input: 'x' }));
    const usages = (await Promise.all(cases)).map(({ dimensions }) => judgeUsageOf(dimensions[0]!)!);
    expect(usages.map(({ calls }) => calls).sort()).toEqual([0, 0, 1]);
    const [free, , paid] = [...usages].sort((a, b) => a.calls - b.calls);
    expect(paid!.inputTokens).toBeGreaterThan(0);
    expect(free).toEqual({ ...paid, calls: 0, inputTokens: 0, outputTokens: 0, cost: 0 });
    const later = await cached.evaluateText('hello', { id: 'c4', input: 'x' });
    expect(later.dimensions[0]).toMatchObject({ score: 1, label: 'C', metadata: { text: 'GRADE: C' } });
    expect(judgeUsageOf(later.dimensions[0]!)).toEqual(free);
  });

  it('judges a case that has no key without the cache', async () => {
    const cache = newCache();
    const { score, evaluator } = counting();
    const cached = cachedEvaluator(evaluator, cache);
    for (let i = 0; i < 2; i++)
      await cached.evaluateText('x', { id: 'a', input: '', expected: () => 'a function' });
    expect(score).toHaveBeenCalledTimes(2);
    expect(cache.stats.entries).toBe(0);
  });

  it('closes the evaluator behind it and leaves the cache open', async () => {
    const cache = newCache();
    const { evaluator } = counting();
    const close = vi.spyOn(evaluator, 'close');
    await cachedEvaluator(evaluator, cache).close();
    expect(close).toHaveBeenCalledTimes(1);
    cache.set('still', { evaluator: 'e', version: '1', overallScore: 1, dimensions: [] });
  });
});

describe('cachedEvaluation', () => {
  it('is all that an evaluator needs to be cached', async () => {
    const cache = newCache();
    let judged = 0;
    class Reasoning extends Evaluator {
      readonly name: string = 'reasoning';
      readonly version: string = '3';
      override evaluate = cachedEvaluation(
        cache,
        () => {
          judged++;
          return { evaluator: this.name, version: this.version, overallScore: 0.5, dimensions: [] };
        },
        { ttlMs: 7_200_000 },
      );
    }
    class Newer extends Reasoning {
      override readonly version = '4';
    }
    for (const evaluator of [new Reasoning(), new Reasoning(), new Newer()]) {
      const evaluation = await evaluator.evaluateText('x', { id: 'a', input: '' });
      expect(evaluation).toMatchObject({ version: evaluator.version, overallScore: 0.5 });
    }
    expect(judged).toBe(2);
  });

  it('tells evaluators of several versions apart that share one method', async () => {
    let judged = 0;
    const evaluate = cachedEvaluation(
      newCache(),
      () => {
        judged++;
        return { evaluator: 'shared', version: '', overallScore: 1, dimensions: [] };
      },
      {},
    );
    class Shared extends Evaluator {
      readonly name = 'shared';
      readonly version: string;
      override evaluate = evaluate;

      constructor(version: string) {
        super();
        this.version = version;
      }
    }
    for (const version of ['1', '2', '1']) {
      await new Shared(version).evaluateText('x', { id: 'a', input: '' });
    }
    expect(judged).toBe(2);
  });

  it('names a misspelt option', () => {
    expect(() => cachedEvaluation(newCache(), () => ({}) as never, { ttl: 5 } as never)).toThrow(/`ttlMs`/);
  });
});
