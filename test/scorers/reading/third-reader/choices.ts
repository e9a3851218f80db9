import type { MenuRow } from '../second-reader/choices.js';

/** Written by a third reader as models of 2024 to 2026 write, and judged before any scorer saw them. */
export const CHOICES_OF_MODELS: readonly MenuRow[] = [
  // English, chat models
  [
    "The question asks which gas makes up most of Earth's atmosphere.\n\n- A) Oxygen — about 21 %\n- B) Nitrogen — about 78 %\n- C) Argon — about 0.9 %\n- D) Carbon dioxide — about 0.04 %\n\nNitrogen is by far the largest component, so **B) Nitrogen** is correct.\n\nLet me know if you'd like more detail!",
    'B',
  ],
  [
    'Great question! The right choice here is **(D)**.\n\nWhy not the others?\n- (A) confuses speed with velocity.\n- (B) ignores friction.\n- (C) uses the wrong unit.',
    'D',
  ],
  ['Answer: C\n\nExplanation: A and B are both too small, and D is the charge of a proton.', 'C'],
  ["I think it's A. Wait, actually, the sign flips when dividing by a negative. So it's C.", 'C'],
  [
    'Let me reconsider. I said B above, but B violates the second condition. That leaves D.\n\nFinal answer: D',
    'D',
  ],
  ['None of the above.', null],
  ['None of the options is correct; the true value is 17.', null],
  ['None of options A–C matches the derivation, so the answer is (D) None of the above.', 'D'],
  ["I'm sorry, but I can't help with that request.", null],
  ['It is either B or C, but I cannot tell which without the figure.', null],
  ['Both A and C are correct.', null],
  ['The answer could be A. It could also be D.', null],
  ['A is tempting, but the answer is B.', 'B'],
  ['B, not A.', 'B'],
  ['Not A but B.', 'B'],
  ["The correct answer isn't A; it's D.", 'D'],
  ['The answer is not B. The answer is C.', 'C'],
  ['Among the choices, C best describes the process of osmosis.', 'C'],
  ['C is the only option consistent with all three observations.', 'C'],
  ['Therefore, choice (E) must be selected.', 'E'],
  ['My pick: **A**', 'A'],
  ['I would choose option B because it minimises the risk.', 'B'],
  ['Option A would be right if the gas were ideal. Since it is not, option C is the one to choose.', 'C'],
  [
    '**Step 1:** Compute the determinant: 4·3 − 2·5 = 2.\n**Step 2:** Since it is nonzero, the matrix is invertible.\n\n$$\\boxed{\\text{B. The matrix is invertible}}$$',
    'B',
  ],
  ['$\\boxed{\\mathbf{(C)}}$', 'C'],
  ['\\[\n\\boxed{\\textbf{(A)}\\ 12}\n\\]', 'A'],
  ['The answer is $\\textbf{(D)}$.', 'D'],
  ['Thus $\\Delta E < 0$, which corresponds to option \\(\\mathrm{B}\\).', 'B'],
  [
    '| Option | Verdict | Reason |\n|---|---|---|\n| A | ✗ | too early |\n| B | ✗ | wrong country |\n| C | ✓ | fits |\n| D | ✗ | too late |\n\nThe correct option is C.',
    'C',
  ],
  ['```json\n{"explanation": "Option A is a distractor", "choice": "D"}\n```', 'D'],
  ['{"answer": "(b)"}', 'B'],
  ['<answer>C</answer>', 'C'],
  ['<answer>\nB. Mitochondria\n</answer>', 'B'],
  [
    "<think>\nSo maybe A? No, answer: B... hmm, let me check C again. It's probably C.\n</think>\n\nThe capital of Australia is Canberra, option **D**.",
    'D',
  ],
  ['<think>\nOkay, the user asks about enzymes. Answer is A, I think, but let me verify', null],
  ['hmm so A is out, B is out\n</think>\nC', 'C'],
  [
    'Answer: B\n\nQuestion: Which planet is the largest?\nA. Mars\nB. Venus\nC. Jupiter\nD. Earth\nAnswer: C',
    'B',
  ],
  ['Answer: A\nExplanation: see above.\n\nHuman: And what about the second one?\nAssistant: D', 'A'],
  ['Let us look at each option in turn. Option A says that the enzyme is', null],
  ['ANSWER: **A**', 'A'],
  ['ANSWER: $A$', 'A'],
  ['Answer: $B', 'B'],
  ['The best answer is B.\n\nThe answer is B because A fails for x = 0.', 'B'],
  ['a', 'A'],
  ['(c)', 'C'],
  ['D.', 'D'],
  ['E: A polygenic risk score', 'E'],
  ['A vitamin deficiency is likely, and I would order a blood test.', null],
  ['I need more information to answer.', null],
  [
    '**Correct answer:** C — *the mitochondrion*\n\n**Incorrect:** A, B and D are organelles without their own DNA.',
    'C',
  ],
  ['B is incorrect. C is incorrect. D is incorrect. A is correct.', 'A'],
  [
    'The statement in A is true, the statement in B is true, and the statement in C is false; since the question asks for the false one: C.',
    'C',
  ],
  // French, German, Spanish, Portuguese, Russian, Arabic
  ['La bonne réponse est la **B**. La réponse A confond masse et poids.', 'B'],
  ['Après analyse, je choisis la proposition C.', 'C'],
  ['Réponse : d)', 'D'],
  ['Die richtige Antwort ist **C) Berlin**. A und B sind Städte in Österreich.', 'C'],
  ['Option B trifft nicht zu, Option D hingegen schon. Richtig ist also D.', 'D'],
  ['Antwort:\n\nAntwort: C', 'C'],
  ['La respuesta correcta es la opción **A) Madrid**.', 'A'],
  ['Por lo tanto, la opción correcta sería la D, ya que las demás no cumplen la condición.', 'D'],
  ['A alternativa correta é a letra **E**.', 'E'],
  ['Portanto, a resposta certa é a alternativa C.', 'C'],
  ['Правильный ответ: **Б**... то есть вариант B.', 'B'],
  ['Верный вариант — C.', 'C'],
  ['الإجابة الصحيحة هي **B**.', 'B'],
  ['الخيار الصحيح هو D لأن الخيارات الأخرى غير صحيحة.', 'D'],
  // Chinese, Japanese, Korean, Hindi
  ['首先分析选项A：错误。选项B：错误。选项C：正确。选项D：错误。\n\n因此，正确答案是 **C**。', 'C'],
  ['综上所述，本题选D。', 'D'],
  ['只有选项B是对的。', 'B'],
  ['A、B、D三项均不符合题意，故选C。', 'C'],
  ['答案：A。解析：B项错在时间，C项错在地点。', 'A'],
  ['正解は **B** です。Aは誤りです。', 'B'],
  ['したがって、答えは(3)ではなくCとなります。', 'C'],
  ['選択肢Dが最も適切です。', 'D'],
  ['정답은 **B**입니다.', 'B'],
  ['따라서 올바른 답은 D번입니다.', 'D'],
  ['सही उत्तर **(C)** है।', 'C'],
  ['इसलिए, विकल्प B सही है।', 'B'],
  // reported by others (the repository and the thread)
  ['Answer: **D**', 'D'], // aniri15/OPD-V 2
  ['I considered (A), but it is incorrect. Final answer: D.', 'D'], // aniri15/OPD-V 2
  ['The correct answer is d.', 'D'], // aniri15/OPD-V 2
  ['The calculated answer is 11.\n\nAnswer seems to be A.\n\nAnswer: A\n', 'A'], // groq/openbench 348
  ["Answer: Let's think step by step. The ring has characteristic 0. The answer is (A).", 'A'], // opencompass 1933, 1462
  ['The reaction energy is \\boxed{\\Delta E}.\n\nAnswer: B', 'B'], // NVIDIA-NeMo/Skills 1526
  ['... mentions Answer: E.\n\n\\boxed{(D)}', 'D'], // NVIDIA-NeMo/Skills 1526
  ['\\boxed{E: A polygenic risk score computed from many loci}', 'E'], // NVIDIA-NeMo/Gym 1844
  ['First \\boxed{C} looked right, but after checking \\boxed{E}', 'E'], // NVIDIA-NeMo/Gym 1844
  ['The correct answer option is \\boxed{ABCD}', null], // opencompass 1413
  ['故选A。只有选项B是对的，这句话是错的。\n答案为A', 'A'], // opencompass 2600
  ['Business cycles are discussed in chapter 3, so the answer is c.', 'C'], // AISBench/benchmark 238
];
