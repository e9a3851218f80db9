// Data that the evidence of decisions is made of: seeded chance, and scores of real models where the data folder is.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { distance } from 'fastest-levenshtein';
import { seededRandom } from '../../dist/foundation/seeded-random.js';

const folder = process.env.ASSAYKIT_DATA ?? resolve(import.meta.dirname, '../../../shared/data');
const rows = (name) =>
  readFileSync(resolve(folder, name), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

export const dataPresent = existsSync(resolve(folder, 'gsm8k/test.jsonl'));
export { seededRandom };

/** Verdicts of the two published 6B models on GSM8K's 1,319 test questions. */
export function gsm8kPairs() {
  const byModel = new Map();
  for (const { id, model, isCorrect } of rows('gsm8k/model_solutions_6b.jsonl')) {
    if (!byModel.has(model)) byModel.set(model, new Map());
    byModel.get(model).set(id, isCorrect ? 1 : 0);
  }
  const [a, b] = [...byModel.values()];
  return [...a].map(([id, score]) => ({ a: score, b: b.get(id) }));
}

/** Graded scores: how near, by edit distance, each model's solution is to the reference solution. */
export function gsm8kGradedPairs() {
  const reference = new Map(rows('gsm8k/test.jsonl').map(({ id, answer }) => [id, answer]));
  const byModel = new Map();
  for (const { id, model, solution } of rows('gsm8k/model_solutions_6b.jsonl')) {
    const want = reference.get(id);
    const near = 1 - distance(solution, want) / Math.max(solution.length, want.length, 1);
    if (!byModel.has(model)) byModel.set(model, new Map());
    byModel.get(model).set(id, near);
  }
  const [a, b] = [...byModel.values()];
  return [...a].map(([id, score]) => ({ a: score, b: b.get(id) }));
}

/** Scores of Mistral 7B on MMLU-Pro by category. */
export const mmluScores = () =>
  rows('mmlu_pro/mistral_7b_instruct_v0.2.jsonl').map(({ category, answer, pred }) => ({
    category,
    score: pred === answer ? 1 : 0,
  }));

/** Humans and gpt-3.5 on PandaLM's pairs: 1 the first answer, 0 the second, 1/2 a tie. */
export function pandaLm() {
  const value = (verdict) => (verdict === 1 ? 1 : verdict === 2 ? 0 : 0.5);
  return rows('pandalm/judged_pairs.jsonl')
    .filter(({ judge }) => judge !== null)
    .map(({ human, judge }) => ({ label: value(human), judge: value(judge) }));
}

/** A Fisher-Yates shuffle, in place. */
export function shuffle(values, random) {
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [values[i], values[j]] = [values[j], values[i]];
  }
  return values;
}

/** A standard normal deviate. */
export const normal = (random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

export const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)} %`;

/** Prints a Markdown table. */
export function table(head, lines) {
  console.log(`| ${head.join(' | ')} |\n| ${head.map(() => '---').join(' | ')} |`);
  for (const line of lines) console.log(`| ${line.join(' | ')} |`);
  console.log();
}
