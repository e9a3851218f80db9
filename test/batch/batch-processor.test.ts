import { describe, expect, it } from 'vitest';
import { AssayError } from '../../src/errors.js';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import type { BatchProcessorOptions } from '../../src/batch/batch-options.js';
import { RunError } from '../../src/batch/run-error.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import { Evaluator } from '../../src/evaluation/evaluator.js';
import type { CaseResult, TestCase } from '../../src/evaluation/evaluation-types.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';
import { ManualClock } from '../../src/testing/manual-clock.js';

type Case = TestCase<string, string>;

const cases = (n: number): Case[] =>
  Array.from({ length: n }, (_, i) => ({
    id: `case-${i}`,
    input: `ask ${i}`,
    expected: i % 4 === 0 ? 'no' : `answer ${i}`,
  }));

const evaluator = createEvaluator<string, string>({
  name: 'same',
  version: '1',
  dimensions: { same: ({ output, expected }) => output === expected },
});

const answer = async (input: string): Promise<string> => input.replace('ask', 'answer');

const processorOf = (
  options: Partial<BatchProcessorOptions<string, string>> = {},
): BatchProcessor<string, string> =>
  new BatchProcessor<string, string>({ target: answer, evaluator, ...options });

async function collect(stream: AsyncIterable<CaseResult>): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for await (const result of stream) results.push(result);
  return results;
}

const deferred = (): { promise: Promise<void>; resolve: () => void } => {
  let resolve!: () => void;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
};

