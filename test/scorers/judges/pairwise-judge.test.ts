import { describe, expect, it } from 'vitest';
import type { Score } from '../../../src/evaluation/evaluation-types.js';
import { CorpusTotal } from '../../../src/evaluation/corpus-metric.js';
import {
  pairwiseJudge,
  type PairVerdicts,
  type PairwiseJudgeOptions,
} from '../../../src/scorers/judges/pairwise-judge.js';
import { RecordedJudge } from '../../support/recorded-judge.js';
import { scoreWith } from '../../support/score-with.js';

const rubric = 'Which is more helpful?';

/** A judge whose two verdicts depend on whether the answer `ours` is shown as A or as B. */
const judgeOf = (asA: string, asB: string): RecordedJudge =>
  new RecordedJudge((request) => {
    const told = JSON.stringify(request.input);
    const oursFirst = told.indexOf('ours') < told.indexOf('theirs');
    return `Because.\nVERDICT: ${oursFirst ? asA : asB}`;
  });

const compare = async (asA: string, asB: string): Promise<Score> =>
  (await scoreWith(pairwiseJudge({ client: judgeOf(asA, asB), rubric }), 'ours', 'theirs')) as Score;

describe('pairwiseJudge', () => {
  it.each([
    ['A', 'B', 1, 'win', true],
    ['B', 'A', 0, 'loss', true],
    ['TIE', 'TIE', 0.5, 'tie', true],
    ['A', 'A', 0.5, 'tie', false],
    ['B', 'B', 0.5, 'tie', false],
    ['A', 'TIE', 0.5, 'tie', false],
    ['TIE', 'A', 0.5, 'tie', false],
  ])(
    'with %s in the one order and %s in the other scores %s (%s)',
    async (asA, asB, score, label, consistent) => {
      expect(await compare(asA, asB)).toMatchObject({
        score,
        label,
        metadata: {
          first: { verdict: asA, text: `Because.\nVERDICT: ${asA}` },
          second: { verdict: asB },
          consistent,
          judge: { calls: 2, inputTokens: 200, outputTokens: 40, cost: 1 },
        },
      });
    },
  );

  it('leaves a pair unscored when either verdict is missing, keeping both replies and the cost', async () => {
    expect(await compare('A', 'neither')).toMatchObject({
      score: null,
      reason: expect.stringContaining('not one of A, B, TIE') as string,
      metadata: { first: { verdict: 'A' }, second: { verdict: null }, judge: { calls: 2 } },
    });
  });

  it('leaves a case without one answer to compare with unscored, without asking', async () => {
    const client = judgeOf('A', 'B');
    const scorer = pairwiseJudge({ client, rubric });
    expect(await scoreWith(scorer, 'ours', undefined)).toMatchObject({ score: null });
    expect(await scoreWith(scorer, 'ours', ['one', 'two'])).toMatchObject({ score: null });
    expect(client.requests).toHaveLength(0);
  });

  it('compares with whatever the host names', async () => {
    const client = judgeOf('A', 'B');
    const scorer = pairwiseJudge<unknown, { readonly baseline: string }>({
      client,
      rubric,
      opponent: ({ expected }) => expected.baseline,
    });
    expect(await scoreWith(scorer, 'ours', { baseline: 'theirs' })).toMatchObject({ score: 1 });
  });

  it.each([
    ['A wins', 'B is better', 1],
    ['A because it is longer', 'A', 0.5],
    ['A tie', 'B', null],
    ['A > B', 'B > A', null],
    ['A = B', 'TIE', null],
    ['A or B', 'B', null],
  ])('after %j and %j scores %s: what could mean either is no verdict', async (asA, asB, score) => {
    expect((await compare(asA, asB)).score).toBe(score);
  });

  const recorded = (
    replies: readonly [string, string],
    options: Partial<PairwiseJudgeOptions>,
  ): Promise<Score> =>
    scoreWith(
      pairwiseJudge({ client: new RecordedJudge([...replies]), rubric, ...options }),
      'ours',
      'theirs',
    ) as Promise<Score>;

  it.each([
    ['My final verdict is tie: [[A=B]]. No: [[A>>B]]', 'So [[B>A]]', 1],
    ['[[A>B]]', '[[A>>B]]', 0.5],
    ['[[B>>A]]', '[[A>B]]', 0],
    ['[[A=B]]', '[[A=B]]', 0.5],
    ['[[A>B]]', 'both are fine', null],
    ['[[A>B]]', '[[C]]', null],
  ])('reads recorded replies of JudgeBench: %j and %j score %s', async (first, second, score) => {
    const verdicts = { a: ['A>B', 'A>>B'], b: ['B>A', 'B>>A'], tie: 'A=B' };
    const found = await recorded([first, second], { verdicts, verdictPattern: /\[\[([^\]]*)\]\]/ });
    expect(found.score).toBe(score);
    expect(found.metadata).toMatchObject({ first: { text: first }, second: { text: second } });
  });

  it.each([
    ['… So, the final decision is Response 1.', 'the final decision is Response 2', 1, 'A'],
    ['final decision is response 2, as', 'final decision is Response 2', 0.5, 'B'],
    ['the final decision is Tie.', 'the final decision is tie', 0.5, 'TIE'],
    ['the final decision is Response 12', 'the final decision is Response 2', null, null],
  ])('reads recorded replies of Auto-J: %j and %j score %s', async (first, second, score, verdict) => {
    const verdicts = { a: 'Response 1', b: 'Response 2', tie: 'Tie' };
    const found = await recorded([first, second], { verdicts, verdictPattern: /final decision is (.*)/ });
    expect(found).toMatchObject({ score, metadata: { first: { verdict } } });
  });

  it('asks with your own prompt, and asks for the verdicts by their names', async () => {
    const client = judgeOf('first', 'second');
    const verdicts = { a: 'first', b: ['second', 'last'] };
    const own = pairwiseJudge({
      client,
      rubric,
      verdicts,
      prompt: ({ material, verdictInstruction }) => `Choose.\n${material}\n${verdictInstruction}`,
      promptName: 'short',
    });
    expect(await scoreWith(own, 'ours', 'theirs')).toMatchObject({ score: 1, label: 'win' });
    expect(client.told(0)).toMatch(/^Choose\.\n\[\[BEGIN QUESTION/);
    expect(client.told(0)).toContain('with first or second as the verdict');
    expect(own.convention).toMatch(/verdicts=first\|second,last,prompt=short,/);
    await scoreWith(pairwiseJudge({ client, rubric }), 'ours', 'theirs');
    expect(client.told(2)).toContain('with A, B or TIE as the verdict');
  });

  it.each([
    ['8 9', '9 8', 0, [8, 9]],
    ['7, 7', '7 7', 0.5, [7, 7]],
    ['9/10 8.5/10\nBecause it is longer.', '8 9', 1, [9, 8.5]],
    ['Scores:\nAssistant 1: 3 (wrong)\nAssistant 2: 6', '6 3', 0, [3, 6]],
    ['{"a": 4, "b": 10}', '10 4', 0, [4, 10]],
    ['11 9', '9 8', null, undefined],
    ['both are good', '9 8', null, undefined],
  ])('compares two scores: %j and %j score %s', async (first, second, score, scores) => {
    const found = await recorded([first, second], { scores: { minimum: 1, maximum: 10 } });
    expect(found.score).toBe(score);
    expect(found).toMatchObject({ metadata: { first: scores === undefined ? { verdict: null } : { scores } } });
  });

  it('takes either scores or verdicts', () => {
    const options = { client: judgeOf('A', 'B'), rubric, scores: { minimum: 1, maximum: 10 } };
    expect(() => pairwiseJudge({ ...options, verdictName: 'X' })).toThrow('either `scores` or `verdictName`');
  });

  it.each([
    [{ a: 'A' }],
    [{ a: 'A', b: 'A' }],
    [{ a: 'A', b: [] }],
    [{ a: 'A', b: 'B', tie: '' }],
    [{ a: 'A', b: 'B', draw: 'C' }],
    ['AB'],
  ])('refuses %j as verdicts', (verdicts) => {
    expect(() => pairwiseJudge({ client: judgeOf('A', 'B'), rubric, verdicts: verdicts as never })).toThrow(
      /Expected `verdicts` of pairwiseJudge/,
    );
  });

  it('reports consistency, position bias and unparsed pairs over a run, in any order of results', async () => {
    const verdicts = [
      ['A', 'B'],
      ['A', 'A'],
      ['A', 'A'],
      ['B', 'A'],
      ['TIE', 'A'],
      ['A', '?'],
    ] as const;
    const { corpus } = pairwiseJudge({ client: judgeOf('A', 'B'), rubric });
    const scores = await Promise.all(verdicts.map(([asA, asB]) => compare(asA, asB)));
    const summaryOf = (results: readonly Score[]) => {
      const total = new CorpusTotal(corpus);
      for (const score of results) total.add({ metadata: score.metadata! });
      return total.summary();
    };
    const summary = summaryOf(scores);
    expect(summary).toEqual({
      score: (1 + 3 * 0.5) / 5,
      details: {
        pairs: 5,
        wins: 1,
        ties: 3,
        losses: 1,
        consistency: 2 / 5,
        firstPositionRate: 7 / 9,
        oneOrderScore: 3.5 / 5,
        unparsed: 1,
      },
    });
    expect(summaryOf([...scores].reverse())).toEqual(summary);
  });

  it('has no figures where there are no pairs', () => {
    const { corpus } = pairwiseJudge({ client: judgeOf('A', 'B'), rubric });
    const { score, details } = new CorpusTotal(corpus).summary();
    expect([score, details['consistency'], details['firstPositionRate']]).toEqual([null, null, null]);
  });

  it('has another convention when a word changes sides', () => {
    const conventionOf = (verdicts: PairVerdicts) =>
      pairwiseJudge({ client: judgeOf('A', 'B'), rubric, verdicts }).convention;
    expect(conventionOf({ a: ['1', 'one'], b: '2' })).not.toBe(conventionOf({ a: '1', b: ['one', '2'] }));
  });

  it('refuses options without client or rubric', () => {
    expect(() => pairwiseJudge({ rubric } as PairwiseJudgeOptions)).toThrow('`client`');
    expect(() => pairwiseJudge({ client: judgeOf('A', 'B') } as unknown as PairwiseJudgeOptions)).toThrow(
      '`rubric`',
    );
  });
});
