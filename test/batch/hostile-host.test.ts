import { describe, expect, it, vi } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import type { StopRule, StopWatch } from '../../src/batch/stop-rule.js';
import type { ModelResponse } from '../../src/client/model-client.js';
import { AssayError, messageOf, toErrorRecord } from '../../src/errors.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import { Evaluator } from '../../src/evaluation/evaluator.js';
import type { CaseResult, Evaluation } from '../../src/evaluation/evaluation-types.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';

const refuse = (): never => {
  throw new Error('do not look');
};

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

const selfHeld = (): Error => {
  const error = new AggregateError([], '');
  error.errors.push(error, error);
  return error;
};

const allGetters = (target: object): object =>
  new Proxy(target, { get: refuse, has: refuse, ownKeys: refuse, getPrototypeOf: refuse });

const thenable = (then: (resolve: (value: unknown) => void) => void): object =>
  new Proxy({}, { get: (_target, name) => (name === 'then' ? then : undefined) });

const brand = Symbol.for('assaykit.error');

/** Everything unpleasant that a host's function may throw, made anew for each. */
const HOSTILE: Readonly<Record<string, () => unknown>> = {
  'a revoked proxy': revoked,
  'an error with throwing getters': () =>
    Object.defineProperties(new Error('x'), {
      message: { get: refuse },
      name: { get: refuse },
      attempts: { get: refuse },
      endpoint: { get: refuse },
      code: { get: refuse },
    }),
  'a proxy whose traps throw': () => allGetters({}),
  'an error behind such a proxy': () => allGetters(new Error('x')),
  'an AggregateError that holds itself': selfHeld,
  'a forged brand': () => ({ [brand]: true }),
  'a forged brand with a code': () => ({ [brand]: true, code: 'ASSAY_SERVER', toRecord: () => null }),
  'a forged brand whose record throws': () => ({ [brand]: true, code: 'ASSAY_SERVER', toRecord: refuse }),
  'a forged brand whose record is hostile': () => ({
    [brand]: true,
    code: 'ASSAY_SERVER',
    toRecord: () => allGetters({}),
  }),
  'a message that is an object': () => Object.assign(new Error('x'), { message: { text: 'inner' } }),
  'a message that is hostile': () => Object.assign(new Error('x'), { message: revoked() }),
  'an object without prototype': () => Object.create(null) as unknown,
  'an object whose text throws': () => ({ toString: refuse }),
  'a symbol': () => Symbol('x'),
  nothing: () => undefined,
  null: () => null,
  'a function': () => refuse,
  'a text of 5 MB': () => 'x'.repeat(5_000_000),
  'an error with a message of 5 MB': () => new Error('y'.repeat(5_000_000)),
};

const CASES = ['a', 'b', 'c'].map((id) => ({ id, input: id, expected: id }));

interface Outcome {
  readonly results: ReadonlyMap<string, CaseResult>;
  readonly errored: number;
  readonly scored: number;
}

async function run(
  options: Partial<ConstructorParameters<typeof BatchProcessor>[0]>,
  withStore: boolean,
): Promise<Outcome> {
  const processor = new BatchProcessor({
    target: (input: unknown) => String(input),
    evaluator: createEvaluator({ name: 'e', version: '1', dimensions: { one: () => 1 } }),
    concurrency: 2,
    ...(withStore ? { store: new MemoryResultStore() } : {}),
    ...options,
  } as ConstructorParameters<typeof BatchProcessor>[0]);
  const results = new Map<string, CaseResult>();
  processor.on('case:end', ({ result }) => void results.set(result.caseId, result));
  const summary = await processor.run(CASES);
  expect(summary.stopReason).toBe('end');
  expect(summary.submitted).toBe(3);
  expect(summary.scored + summary.unscored + summary.errored).toBe(3);
  return { results, errored: summary.errored, scored: summary.scored };
}

const expectOnlyB = ({ results, errored, scored }: Outcome): void => {
  expect([scored, errored]).toEqual([2, 1]);
  const { error } = results.get('b')!;
  expect(error!.message.length).toBeLessThan(4200);
  expect(typeof error!.message).toBe('string');
};

