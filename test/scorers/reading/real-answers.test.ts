import { expect, it } from 'vitest';
import { choice } from '../../../src/scorers/choice.js';
import { number } from '../../../src/scorers/number.js';
import { yesNo } from '../../../src/scorers/yes-no.js';
import { scoreWith } from '../../support/score-with.js';

/** An answer and the number that a reader finds in it; `null`: none. */
const NUMBERS: [text: string, found: string | null][] = [
  // the number that is told, not those that say when, where and of what
  ['FINAL ANSWER:\n"""\nAfter 18 payments of $40 each, Mia will still owe $310.\n"""', '310'],
  ['Answer: In 6 years, the mean age of the three will be 31 years.', '31'],
  ['Answer: 6 years from now, the mean age will be 31.', '31'],
  ['Answer: The price of 7 mugs, 3 plates, and 2 bowls is $95.', '95'],
  ['Answer: The price of 7 mugs will be approximately $95.50.', '95.5'],
  ['Answer: If Noor works the hours he plays (9 hours per week), he could earn $120 in a week.', '120'],
  ['Answer: Ines and Bo can solve the 480-piece puzzle in 2 hours.', '2'],
  ['Answer: Ana makes a profit of $14.00 after selling 25 candles.', '14'],
  ['Answer: Leo will eat 91 eggs in 7 weeks.', '91'],
  ['Answer: In the first 20 minutes, 7 cars passed.', '7'],
  ['Answer: After the sale, it takes her 12 seconds to run 80 metres.', '12'],
  ['Answer: Nach 5 Jahren, so der Plan, beträgt die Schuld 900 Euro.', '900'],
  ['Answer: В оставшихся 30 литрах содержится 12 литров воды.', '12'],
  ['Answer: 卖出 15 盆花、8 盆草和 3 棵树后，她会赚 64 美元。', '64'],
  ['Answer: 在 24 个月后，一袋的价格约为 310.50 美元。', '310.5'],
  ['Answer: 1つの箱に入っている本の数は8冊です。', '8'],
  ['Answer: 彼女は1週間に28時間働いています。', '28'],
  ['Answer: 4日目には320人の客が来ました。', '320'],
  ['Answer: 彼は6カ月間、毎月$120払うことになる。', '120'],
  ['Answer: 5 apples in 3 baskets', '5'],
  ['Answer: Kim is 31 years old, and Lee is 27 years old.', null],
  ['Answer: The amount can range from 4 liters to 5.5 liters.', null],
  // what looks like an announcement and is none
  [
    '{"reasoning": "12 - 5", "answer": "7"}\n\nThis structure gives the reasoning and the final answer to the question.',
    '7',
  ],
  ['$\\boxed{9}$, which is our answer.\nWe know that our answer is right because both proofs agree.', '9'],
  ['$\\boxed{9}$\n\nPlease note that the answer is an approximation.', '9'],
  ['$\\boxed{9.25}$\n\nThe result has been rounded to two decimal places.', '9.25'],
  ['The answer is 3.\n\n**Step-by-step solution:**\n\nThere are 8 children in front and 3 behind.', '3'],
  ['Odpowiedź to 12.', '12'],
  ['Vastaus on 12.', '12'],
  // the model says that it has no answer
  [
    'The prism holds 48 cubes. However, without the figure, the number of painted ones cannot be determined.',
    null,
  ],
  ['Your question appears to be incomplete: it names no pieces to be cut from a 6 x 6 square.', null],
  [
    'If 3 is on one face, it is usually opposite to 4. Please provide the full net to get an exact answer.',
    null,
  ],
  ['We cannot use 5 here, so the total is 12.', '12'],
  // what is no number
  ['\\boxed{2AB4CD}', null],
  ['6sqrt(3)', null],
  ['[0.50,0.69,0.61,0.72]', null],
  ['The answer is 6!.', null],
  ['So there are 9! - 1 ways.\nThe answer is 9! - 1.', null],
  ['The answer is [1, 1].', null],
  ['The answer is 6!', '6'],
  // what a program printed, and a sentence that repeats it
  ['```python\nprint(n)\n```\n```output\n16.0\n```\n16 fans think that horse 12 will win.', '16'],
  // words that only look like a constant or an `and`
  ['Réponse : 640 pièces', '640'],
  ['Respuesta: $8,410 en 1 semana.', '8410'],
  ['Respuesta: 4000 piñas', '4000'],
];

