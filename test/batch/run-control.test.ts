import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import type { BatchProcessorOptions } from '../../src/batch/batch-options.js';
import { InputError } from '../../src/errors.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import type { CaseResult, Evaluation, TestCase } from '../../src/evaluation/evaluation-types.js';
import { Evaluator } from '../../src/evaluation/evaluator.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';
import { ManualClock } from '../../src/testing/manual-clock.js';

type Case = TestCase<string, string>;

const cases = (n: number): Case[] =>
  Array.from({ length: n }, (_, i) => ({ id: `case-${i}`, input: `text ${i}`, expected: `text ${i}` }));

const evaluator = createEvaluator<string, string>({
  name: 'same',
  version: '1',
  dimensions: { same: ({ output, expected }) => output === expected },
});

const processorOf = (
  options: Partial<BatchProcessorOptions<string, string>> = {},
): BatchProcessor<string, string> =>
  new BatchProcessor<string, string>({
    target: async (input) => input,
    evaluator,
    eventLoopProtection: false,
    ...options,
  });

async function stored(store: MemoryResultStore): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for await (const result of store.query()) results.push(result);
  return results;
}

const turns = async (n: number): Promise<void> => {
  for (let i = 0; i < n; i++) await new Promise((resolve) => setImmediate(resolve));
};

/** Yields cases and then nothing, without ending. */
async function* thenHangs(first: readonly Case[]): AsyncGenerator<Case> {
  yield* first;
  await new Promise(() => {});
}

describe('steering a run', () => {
  it('takes a new concurrency from the first event on', async () => {
    let inFlight = 0;
    let most = 0;
    const processor = processorOf({
      concurrency: 1,
      target: async (input) => {
        most = Math.max(most, ++inFlight);
        await turns(2);
        inFlight--;
        return input;
      },
    });
    processor.on('run:start', () => processor.setConcurrency(6));
    await processor.run(cases(40));
    expect(most).toBe(6);
  });

  it('begins no case while it is paused, not even one that waited for the rate limit', async () => {
    const clock = new ManualClock();
    const processor = processorOf({ clock, concurrency: 4, rateLimit: { requestsPerSecond: 10, burst: 1 } });
    let begun = 0;
    processor.on('case:start', () => begun++);
    let settled = false;
    const run = processor.run(cases(20)).finally(() => (settled = true));
    await clock.advance(250);
    processor.pause();
    const before = begun;
    expect(before).toBeGreaterThan(0);
    await clock.advance(5000);
    expect(begun).toBe(before);
    processor.resume();
    while (!settled) await clock.advance(100);
    await expect(run).resolves.toMatchObject({ submitted: 20, scored: 20 });
  });

  it('keeps to a lowered concurrency although more cases wait for the rate limit', async () => {
    const clock = new ManualClock();
    let inFlight = 0;
    let most = 0;
    const processor = processorOf({
      clock,
      concurrency: 8,
      rateLimit: { requestsPerSecond: 100, burst: 1 },
      target: (input) => {
        most = Math.max(most, ++inFlight);
        return new Promise((resolve) => {
          clock.schedule(() => {
            inFlight--;
            resolve(input);
          }, 1000);
        });
      },
    });
    const run = processor.run(cases(12));
    processor.setConcurrency(1);
    for (let i = 0; i < 30; i++) await clock.advance(1000);
    await expect(run).resolves.toMatchObject({ scored: 12 });
    expect(most).toBe(1);
  });

  it('finds a duplicate of a case that waits for the rate limit', async () => {
    const clock = new ManualClock();
    const processor = processorOf({
      clock,
      store: new MemoryResultStore(),
      concurrency: 8,
      queueSize: 1,
      rateLimit: { requestsPerSecond: 1, burst: 1 },
    });
    const input = ['a', 'b', 'c', 'b', 'd'].map((id) => ({ id, input: id }));
    const ended = expect(processor.run(input)).rejects.toMatchObject({
      code: 'ASSAY_DUPLICATE_CASE',
      row: 4,
      message: expect.stringContaining('"b"'),
    });
    for (let i = 0; i < 10; i++) await clock.advance(1000);
    await ended;
  });

  // A source of which the run would see the end if nothing could abort it.
  function* many(): Generator<Case> {
    for (let i = 0; i < 300_000; i++) yield { id: `case-${i}`, input: 'text' };
  }

  for (const [what, target] of [
    ['at once', (input: string) => input],
    ['with a promise that is settled', async (input: string) => input],
  ] as const) {
    it(`can be aborted although its target answers ${what}`, async () => {
      const controller = new AbortController();
      const processor = processorOf({ target, store: new MemoryResultStore() });
      processor.once('run:start', () => void setImmediate(() => controller.abort()));
      await expect(processor.run(many(), { signal: controller.signal })).rejects.toMatchObject({
        code: 'ASSAY_ABORTED',
      });
    });
  }

  it('can be aborted although all its cases are finished and the store says so at once', async () => {
    const store = new MemoryResultStore();
    store.finishedKeys = async (_runId, keys) => keys.map(() => 'scored');
    const controller = new AbortController();
    const processor = processorOf({ store });
    processor.once('run:start', () => void setImmediate(() => controller.abort()));
    const run = processor.run(many(), { runId: 'r', resume: true, signal: controller.signal });
    await expect(run).rejects.toMatchObject({ code: 'ASSAY_ABORTED' });
  });

  it('lets the consumer of a stream wait for drain or close, and loses no result', async () => {
    for (const end of ['drain', 'close'] as const) {
      const store = new MemoryResultStore();
      const processor = processorOf({ store, batchSize: 2, concurrency: 3 });
      const seen: string[] = [];
      for await (const { caseId } of processor.stream(cases(500))) {
        seen.push(caseId);
        if (seen.length === 3) await processor[end]();
      }
      expect(seen.length).toBeLessThan(100);
      expect(new Set(seen)).toEqual(new Set((await stored(store)).map(({ caseId }) => caseId)));
    }
  });

  it('does not wait at the gate for ever when it is paused while it ends', async () => {
    const processor = processorOf({ concurrency: 6, target: async (input) => turns(3).then(() => input) });
    const run = processor.run(cases(100));
    await turns(2);
    processor.setConcurrency(1);
    await turns(2);
    const drained = processor.drain();
    processor.pause();
    await drained;
    await expect(run).resolves.toMatchObject({ stopReason: 'drained' });
  });
});