describe('BatchProcessor', () => {
  it('gives every case one outcome and adds them up', async () => {
    const store = new MemoryResultStore();
    const target = async (input: string): Promise<string> => {
      if (input === 'ask 5') throw new Error('no luck');
      return answer(input);
    };
    const nullOnSeven = createEvaluator<string, string>({
      name: 'same',
      version: '1',
      dimensions: {
        same: ({ output, expected }) =>
          output === 'answer 7' ? { score: null, reason: 'seven' } : output === expected,
      },
    });
    const summary = await processorOf({ target, evaluator: nullOnSeven, store, batchSize: 7 }).run(cases(40));
    expect(summary).toMatchObject({
      submitted: 40,
      scored: 38,
      unscored: 1,
      errored: 1,
      skipped: 0,
      stopReason: 'end',
    });
    expect(summary.overall.mean).toBe(28 / 38);
    expect(summary.overall.interval?.method).toBe('wilson');
    expect(summary.errorsByCode).toEqual({ ASSAY_TARGET_FAILED: 1 });
    const stored = await collect(store.query({ runId: summary.runId }));
    expect(stored).toHaveLength(40);
    expect(stored.find((result) => result.caseId === 'case-7')).toMatchObject({
      outcome: 'unscored',
      reason: expect.stringContaining('same unscored (seven)'),
    });
    expect(stored.find((result) => result.caseId === 'case-5')).toMatchObject({
      outcome: 'errored',
      error: { code: 'ASSAY_TARGET_FAILED', message: 'no luck' },
    });
    expect(summary.toString()).toContain('40 submitted = 38 scored + 1 unscored + 1 errored + 0 skipped');
    expect(JSON.parse(JSON.stringify(summary))).toMatchObject({ submitted: 40 });
  });

  it('prints a dash for the figures of a run without a score', async () => {
    const target = (): Promise<string> => Promise.reject(new Error('no luck'));
    const summary = await processorOf({ target }).run(cases(2));
    expect(summary.toString()).toContain('overall     -  SE -  n 0, 2 errored');
    expect(summary.toString()).not.toContain('undefined');
  });

  it('never has more cases in flight than its concurrency, nor reads further ahead than its queue', async () => {
    let inFlight = 0;
    let most = 0;
    let begun = 0;
    let pulled = 0;
    let furthest = 0;
    const processor = processorOf({
      concurrency: 5,
      queueSize: 8,
      target: async (input) => {
        begun++;
        most = Math.max(most, ++inFlight);
        await new Promise((resolve) => setImmediate(resolve));
        inFlight--;
        return answer(input);
      },
    });
    function* source(): Generator<Case> {
      for (const each of cases(200)) {
        pulled++;
        furthest = Math.max(furthest, pulled - begun);
        yield each;
      }
    }
    await processor.run(source());
    expect(most).toBe(5);
    expect(furthest).toBeLessThanOrEqual(9);
  });

  it('is slowed by a slow store: no more than two batches wait for it', async () => {
    const disk = deferred();
    class SlowStore extends MemoryResultStore {
      override async append(results: readonly CaseResult[]): Promise<void> {
        await disk.promise;
        await super.append(results);
      }
    }
    let ended = 0;
    let pulled = 0;
    function* source(): Generator<Case> {
      for (const each of cases(500)) {
        pulled++;
        yield each;
      }
    }
    const processor = processorOf({ store: new SlowStore(), batchSize: 10, concurrency: 4, queueSize: 8 });
    processor.on('case:end', () => ended++);
    const run = processor.run(source());
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBeGreaterThanOrEqual(20);
    expect(ended).toBeLessThan(20 + 4);
    expect(pulled).toBeLessThanOrEqual(ended + 8 + 1);
    disk.resolve();
    expect(await run).toMatchObject({ submitted: 500, scored: 500 });
  });

  it('begins many cases over several turns of the event loop, so that the first calls leave meanwhile', async () => {
    let turn = 0;
    let running = true;
    const count = (): void => {
      turn++;
      if (running) setImmediate(count);
    };
    setImmediate(count);
    const begunIn: number[] = [];
    const all = deferred();
    const processor = processorOf({
      concurrency: 200,
      target: async (input) => {
        if (begunIn.push(turn) === 200) all.resolve();
        await all.promise;
        return answer(input);
      },
    });
    const summary = await processor.run(cases(300));
    running = false;
    expect(summary.scored).toBe(300);
    const inOneTurn = begunIn.slice(0, 200).filter((each) => each === begunIn[0]).length;
    expect(inOneTurn).toBe(16);
  });

  it('ends with its last case when it has fewer than lanes', async () => {
    const late: string[] = [];
    const summary = await processorOf({
      concurrency: 1000,
      target: async (input) => {
        await new Promise((resolve) => setImmediate(resolve));
        late.push(input);
        return answer(input);
      },
    }).run(cases(100));
    expect([summary.scored, late.length]).toEqual([100, 100]);
  });

  it('takes async iterables and closes them when it stops early', async () => {
    let closed = false;
    async function* source(): AsyncGenerator<Case> {
      try {
        for (const each of cases(1000)) yield each;
      } finally {
        closed = true;
      }
    }
    const processor = processorOf({
      onCaseError: 'stop',
      concurrency: 2,
      target: async () => Promise.reject(new Error('x')),
    });
    const summary = await processor.run(source());
    expect(summary.stopReason).toBe('case-error');
    expect(summary.errored).toBeLessThanOrEqual(2);
    expect(closed).toBe(true);
  });

  it('streams every result once, slowed by a slow consumer', async () => {
    let begun = 0;
    const processor = processorOf({
      concurrency: 4,
      batchSize: 5,
      queueSize: 4,
      target: async (input) => {
        begun++;
        return answer(input);
      },
    });
    const seen = new Set<string>();
    for await (const result of processor.stream(cases(300))) {
      seen.add(result.caseId);
      expect(begun - seen.size).toBeLessThanOrEqual(4 * 5 + 4);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(seen.size).toBe(300);
  });

  it('ends the run when the consumer of its stream leaves', async () => {
    let begun = 0;
    const processor = processorOf({
      batchSize: 1,
      target: async (input) => {
        begun++;
        return answer(input);
      },
    });
    for await (const result of processor.stream(cases(100_000))) if (result) break;
    expect(begun).toBeLessThan(1000);
    await expect(processor.run(cases(3))).resolves.toMatchObject({ submitted: 3 });
  });

  it('settles a hanging case as errored when its time is up, and goes on with the others', async () => {
    const clock = new ManualClock();
    let aborted = false;
    const processor = processorOf({
      clock,
      caseTimeoutMs: 1000,
      eventLoopProtection: false,
      target: (input, { signal }) => {
        if (input !== 'ask 2') return answer(input);
        signal.addEventListener('abort', () => (aborted = true));
        return new Promise(() => {});
      },
    });
    const run = processor.run(cases(10));
    await clock.advance(999);
    await clock.advance(2);
    const summary = await run;
    expect(summary).toMatchObject({ scored: 9, errored: 1, errorsByCode: { ASSAY_CASE_TIMEOUT: 1 } });
    expect(aborted).toBe(true);
  });

  it('asks each case as often as told and reports pass@k over cases', async () => {
    let calls = 0;
    const processor = processorOf({
      repetitions: 4,
      target: async (input, { repetition }) => {
        calls++;
        return repetition % 2 === 0 ? answer(input) : 'wrong';
      },
    });
    const summary = await processor.run(cases(8));
    expect(calls).toBe(32);
    expect(summary.submitted).toBe(32);
    expect(summary.repetitions).toMatchObject({
      cases: 8,
      passAtK: { '1': 0.375, '2': (6 * (5 / 6)) / 8, '4': 0.75 },
      passHatK: { '4': 0 },
    });
    expect(summary.overall.clusters).toBe(8);
  });

  it.each([
    [
      'a duplicate id',
      [...cases(5), { id: 'case-3', input: 'again' }, ...cases(9).slice(6)],
      'ASSAY_DUPLICATE_CASE',
      6,
      5,
    ],
    [
      'a missing input',
      [...cases(5), { id: 'x' } as never, ...cases(9).slice(6)],
      'ASSAY_INVALID_CASE',
      6,
      5,
    ],
    ['no case', [], 'ASSAY_EMPTY_INPUT', undefined, 0],
  ])(
    'rejects %s with a typed error after the cases before it are stored',
    async (_name, input, code, row, stored) => {
      const store = new MemoryResultStore();
      const processor = processorOf({ store });
      await expect(processor.run(input, { runId: 'r' })).rejects.toMatchObject({ code, row });
      expect(await collect(store.query({ runId: 'r' }))).toHaveLength(stored);
    },
  );

  it('finds a duplicate id that is already stored', async () => {
    const store = new MemoryResultStore();
    const input = [...cases(500), { id: 'case-0', input: 'ask 0', expected: 'no' }];
    const run = processorOf({ store, concurrency: 2, batchSize: 3, queueSize: 2 }).run(input, { runId: 'r' });
    await expect(run).rejects.toMatchObject({ code: 'ASSAY_DUPLICATE_CASE', row: 501 });
    expect(await collect(store.query())).toHaveLength(500);
  });

  it('resumes: finished cases are skipped, errored ones are tried again, and the numbers are those of one run', async () => {
    const whole = await processorOf({ store: new MemoryResultStore(), repetitions: 2 }).run(cases(60), {
      runId: 'r',
    });
    const store = new MemoryResultStore();
    const asked: string[] = [];
    let broken = true;
    const processor = processorOf({
      store,
      repetitions: 2,
      concurrency: 3,
      batchSize: 4,
      target: async (input) => {
        asked.push(input);
        if (broken && input === 'ask 9') throw new Error('not now');
        if (asked.length === 40 && broken) void processor.drain();
        return answer(input);
      },
    });
    const first = await processor.run(cases(60), { runId: 'r' });
    expect(first.stopReason).toBe('drained');
    broken = false;
    const begunBefore = asked.length;
    const second = await processor.run(cases(60), { runId: 'r', resume: true });
    expect(second.skipped).toBe(first.scored);
    expect(second.submitted).toBe(120);
    expect(asked.length - begunBefore).toBe(120 - first.scored);
    expect(second.overall).toEqual(whole.overall);
    expect(second.dimensions).toEqual(whole.dimensions);
    expect(second.repetitions).toEqual(whole.repetitions);
    expect(await collect(store.query({ runId: 'r' }))).toHaveLength(120);
  });

  it('does not try errored cases again with retryErrored: false', async () => {
    const store = new MemoryResultStore();
    const failing = processorOf({ store, target: async () => Promise.reject(new Error('x')) });
    await failing.run(cases(5), { runId: 'r' });
    const summary = await processorOf({ store, target: failing.run as never })
      .run(cases(5), {
        runId: 'r',
        resume: true,
        retryErrored: false,
      })
      .catch((error: unknown) => error);
    expect(AssayError.is(summary) && summary.code).toBe('ASSAY_MANIFEST_MISMATCH');
    const again = await failing.run(cases(5), { runId: 'r', resume: true, retryErrored: false });
    expect(again).toMatchObject({ skipped: 5, submitted: 5, errored: 0 });
  });

  it('refuses to go on with a run that has no name, or is kept nowhere', async () => {
    const kept = processorOf({ store: new MemoryResultStore() });
    const refusal =
      'Expected `runId` of run and `store` of BatchProcessor to be given: `resume` goes on with that run';
    await expect(kept.run(cases(3), { resume: true })).rejects.toThrow(refusal);
    await expect(processorOf({}).run(cases(3), { runId: 'r', resume: true })).rejects.toThrow(refusal);
    await expect(processorOf({}).run(Promise.resolve(cases(3)) as never)).rejects.toThrow('got a promise');
  });

  it('refuses to mix two runs under one id, and to resume a run that was made differently', async () => {
    const store = new MemoryResultStore();
    await processorOf({ store }).run(cases(3), { runId: 'r' });
    await expect(processorOf({ store }).run(cases(3), { runId: 'r' })).rejects.toThrow(
      /`runId` to be new.*resume: true/,
    );
    const other = createEvaluator<string, string>({
      name: 'same',
      version: '2',
      dimensions: { same: () => 1 },
    });
    await expect(
      processorOf({ store, evaluator: other }).run(cases(3), { runId: 'r', resume: true }),
    ).rejects.toThrow(/evaluatorVersion: stored "1", now "2"/);
  });

  it('does not let a run without any result claim its id', async () => {
    const store = new MemoryResultStore();
    await expect(processorOf({ store }).run([], { runId: 'r' })).rejects.toMatchObject({
      code: 'ASSAY_EMPTY_INPUT',
    });
    await expect(processorOf({ store }).run(cases(3), { runId: 'r' })).resolves.toMatchObject({ scored: 3 });
  });

  it('aborts: cases in flight end as errored, are not stored, and the error says what is safe', async () => {
    const store = new MemoryResultStore();
    const controller = new AbortController();
    const begun = deferred();
    let calls = 0;
    const processor = processorOf({
      store,
      concurrency: 3,
      batchSize: 2,
      target: (input) => {
        if (++calls === 7) begun.resolve();
        return calls <= 4 ? answer(input) : new Promise(() => {});
      },
    });
    const run = processor.run(cases(50), { runId: 'r', signal: controller.signal });
    await begun.promise;
    controller.abort(new Error('the host has had enough'));
    const error = await run.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RunError);
    expect(error).toMatchObject({
      code: 'ASSAY_ABORTED',
      safe: 4,
      summary: { stopReason: 'aborted', submitted: 7, errored: 3 },
    });
    expect(await collect(store.query())).toHaveLength(4);
  });

  it('pauses and goes on', async () => {
    const processor = processorOf({ concurrency: 2 });
    let calls = 0;
    processor.on('case:start', () => {
      if (++calls === 10) processor.pause();
    });
    const run = processor.run(cases(30));
    while (calls < 10) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(calls).toBeLessThanOrEqual(12);
    processor.resume();
    await expect(run).resolves.toMatchObject({ scored: 30 });
  });

  it('says how many cases are in flight and how many wait', async () => {
    const processor = processorOf({ concurrency: 3, queueSize: 5 });
    expect(processor.gauges()).toEqual({ activeWorkers: 0, queueDepth: 0 });
    const seen: { activeWorkers: number; queueDepth: number }[] = [];
    processor.on('case:start', () => seen.push(processor.gauges()));
    await processor.run(cases(50));
    expect(Math.max(...seen.map((each) => each.activeWorkers))).toBe(3);
    expect(Math.max(...seen.map((each) => each.queueDepth))).toBeLessThanOrEqual(5);
    expect(seen.some((each) => each.queueDepth > 0)).toBe(true);
    expect(processor.gauges()).toEqual({ activeWorkers: 0, queueDepth: 0 });
  });

  it('changes its concurrency while it runs', async () => {
    let inFlight = 0;
    let most = 0;
    const changes: unknown[] = [];
    const processor = processorOf({
      concurrency: 2,
      target: async (input) => {
        most = Math.max(most, ++inFlight);
        await new Promise((resolve) => setImmediate(resolve));
        inFlight--;
        return answer(input);
      },
    });
    processor.on('concurrency:change', ({ from, to, reason }) => changes.push([from, to, reason]));
    let ended = 0;
    processor.on('case:end', () => {
      ended++;
      if (ended === 20) processor.setConcurrency(6);
      if (ended === 100) {
        expect(most).toBe(6);
        processor.setConcurrency(1);
      }
      if (ended === 110) most = 0;
    });
    const summary = await processor.run(cases(200));
    expect(summary.scored).toBe(200);
    expect(most).toBe(1);
    expect(changes).toEqual([
      [2, 6, 'host'],
      [6, 1, 'host'],
    ]);
  });

  it('stops at its budget and says which one', async () => {
    const target = async (
      input: string,
    ): Promise<{ text: string; cost: number; usage: { inputTokens: number; outputTokens: number } }> => ({
      text: await answer(input),
      cost: 0.5,
      usage: { inputTokens: 10, outputTokens: 5 },
    });
    const events: unknown[] = [];
    const processor = processorOf({ target, concurrency: 1, budget: { maxCost: 5 } });
    processor.on('budget:exhausted', ({ budget, limit, value }) => events.push({ budget, limit, value }));
    const summary = await processor.run(cases(100));
    expect(summary).toMatchObject({
      stopReason: 'budget',
      submitted: 10,
      cost: 5,
      tokens: { input: 100, output: 50 },
    });
    expect(events).toEqual([{ budget: 'maxCost', limit: 5, value: 5 }]);
    const tokens = await processorOf({ target, concurrency: 1, budget: { maxTokens: 45 } }).run(cases(100));
    expect(tokens.submitted).toBe(3);
    const failing = processorOf({
      target: async () => Promise.reject(new Error('x')),
      concurrency: 1,
      budget: { maxErrorRate: 0.5 },
    });
    expect((await failing.run(cases(100))).submitted).toBe(20);
  });

  it('counts what judges cost apart from what the target cost', async () => {
    const usage = { calls: 2, inputTokens: 7, outputTokens: 1, cost: 0.25, models: ['judge'] };
    const judged = createEvaluator<string, string>({
      name: 'judged',
      version: '1',
      dimensions: { good: () => ({ score: 1, metadata: { judge: usage } }), same: () => 0 },
    });
    const summary = await processorOf({ evaluator: judged }).run(cases(4));
    expect(summary.judges).toEqual({
      calls: 8,
      inputTokens: 28,
      outputTokens: 4,
      cost: 1,
      models: ['judge'],
    });
    expect(summary).toMatchObject({ cost: null, tokens: { input: 0, output: 0 } });
    expect(summary.toString()).toContain('judges      8 calls, 28 tokens in, 4 out; cost 1.0000');
  });

  it('emits its events in order, each with the run it belongs to', async () => {
    const store = new MemoryResultStore();
    const seen: string[] = [];
    const processor = processorOf({ store, batchSize: 2, concurrency: 1, progressIntervalMs: 0 });
    processor.onAny((event, payload) => {
      expect((payload as { runId: string }).runId).toBe('r');
      seen.push(event);
    });
    await processor.run(cases(2), { runId: 'r' });
    expect(seen).toEqual([
      'run:start',
      'case:start',
      'case:end',
      'progress',
      'case:start',
      'case:end',
      'progress',
      'batch:end',
      'progress',
      'run:end',
    ]);
  });

  it('is not disturbed by listeners that throw', async () => {
    const reported: unknown[] = [];
    const processor = processorOf();
    processor.on('case:end', () => {
      throw new Error('listener');
    });
    processor.on('listener:error', ({ event }) => reported.push(event));
    await expect(processor.run(cases(20))).resolves.toMatchObject({ scored: 20 });
    expect(reported).toEqual(['case:end']);
  });

  it('ends with an error that says what is safe when the store fails', async () => {
    const store = new MemoryResultStore();
    const append = store.append.bind(store);
    let batches = 0;
    store.append = async (results) => {
      if (++batches > 3) throw new AssayError('ASSAY_STORE_FAILED', 'no space left on device');
      return append(results);
    };
    const errors: unknown[] = [];
    const processor = processorOf({ store, batchSize: 10, concurrency: 2 });
    processor.on('store:error', ({ safe }) => errors.push(safe));
    const error = await processor.run(cases(500)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'ASSAY_STORE_FAILED',
      safe: 30,
      summary: { stopReason: 'store-error' },
    });
    expect((error as Error).message).toMatch(
      /no space left on device; 30 of \d+ results of this start are safe/,
    );
    expect(errors).toEqual([30]);
  });

  it('waits for a failing store with onStoreError: retry and loses nothing', async () => {
    const store = new MemoryResultStore();
    const append = store.append.bind(store);
    let failures = 3;
    store.append = async (results) => {
      if (failures-- > 0) throw new Error('no space');
      return append(results);
    };
    const clock = new ManualClock();
    let begun = 0;
    const processor = processorOf({
      store,
      clock,
      batchSize: 5,
      concurrency: 2,
      onStoreError: 'retry',
      eventLoopProtection: false,
      target: async (input) => {
        begun++;
        return answer(input);
      },
    });
    let settled = false;
    const run = processor.run(cases(100)).finally(() => (settled = true));
    await clock.advance(100);
    expect(begun).toBeLessThan(20); // a store that is behind holds the run
    for (let i = 0; i < 20 && !settled; i++) await clock.advance(1000);
    await expect(run).resolves.toMatchObject({ scored: 100 });
    expect(await collect(store.query())).toHaveLength(100);
  });

  it('keeps to its rate limit', async () => {
    const clock = new ManualClock();
    const starts: number[] = [];
    const processor = processorOf({
      clock,
      rateLimit: { requestsPerSecond: 10, burst: 2 },
      eventLoopProtection: false,
    });
    processor.on('case:start', () => starts.push(clock.now()));
    let settled = false;
    const run = processor.run(cases(32)).finally(() => (settled = true));
    while (!settled) await clock.advance(50);
    await run;
    expect(starts.filter((at) => at === 0)).toHaveLength(2);
    expect(starts.at(-1)).toBeCloseTo(3000, 0);
  });

  it('errors a case whose evaluator throws or scores out of range, keeping the answer', async () => {
    class Odd extends Evaluator<string, string> {
      readonly name = 'odd';
      readonly version = '1';
      evaluate(response: { readonly text: string }): never {
        if (response.text === 'answer 0') throw new Error('odd');
        return { evaluator: 'odd', version: '1', overallScore: 1.5, dimensions: [] } as never;
      }
    }
    const results = await collect(processorOf({ evaluator: new Odd() }).stream(cases(2)));
    expect(
      results.map((result) => [result.caseId, result.error?.code, result.response?.text]).sort(),
    ).toEqual([
      ['case-0', 'ASSAY_EVALUATOR_FAILED', 'answer 0'],
      ['case-1', 'ASSAY_INVALID_SCORE', 'answer 1'],
    ]);
  });

  it('refuses misspelt options, a second run at the same time, and runs after close', async () => {
    expect(() => processorOf({ concurency: 4 } as never)).toThrow(
      /Unknown option `concurency`.*did you mean `concurrency`/,
    );
    expect(() => processorOf({ concurrency: 0 })).toThrow(
      /Expected `concurrency` of BatchProcessor to be an integer >= 1, got 0/,
    );
    const processor = processorOf();
    const run = processor.run(cases(5));
    await expect(processor.run(cases(5))).rejects.toMatchObject({ code: 'ASSAY_BUSY' });
    await run;
    await processor.close();
    await expect(processor.run(cases(5))).rejects.toMatchObject({ code: 'ASSAY_CLOSED' });
  });
});
