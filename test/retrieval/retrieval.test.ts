import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RetrievedContext } from '../../src/client/model-client.js';
import type { Score } from '../../src/evaluation/evaluation-types.js';
import { textResponse } from '../../src/evaluation/evaluator.js';
import { rankByScore, rankingScores, type RankingScores } from '../../src/retrieval/ranking-scores.js';
import { retrieval, type RetrievalMeasure, type RetrievalOptions } from '../../src/retrieval/retrieval.js';
import { readReference } from '../support/reference.js';

interface Query {
  readonly kind: 'query';
  readonly tag: string;
  readonly scores: Readonly<Record<string, number>>;
  readonly grades: Readonly<Record<string, number>>;
  readonly k: readonly number[];
  readonly expected: Readonly<Record<string, number | readonly string[]>> | null;
}
interface Run {
  readonly kind: 'run';
  readonly queries: readonly {
    readonly ranked: readonly string[];
    readonly grades: Readonly<Record<string, number>>;
  }[];
  readonly expected: {
    readonly queries: number;
    readonly scored: number;
    readonly unscored: number;
    readonly mean: Readonly<Record<string, number>>;
  };
}
const { cases } = readReference<{ readonly cases: readonly (Query | Run)[] }>('retrieval');
const queries = cases.filter((each) => each.kind === 'query');
const runs = cases.filter((each) => each.kind === 'run');

/** A figure as the reference names it: `ndcg`, `recall@5`. */
function figure(scores: RankingScores, name: string): number {
  const [measure, k] = name.split('@') as [RetrievalMeasure, string?];
  return k === undefined
    ? (scores as unknown as Record<string, number>)[measure]!
    : scores.at[Number(k)]![measure as 'ndcg'];
}

async function score(
  options: RetrievalOptions,
  contexts: readonly RetrievedContext[] | undefined,
  expected: unknown,
): Promise<Score> {
  return (await retrieval(options)({
    input: 'question',
    output: '',
    expected,
    metadata: undefined,
    response: { ...textResponse(''), ...(contexts === undefined ? {} : { contexts }) },
    signal: new AbortController().signal,
  } as never)) as Score;
}

