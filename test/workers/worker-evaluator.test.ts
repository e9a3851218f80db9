import { afterEach, describe, expect, it } from 'vitest';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import type { Evaluation } from '../../src/evaluation/evaluation-types.js';
import { systemClock } from '../../src/foundation/clock.js';
import { textResponse } from '../../src/evaluation/evaluator.js';
import { workerEvaluator, type WorkerEvaluator } from '../../src/workers/worker-evaluator.js';
import { workerScorer } from '../../src/workers/worker-scorer.js';
import { WorkerPool } from '../../src/workers/worker-pool.js';

const faulty = new URL('./fixtures/faulty-evaluator.mjs', import.meta.url);
const scorers = new URL('./fixtures/scorers.mjs', import.meta.url);
const opened: { close(): Promise<void> }[] = [];

async function open(options: Parameters<typeof workerEvaluator>[1] = {}): Promise<WorkerEvaluator> {
  const evaluator = await workerEvaluator(faulty, { workers: 1, ...options });
  opened.push(evaluator);
  return evaluator;
}

const judge = (evaluator: WorkerEvaluator, text: string, id = 'case'): Promise<Evaluation> =>
  evaluator.evaluateText(text, { id, input: 'question' });

afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

describe('workerEvaluator', () => {
  it('stands for the evaluator of the module: a class, a factory or an instance', async () => {
    const ofClass = await open({ moduleOptions: { level: 3 } });
    expect(ofClass).toMatchObject({ name: 'faulty', version: '1', configuration: { level: 3 } });
    const pool = new WorkerPool({ workers: 1 });
    opened.push(pool);
    const ofFactory = await workerEvaluator(faulty, {
      exportName: 'factory',
      moduleOptions: { level: 4 },
      pool,
    });
    expect(ofFactory.configuration).toEqual({ level: 4, made: 'by factory' });
    const ofInstance = await workerEvaluator(faulty, { exportName: 'instance', pool });
    expect(ofInstance.configuration).toEqual({ made: 'as instance' });
    await ofInstance.close(); // the pool is shared: it goes on
    expect((await judge(ofFactory, 'ok')).overallScore).toBe(1);
    await expect(judge(ofInstance, 'ok')).rejects.toMatchObject({ code: 'ASSAY_CLOSED' });
  });

  it('has its time from the clock that was given', async () => {
    const clock = { ...systemClock, wallTime: () => 1_700_000_000_000 };
    const pool = new WorkerPool({ workers: 1, clock });
    opened.push(pool);
    const told: number[] = [];
    pool.on('worker:start', ({ at }) => void told.push(at));
    await workerEvaluator(faulty, { pool });
    expect(told).toEqual([1_700_000_000_000]);
  });

  it('evaluates with the case, the repetition and the run', async () => {
    const evaluator = await open();
    const evaluation = await evaluator.evaluate(textResponse('ok'), {
      testCase: { id: 'case-7', input: 'question' },
      repetition: 2,
      runId: 'nightly',
      signal: new AbortController().signal,
    });
    expect(evaluation.metadata).toMatchObject({
      caseId: 'case-7',
      repetition: 2,
      runId: 'nightly',
      aborted: false,
    });
  });

  it.each([
    ['not there', 'file:///nowhere/evaluator.js', {}, /Cannot load the worker module/],
    ['broken', 'data:text/javascript,export default {', {}, /Cannot load the worker module/],
    ['not an evaluator', faulty, { exportName: 'notAnEvaluator' }, /to be an Evaluator/],
    ['without that export', faulty, { exportName: 'other' }, /has no export `other`; it has .*`factory`/],
    ['one whose factory throws', faulty, { exportName: 'brokenFactory' }, /cannot be made/],
    [
      'one that exits when loaded',
      'data:text/javascript,process.exit(1)',
      {},
      /process\.exit\(1\) was called/,
    ],
  ])('refuses a module that is %s, and leaves no worker behind', async (_what, module, options, message) => {
    await expect(workerEvaluator(module, { workers: 1, ...options })).rejects.toMatchObject({
      code: 'ASSAY_WORKER_UNAVAILABLE',
      message: expect.stringMatching(message) as string,
    });
  });

  it('gives up on a module that never finishes loading', async () => {
    const module = 'data:text/javascript,for(;;);';
    await expect(workerEvaluator(module, { workers: 1, startTimeoutMs: 200 })).rejects.toMatchObject({
      code: 'ASSAY_WORKER_UNAVAILABLE',
      message: expect.stringContaining('200 ms') as string,
    });
  });

  it('refuses names that would be looked up from the wrong place, and misspelt options', async () => {
    await expect(workerEvaluator('./evaluator.js')).rejects.toThrow(/import\.meta\.resolve/);
    await expect(workerEvaluator('some-package')).rejects.toMatchObject({ code: 'ASSAY_INVALID_OPTION' });
    await expect(workerEvaluator(faulty, { taskTimeOutMs: 5 } as never)).rejects.toThrow(/`taskTimeoutMs`/);
    await expect(workerEvaluator(faulty, { workers: 0 })).rejects.toThrow(/`workers`.*from 1 to 1024, got 0/);
    const pool = new WorkerPool({ workers: 1 });
    await expect(workerEvaluator(faulty, { pool, workers: 2 })).rejects.toThrow(
      /`workers`.*given to the pool/,
    );
    await expect(workerEvaluator(faulty, { pool: {} as never })).rejects.toThrow(/`pool`.*a WorkerPool/);
    const uncloneable = workerEvaluator(faulty, { moduleOptions: { judge: () => 1 } });
    await expect(uncloneable).rejects.toThrow(/`moduleOptions`.*cloned/);
  });

  it('keeps code, message and members of what was thrown', async () => {
    const evaluator = await open();
    await expect(judge(evaluator, 'throw')).rejects.toMatchObject({
      name: 'TypeError',
      message: 'no such thing',
      code: 'E_HOST',
      status: 418,
      stack: expect.stringContaining('faulty-evaluator.mjs') as string,
    });
    await expect(judge(evaluator, 'throw-assay')).rejects.toMatchObject({
      code: 'ASSAY_JUDGE_FAILED',
      message: 'the judge was out',
      retryable: true,
    });
    await expect(judge(evaluator, 'throw-text')).rejects.toThrow('just a text');
    await expect(judge(evaluator, 'reject')).rejects.toMatchObject({
      name: 'RangeError',
      message: 'too far',
    });
    await expect(judge(evaluator, 'uncloneable')).rejects.toMatchObject({ code: 'ASSAY_WORKER_UNCLONEABLE' });
    expect(evaluator.stats.replaced).toBe(0);
  });

  it('errs a case that cannot be sent, and only that one', async () => {
    const evaluator = await open();
    await judge(evaluator, 'ok');
    const sent = await Promise.allSettled([
      judge(evaluator, 'ok', 'before'),
      evaluator.evaluateText('ok', { id: 'bad', input: () => 'a function' }),
      judge(evaluator, 'ok', 'after'),
    ]);
    expect(sent.map((each) => each.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(sent[1]).toMatchObject({ reason: { code: 'ASSAY_WORKER_UNCLONEABLE' } });
    expect(evaluator.stats.replaced).toBe(0);
  });

  it.each([
    ['spin', 'ASSAY_WORKER_TIMEOUT', 1],
    ['regex', 'ASSAY_WORKER_TIMEOUT', 1],
    ['sleep:10000', 'ASSAY_WORKER_TIMEOUT', 0],
    ['signal', 'ASSAY_WORKER_TIMEOUT', 0],
    ['exit', 'ASSAY_WORKER_CRASHED', 0],
    ['hard-exit', 'ASSAY_WORKER_CRASHED', 1],
    ['memory', 'ASSAY_WORKER_OUT_OF_MEMORY', 1],
  ])('ends a task that does `%s` with %s and goes on with the others', async (what, code, replaced) => {
    const evaluator = await open({ taskTimeoutMs: what === 'memory' ? 20_000 : 150, memoryPerWorkerMb: 32 });
    const replacements: string[] = [];
    evaluator.on('worker:replace', (event) => replacements.push(event.code));
    await judge(evaluator, 'ok');
    const [bad, ...good] = await Promise.allSettled([
      judge(evaluator, what),
      ...Array.from({ length: 10 }, (_, i) => judge(evaluator, 'ok', `good-${i}`)),
    ]);
    expect(bad).toMatchObject({ status: 'rejected', reason: { code } });
    expect(good.every((each) => each.status === 'fulfilled')).toBe(true);
    // A message that fails as a whole is split, so that a crash may cost one worker more than the culprit alone.
    expect(replacements.length).toBeGreaterThanOrEqual(replaced);
    expect(replacements.length).toBeLessThanOrEqual(replaced * 2);
  });

  it.each(['late-crash', 'late-reject'])(
    'tries tasks again when an earlier one ends their worker by `%s`',
    async (what) => {
      const evaluator = await open();
      const replaced = new Promise((resolve) => evaluator.on('worker:replace', resolve));
      const first = judge(evaluator, what).catch(() => undefined); // may itself be what is caught by its crash
      const others = ['work:20', 'work:20', 'ok'].map((each) => judge(evaluator, each));
      expect((await Promise.all(others)).map((each) => each.overallScore)).toEqual([1, 1, 1]);
      await first;
      await replaced;
    },
  );

  it('errs no task for what others did, however often they end their worker', async () => {
    const evaluator = await open({ batchTasks: 1 });
    const replaced = new Promise((resolve) => evaluator.on('worker:replace', resolve));
    const bad = Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? 'late-crash' : 'late-reject'));
    const judged = await Promise.all(
      bad.flatMap((what, i) => [
        judge(evaluator, what).then(
          () => 'scored',
          (error: unknown) => (error as { code: string }).code,
        ),
        judge(evaluator, 'work:5', `good-${i}`).then(({ overallScore }) => overallScore),
      ]),
    );
    expect(judged.filter((_, i) => i % 2 === 1)).toEqual(bad.map(() => 1));
    // Whether the answer of one that ends its worker gets out before is a matter of microseconds.
    for (const outcome of judged.filter((_, i) => i % 2 === 0)) {
      expect(['scored', 'ASSAY_WORKER_CRASHED']).toContain(outcome);
    }
    await replaced;
  });

  it('stops waiting for a task whose case is cancelled, running or not', async () => {
    const evaluator = await open();
    const controller = new AbortController();
    const context = {
      testCase: { id: 'a', input: '' },
      repetition: 0,
      runId: 'run',
      signal: controller.signal,
    };
    const running = evaluator.evaluate(textResponse('spin'), context);
    const waiting = evaluator.evaluate(textResponse('ok'), context);
    const other = judge(evaluator, 'ok', 'other');
    setTimeout(() => controller.abort(new Error('enough')), 50);
    await expect(running).rejects.toMatchObject({ code: 'ASSAY_ABORTED' });
    await expect(waiting).rejects.toMatchObject({ code: 'ASSAY_ABORTED' });
    await expect(other).resolves.toMatchObject({ overallScore: 1 }); // the spinning worker was ended for it
    const late = evaluator.evaluate(textResponse('sleep:500'), context);
    await expect(late).rejects.toMatchObject({ code: 'ASSAY_ABORTED' });
  });

  it('sends waiting tasks together once it knows that they are small', async () => {
    const evaluator = await open({ batchTasks: 25 });
    for (let i = 0; i < 5; i++) await judge(evaluator, 'ok');
    const before = evaluator.stats;
    await Promise.all(Array.from({ length: 200 }, (_, i) => judge(evaluator, 'ok', `case-${i}`)));
    const after = evaluator.stats;
    expect(after.completed - before.completed).toBe(200);
    const messages = after.messages - before.messages;
    expect(messages).toBeGreaterThanOrEqual(8);
    expect(messages).toBeLessThan(100);
  });

  it('finishes what was begun when closed, refuses what comes later, and closes twice', async () => {
    const evaluator = await open();
    const begun = judge(evaluator, 'sleep:50');
    const closing = evaluator.close();
    await expect(begun).resolves.toMatchObject({ overallScore: 1 });
    await closing;
    await evaluator.close();
    await expect(judge(evaluator, 'ok')).rejects.toMatchObject({ code: 'ASSAY_CLOSED' });
  });

  it('runs on the main thread with inline: true', async () => {
    const evaluator = await open({ inline: true });
    expect(evaluator.inline).toBe(true);
    expect((await judge(evaluator, 'ok')).metadata).toMatchObject({ caseId: 'case' });
    expect(evaluator.stats.messages).toBe(0);
  });

  it("moves cheap evaluations to the main thread with inline: 'auto', and dear ones back", async () => {
    const evaluator = await open({ inline: 'auto' });
    const moves: boolean[] = [];
    evaluator.on('worker:inline', ({ inline, averageUs }) => {
      expect(averageUs).toBeGreaterThan(0);
      moves.push(inline);
    });
    for (let i = 0; i < 100 && !evaluator.inline; i++) {
      await Promise.all(Array.from({ length: 64 }, () => judge(evaluator, 'ok')));
    }
    expect(evaluator.inline).toBe(true);
    await judge(evaluator, 'work:20');
    expect(evaluator.inline).toBe(false);
    // On a busy machine a stall may move it back and forth before: each move is told once.
    expect(moves).toEqual(moves.map((_, i) => i % 2 === 0));
    expect(moves.length).toBeGreaterThanOrEqual(2);
  });

  it('gives the same in processes as in threads', async () => {
    const evaluator = await open({ runtime: 'processes', taskTimeoutMs: 300 });
    const started = evaluator.stats.replaced;
    expect((await judge(evaluator, 'ok')).metadata!['pid']).not.toBe(process.pid);
    await expect(judge(evaluator, 'throw')).rejects.toMatchObject({ code: 'E_HOST', status: 418 });
    await expect(judge(evaluator, 'exit')).rejects.toMatchObject({ code: 'ASSAY_WORKER_CRASHED' });
    const outcomes = await Promise.allSettled(
      ['ok', 'hard-exit', 'ok', 'spin', 'ok'].map((what) => judge(evaluator, what)),
    );
    expect(
      outcomes.map((each) => (each.status === 'rejected' ? (each.reason as { code: string }).code : 'ok')),
    ).toEqual(['ok', 'ASSAY_WORKER_CRASHED', 'ok', 'ASSAY_WORKER_TIMEOUT', 'ok']);
    expect(evaluator.stats.replaced).toBeGreaterThan(started);
  });

  it('gives the first task of a process its own time, not that of the start', async () => {
    const evaluator = await open({ runtime: 'processes', taskTimeoutMs: 150, startTimeoutMs: 600_000 });
    for (let i = 0; i < 2; i++) {
      await expect(judge(evaluator, 'spin')).rejects.toMatchObject({ code: 'ASSAY_WORKER_TIMEOUT' });
    }
  });
});