describe.each(Object.entries(HOSTILE))('%s', (_name, make) => {
  describe.each([false, true])('with a store: %s', (withStore) => {
    it('thrown by a target makes its case errored and nothing else', async () => {
      const target = (input: unknown): string => {
        if (input === 'b') throw make();
        return String(input);
      };
      expectOnlyB(await run({ target }, withStore));
    });

    it('that a target rejects with makes its case errored and nothing else', async () => {
      const target = (input: unknown): Promise<string> =>
        input === 'b' ? Promise.reject(make() as Error) : Promise.resolve(String(input));
      expectOnlyB(await run({ target }, withStore));
    });

    it('thrown by one dimension makes that dimension errored and leaves the others', async () => {
      const bad = ({ output }: { output: string }): number => {
        if (output === 'b') throw make();
        return 1;
      };
      const late = async ({ output }: { output: string }): Promise<number> => {
        await Promise.resolve();
        if (output === 'b') throw make();
        return 1;
      };
      const evaluator = createEvaluator({
        name: 'e',
        version: '1',
        dimensions: { good: () => 1, bad, late: { scorer: late, timeoutMs: 60_000 } },
      });
      const { results, scored } = await run({ evaluator }, withStore);
      expect(scored).toBe(3);
      const dimensions = results.get('b')!.evaluation!.dimensions;
      expect(dimensions.map(({ outcome }) => outcome)).toEqual(['scored', 'errored', 'errored']);
      for (const { error } of dimensions.slice(1)) expect(error!.message.length).toBeLessThan(4200);
    });

    it('thrown by an evaluator makes its case errored and nothing else', async () => {
      class Own extends Evaluator {
        readonly name = 'own';
        readonly version = '1';
        evaluate(response: { text: string }): Evaluation {
          if (response.text === 'b') throw make();
          return { evaluator: 'own', version: '1', overallScore: 1, dimensions: [] };
        }
      }
      expectOnlyB(await run({ evaluator: new Own() }, withStore));
    });
  });

  it('has a message and a record, and neither throws', () => {
    expect(typeof messageOf(make())).toBe('string');
    expect(messageOf(make()).length).toBeLessThan(4200);
    const record = toErrorRecord(make(), 'ASSAY_TARGET_FAILED');
    expect(record.code).toMatch(/^ASSAY_/);
    expect(() => structuredClone(record)).not.toThrow();
    expect(AssayError.is(make()) && typeof (make() as AssayError).toRecord !== 'function').toBe(false);
  });
});

/** Values that a host's function may return instead of what it should. */
const RETURNED: Readonly<Record<string, () => unknown>> = {
  'a revoked proxy': revoked,
  'an object whose score throws': () => Object.defineProperty({}, 'score', { get: refuse }),
  'an object whose reason throws': () => Object.defineProperty({ score: null }, 'reason', { get: refuse }),
  'a reason without a text': () => ({ score: null, reason: { toString: refuse } }),
  'a thenable whose then throws': () => thenable(refuse),
  'a thenable whose then gives a revoked proxy': () => thenable((resolve) => resolve(revoked())),
};

describe.each(Object.entries(RETURNED))('a scorer that returns %s', (_name, make) => {
  it('is errored alone, whether it returns it at once or later', async () => {
    const heard = vi.fn();
    process.on('unhandledRejection', heard);
    try {
      const evaluator = createEvaluator({
        name: 'e',
        version: '1',
        dimensions: {
          good: () => 1,
          bad: () => make() as number,
          // A promise would take over a thenable, so the value comes through one.
          late: (() => thenable((resolve) => resolve(make()))) as never,
        },
      });
      const { results, scored } = await run({ evaluator }, false);
      expect(scored).toBe(3);
      const dimensions = results.get('b')!.evaluation!.dimensions;
      expect(dimensions.map(({ outcome }) => outcome)).toEqual(['scored', 'errored', 'errored']);
      await new Promise((resolve) => setImmediate(resolve));
      expect(heard).not.toHaveBeenCalled();
    } finally {
      process.off('unhandledRejection', heard);
    }
  });
});

describe('an evaluation of the host', () => {
  const evaluation = (more: object): Evaluation =>
    ({ evaluator: 'own', version: '1', overallScore: 1, dimensions: [], ...more }) as Evaluation;

  it.each<readonly [string, () => Evaluation]>([
    ['that is a revoked proxy', () => revoked() as Evaluation],
    ['whose dimensions throw', () => evaluation({ dimensions: allGetters([]) })],
    [
      'whose metadata throws',
      () =>
        evaluation({
          dimensions: [{ name: 'd', outcome: 'scored', score: 1, durationMs: 0, metadata: allGetters({}) }],
        }),
    ],
    [
      'whose reason throws',
      () =>
        Object.defineProperty(evaluation({ overallScore: null }), 'reason', {
          get: refuse,
          enumerable: true,
        }),
    ],
  ])('%s makes its case errored and nothing else', async (_name, make) => {
    class Own extends Evaluator {
      readonly name = 'own';
      readonly version = '1';
      evaluate(response: { text: string }): Evaluation {
        return response.text === 'b' ? make() : evaluation({});
      }
    }
    for (const withStore of [false, true]) expectOnlyB(await run({ evaluator: new Own() }, withStore));
  });
});

