import { describe, expect, expectTypeOf, it, vi } from 'vitest';
import { scoringHash } from '../../src/evaluation/scoring-hash.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import { evaluateWhole } from '../../src/evaluation/given-evaluation.js';
import { evaluationFailure } from '../../src/evaluation/evaluation-failure.js';
import type {
  Evaluation,
  EvaluationContext,
  Scorer,
  ScorerArguments,
  TestCase,
} from '../../src/evaluation/evaluation-types.js';
import { textResponse, type Evaluator } from '../../src/evaluation/evaluator.js';
import { exactMatch } from '../../src/scorers/exact-match.js';
import { ManualClock } from '../../src/testing/manual-clock.js';

const testCase: TestCase<string, string> = { id: 'a', input: 'Capital of France?', expected: 'Paris' };

const contextOf = (signal = new AbortController().signal): EvaluationContext<string, string> => ({
  testCase: testCase as TestCase<string, string, unknown>,
  repetition: 0,
  runId: 'run',
  signal,
});

const evaluateNow = (evaluator: Evaluator<string, string>, text = 'Paris'): Evaluation => {
  const evaluation = evaluateWhole(evaluator, textResponse(text), contextOf());
  if (evaluation instanceof Promise) throw new Error('expected a plain evaluation');
  return evaluation;
};

const fixed =
  (result: unknown): Scorer =>
  () =>
    result as number;