describe('WorkerPool', () => {
  it('starts its workers at the first task, and says so', async () => {
    const pool = new WorkerPool({ workers: 1 });
    opened.push(pool);
    const started: unknown[] = [];
    pool.on('worker:start', ({ workers, runtime }) => started.push([workers, runtime]));
    await new Promise((resolve) => setImmediate(resolve));
    expect(started).toEqual([]);
    await workerEvaluator(faulty, { pool });
    expect(started).toEqual([[1, 'threads']]);
  });
});

describe('workerScorer', () => {
  it('is a scorer like any other, with the convention of its module', async () => {
    const scorer = await workerScorer(scorers, { exportName: 'sum', workers: 1 });
    opened.push(scorer);
    expect([scorer.convention, scorer.version]).toEqual(['sum', '2']);
    const evaluator = createEvaluator({ name: 'sums', version: '1', dimensions: { sum: scorer } });
    const evaluation = await evaluator.evaluateText('4', { id: 'a', input: '2+2', expected: 4 });
    expect(evaluation.overallScore).toBe(1);
    expect(evaluator.conventions).toEqual({ sum: 'sum@2' });
  });

  it('works on dimensions of one evaluation in different workers at once', async () => {
    const pool = new WorkerPool({ workers: 2 });
    opened.push(pool);
    const meet = await workerScorer<SharedArrayBuffer>(scorers, { exportName: 'meet', pool });
    const evaluator = createEvaluator({
      name: 'meeting',
      version: '1',
      dimensions: { one: meet, two: meet },
    });
    const evaluation = await evaluator.evaluateText('', { id: 'a', input: new SharedArrayBuffer(4) });
    expect(evaluation.dimensions.map(({ score }) => score)).toEqual([1, 1]);
  });

  it('errs a dimension that hangs alone, and refuses after close', async () => {
    const pool = new WorkerPool({ workers: 2, taskTimeoutMs: 150 });
    opened.push(pool);
    const spin = await workerScorer(scorers, { exportName: 'spin', pool });
    const length = await workerScorer(scorers, { pool });
    const evaluator = createEvaluator({ name: 'mixed', version: '1', dimensions: { spin, length } });
    const evaluation = await evaluator.evaluateText('hello', { id: 'a', input: '' });
    expect(evaluation.dimensions).toMatchObject([
      { name: 'spin', outcome: 'errored', error: { code: 'ASSAY_WORKER_TIMEOUT' } },
      { name: 'length', outcome: 'scored', score: 0.5, reason: '5 characters' },
    ]);
    expect(evaluation.overallScore).toBe(0.5);
    await length.close();
    expect(() => length({} as never)).toThrow(/closed/);
  });
});