it.each(NUMBERS)('reads the number of %j: %s', async (output, found) => {
  const said = await scoreWith(number(), output, found ?? '1');
  expect(labelOf(said)).toBe(found);
});

/** An answer and its letter, of A to G; `null`: none. */
const LETTERS: [text: string, found: string | null][] = [
  ['\\boxed{A, E}', null],
  ['The figures are B and E.\n\n\\boxed{B and E}', null],
  ['The answer is **F. Copper wire** or **G. Silver wire**.', null],
  ['The answer is (B) Farmers lose income and (C) Buyers gain.', null],
  ['Answer: (B), since (A) confuses cause and effect.', 'B'],
  ['The answer is **B. Firm A, Firm B, Firm A**.', 'B'],
  ['B -> C -> A', null],
  ['The exact value is not listed, but the closest answer is (D).', 'D'],
  ['Option (E) is generally not accurate. A mix of (A) and (D) could be.', null],
  ['It is not given, but it should be about 900, which is closest to option (E).', 'E'],
  [
    '(a) The pressure in the pipe follows from the flow and its friction factor, which we look up in the chart for rough walls of this kind',
    null,
  ],
  ['(b) because the walls are rough', 'B'],
  ['A: 承担全部责任; B: 不承担责任; C: 承担部分责任; D: 承担连带责任。', null],
  ['A.构成甲罪B.构成乙罪C.构成丙罪', null],
  ['Answer: (G) B', 'G'],
  ['**Answer: (F) C, A, B, D**', 'F'],
  ['（1）【答案】 C <eoa>\n（2）【答案】 A <eoa>', null],
  ['(a) It is 72 cm. The answer is (G).\n(b) It is 24 cm. The answer is (F).', null],
  ['(a) is wrong. (b) is right. The answer is (B).', 'B'],
  ['关于该宪法,表述错误的是C。其特点是集权。', 'C'],
];

it.each(LETTERS)('reads the letter of %j: %s', async (output, found) => {
  const said = await scoreWith(choice({ letters: 'ABCDEFG' }), output, found ?? 'A');
  expect(labelOf(said)).toBe(found);
});

const labelOf = (said: unknown): unknown => (said as { readonly label?: string }).label ?? null;

/** An answer and whether it says yes; `null`: neither. */
const WORDS: [text: string, found: 'yes' | 'no' | null][] = [
  ['No factor was found.\n\nTherefore, 7919 is a prime number. [Yes]', 'yes'],
  ['None of them divides it.\n\n[Yes], 7919 is a prime number.', 'yes'],
  ['I checked all of them. No.', 'no'],
  ['Say [Yes] or [No].', null],
  ['The answer is "[Yes]" if 7919 is a prime number or "[No]" if it is not.', null],
];

it.each(WORDS)('reads yes or no in %j: %s', async (output, found) => {
  expect(labelOf(await scoreWith(yesNo(), output, 'yes'))).toBe(found);
});

/** Texts that break off: their last number is no conclusion. */
const CUT = [
  'First we add.\n1. 4 + 5 = 9\n2. 9 + 6 = 15\n3.',
  'We square: $3^2 = 9$, then $\\frac{4}{2',
  '9 + 16 = 25 →',
  'We have entered a cycle, so 5298 is not a',
];

it.each(CUT)('finds no number in what breaks off: %j', async (output) => {
  expect(labelOf(await scoreWith(number(), output, '1'))).toBe(null);
});

it('takes an A on the last line for an option, not for an article', async () => {
  const output = 'Both parties agreed in writing, so the contract holds.\n\nA';
  expect(labelOf(await scoreWith(choice({ letters: 'ABCD' }), output, 'A'))).toBe('A');
});
