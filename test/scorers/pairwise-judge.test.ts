import { describe, expect, it } from 'vitest';
import type { Score } from '../../src/evaluation/evaluation-types.js';
import { CorpusTotal } from '../../src/scorers/corpus-metric.js';
import { pairwiseJudge, type PairwiseJudgeOptions } from '../../src/scorers/pairwise-judge.js';
import { RecordedJudge } from '../support/recorded-judge.js';
import { scoreWith } from '../support/score-with.js';

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

  it('refuses options without client or rubric', () => {
    expect(() => pairwiseJudge({ rubric } as PairwiseJudgeOptions)).toThrow('`client`');
    expect(() => pairwiseJudge({ client: judgeOf('A', 'B') } as unknown as PairwiseJudgeOptions)).toThrow(
      '`rubric`',
    );
  });
});
