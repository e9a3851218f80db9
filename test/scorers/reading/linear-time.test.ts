import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Scorer } from '../../../src/evaluation/evaluation-types.js';
import { visibleText } from '../../../src/foundation/reasoning-trace.js';
import { TraceStream } from '../../../src/foundation/trace-stream.js';
import { choice } from '../../../src/scorers/choice.js';
import { exactMatch } from '../../../src/scorers/exact-match.js';
import { includes, startsWith } from '../../../src/scorers/includes.js';
import { judge } from '../../../src/scorers/judges/judge.js';
import { jury } from '../../../src/scorers/judges/jury.js';
import { pairwiseJudge } from '../../../src/scorers/judges/pairwise-judge.js';
import { codeBlocks } from '../../../src/scorers/json/code-blocks.js';
import { jsonMatch } from '../../../src/scorers/json/json-match.js';
import { jsonValid } from '../../../src/scorers/json/json-valid.js';
import { jsonSchema } from '../../../src/scorers/json/json-schema.js';
import { announcements } from '../../../src/scorers/reading/announcements.js';
import { ownTurns } from '../../../src/scorers/reading/own-turn.js';
import { readableText } from '../../../src/scorers/reading/readable-text.js';
import { regex } from '../../../src/scorers/regex.js';
import { chrf } from '../../../src/scorers/text-metrics/chrf.js';
import { editSimilarity } from '../../../src/scorers/text-metrics/edit-similarity.js';
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
  '\n{"a": \\(',
  '{"a": "\\(" ',
  'After 12, it is 3 and is 4 ',
  '[Yes] ',
  '3 in 2 weeks, ',
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

const REFERENCE = 'The answer is a city in France, and not A or B.';

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
  startsWith: scoring(startsWith(), 'zz'),
  regex: scoring(regex(/answer: (\w+)/, { group: 1, match: 'last' }), 'a'),
  'regex, whole match': scoring(regex(/answer is \w+/), undefined),
  jsonSchema: scoring(jsonSchema({ type: 'object', required: ['a'] }), undefined),
  jury: scoring(jury({ members: { one: choice(), two: choice() } }) as never, 'A'),
  'rouge, rouge1': scoring(rouge({ variant: 'rouge1', stem: true }), 'a'),
  // what grows with the product of both lengths is linear in the answer, for one expected text
  'rouge, rougeL': scoring(rouge(), REFERENCE),
  'rouge, rougeLsum': scoring(rouge({ variant: 'rougeLsum' }), REFERENCE),
  editSimilarity: scoring(editSimilarity(), REFERENCE),
  chrf: scoring(chrf(), REFERENCE),
  'chrf, words': scoring(chrf({ wordOrder: 2 }), REFERENCE),
  bleu: scoring(bleu(), 'a'),
  visibleText: (output) => visibleText(output),
  'visibleText, by channels': (output) => visibleText(`<|channel|>analysis<|message|>${output}`),
  TraceStream: (output) => {
    const stream = new TraceStream(['think']);
    for (let at = 0; at < output.length; at += 16) stream.push(output.slice(at, at + 16));
    return stream.end();
  },
  'the stretch up to the next turn': (output) => [...ownTurns(output, true)],
  'the announced places': (output) => [...announcements(output, () => true)],
  'the readable text': (output) => readableText(output),
  'code blocks': (output) => codeBlocks(output),
};

/** What the root exports of the scorers' room that makes no scorer: pure forms and helpers. */
const NO_SCORERS = new Set([
  'defineScorer',
  'dropScores',
  'juryVotes',
  'rougeScore',
  'sentenceBleu',
  'sentenceChrf',
  'squadScores',
]);

/** Every value that the root exports from the scorers' room. */
function exportedOfScorers(): string[] {
  const root = readFileSync(new URL('../../../src/index.ts', import.meta.url), 'utf8');
  const exported = [...root.matchAll(/^export \{([^}]*)\} from '\.\/scorers\/[^']*';/gm)];
  return exported
    .flatMap(([, names]) => names!.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '));
}

it('are tried on every scorer of the root', () => {
  const tried = new Set(Object.keys(READERS).map((name) => name.split(/[, ]/, 1)[0]));
  const exported = exportedOfScorers();
  expect(exported.length).toBeGreaterThan(15);
  expect(exported.filter((name) => !tried.has(name) && !NO_SCORERS.has(name))).toEqual([]);
});

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
