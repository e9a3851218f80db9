import { expect, it } from 'vitest';
import type { Score } from '../../src/evaluation/evaluation-types.js';
import { choice } from '../../src/scorers/choice.js';
import { number } from '../../src/scorers/number.js';
import { regex } from '../../src/scorers/regex.js';
import { describeWithData, readDataJson, readDataLines } from '../support/data.js';
import { scoreWith } from '../support/score-with.js';

interface Solution {
  readonly id: string;
  readonly model: string;
  readonly solution: string;
  readonly isCorrect: boolean;
}

describeWithData('scorers against published verdicts', () => {
  it.each([
    ['its marker', { convention: { marker: /^A:/m } }],
    ['the last number', { convention: 'last' }],
  ] as const)('GSM8K by %s agrees with the verdict on every recorded solution', (_, options) => {
    const scorer = number({ ...options, expectedMarker: '####', noMatch: 'wrong' });
    const answers = new Map(
      readDataLines<{ id: string; answer: string }>('gsm8k/test.jsonl').map(({ id, answer }) => [id, answer]),
    );
    const correct: Record<string, number> = {};
    const solutions = readDataLines<Solution>('gsm8k/model_solutions_6b.jsonl');
    const disagreeing: string[] = [];
    for (const { id, model, solution, isCorrect } of solutions) {
      const { score } = scoreWith(scorer, solution, answers.get(id)) as Score;
      if ((score === 1) !== isCorrect) disagreeing.push(`${model} ${id}`);
      correct[model] = (correct[model] ?? 0) + (score ?? Number.NaN);
    }
    expect(disagreeing).toEqual([]);
    expect(solutions).toHaveLength(2_638);
    expect(correct).toEqual({ '6b_finetuning': 286, '6b_verification': 515 });
  });

  it('GSM8K: a solution without its marker is unscored unless it is said to be wrong', () => {
    const scorer = number({ convention: { marker: /^A:/m }, expectedMarker: '####' });
    const unscored = readDataLines<Solution>('gsm8k/model_solutions_6b.jsonl').filter(
      ({ solution }) => (scoreWith(scorer, solution, '#### 1') as Score).score === null,
    );
    expect(unscored).toHaveLength(5); // without the line
  });

  it('MMLU-Pro: the preset equals the published letter on every row, nulls included', () => {
    const scorer = choice({ tiers: 'mmlu-pro' });
    const rows = readDataLines<{ id: number; answer: string; output: string; pred: string | null }>(
      'mmlu_pro/mistral_7b_instruct_v0.2.jsonl',
    );
    const found = rows.map(({ output, answer }) => scoreWith(scorer, output, answer) as Score);
    expect(found.map(({ label }) => label ?? null)).toEqual(rows.map(({ pred }) => pred));
    const { subset } = readDataJson<{ subset: { n: number; correct: number; noAnswer: number } }>(
      'mmlu_pro/expected.json',
    );
    expect({
      n: found.length,
      correct: found.filter(({ score }) => score === 1).length,
      noAnswer: found.filter(({ score }) => score === null).length,
    }).toEqual({ n: subset.n, correct: subset.correct, noAnswer: subset.noAnswer });
  });

  it('BIG-Bench Hard: correct answers and answers without the phrase are as published, task by task', () => {
    const scorer = regex(/the answer is (?!.*the answer is )(.*)/, {
      group: 1,
      match: 'last',
      ignoreFinalPeriod: true,
    });
    const { tasks } = readDataJson<{
      tasks: Record<string, { n: number; correct: number; noAnswerPhrase: number }>;
    }>('bbh/expected.json');
    const found: Record<string, { n: number; correct: number; noAnswerPhrase: number }> = {};
    for (const row of readDataLines<{ task: string; mode: string; prediction: string; target: string }>(
      'bbh/codex_cot.jsonl',
    )) {
      const cell = (found[`${row.task}/${row.mode}`] ??= { n: 0, correct: 0, noAnswerPhrase: 0 });
      const { score } = scoreWith(scorer, row.prediction, row.target) as Score;
      cell.n++;
      if (score === null) cell.noAnswerPhrase++;
      else cell.correct += score;
    }
    for (const [task, { n, correct, noAnswerPhrase }] of Object.entries(tasks)) {
      expect(found[task], task).toEqual({ n, correct, noAnswerPhrase });
    }
    expect(Object.keys(found)).toHaveLength(Object.keys(tasks).length);
  });
});