describe('retrieval', () => {
  it('gives the figures of trec_eval to 1e-12', () => {
    let figures = 0;
    let furthest = 0;
    for (const { scores, grades, k, expected } of queries) {
      const order = rankByScore(Object.entries(scores));
      const linear = rankingScores(order, grades, { k });
      const exponential = rankingScores(order, grades, { k, gain: 'exponential' });
      if (expected === null || linear === null || exponential === null) {
        expect([expected, linear, exponential]).toEqual([null, null, null]);
        continue;
      }
      expect(order).toEqual(expected['order']);
      for (const [name, wanted] of Object.entries(expected)) {
        if (name === 'order') continue;
        const got = name.startsWith('ndcgExponential')
          ? figure(exponential, name.replace('Exponential', ''))
          : figure(linear, name);
        furthest = Math.max(furthest, Math.abs(got - (wanted as number)));
        figures++;
      }
    }
    expect(figures).toBeGreaterThan(1000);
    expect(furthest).toBeLessThanOrEqual(1e-12);
  });

  it('gives the means of runs, over the queries that have something to find', () => {
    for (const { queries: asked, expected } of runs) {
      const scored = asked
        .map(({ ranked, grades }) => rankingScores(ranked, grades))
        .filter((each) => each !== null);
      expect([asked.length, scored.length]).toEqual([expected.queries, expected.scored]);
      for (const [name, wanted] of Object.entries(expected.mean)) {
        const sum = scored.reduce((total, each) => total + figure(each, name), 0);
        expect(Math.abs(sum / scored.length - wanted)).toBeLessThanOrEqual(1e-12);
      }
    }
  });

  it('takes the measure at the first cutoff for the score and keeps all figures', async () => {
    const contexts = ['b', { id: 'a', text: 'x', score: 1 }, { text: 'c' }];
    const scored = await score({ measure: 'recall', k: [1, 3] }, contexts, ['a', 'c', 'd', 'e']);
    expect(scored.score).toBe(0);
    expect(scored.metadata).toMatchObject({
      relevant: 4,
      retrieved: 3,
      relevantRetrieved: 2,
      repeated: 0,
      'recall@3': 0.5,
      'precision@1': 0,
      'reciprocalRank@3': 0.5,
    });
    expect(retrieval({ k: [1, 3] }).convention).toBe(
      'retrieval(measure=ndcg,k=1|3,relevantFrom=1,gain=linear,expected=expected,order=given)',
    );
  });

  it('counts a passage that comes again once: no figure is above 1', async () => {
    const grades = { a: 3, b: 1 };
    const scores = rankingScores(['a', 'a', 'a', 'b'], grades, { k: [2, 4] })!;
    expect(scores).toMatchObject({ retrieved: 4, relevantRetrieved: 2, repeated: 2 });
    expect(scores.at[2]).toMatchObject({ precision: 0.5, recall: 0.5 });
    const ids = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 8 });
    const graded = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: -1, max: 4 }));
    fc.assert(
      fc.property(
        ids,
        graded,
        fc.constantFrom('linear' as const, 'exponential' as const),
        (ranked, given, gain) => {
          const found = rankingScores(ranked, given, { k: [1, 3, 20], gain });
          if (found === null) {
            expect(Object.values(given).some((grade) => grade >= 1)).toBe(false);
            return;
          }
          const { at, relevant: _r, retrieved: _t, relevantRetrieved: _f, repeated: _p, ...shares } = found;
          for (const value of [shares, ...Object.values(at)].flatMap((each) => Object.values(each)))
            expect(value >= 0 && value <= 1 + 1e-12).toBe(true);
        },
      ),
    );
  });

  it('divides precision by k beyond the list, and grades from where it is told to', async () => {
    expect((await score({ measure: 'precision', k: 10 }, ['a'], ['a'])).score).toBe(0.1);
    expect((await score({ measure: 'recall', k: 10, relevantFrom: 2 }, ['a'], { a: 1, b: 2 })).score).toBe(0);
    expect((await score({ measure: 'rPrecision' }, ['a', 'x'], ['a', 'b'])).score).toBe(0.5);
  });

  it('orders by score, ties as trec_eval does, when it is told to', async () => {
    const contexts = [
      { id: 'low', score: 0.1 },
      { id: 'd1', score: 0.5 },
      { id: 'd2', score: 0.5 },
    ];
    expect((await score({ measure: 'hit', k: 1, order: 'score' }, contexts, ['d2'])).score).toBe(1);
    expect((await score({ measure: 'hit', k: 1 }, contexts, ['low'])).score).toBe(1);
    await expect(score({ order: 'score' }, ['x'], ['x'])).rejects.toThrow(
      'Expected the score of "x" to be a number',
    );
  });

  it('is unscored, and not 0, where nothing is relevant or nothing is told; retrieving nothing is 0', async () => {
    expect(await score({}, ['a'], undefined)).toMatchObject({
      score: null,
      reason: expect.stringContaining('no `expected`'),
    });
    expect(await score({}, ['a'], {})).toMatchObject({
      score: null,
      reason: 'the case calls nothing relevant',
    });
    expect(await score({}, ['a'], { a: 0 })).toMatchObject({ score: null });
    expect(await score({}, undefined, ['a'])).toMatchObject({
      score: null,
      reason: expect.stringContaining('contexts'),
    });
    expect(await score({}, [], ['a'])).toMatchObject({ score: 0 });
  });

  it('refuses expectations, contexts and options that are none', async () => {
    await expect(score({}, ['a'], 'Paris')).rejects.toMatchObject({ code: 'ASSAY_INVALID_CASE' });
    await expect(score({}, ['a'], { a: 'high' })).rejects.toThrow('ids with grades');
    await expect(score({}, [{ score: 1 }], ['a'])).rejects.toThrow('context 1 of the answer');
    expect(() => retrieval({ k: 0 })).toThrow('`k` of retrieval to be an integer >= 1, or a list of them');
    expect(() => retrieval({ k: [] })).toThrow('`k` of retrieval');
    expect(() => retrieval({ measure: 'mrr' as never })).toThrow('`measure` of retrieval');
    expect(() => retrieval({ relevantFrom: 0 })).toThrow('a number > 0');
    expect(() => rankingScores([1 as never], { a: 1 })).toThrow('ids of results to be texts');
    expect(() => rankingScores(['a'], { a: NaN })).toThrow('the grade of "a"');
  });
});

describe('an order by scores', () => {
  it('is of pairs, and says what it expects of anything else', () => {
    expect(
      rankByScore(
        new Map([
          ['a', 1],
          ['b', 2],
        ]),
      ),
    ).toEqual(['b', 'a']);
    for (const wrong of [
      { a: 1 },
      null,
      undefined,
      5,
      'ab',
      [['a', 1], 5],
      [[1, 2]],
      [['a', Number.NaN]],
      [['a']],
    ])
      expect(() => rankByScore(wrong as never)).toThrow(
        expect.objectContaining({
          code: 'ASSAY_INVALID_INPUT',
          message: expect.stringMatching(/^Expected /) as unknown,
        }) as Error,
      );
  });
});
