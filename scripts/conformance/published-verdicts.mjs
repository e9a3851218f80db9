import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { choice } from '../../dist/scorers/choice.js';
import { number } from '../../dist/scorers/number.js';
import { regex } from '../../dist/scorers/regex.js';
import { agreement } from '../../dist/statistics/agreement.js';
import { dataFolder, readRows, Tally } from './tally.mjs';

/** Recorded model answers whose verdicts were published: every row must come out the same. */
export function publishedVerdicts() {
  return [gsm8k(), mmluPro(), bigBenchHard(), pandaLm()];
}

function gsm8k() {
  const tally = new Tally('GSM8K, `number` after its marker', 'published verdicts', 0);
  const answers = new Map(readRows('gsm8k/test.jsonl').map(({ id, answer }) => [id, answer]));
  const scorer = number({ convention: { marker: /^A:/m }, expectedMarker: '####', noMatch: 'wrong' });
  for (const { id, model, solution, isCorrect } of readRows('gsm8k/model_solutions_6b.jsonl')) {
    const { score } = scorer({ output: solution, expected: answers.get(id) });
    tally.compare(`${model} ${id}`, score, isCorrect ? 1 : 0);
  }
  return tally;
}

function mmluPro() {
  const tally = new Tally('MMLU-Pro, `choice` by its preset', 'published letters', 0);
  const scorer = choice({ tiers: 'mmlu-pro' });
  for (const { id, output, answer, pred } of readRows('mmlu_pro/mistral_7b_instruct_v0.2.jsonl')) {
    tally.compare(id, scorer({ output, expected: answer }).label, pred);
  }
  return tally;
}

function bigBenchHard() {
  const tally = new Tally('BIG-Bench Hard, `regex`, counts by task', "the benchmark's rule", 0);
  const scorer = regex(/the answer is (?!.*the answer is )(.*)/, {
    group: 1,
    match: 'last',
    ignoreFinalPeriod: true,
  });
  const { tasks } = JSON.parse(readFileSync(resolve(dataFolder, 'bbh/expected.json'), 'utf8'));
  const correct = {};
  for (const { task, mode, prediction, target } of readRows('bbh/codex_cot.jsonl')) {
    const { score } = scorer({ output: prediction, expected: target });
    correct[`${task}/${mode}`] = (correct[`${task}/${mode}`] ?? 0) + (score ?? 0);
  }
  for (const [task, expected] of Object.entries(tasks)) tally.compare(task, correct[task], expected.correct);
  return tally;
}

function pandaLm() {
  const tally = new Tally('PandaLM, agreement of judge and humans', 'counted by hand', 1e-12);
  const rows = readRows('pandalm/judged_pairs.jsonl');
  const usable = rows.filter(({ judge }) => judge !== null);
  const found = agreement(rows.map(({ human, judge }) => [human, judge]));
  tally.compare('usable', found.missing, rows.length - usable.length);
  tally.compare(
    'percent',
    found.percent,
    usable.filter(({ human, judge }) => human === judge).length / usable.length,
  );
  return tally;
}
