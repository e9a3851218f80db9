import { describe, expect, it } from 'vitest';
import type { Scorer } from '../../../src/evaluation/evaluation-types.js';
import { visibleText } from '../../../src/foundation/reasoning-trace.js';
import { choice } from '../../../src/scorers/choice.js';
import { exactMatch } from '../../../src/scorers/exact-match.js';
import { includes } from '../../../src/scorers/includes.js';
import { judge } from '../../../src/scorers/judges/judge.js';
import { pairwiseJudge } from '../../../src/scorers/judges/pairwise-judge.js';
import { jsonMatch } from '../../../src/scorers/json/json-match.js';
import { jsonValid } from '../../../src/scorers/json/json-valid.js';
import { number } from '../../../src/scorers/number.js';
import { rouge } from '../../../src/scorers/text-metrics/rouge.js';
import { dropF1 } from '../../../src/scorers/text-metrics/drop-f1.js';
import { tokenF1 } from '../../../src/scorers/text-metrics/token-f1.js';
import { bleu } from '../../../src/scorers/text-metrics/bleu.js';
import { yesNo } from '../../../src/scorers/yes-no.js';
import { RecordedJudge } from '../../support/recorded-judge.js';
import { scoreWith } from '../../support/score-with.js';

/** What looping models write, and what patterns and brackets go astray in. */
const PIECES = [
  '\\boxed{',
  '\\boxed{ ',
  ' ',
  '11,',
  '9',
  '1_',
  '```x\n',
  '````a\n~~~b\n',
  'GRADE: ',
  'GRADE *',
  'Answer ',
  'answer: ',
  'The answer is ',
  'Final Answer\n',
  'answer of the thing ',
  '答案是',
  'A选项',
  '(',
  '[',
  '{"a":',
  '\\frac{',
  '1 / ',
  '- ',
  '5–',
  'A, ',
  '**A** ',
  '<think>',
  '</think>',
  '\nQuestion: x',
  'Option A is ',
  'should not yes ',
  '\u200b',
  'Assistant 1: 8\n',
  '{"grade": "C"',
  '~',
  ' \n',
  'y',
];
const text = (piece: string, length: number): string => piece.repeat(Math.ceil(length / piece.length));

type Read = (output: string) => unknown;
const scoring =
  (scorer: Scorer<unknown, never>, expected: unknown): Read =>
  (output) =>
    scoreWith(scorer as Scorer, output, expected);
const judging =
  (make: (client: RecordedJudge) => unknown): Read =>
  (output) =>
    scoreWith(make(new RecordedJudge([output])) as Scorer, 'x', 'y');

const READERS: Readonly<Record<string, Read>> = {
  choice: scoring(choice(), 'A'),
  'choice by its wording': scoring(choice({ letters: 'AB', options: () => ['alpha beta', 'gamma'] }), 'A'),
  'choice, careful': scoring(choice({ tiers: 'careful' }), 'A'),
  'choice, mmlu-pro': scoring(choice({ tiers: 'mmlu-pro-last-letter' }), 'A'),
  number: scoring(number(), 1),
  'number, last': scoring(number({ convention: 'last' }), 1),
  'number, boxed': scoring(number({ convention: 'boxed' }), 1),
  'number, marker': scoring(number({ convention: { marker: /answer/i } }), 1),
  'number, whole': scoring(number({ convention: 'whole' }), 1),
  yesNo: scoring(yesNo(), 'yes'),
  jsonMatch: scoring(jsonMatch(), { a: 1 }),
  'jsonMatch, fenced': scoring(jsonMatch({ place: 'fenced' }), { a: 1 }),
  jsonValid: scoring(jsonValid(), undefined),
  judge: judging((client) => judge({ client, rubric: 'r' })),
  'judge, rating': judging((client) => judge({ client, rubric: 'r', rating: { minimum: 1, maximum: 10 } })),
  pairwiseJudge: judging((client) => pairwiseJudge({ client, rubric: 'r' })),
  'pairwiseJudge, scores': judging((client) =>
    pairwiseJudge({ client, rubric: 'r', scores: { minimum: 1, maximum: 10 } }),
  ),
  exactMatch: scoring(
    exactMatch({ ignoreCase: true, ignorePunctuation: true, collapseWhiteSpace: true }),
    'a',
  ),
  includes: scoring(includes(), 'zz'),
  tokenF1: scoring(tokenF1(), 'a'),
  dropF1: scoring(dropF1(), 'a'),
  rouge: scoring(rouge({ variant: 'rouge1', stem: true }), 'a'),
  bleu: scoring(bleu(), 'a'),
  visibleText: (output) => visibleText(output),
};

const SIZES = [25_000, 50_000, 100_000, 200_000];

/** Processor time of reading one text, milliseconds: other processes on the machine do not count. */
async function cost(read: Read, output: string): Promise<number> {
  const before = process.cpuUsage();
  await read(output);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

describe('hostile answers of 25, 50, 100 and 200 kB', () => {
  // eight times the text: 8 times the work where it is linear, 64 times where it is quadratic
  it.each(Object.keys(READERS))('cost %s linear time', { timeout: 120_000 }, async (name) => {
    const read = READERS[name]!;
    for (const piece of PIECES) {
      const costs: number[] = [];
      for (const size of SIZES) costs.push(await cost(read, text(piece, size)));
      const [shortest, , , longest] = costs as [number, number, number, number];
      const again =
        longest > 100 && longest > 24 * shortest ? await cost(read, text(piece, 200_000)) : longest;
      expect(again, `${JSON.stringify(piece)}: ${costs.join(', ')} ms`).toBeLessThan(
        Math.max(100, 24 * shortest),
      );
    }
  });
});
