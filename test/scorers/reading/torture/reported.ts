import type { ChoiceRow } from './choices.js';
import type { NumberRow } from './numbers.js';

/** Situations from public bug reports on the extraction of answers, in words of our own. */
export const REPORTED_CHOICES: readonly ChoiceRow[] = [
  ['The maximum is 11.\n\nAnswer seems to be A.\n\nAnswer: A', 'A'], // openbench 348: a letter of "seems"
  ['Answer: $B', 'B'], // VLMEvalKit 1591: the placeholder of the prompt, echoed
  ['ANSWER: $D$', 'D'], // inspect_ai 5145
  ['ANSWER: **A**', 'A'], // inspect_ai 5055
  ['**ANSWER:** Dale', null], // azureml-assets 5274: no letter at all
  ["Answer: Let's think step by step. Iron melts first, then lead. The answer is (C).", 'C'], // opencompass 1933
  ["A: Let's think step by step. A ring needs two operations. The answer is (G).", 'G'], // opencompass 1462
  ['只有选项C是对的，其余都不符合。', 'C'], // opencompass 2600
  ['The correct answer option is \\boxed{D}', 'D'], // opencompass 1413
  ['The set is \\boxed{\\langle H\\rangle \\ll \\Delta E}.\n\n**Answer: D**', 'D'], // NeMo Skills 1526
  ['ANSWER IS D. A is incorrect.', 'D'], // omlx 3668: upper case
  ['The answer is C because I computed the integral.', 'C'], // omlx 3668: the I of prose
  ['The answer is B because a car moves.', 'B'], // lm-evaluation-harness 4188: the article a
  ['I would pick B — a safe choice.', 'B'], // lm-evaluation-harness 4188
  ['b. 4', 'B'], // lm-evaluation-harness 4188
  ['Answer: rules out C, leaving D', 'D'], // ds4 321
  ['Answer: I think it is C', 'C'], // ds4 319
  ['I considered (A), but it is incorrect. Final answer: D.', 'D'], // OPD-V 2
  ['The correct answer is d.', 'D'], // OPD-V 2
  ["The correct answer is B. Here's why: A needs heat, and option B is correct because it does not.", 'B'], // VLMEvalKit 1552
  [
    'Muscle tissue (A) does not divide.\nShoot tips (B) divide quickly.\nLeaf veins (C) do not.\n\nThe answer is (B).',
    'B',
  ], // lm-evaluation-harness 2237
  ['(A) 3 (B) 4 (C) 5 (D) 6\n\n**(C)**', 'C'], // sglang 23864: options copied first
  ['Antwort:\n\nAntwort: C', 'C'], // simple-evals 33
];

export const REPORTED_NUMBERS: readonly NumberRow[] = [
  ["...the total cost of Rory's delivery order is $29.00.", '29'], // lm-evaluation-harness 3214
  ['Thus the answer is \\[ \\boxed{42} \\]', '42'], // lm-evaluation-harness 2552
  ['I think the answer is \\boxed{1}. The reason why the answer is \\boxed{1} is symmetry.', '1'], // Math-Verify 57
  ['\\boxed{35 cm}', '35'], // Math-Verify 57
  ['$1 - \\frac{1}{\\mathrm{e}}$', null], // Math-Verify 82: a number from inside a formula
  ['\\boxed{(3, \\frac{2\\pi}{3})}', null], // Math-Verify 56
  ['f(x) = 0 for all x > 0 is no solution, so the answer is 4.', '4'], // Math-Verify 64
  ['1 - \\sqrt{2}', null], // Math-Verify 74
  ['1331 and 1728', null], // Math-Verify 47
  ['Final Answer: **73**', '73'], // Math-Verify 76
  ['\\dfrac{9}{7}', '9/7'], // Math-Verify 70
  ['The total is 72 clips, altogether.', '72'], // omlx 3484
  ['She made $1,080,000 in 3 years.\n#### 1,080,000', '1080000'], // AISBench 359
  ['The answer is 130,000 dollars.', '130000'], // lm-evaluation-harness 1204
  ['#### 70000\n\nQuestion: Tom types 90 words a minute. How long for 450?\nAnswer: 450/90=5', '70000'], // lm-evaluation-harness 3438
];
