import { describe, expect, it } from 'vitest';
import type { Score, Scorer } from '../../../src/evaluation/evaluation-types.js';
import { judge } from '../../../src/scorers/judges/judge.js';
import { jury, juryVotes, type JuryOptions } from '../../../src/scorers/judges/jury.js';
import { RecordedJudge } from '../../support/recorded-judge.js';
import { scoreWith } from '../../support/score-with.js';

type Vote = string | number | null | Error;

const member =
  (vote: Vote): Scorer =>
  () => {
    if (vote instanceof Error) throw vote;
    if (vote === null) return { score: null, reason: 'no verdict' };
    return typeof vote === 'number' ? vote : { score: { C: 1, P: 0.5, I: 0 }[vote]!, label: vote };
  };

const ask = async (votes: readonly Vote[], options: Partial<JuryOptions> = {}): Promise<Score> =>
  (await scoreWith(
    jury({ members: Object.fromEntries(votes.map((vote, i) => [`m${i}`, member(vote)])), ...options }),
    'answer',
    'expected',
  )) as Score;

describe('jury', () => {
  it('takes the vote of the majority and says how large it is', async () => {
    expect(await ask(['C', 'I', 'C'])).toMatchObject({
      score: 1,
      label: 'C',
      metadata: { agreement: 2 / 3 },
    });
    expect(await ask([0.1, 0.1, 0.1])).toMatchObject({ score: 0.1, label: '0.1' });
  });

  it('leaves a tie unscored with the count of votes, or takes the mean when told to', async () => {
    expect(await ask(['C', 'I'])).toMatchObject({ score: null, reason: 'the votes are tied: C 1, I 1' });
    expect(await ask(['C', 'I'], { ties: 'mean' })).toMatchObject({ score: 0.5 });
    expect(await ask(['C', 'C', 'I', 'I', 'P'])).toMatchObject({ score: null });
  });

  it('gives members that failed or have no score no vote, and needs more than half of all', async () => {
    expect(await ask(['C', null, 'C'])).toMatchObject({ score: 1 });
    expect(await ask(['C', null, new Error('down')])).toMatchObject({
      score: null,
      reason: '1 of the 2 votes that are needed',
    });
    expect(await ask(['C', null, new Error('down')], { quorum: 1 })).toMatchObject({ score: 1 });
    expect(await ask([null, null])).toMatchObject({ score: null });
  });

  it('fails when every member failed', async () => {
    await expect(ask([new Error('down'), new Error('away')])).rejects.toThrow(
      'Every member of the jury failed: down',
    );
  });

  it('takes mean and median of the scores', async () => {
    expect(await ask([0.2, 0.4, 0.9], { rule: 'mean' })).toMatchObject({ score: 0.5 });
    expect(await ask([0.2, 0.4, 0.9], { rule: 'median' })).toMatchObject({ score: 0.4 });
    expect(await ask([0.2, 0.4, 0.6, 0.9], { rule: 'median' })).toMatchObject({ score: 0.5 });
  });

  it('keeps every vote with its reason', async () => {
    const score = await ask(['C', null, new Error('down')]);
    expect(score.metadata!['votes']).toEqual([
      { member: 'm0', outcome: 'scored', score: 1, label: 'C' },
      { member: 'm1', outcome: 'unscored', score: null, reason: 'no verdict' },
      { member: 'm2', outcome: 'errored', score: null, reason: 'down' },
    ]);
    expect(juryVotes({ metadata: score.metadata! })).toEqual(['C', null, null]);
    expect(juryVotes({})).toEqual([]);
  });

  it('adds up what judges cost and keeps their replies', async () => {
    const of = (grade: string) => judge({ client: new RecordedJudge([`GRADE: ${grade}`]), rubric: 'r' });
    const score = (await scoreWith(
      jury({ members: { first: of('C'), second: of('C'), third: of('nothing') } }),
      'a',
      'b',
    )) as Score;
    expect(score).toMatchObject({
      score: 1,
      metadata: {
        judge: { calls: 3, inputTokens: 300, cost: 1.5 },
        votes: [{ metadata: { text: 'GRADE: C' } }, {}, { metadata: { text: 'GRADE: nothing' } }],
      },
    });
  });

  it('names its members in the convention', () => {
    const named = Object.assign(member('C'), { convention: 'mine', version: '3' });
    expect(jury({ members: { a: named, b: member('C') } }).convention).toBe(
      'jury(rule=majority,ties=unscored,quorum=2,members=a:mine@3|b:custom@?)',
    );
  });

  it.each([
    [{ members: { a: member('C') } }, 'at least two'],
    [{}, 'at least two'],
    [
      { members: { a: member('C'), b: member('C') }, quorum: 3 },
      '`quorum` of jury to be an integer from 1 to 2',
    ],
    [{ members: { a: member('C'), b: 1 } }, '`b` of `members` of jury'],
    [{ members: { a: member('C'), b: member('C') }, rule: 'vote' }, "'majority'"],
  ])('refuses options %#', (options, message) => {
    expect(() => jury(options as unknown as JuryOptions)).toThrow(message);
  });
});