describe('the end of a run', () => {
  it.each([
    ['the source hangs', thenHangs(cases(2)), async (input: string) => input, 2],
    ['the next case is long in coming', thenHangs([]), async (input: string) => input, 0],
  ])('comes at maxDurationMs also when %s', async (_title, source, target, submitted) => {
    const clock = new ManualClock();
    const events: unknown[] = [];
    const processor = processorOf({ clock, target, budget: { maxDurationMs: 1000 } });
    processor.on('budget:exhausted', ({ budget, limit, value }) => events.push({ budget, limit, value }));
    const run = processor.run(source).catch((error: unknown) => error);
    await clock.advance(999);
    expect(events).toEqual([]);
    await clock.advance(1);
    expect(events).toEqual([{ budget: 'maxDurationMs', limit: 1000, value: 1000 }]);
    await expect(run).resolves.toMatchObject({ stopReason: 'budget', submitted });
  });

  it('comes when onCaseError throws: with its error, and after everything was stored', async () => {
    const store = new MemoryResultStore();
    const processor = processorOf({
      store,
      concurrency: 1,
      target: async (input) => {
        if (input === 'text 2') throw new Error('no luck');
        return input;
      },
      onCaseError: () => {
        throw new Error('a fault of the host');
      },
    });
    let stopReason: string | undefined;
    processor.on('run:end', ({ summary }) => (stopReason = summary.stopReason));
    await expect(processor.run(cases(10))).rejects.toThrow('a fault of the host');
    expect(stopReason).toBe('case-error');
    expect((await stored(store)).map(({ caseId }) => caseId)).toEqual(['case-0', 'case-1', 'case-2']);
  });

  it('comes with an InputError around what the source has thrown', async () => {
    const store = new MemoryResultStore();
    const cause = new TypeError('the cursor is gone');
    async function* breaking() {
      yield* cases(3);
      throw cause;
    }
    const error: unknown = await processorOf({ store })
      .run(breaking())
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InputError);
    expect(error).toMatchObject({ code: 'ASSAY_INVALID_INPUT', cause });
    expect((error as Error).message).toContain('the cursor is gone');
    expect(await stored(store)).toHaveLength(3);
  });
});

