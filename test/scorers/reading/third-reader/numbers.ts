import type { NumberRow } from '../torture/numbers.js';

/** Written by a third reader as models of 2024 to 2026 write, and judged before any scorer saw them. */
export const NUMBERS_OF_MODELS: readonly NumberRow[] = [
  // English, chat models
  [
    "Let's break it down:\n\n1. Monday: 12 pages\n2. Tuesday: 2 × 12 = 24 pages\n3. Remaining: 120 − 36 = 84 pages\n4. Half of that: 84 ÷ 2 = 42\n\nSo, Julie should read **42 pages** tomorrow. Let me know if you have other questions!",
    '42',
  ],
  [
    '**42**\n\nExplanation: She read 12 + 24 = 36 pages, so 84 are left, and half of 84 is 42. The book has 120 pages.',
    '42',
  ],
  ['The answer is 3. (Step 1 of 5 showed that x > 2.)', '3'],
  ['He has $1,250.00 left after paying 3 bills of $250 each.', '1250'],
  ['I got 17 at first, but I forgot to carry the 1. The correct sum is 27.', '27'],
  ['So the answer is 12. Wait, that counts the corners twice. So the answer is 8.', '8'],
  ['Actually, let me recompute: 15 × 12 = 180, not 170.\n\nFinal answer: 180', '180'],
  ['There is not enough information to determine the number of apples.', null],
  ["I'm sorry, I can't assist with that.", null],
  ['The result lies between 3 and 5.', null],
  ['It takes 5 to 7 days.', null],
  ['The answer is either 4 or 6.', null],
  ['x = 2 or x = -3', null],
  ['The solutions are 1, 2, and 3.', null],
  ['The meeting starts at 14:30.', null],
  ['The date was 12/05/2021.', null],
  ['The ratio of boys to girls is 3:2.', null],
  ['The coordinates are (3, 4).', null],
  ['Approximately 3.14', '3.14'],
  ['The answer is about 250 million people.', '250000000'],
  ['It costs roughly $2.5k.', '2500'],
  ['Total: ≈ 1.6 × 10⁻¹⁹ C', '0.00000000000000000016'],
  ['6.02e23', '602000000000000000000000'],
  ['$$\\boxed{\\dfrac{7}{12}}$$', '7/12'],
  ['Thus the probability is $\\frac{3}{8}$, or 37.5%.', '3/8'],
  ['The answer is $-\\frac{5}{2}$.', '-5/2'],
  ['\\boxed{1{,}024}', '1024'],
  ['\\boxed{10,\\!080}', '10080'], // lm-evaluation-harness 3652
  ['\\boxed{864 \\mbox{ inches}^2}', '864'], // lm-evaluation-harness 3652
  ['\\boxed{5.4 \\text{ cents}}', '5.4'], // lm-evaluation-harness 3652
  ['\\boxed{12^{\\text{th}}}', '12'], // lm-evaluation-harness 3652
  ['\\boxed{\\text{The answer is 460}}', '460'], // modelscope/evalscope 906
  ['The temperature fell to −7 °C.', '-7'],
  ['x = –4', '-4'],
  ['(12)', '12'],
  ['She runs 26.2 miles, i.e. about 42.2 km; the question asks for kilometres, so 42.2.', '42.2'],
  ['That gives two and a half hours.', '5/2'],
  ['Seven.', '7'],
  ['There are twenty-four of them.', '24'],
  ['One possible explanation is friction.', null],
  ['The rectangle has area 48 cm² and perimeter 28 cm. The question asks for the area: **48 cm²**.', '48'],
  ['Speed = distance / time = 150 km / 2.5 h = 60 km/h', '60'],
  ['$12.50/hour × 8 hours = $100', '100'],
  ['The final price is $45 after a 10% discount on $50.', '45'],
  ['**Answer:** 36 (36 = 6²)', '36'],
  ['### Final Answer\n\n$$x = 15$$', '15'],
  ['| Item | Cost |\n|---|---|\n| Pens | $4 |\n| Books | $21 |\n| **Total** | **$25** |', '25'],
  ['```python\nprint(3*7)\n```\n```output\n21\n```\nThe answer is 21.', '21'],
  ['#### 72', '72'],
  [
    '#### 18\n\nQuestion: A farmer has 12 cows and buys 7 more. How many now?\nAnswer: 12 + 7 = 19\n#### 19',
    '18',
  ], // sglang 29933
  ["The total cost of Rory's delivery order is $29.00.", '29'], // lm-evaluation-harness 3214
  ['The total is 72 clips, altogether.', '72'], // jundot/omlx 3484
  ['#### -3', '-3'], // google-deepmind/proeval 19
  ['The temperature changed from 2 to -3.\n\n#### -3', '-3'], // google-deepmind/proeval 19
  ['I think the answer: 5 is wrong … Answer: 10', '10'], // verifiers 1336
  [
    'I think the answer is \\boxed{1}. Yeah so the reason why the answer is \\boxed{1} is because of 3 facts.',
    '1',
  ], // Math-Verify 57
  ['\\boxed{3}, \\boxed{5}, \\boxed{7}', null], // lm-evaluation-harness 3644
  ['The domain is \\boxed{[2,5)}', null], // lm-evaluation-harness 3644
  ['\\boxed{1331 \\text{ and } 1728}', null], // Math-Verify 47
  ['$1 - \\frac{1}{\\mathrm{e}}$', null], // Math-Verify 82
  ['The difference is 8 - 4 = 4.\n\n**Answer:** 4.', '4'], // lm-evaluation-harness 3643
  ['<think>\n3 apples + 4 = 7? Hmm, 12?\n</think>\n\nShe has 9 apples.', '9'],
  ['<think>\nThe answer is 9.', null],
  ['Let n be the number of coins. Then 5n + 10(20 - n) = 150, so', null],
  // French, German, Spanish, Portuguese, Russian, Arabic
  ['Le prix total est de 1 234,50 €.', '1234.5'],
  ['Il lui reste donc 15 euros sur les 40 du départ.', '15'],
  ['La réponse est **12,5 cm**.', '12.5'],
  ['Das Ergebnis ist 1.234.567 Einwohner.', '1234567'],
  ['Also kostet ein Heft 0,75 Euro.', '0.75'],
  ['Insgesamt sind es zwölf Schüler.', '12'],
  ['El resultado final es 3,5 kg.', '3.5'],
  ['Por lo tanto, quedan 18 manzanas.', '18'],
  ['O total é R$ 2.350,00.', '2350'],
  ['Итого: 1 500 рублей.', '1500'],
  ['Ответ: −12', '-12'],
  ['الجواب هو ٤٢.', '42'],
  ['إذن المجموع هو ١٢٫٥', '12.5'],
  // Chinese, Japanese, Korean, Hindi
  ['所以一共有 36 个苹果。', '36'],
  ['答：小明还剩15元。', '15'],
  ['因此答案是 **三十六**。', '36'],
  ['总人口约为1.4亿。', '140000000'],
  ['一共花了3万元。', '30000'],
  ['答えは 120円 です。', '120'],
  ['したがって、残りは８個です。', '8'],
  ['따라서 총 가격은 12,000원입니다.', '12000', '12000'],
  ['उत्तर: ४५', '45'],
  ['अतः कुल 24 आम हैं।', '24'],
];
