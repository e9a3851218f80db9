import { describe, expect, it } from 'vitest';
import { resolveBatchOptions } from '../../src/batch/batch-options.js';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import { CaseRunner } from '../../src/batch/case-runner.js';
import { CaseTask } from '../../src/batch/case-task.js';
import { EvaluationGate, EventLoopGuard } from '../../src/batch/evaluation-gate.js';
import { AssayError } from '../../src/errors.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import type { Clock } from '../../src/foundation/clock.js';
import { ManualClock } from '../../src/testing/manual-clock.js';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('EvaluationGate', () => {
  it('lets everything through without a bound', () => {
    const gate = new EvaluationGate();
    for (let i = 0; i < 100; i++) expect(gate.enter()).toBeUndefined();
  });

  it('lets as many through a turn of the event loop as its limit', async () => {
    const gate = new EvaluationGate();
    gate.limit = 2;
    const order: number[] = [];
    let turn = 0;
    let ticking = true;
    const tick = (): void => {
      turn++;
      if (ticking) setImmediate(tick);
    };
    setImmediate(tick);
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        const place = gate.enter();
        if (place !== undefined) await place;
        order.push(turn);
        gate.leave();
      }),
    );
    ticking = false;
    await nextTurn();
    expect(order).toHaveLength(6);
    for (const each of new Set(order))
      expect(order.filter((other) => other === each).length).toBeLessThanOrEqual(2);
  });
});

describe('a case that waits for its evaluation', () => {
  it('is not evaluated any more when it is cancelled meanwhile', async () => {
    const gate = new EvaluationGate();
    gate.limit = 1;
    const evaluated: string[] = [];
    const evaluator = createEvaluator<string, string>({
      name: 'any',
      version: '1',
      dimensions: {
        any: ({ input }) => {
          evaluated.push(input);
          return 1;
        },
      },
    });
    const runner = new CaseRunner(resolveBatchOptions({ target: async (input) => input, evaluator }), {
      gate,
      onRetry: () => {},
    });
    const tasks = ['a', 'b', 'c'].map(
      (id) =>
        new CaseTask<string, string, unknown>(
          { id, input: id },
          {
            runId: 'run',
            repetition: 0,
            sequence: 0,
            pulledAt: 0,
            kept: undefined,
          },
        ),
    );
    const results = Promise.all(tasks.map((task) => runner.run(task)));
    while (evaluated.length === 0) await Promise.resolve();
    tasks[1]!.cancel(new AssayError('ASSAY_CASE_TIMEOUT', 'too late'));
    expect((await results).map((result) => result.error?.code ?? result.outcome)).toEqual([
      'scored',
      'ASSAY_CASE_TIMEOUT',
      'scored',
    ]);
    expect(evaluated).toEqual(['a', 'c']);
  });
});

describe('EventLoopGuard', () => {
  it('halves the evaluations at once while the loop lags and gives them back when it has recovered', async () => {
    const clock = new ManualClock();
    const gate = new EvaluationGate();
    const changes: unknown[] = [];
    let delay = 400;
    const guard = new EventLoopGuard({
      gate,
      maxDelayMs: 250,
      intervalMs: 1000,
      concurrency: () => 8,
      clock,
      sampler: { p99: () => delay, close: () => changes.push('closed') },
      onChange: ({ from, to, reason }) => changes.push([from, to, reason]),
    });
    await clock.advance(4000);
    expect(gate.limit).toBe(1);
    delay = 200; // neither good nor bad: stays
    await clock.advance(2000);
    expect(gate.limit).toBe(1);
    delay = 10;
    await clock.advance(3000);
    expect(gate.limit).toBe(Number.POSITIVE_INFINITY);
    guard.close();
    await clock.advance(10_000);
    expect(changes).toEqual([
      [8, 4, 'event-loop-delay'],
      [4, 2, 'event-loop-delay'],
      [2, 1, 'event-loop-delay'],
      [1, 2, 'recovered'],
      [2, 4, 'recovered'],
      [4, 8, 'recovered'],
      'closed',
    ]);
  });

  it('takes its own late timer for the delay when every block is longer than its interval', () => {
    let now = 0;
    let look = (): void => undefined;
    const clock: Clock = {
      now: () => now,
      wallTime: () => now,
      schedule: (callback) => {
        look = callback;
        return { cancel: () => undefined };
      },
    };
    const gate = new EvaluationGate();
    new EventLoopGuard({
      gate,
      maxDelayMs: 30,
      intervalMs: 50,
      concurrency: () => 8,
      clock,
      sampler: { p99: () => 0, close: () => undefined }, // blind: reset in the middle of each block
      onChange: () => undefined,
    });
    now += 50 + 30;
    look();
    expect(gate.limit).toBe(Number.POSITIVE_INFINITY);
    now += 50 + 31;
    look();
    expect(gate.limit).toBe(4);
    now += 50;
    look();
    expect(gate.limit).toBe(Number.POSITIVE_INFINITY);
  });

  it('is told by event when evaluations block the event loop of a real run', async () => {
    const burn = (): number => {
      const end = performance.now() + 15;
      while (performance.now() < end);
      return 1;
    };
    const processor = new BatchProcessor<string>({
      target: async (input) => {
        await nextTurn();
        return input;
      },
      evaluator: createEvaluator({ name: 'slow', version: '1', dimensions: { burn } }),
      concurrency: 16,
      eventLoopProtection: { maxDelayMs: 30, intervalMs: 50 },
    });
    const reasons: string[] = [];
    processor.on('concurrency:change', ({ reason }) => reasons.push(reason));
    const summary = await processor.run(Array.from({ length: 80 }, (_, i) => ({ id: `${i}`, input: 'x' })));
    expect(summary.scored).toBe(80);
    expect(reasons[0]).toBe('event-loop-delay');
  });
});