describe('resuming', () => {
  it('pulls no further ahead than its queue, and does not wait for cases that are long in coming', async () => {
    let pulled = 0;
    let most = 0;
    let begun = 0;
    async function* slow() {
      for (const each of cases(50)) {
        pulled++;
        yield each;
        await turns(5);
      }
    }
    const processor = processorOf({ store: new MemoryResultStore(), concurrency: 2, queueSize: 4 });
    processor.on('case:start', () => {
      begun++;
      most = Math.max(most, pulled - begun);
    });
    await expect(processor.run(slow(), { runId: 'r', resume: true })).resolves.toMatchObject({ scored: 50 });
    expect(most).toBeLessThanOrEqual(1);

    pulled = 0;
    begun = 0;
    most = 0;
    function* quick() {
      for (const each of cases(500)) {
        pulled++;
        yield each;
      }
    }
    await processor.run(quick(), { runId: 's', resume: true });
    expect(most).toBeLessThanOrEqual(4);
  });

  it('asks the store in large portions while everything is finished', async () => {
    const store = new MemoryResultStore();
    await processorOf({ store }).run(cases(1000), { runId: 'r' });
    let asked = 0;
    const finishedKeys = store.finishedKeys.bind(store);
    store.finishedKeys = (runId, keys) => {
      asked++;
      return finishedKeys(runId, keys);
    };
    const summary = await processorOf({ store, queueSize: 4 }).run(cases(1003), { runId: 'r', resume: true });
    expect(summary).toMatchObject({ skipped: 1000, scored: 3 });
    expect(asked).toBeLessThan(10);
  });

  it('works on what came before a case that is broken', async () => {
    const store = new MemoryResultStore();
    const input = [...cases(3), { id: 'broken' } as Case];
    const run = processorOf({ store }).run(input, { runId: 'r', resume: true });
    await expect(run).rejects.toMatchObject({ code: 'ASSAY_INVALID_CASE', row: 4 });
    expect(await stored(store)).toHaveLength(3);
  });
});

describe('what a target may give', () => {
  it('waits for promises of other realms and of libraries', async () => {
    const foreign = runInNewContext('(value) => Promise.resolve(value)') as <T>(value: T) => Promise<T>;
    class ForeignEvaluator extends Evaluator<string, string> {
      readonly name = 'foreign';
      readonly version = '1';
      evaluate(): Promise<Evaluation> {
        return foreign({ evaluator: 'foreign', version: '1', overallScore: 1, dimensions: [] });
      }
    }
    const library = (input: string): Promise<string> =>
      // oxlint-disable-next-line unicorn/no-thenable -- what promises of libraries are
      ({ then: (resolve: (text: string) => void) => resolve(input) }) as never;
    for (const target of [foreign<string>, library]) {
      await expect(
        processorOf({ target: (input) => target(input), evaluator: new ForeignEvaluator() }).run(cases(3)),
      ).resolves.toMatchObject({ scored: 3 });
    }
  });

  it('fills in what an answer leaves out, also what it leaves out by undefined', async () => {
    const answer = { text: 'text 0', usage: undefined, cost: undefined, model: undefined };
    const results: CaseResult[] = [];
    for await (const result of processorOf({ target: async () => answer as never }).stream(cases(1))) {
      results.push(result);
    }
    expect(results).toMatchObject([{ outcome: 'scored', usage: null, cost: null, model: null, attempts: 1 }]);
  });

  it.each([
    [{ usage: { inputTokens: Number.NaN, outputTokens: 1 } }, /`usage.inputTokens` .* got NaN/],
    [{ usage: { prompt_tokens: 3 } }, /`usage.inputTokens` .* got undefined/],
    [{ usage: { inputTokens: 1, outputTokens: -1 } }, /`usage.outputTokens` .* got -1/],
    [{ cost: Number.POSITIVE_INFINITY }, /`cost` .* got Infinity/],
    [{ cost: '0.1' }, /`cost` .* got "0.1"/],
  ])('errors the case, not the run, when it gives %j', async (wrong, message) => {
    const results: CaseResult[] = [];
    const processor = processorOf({
      target: async (input) => (input === 'text 1' ? ({ text: input, ...wrong } as never) : input),
    });
    processor.on('case:end', ({ result }) => void results.push(result));
    await expect(processor.run(cases(3))).resolves.toMatchObject({ scored: 2, errored: 1 });
    const errored = results.find(({ outcome }) => outcome === 'errored');
    expect(errored?.error).toMatchObject({
      code: 'ASSAY_TARGET_FAILED',
      message: expect.stringMatching(message),
    });
  });

  it('takes a client that answers with no more than a text', async () => {
    const client = { complete: async () => ({ text: 'text 0' }) };
    const summary = await processorOf({ target: client as never }).run(cases(1));
    expect(summary).toMatchObject({ scored: 1, cost: null, tokens: { input: 0, output: 0 } });
  });
});

