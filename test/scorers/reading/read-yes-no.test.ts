import { describe, expect, it } from 'vitest';
import type { Score } from '../../../src/evaluation/evaluation-types.js';
import { yesNo } from '../../../src/scorers/yes-no.js';
import { scoreWith } from '../../support/score-with.js';

/** An answer, what is expected (not looked at here), and what may be found; `null`: neither. */
type Row = readonly [answer: string, expected: string, found: string | null, orElse?: string | null];

const ROWS: Row[] = [
  ['Yes', 'yes', 'yes'],
  ['No.', 'yes', 'no'],
  ['**Yes**, because', 'yes', 'yes'],
  ['The answer is no.', 'yes', 'no'],
  ['Answer: True', 'yes', 'yes'],
  ['False', 'yes', 'no'],
  ['The statement is not true.', 'yes', 'no'],
  ['It is not false.', 'yes', 'yes'],
  ['Ja, das stimmt.', 'yes', 'yes'],
  ['Nein.', 'yes', 'no'],
  ['Oui', 'yes', 'yes'],
  ['Non, car', 'yes', 'no'],
  ['Sí, claro', 'yes', 'yes'],
  ['是的。', 'yes', 'yes'],
  ['不是', 'yes', 'no'],
  ['答案：错误', 'yes', 'no'],
  ['はい', 'yes', 'yes'],
  ['いいえ、違います', 'yes', 'no'],
  ['네', 'yes', 'yes'],
  ['아니요', 'yes', 'no'],
  ['Да.', 'yes', 'yes'],
  ['Нет, неверно', 'yes', 'no'],
  ['نعم', 'yes', 'yes'],
  ['لا', 'yes', 'no'],
  ['हाँ', 'yes', 'yes'],
  ['नहीं', 'yes', 'no'],
  ['No one knows.', 'yes', null],
  ['Maybe.', 'yes', null],
  ['Yes and no.', 'yes', null],
  ['\\boxed{True}', 'yes', 'yes'],
  ['\\boxed{\\text{No}}', 'yes', 'no'],
  ['{"answer": false}', 'yes', 'no'],
  ['{"answer": "yes"}', 'yes', 'yes'],
  ['I think so, yes.', 'yes', 'yes', null],
  ['<think>yes</think>No', 'yes', 'no'],
  ['Final answer: **No**', 'yes', 'no'],
  ['Therefore, the claim is false.', 'yes', 'no'],
  ['Is it true? The answer is yes.', 'yes', 'yes'],
  ['The answer is not yes.', 'yes', 'no', null],
  ['Answer: yes or no', 'yes', null],
];

describe('yesNo', () => {
  it.each(ROWS.map((row) => ({ row, answer: row[0] })))(
    'reads $answer',
    ({ row: [answer, expected, found, orElse = found] }) => {
      const { label = null } = scoreWith(yesNo(), answer, expected) as Score;
      expect([found, orElse]).toContain(label);
    },
  );

  it.each([
    ['You should switch doors.', 'yes'],
    ['You should not switch.', 'no'],
    ['You should stay rather than switch.', 'no'],
    ['First: switch.\n\n**Final answer:** Keep your door.', 'no'],
    ['It makes no difference whether you stay or switch.', null],
    ['Switching wins, so you should stay... no: the answer is switch.', 'yes'],
  ])('reads words of the host in %j', (answer, found) => {
    const words = { yes: ['switch', 'switching'], no: ['stay', 'keep'] };
    const { label = null } = scoreWith(yesNo({ words }), answer, 'switch') as Score;
    expect(label).toBe(found);
  });

  it('compares with a truth value or one of its words, and refuses anything else', () => {
    expect(scoreWith(yesNo(), 'No.', false)).toMatchObject({ score: 1, label: 'no' });
    expect(scoreWith(yesNo(), 'Ja', 'true')).toMatchObject({ score: 1, metadata: { tier: 'whole' } });
    expect(scoreWith(yesNo(), 'Maybe', 'yes')).toMatchObject({ score: null });
    expect(scoreWith(yesNo({ noMatch: 'wrong' }), 'Maybe', 'yes')).toMatchObject({ score: 0 });
    expect(scoreWith(yesNo(), 'Yes', undefined)).toMatchObject({ score: null });
    expect(() => scoreWith(yesNo(), 'Yes', 'perhaps')).toThrow('yes or no');
    expect(() => yesNo({ words: { yes: ['a'], no: ['A'] } })).toThrow('different words');
  });
});
