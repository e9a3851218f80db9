import { describe, expect, it } from 'vitest';
import type { Score } from '../../src/evaluation/evaluation-types.js';
import { choice, type ChoiceOptions } from '../../src/scorers/choice.js';
import type { ChoiceTier } from '../../src/scorers/choice-tiers.js';
import { scoreWith } from '../support/score-with.js';

const chosen = (output: string, options: ChoiceOptions = {}): [string | null, unknown] => {
  const score = scoreWith(
    choice({ tiers: 'careful', ...options }),
    output,
    (options.letters ?? 'A')[0],
  ) as Score;
  return [score.label ?? null, score.metadata?.['tier'] ?? null];
};

describe('choice', () => {
  it.each([
    ['The answer is (B).', 'B', 'stated'],
    ['the answer is B', 'B', 'stated'],
    ['Answer: B', 'B', 'stated'],
    ['**Answer:** (B)', 'B', 'stated'],
    ['The correct answer is: **B**', 'B', 'stated'],
    ['The answer is \\boxed{B}', 'B', 'stated'],
    ['At first the answer is A. No: the answer is B.', 'B', 'stated'],
    ['I choose option C.', 'C', 'stated'],
    ['Answer: A because the rest is wrong', 'A', 'stated'],
    ['Final answer: \\(B\\)', 'B', 'stated'],
    ['<answer>B</answer>', 'B', 'stated'],
    ['The answer is `B`, not C or D', 'B', 'stated'],
    ['The answer is (B). Options A and C are wrong', 'B', 'stated'],
    ['So $\\boxed{\\text{D}}$', 'D', 'boxed'],
    ['$\\boxed{\\textbf{(D)}}$', 'D', 'boxed'],
    ['\\(B\\)', 'B', 'alone'],
    ['B', 'B', 'alone'],
    [' (B).\n', 'B', 'alone'],
    ['B. Because the sky is blue', 'B', 'leading'],
    ['(C) since it rains', 'C', 'leading'],
  ])('%j chooses %s by the tier %s', (output, letter, tier) => {
    expect(chosen(output)).toEqual([letter, tier]);
  });

  it.each([
    'The answer is Apple',
    'Answer: Dog',
    'I do not know',
    'Answer: I do not know',
    'Answer: A man walked in',
    "The answer is I'm not sure",
    'The answer is (K)',
    'Answers vary: B',
    'the answer is Éclair',
    'The answer is (B) or (E), depending on the circumstances.',
    'Answer: A and B',
    'Answer: **B**/**C**',
    'The answer is B. Or rather: the answer is B or C',
    '(A) or (B)',
    '',
  ])('%j chooses nothing', (output) => {
    expect(chosen(output)).toEqual([null, null]);
    expect(scoreWith(choice({ tiers: 'careful' }), output, 'A')).toMatchObject({
      score: null,
      reason: 'no tier found a letter of the menu in the answer',
    });
    expect(scoreWith(choice({ tiers: 'careful', noMatch: 'wrong' }), output, 'A')).toMatchObject({
      score: 0,
    });
  });

  it('keeps to the letters on the menu', () => {
    expect(chosen('The answer is (E)', { letters: 'ABCD' })).toEqual([null, null]);
    expect(chosen('The answer is (4)', { letters: '1234' })).toEqual(['4', 'stated']);
  });

  it.each([
    ['The answer is (B). No, the answer is (C).', 'B', 'answer is'],
    ['The answer is Apple', 'A', 'answer is'],
    ['Answer: Dog', 'D', 'answer:'],
    ['I do not know', null, null],
    ['I think (B) because of D', null, null],
    ['Answer:\u001cC', 'C', 'answer:'],
    ['Answer:\ufeffC', null, null],
    ['Answer: C, no, answer: D\nAnswer: E', 'D', 'answer:'],
  ])('with the published rule of MMLU-Pro %j chooses %s', (output, letter, tier) => {
    expect(chosen(output, { tiers: 'mmlu-pro' })).toEqual([letter, tier]);
  });

  it.each([
    ['I think (B) because of D', 'D', 'last letter'],
    ['I do not know', 'I', 'last letter'],
    ['Answer: C. Not D', 'C', 'answer:'],
    ['DNA, éA, A\u00b2, _B', null, null],
  ])('with the last letter of its later scripts %j chooses %s', (output, letter, tier) => {
    expect(chosen(output, { tiers: 'mmlu-pro-last-letter' })).toEqual([letter, tier]);
  });

  it('tries tiers of the host in their order, skipping a letter off the menu', () => {
    const tiers = [
      { name: 'final', pattern: /Final: (\w)/ },
      { name: 'any', pattern: /\b([A-Z])\b/g, match: 'first' as const },
    ];
    expect(chosen('B then Final: C', { tiers })).toEqual(['C', 'final']);
    expect(chosen('B then C', { tiers })).toEqual(['B', 'any']);
    expect(chosen('Final: Z but B', { tiers, letters: 'AB' })).toEqual([null, null]);
    expect(choice({ tiers }).convention).toContain('final:last:/Final: (\\w)/|any:first:');
  });

  it('scores the letter against the expected one, with or without brackets', () => {
    expect(scoreWith(choice(), 'The answer is (B)', '(B)')).toMatchObject({ score: 1 });
    expect(scoreWith(choice(), 'The answer is (B)', ['A', 'B'])).toMatchObject({ score: 1 });
    expect(scoreWith(choice(), 'The answer is (B)', 'C')).toMatchObject({ score: 0, label: 'B' });
    expect(scoreWith(choice(), 'The answer is (B)', undefined)).toMatchObject({ score: null });
  });

  it('errors on an expected letter that is not on the menu', () => {
    expect(() => scoreWith(choice({ letters: 'ABCD' }), 'B', 'E')).toThrow(
      'one of the letters ABCD, got "E"',
    );
  });

  it.each([[{ tiers: [] }], [{ tiers: 'loose' }], [{ tiers: [{ name: 'x' }] }], [{ letters: '' }]])(
    'refuses %j',
    (options) => {
      expect(() => choice(options as ChoiceOptions)).toThrow('of choice to be');
    },
  );

  it('refuses a tier that could never find a letter, or that has a member nobody reads', () => {
    const tiers = (tier: object): ChoiceOptions => ({ tiers: [{ name: 'x', ...tier } as ChoiceTier] });
    expect(() => choice(tiers({ pattern: /Final: \w/ }))).toThrow('a RegExp with a group for the letter');
    expect(() => choice(tiers({ pattern: /(\w)/, macth: 'first' }))).toThrow('did you mean `match`?');
  });
});