describe('createEvaluator', () => {
  it('returns a plain evaluation when no scorer returns a promise, and makes no timer for it', () => {
    const clock = new ManualClock();
    const evaluator = createEvaluator({
      name: 'capitals',
      version: '1',
      dimensions: { accuracy: ({ output, expected }) => output === expected, length: fixed(0.5) },
      dimensionTimeoutMs: 1_000,
      clock,
    });
    expect(evaluateNow(evaluator)).toEqual({
      evaluator: 'capitals',
      version: '1',
      overallScore: 0.75,
      dimensions: [
        { name: 'accuracy', outcome: 'scored', score: 1, durationMs: 0 },
        { name: 'length', outcome: 'scored', score: 0.5, durationMs: 0 },
      ],
      scoringHash: scoringHash(evaluator),
    });
    expect(clock.pendingTimers).toBe(0);
  });

  it('never reads the signal of the context unless a scorer does', async () => {
    const read = vi.fn(() => new AbortController().signal);
    const context = Object.defineProperty({ ...contextOf() }, 'signal', { get: read });
    const quiet = createEvaluator({
      name: 'e',
      version: '1',
      dimensions: { a: fixed(1), b: async () => 1 },
      dimensionTimeoutMs: 1_000,
    });
    await quiet.evaluate(textResponse('x'), context);
    expect(read).not.toHaveBeenCalled();
    const curious = createEvaluator({
      name: 'e',
      version: '1',
      dimensions: { a: ({ signal }) => !signal.aborted },
    });
    void curious.evaluate(textResponse('x'), context);
    expect(read).toHaveBeenCalledTimes(1);
  });

  it('gives scorers what autoevals gives them and the response', () => {
    const seen: ScorerArguments[] = [];
    const evaluator = createEvaluator<string, string>({
      name: 'e',
      version: '1',
      dimensions: { a: (args) => (seen.push(args), true) },
    });
    evaluateNow(evaluator);
    const { input, output, expected, response, signal } = seen[0]!;
    expect({ input, output, expected, text: response.text, aborted: signal.aborted }).toEqual({
      input: 'Capital of France?',
      output: 'Paris',
      expected: 'Paris',
      text: 'Paris',
      aborted: false,
    });
  });

  it('starts every dimension before it waits for one, and keeps their order', async () => {
    const started: string[] = [];
    let release!: (value: number) => void;
    const evaluator = createEvaluator({
      name: 'e',
      version: '1',
      dimensions: {
        slow: () => (started.push('slow'), new Promise<number>((resolve) => (release = resolve))),
        quick: async () => (started.push('quick'), 0.5),
        plain: () => (started.push('plain'), true),
      },
    });
    const pending = evaluator.evaluate(textResponse('x'), contextOf());
    expect(started).toEqual(['slow', 'quick', 'plain']);
    release(0);
    expect((await pending).dimensions.map(({ name, score }) => [name, score])).toEqual([
      ['slow', 0],
      ['quick', 0.5],
      ['plain', 1],
    ]);
  });

  it('errors a dimension that throws or rejects by itself and never counts it as 0', async () => {
    const evaluator = createEvaluator({
      name: 'e',
      version: '1',
      dimensions: {
        good: fixed(0.8),
        thrown: () => {
          throw new Error('broken');
        },
        rejected: () => Promise.reject(new Error('lost')),
      },
    });
    const evaluation = await evaluator.evaluate(textResponse('x'), contextOf());
    expect(evaluation.overallScore).toBe(0.8);
    expect(evaluation.reason).toBe(
      '2 of 3 dimensions without a score: thrown errored (broken); rejected errored (lost)',
    );
    expect(evaluation.dimensions[1]).toMatchObject({
      outcome: 'errored',
      score: null,
      error: { code: 'ASSAY_EVALUATOR_FAILED', message: 'broken', retryable: false },
    });
  });

  it('errors a dimension whose time is up, aborts its signal and no other, and ignores a late answer', async () => {
    const clock = new ManualClock();
    let late!: (value: number) => void;
    const signals: AbortSignal[] = [];
    const evaluator = createEvaluator({
      name: 'e',
      version: '1',
      dimensions: {
        stuck: {
          scorer: ({ signal }) => (signals.push(signal), new Promise<number>((resolve) => (late = resolve))),
          timeoutMs: 50,
        },
        quick: async ({ signal }) => (signals.push(signal), 1),
      },
      dimensionTimeoutMs: 1_000,
      clock,
    });
    const pending = evaluator.evaluate(textResponse('x'), contextOf());
    await clock.advance(50);
    const evaluation = await pending;
    expect(evaluation.dimensions[0]).toMatchObject({
      outcome: 'errored',
      score: null,
      durationMs: 50,
      error: { code: 'ASSAY_DIMENSION_TIMEOUT' },
    });
    expect(evaluation.overallScore).toBe(1);
    expect(signals.map((signal) => signal.aborted)).toEqual([true, false]);
    expect(clock.pendingTimers).toBe(0);
    late(1);
    await clock.advance(1);
    expect(evaluation.dimensions[0]!.outcome).toBe('errored');
  });

  it('aborts the signal of a timed dimension when the case is cancelled', async () => {
    const controller = new AbortController();
    const evaluator = createEvaluator({
      name: 'e',
      version: '1',
      dimensions: {
        waiting: ({ signal }) =>
          new Promise<number>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      },
      dimensionTimeoutMs: 60_000,
      clock: new ManualClock(),
    });
    const pending = evaluator.evaluate(textResponse('x'), contextOf(controller.signal));
    controller.abort(new Error('stopped'));
    expect((await pending).dimensions[0]).toMatchObject({
      outcome: 'errored',
      error: { message: 'stopped' },
    });
  });

  it.each([
    [1.2, '1.2'],
    [-0.1, '-0.1'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [undefined, 'undefined'],
    ['0.5', '"0.5"'],
    [{ score: 2 }, '2'],
    [{ score: undefined }, 'undefined'],
    [{ score: 1, confidence: 1.5 }, '1.5'],
    [{ score: 1, culturalRelevance: -1 }, '-1'],
    [{ value: 1 }, 'an object'],
  ])('errors a dimension that returns %o instead of clamping it', (returned, shown) => {
    const evaluator = createEvaluator({ name: 'e', version: '1', dimensions: { a: fixed(returned) } });
    const [dimension] = evaluateNow(evaluator).dimensions;
    expect(dimension).toMatchObject({
      outcome: 'errored',
      score: null,
      error: { code: 'ASSAY_INVALID_SCORE' },
    });
    expect(dimension!.error!.message).toContain(`got ${shown}`);
  });

  it('keeps all that a scorer says about its score', () => {
    const said = {
      score: 0.25,
      label: 'poor',
      reason: 'too short',
      confidence: 0.9,
      evidence: ['line 1'],
      culturalRelevance: 0.5,
      culturalMarkers: ['proverb'],
      metadata: { tier: 2 },
    };
    const evaluator = createEvaluator({ name: 'e', version: '1', dimensions: { a: fixed(said) } });
    const { durationMs, ...dimension } = evaluateNow(evaluator).dimensions[0]!;
    expect(dimension).toEqual({ name: 'a', outcome: 'scored', ...said });
    expect(durationMs).toBeGreaterThanOrEqual(0);
  });

  it('leaves null unscored with the reason given, or says that none was', () => {
    const evaluator = createEvaluator({
      name: 'e',
      version: '1',
      dimensions: { bare: fixed(null), explained: fixed({ score: null, reason: 'no reference' }) },
    });
    const evaluation = evaluateNow(evaluator);
    expect(evaluation.dimensions.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['unscored', 'the scorer returned null without a reason'],
      ['unscored', 'no reference'],
    ]);
    expect(evaluation.overallScore).toBeNull();
    expect(evaluation.reason).toContain('2 of 2 dimensions without a score');
    expect(evaluationFailure(evaluation)).toBeUndefined();
  });

  it("takes autoevals' way of failing, a null score with an error, as errored", () => {
    const evaluator = createEvaluator({
      name: 'e',
      version: '1',
      dimensions: { a: fixed({ name: 'Factuality', score: null, error: new Error('no key') }) },
    });
    expect(evaluateNow(evaluator).dimensions[0]).toMatchObject({
      outcome: 'errored',
      error: { message: 'no key' },
    });
  });

  it('has no overall score and tells the failure when every dimension errored', () => {
    const evaluator = createEvaluator({
      name: 'e',
      version: '1',
      dimensions: { a: fixed(7), b: fixed(8) },
    });
    const evaluation = evaluateNow(evaluator);
    expect(evaluation.overallScore).toBeNull();
    expect(evaluationFailure(evaluation)).toMatchObject({
      code: 'ASSAY_INVALID_SCORE',
      message: expect.stringContaining('every dimension errored') as string,
    });
  });

  it('sets passed by the threshold, and leaves it out without a score or a threshold', () => {
    const passed = (score: number | null, passThreshold?: number): boolean | undefined =>
      evaluateNow(
        createEvaluator({ name: 'e', version: '1', dimensions: { a: fixed(score) }, passThreshold }),
      ).passed;
    expect([passed(0.5, 0.5), passed(0.49, 0.5), passed(null, 0.5), passed(1)]).toEqual([
      true,
      false,
      undefined,
      undefined,
    ]);
  });

  it('states conventions and configuration for manifests and cache keys', () => {
    const scorer = Object.assign(fixed(1), { convention: 'mine(trim)', version: '2' });
    const evaluator = createEvaluator({
      name: 'e',
      version: '1',
      dimensions: { a: scorer, b: fixed(1) },
      weights: { b: 2 },
      passThreshold: 0.5,
      configuration: { rubric: 'short' },
    });
    expect(evaluator.conventions).toEqual({ a: 'mine(trim)@2' });
    expect(evaluator.configuration).toEqual({
      rubric: 'short',
      aggregate: 'weightedMean',
      weights: { a: 1, b: 2 },
      passThreshold: 0.5,
    });
    expect(evaluator.dimensions).toEqual(['a', 'b']);
  });

  it('reports the cultural context that the host derives from the case', () => {
    const evaluator = createEvaluator<string, string>({
      name: 'e',
      version: '1',
      dimensions: { a: fixed(1) },
      culturalContext: ({ id }) => ({ traditions: [id] }),
    });
    expect(evaluateNow(evaluator).culturalContext).toEqual({ traditions: ['a'] });
  });

  it.each([
    [{ dimensions: {} }, 'at least one scorer'],
    [{ dimensions: { a: 1 } }, 'options of dimension `a` to be an object'],
    [{ dimensions: { a: { weight: 1 } } }, 'dimension `a` to have a scorer'],
    [{ dimensions: { a: { scorer: fixed(1), wieght: 1 } } }, 'did you mean `weight`'],
    [{ dimensions: { a: { scorer: fixed(1), weight: -1 } } }, 'a number >= 0, got -1'],
    [{ dimensions: { a: fixed(1) }, weights: { b: 1 } }, 'Unknown option `b`'],
    [
      { dimensions: { a: { scorer: fixed(1), weight: 1 } }, weights: { a: 1 } },
      'one weight for dimension `a`',
    ],
    [{ dimensions: { a: fixed(1) }, agregate: 'minimum' }, 'did you mean `aggregate`'],
    [{ dimensions: { overall: fixed(1) } }, 'no dimension to be named `overall`'],
    [{ dimensions: { a: fixed(1) }, aggregate: 'mean' }, "'weightedMean'"],
    [{ dimensions: { a: fixed(1) }, configuration: { weights: 1 } }, 'leave `weights`'],
    [{ dimensions: undefined }, '`dimensions` of createEvaluator to be given'],
  ])('refuses %o', (options, message) => {
    expect(() => createEvaluator({ name: 'e', version: '1', ...options } as never)).toThrow(message);
  });

  it('carries the types of input, expected and metadata from the scorers to the cases', () => {
    const typed: Scorer<string, string, { readonly topic: string }> = ({ output, expected }) =>
      output === expected;
    const evaluator = createEvaluator({ name: 'e', version: '1', dimensions: { a: typed } });
    expectTypeOf(evaluator).toEqualTypeOf<Evaluator<string, string, { readonly topic: string }>>();
    expect(() =>
      createEvaluator({
        name: 'e',
        version: '1',
        dimensions: { a: typed },
        // @ts-expect-error a weight for a dimension that does not exist
        weights: { b: 1 },
      }),
    ).toThrow('did you mean `a`');
  });
});

describe('dimensions in another form than names with scorers', () => {
  it.each([
    ['an array', [exactMatch(), exactMatch()], 'got an array of 2'],
    ['one scorer', exactMatch(), 'got a function'],
    ['a name', 'accuracy', 'got "accuracy"'],
  ])('are refused with the right form: %s', (_, dimensions, got) => {
    expect(() => createEvaluator({ name: 'e', version: '1', dimensions: dimensions as never })).toThrow(
      `Expected \`dimensions\` of createEvaluator to be an object with a scorer for each name, as { accuracy: exactMatch() }, ${got}`,
    );
  });
});
