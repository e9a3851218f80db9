import { describe, expect, it } from 'vitest';
import { finalState } from '../../src/agents/final-state.js';
import { stepCount } from '../../src/agents/step-count.js';
import { toolCalls } from '../../src/agents/tool-calls.js';
import type { AnyOutputScorer, Score } from '../../src/evaluation/evaluation-types.js';
import { textResponse } from '../../src/evaluation/evaluator.js';
import { scoreCalls, written } from './call-scoring.js';

const scoreState = async (
  scorer: AnyOutputScorer,
  state: unknown,
  expected: unknown,
  output: unknown = 'x',
) =>
  (await scorer({
    input: '',
    output: output as string,
    expected,
    metadata: undefined,
    response: { ...textResponse('x'), ...(state === undefined ? {} : { metadata: { state } }) },
    signal: new AbortController().signal,
  })) as Score;

describe('finalState', () => {
  it('compares what was left behind, whichever way it went', async () => {
    const wanted = { rows: [{ id: 1, paid: true }] };
    expect(await scoreState(finalState(), { rows: [{ paid: true, id: 1.0 }] }, wanted)).toMatchObject({
      score: 1,
    });
    expect(await scoreState(finalState(), { rows: [{ id: 1, paid: false }], log: [] }, wanted)).toEqual({
      score: 0,
      reason: '/rows/0/paid is different, and more differ',
      evidence: ['/rows/0/paid is different', '/log is unexpected'],
      metadata: {
        same: 1,
        total: 3,
        differences: [
          { path: '/rows/0/paid', kind: 'different' },
          { path: '/log', kind: 'unexpected' },
        ],
      },
    });
    const partial = finalState({ measure: 'partial', ignoreExtra: true });
    expect((await scoreState(partial, { rows: [{ id: 1, paid: false }], log: [] }, wanted)).score).toBe(0.5);
  });

  it('finds both sides where it is told to', async () => {
    const scorer = finalState({ expected: 'expected.basket', state: 'output.basket', numberTolerance: 0.01 });
    expect(
      await scoreState(scorer, undefined, { basket: { sum: 1 } }, { basket: { sum: 1.005 } }),
    ).toMatchObject({ score: 1 });
    expect(scorer.convention).toBe(
      'final-state(expected=expected.basket,state=output.basket,measure=exact,ignoreExtra=no,tolerance=0.01)',
    );
  });

  it('is unscored without an expectation, and without a state', async () => {
    expect(await scoreState(finalState(), {}, undefined)).toMatchObject({
      score: null,
      reason: /expects no state/,
    });
    expect(await scoreState(finalState(), undefined, {})).toMatchObject({
      score: null,
      reason: /tells no state/,
    });
    expect(await scoreState(finalState({ state: 'metadata.constructor' }), {}, {})).toMatchObject({
      score: null,
    });
    expect(() => finalState({ state: 'state' as never })).toThrow("a place in the answer such as 'output'");
  });
});

describe('stepCount', () => {
  it('counts calls, or turns, and is unscored where they are not told', async () => {
    const response = { metadata: { turns: 3 } };
    expect((await scoreCalls(stepCount({ max: 2 }), written('a b'), null)).score).toBe(1);
    expect((await scoreCalls(stepCount({ max: 1 }), written('a b'), null)).score).toBe(0);
    expect((await scoreCalls(stepCount({ max: 3, of: 'turns' }), [], null, response)).score).toBe(1);
    expect((await scoreCalls(stepCount({ max: 3, of: 'turns' }), [], null)).score).toBeNull();
    expect((await scoreCalls(stepCount({ max: 3 }), undefined, null)).score).toBeNull();
    expect(() => stepCount({} as never)).toThrow('Expected `max` of stepCount to be given');
  });
});

describe('toolCalls', () => {
  it('takes the calls of an answer in any order, each as often', async () => {
    expect((await scoreCalls(toolCalls(), written('b1 a'), written('a b1'))).score).toBe(1);
    expect((await scoreCalls(toolCalls(), written('a a'), written('a'))).evidence).toEqual(['extra: a({})']);
    expect((await scoreCalls(toolCalls({ measure: 'partial' }), written('a1'), written('a1 b'))).score).toBe(
      0.5,
    );
  });

  it('scores an answer that calls nothing: 0 where a call was due, 1 where none was', async () => {
    expect((await scoreCalls(toolCalls(), undefined, written('a'))).score).toBe(0);
    expect((await scoreCalls(toolCalls(), undefined, [])).score).toBe(1);
    expect((await scoreCalls(toolCalls(), undefined, undefined)).score).toBeNull();
  });

  it('lets a call with broken arguments agree in its name alone', async () => {
    const broken = [{ name: 'a', argumentsText: '{"x":' }];
    expect((await scoreCalls(toolCalls(), broken, ['a'])).score).toBe(0);
    expect((await scoreCalls(toolCalls({ measure: 'partial' }), broken, ['a'])).score).toBe(0.5);
    expect((await scoreCalls(toolCalls({ arguments: 'ignore' }), broken, ['a'])).score).toBe(1);
  });
});