it('an answer whose members throw makes its case errored and nothing else', async () => {
  const target = (input: unknown): unknown =>
    input === 'b'
      ? Object.defineProperty({ text: 'b' }, 'model', { get: refuse, enumerable: true })
      : String(input);
  for (const withStore of [false, true]) expectOnlyB(await run({ target: target as never }, withStore));
});

it('a message of 50 MB in each of 60 cases keeps none of them in memory', async () => {
  const target = (): never => {
    throw new Error('z'.repeat(50_000_000));
  };
  const processor = new BatchProcessor({
    target,
    evaluator: createEvaluator({ name: 'e', version: '1', dimensions: { one: () => 1 } }),
    concurrency: 8,
    store: new MemoryResultStore(),
  });
  const cases = Array.from({ length: 60 }, (_, i) => ({ id: String(i), input: '' }));
  const summary = await processor.run(cases);
  expect(summary.errored).toBe(60);
  expect(process.memoryUsage().heapUsed).toBeLessThan(1_000_000_000);
});

it.each(['id', 'input', 'group'])('names the case whose %s cannot be read', async (member) => {
  const processor = new BatchProcessor({
    target: async () => 'x',
    evaluator: createEvaluator({ name: 'any', version: '1', dimensions: { any: () => 1 } }),
  });
  const second = Object.defineProperty({ id: 'b', input: 'b' }, member, { get: refuse });
  await expect(processor.run([{ id: 'a', input: 'a' }, second])).rejects.toMatchObject({
    code: 'ASSAY_INVALID_CASE',
    row: 2,
    message: expect.stringContaining('do not look') as unknown,
  });
  await processor.close();
});

describe('a stop rule that throws', () => {
  const rule = (watch: Partial<StopWatch>): StopRule => ({
    begin: () => ({ scoreOf: () => 1, add: () => false, note: () => undefined, ...watch }),
  });
  const throwing = (what: unknown) => (): never => {
    throw what;
  };
  const places: readonly (keyof StopWatch)[] = ['scoreOf', 'add', 'note'];
  const both = places.flatMap((place) => [new Error('x'), undefined].map((what) => [place, what] as const));

  it.each(both)(
    'in `%s` (%s) rejects the run, whose results are stored and whose lease is given back',
    async (place, what) => {
      const store = new MemoryResultStore();
      const processor = new BatchProcessor({
        target: (input: unknown) => String(input),
        evaluator: createEvaluator({ name: 'any', version: '1', dimensions: { any: () => 1 } }),
        store,
      });
      const counted: number[] = [];
      processor.on('run:end', ({ summary }) => counted.push(summary.scored));
      await expect(
        processor.run(CASES, { runId: 'r', stopWhen: rule({ [place]: throwing(what) }) }),
      ).rejects.toThrow(what === undefined ? 'undefined was thrown' : 'x');
      const stored: string[] = [];
      for await (const { caseId } of store.query({ runId: 'r' })) stored.push(caseId);
      expect(counted).toEqual([stored.length]);
      expect(
        (await processor.run(CASES, { runId: 'r', resume: true })).scored + stored.length,
      ).toBeGreaterThanOrEqual(3);
    },
  );
});

it.each([new Error('x'), undefined, null])(
  'an `onCaseError` that throws %s rejects the run',
  async (what) => {
    const processor = new BatchProcessor({
      target: () => Promise.reject(new Error('of the target')),
      evaluator: createEvaluator({ name: 'any', version: '1', dimensions: { any: () => 1 } }),
      onCaseError: () => {
        throw what;
      },
    });
    await expect(processor.run(CASES)).rejects.toThrow(
      what === undefined ? 'undefined was thrown' : /x|null/,
    );
  },
);

it('a price function that throws knows no price, and ends no run', async () => {
  const blind: string[] = [];
  const processor = new BatchProcessor({
    target: {
      complete: () =>
        Promise.resolve({ text: 'a', usage: { inputTokens: 1, outputTokens: 1 } } as ModelResponse),
      estimateCost: refuse,
    },
    evaluator: createEvaluator({ name: 'any', version: '1', dimensions: { any: () => 1 } }),
    budget: { maxCost: 1 },
  });
  processor.on('budget:blind', ({ reason }) => blind.push(reason));
  expect(await processor.run(CASES)).toMatchObject({ scored: 3, stopReason: 'end' });
  expect(blind).toEqual(['no-price']);
});