describe('what an evaluator may return', () => {
  const withDimension = (dimension: unknown): Evaluation =>
    ({ evaluator: 'own', version: '1', overallScore: 0.5, dimensions: [dimension] }) as Evaluation;
  class Own extends Evaluator<string, string> {
    readonly name = 'own';
    readonly version = '1';
    readonly #dimension: unknown;
    constructor(dimension: unknown) {
      super();
      this.#dimension = dimension;
    }
    evaluate(response: { readonly text: string }): Evaluation {
      const good = { name: 'a', outcome: 'scored', score: 1, durationMs: 0 };
      return withDimension(response.text === 'text 1' ? this.#dimension : good);
    }
  }

  it.each([
    [{ name: 'a', outcome: 'scored', score: Number.NaN, durationMs: 0 }, 'ASSAY_INVALID_SCORE'],
    [{ name: 'a', outcome: 'scored', score: 7, durationMs: 0 }, 'ASSAY_INVALID_SCORE'],
    [{ name: 'a', outcome: 'scored', durationMs: 0 }, 'ASSAY_INVALID_SCORE'],
    [{ outcome: 'scored', score: 1, durationMs: 0 }, 'ASSAY_EVALUATOR_FAILED'],
    [null, 'ASSAY_EVALUATOR_FAILED'],
  ])('errors the case, not the run, for the dimension %j', async (dimension, code) => {
    const summary = await processorOf({ evaluator: new Own(dimension) }).run(cases(3));
    expect(summary).toMatchObject({ scored: 2, errored: 1, errorsByCode: { [code]: 1 } });
    expect(summary.dimensions['a']).toMatchObject({ scored: 2, mean: 1 });
  });

  it.each([['gpt-4'], [{ calls: 'two' }], [{ calls: 1, models: [] }], [null]])(
    'is not taken for the cost of a judge when its metadata has %j as `judge`',
    async (judge) => {
      const dimension = { name: 'a', outcome: 'scored', score: 1, durationMs: 0, metadata: { judge } };
      const summary = await processorOf({ evaluator: new Own(dimension) }).run(cases(3));
      expect(summary).toMatchObject({ scored: 3, judges: null });
    },
  );

  it('tells its progress every second while no case ends', async () => {
    const clock = new ManualClock();
    const processor = processorOf({ clock, target: () => new Promise<string>(() => {}), caseTimeoutMs: 1e6 });
    const told: unknown[] = [];
    processor.on('progress', ({ done, total, inFlight }) => told.push([done, total, inFlight]));
    const controller = new AbortController();
    const run = processor.run(cases(3), { signal: controller.signal });
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(3000);
    expect(told).toEqual([0, 1, 2].map(() => [0, 3, 3]));
    controller.abort();
    await expect(run).rejects.toMatchObject({ code: 'ASSAY_ABORTED' });
    await clock.advance(3000);
    expect(told).toHaveLength(4); // the last at the end
  });
});
