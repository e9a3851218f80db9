import { describe, expect, it } from 'vitest';
import type { Score, Scorer } from '../../../src/evaluation/evaluation-types.js';
import { choice } from '../../../src/scorers/choice.js';
import { judge } from '../../../src/scorers/judges/judge.js';
import { jsonMatch } from '../../../src/scorers/json/json-match.js';
import { number } from '../../../src/scorers/number.js';
import { yesNo } from '../../../src/scorers/yes-no.js';
import { RecordedJudge } from '../../support/recorded-judge.js';
import { scoreWith } from '../../support/score-with.js';
import { MENUS } from './second-reader/choices.js';
import { MORE_OBJECTS, MORE_VERDICTS } from './second-reader/judged.js';
import { MORE_NUMBERS } from './second-reader/numbers.js';
import { MORE_YES_OR_NO } from './second-reader/yes-no.js';

type Row = readonly [answer: string, found: unknown, how?: string];

const labelOf = async (scorer: unknown, answer: string, expected: unknown): Promise<string | null> =>
  ((await scoreWith(scorer as Scorer, answer, expected)) as Score).label ?? null;

const SETS: Readonly<Record<string, readonly [rows: readonly Row[], read: (row: Row) => Promise<unknown>]>> =
  {
    'the letter of an option': [
      MENUS,
      ([answer, , letters]) =>
        labelOf(choice(letters === undefined ? {} : { letters }), answer, letters?.[0] ?? 'A'),
    ],
    'a number': [MORE_NUMBERS, ([answer, , expected]) => labelOf(number(), answer, expected ?? '1')],
    'yes or no': [MORE_YES_OR_NO, ([answer]) => labelOf(yesNo(), answer, 'yes')],
    'the verdict of a judge': [
      MORE_VERDICTS,
      ([reply]) => labelOf(judge({ client: new RecordedJudge([reply]), rubric: 'r' }), 'x', 'y'),
    ],
    'an object': [
      MORE_OBJECTS,
      async ([answer, value]) => {
        const score = (await scoreWith(jsonMatch() as Scorer, answer, value ?? { a: 0 })) as Score;
        return score.score === 1 ? value : score.metadata === undefined ? null : score.reason;
      },
    ],
  };

/** No rule reads these yet; nothing else may be read either. */
const KNOWN_TO_BE_MISSED = new Set([
  '| Question | Answer |\n|---|---|\n| 1 | C |',
  '따라서 정답: ②가 아니라 B',
  'الجواب الصحيح هو (ج) أي C',
  'The answer is (iv)... I mean the letter b.',
  '| Claim | Verdict |\n|---|---|\n| Water boils at 90 °C at sea level | False |',
  '{"is_valid": true}',
  'grade - I',
  'GRADE: I would say C',
  'The answer is one hundred and five.',
  'There are fifteen students.',
  'Indeed, it is.',
  "That's right.",
  'Absolutely!',
  'Definitely not.',
  'Not at all.',
  'The probability is 1 in 6.',
  'Looking at each option again, only E satisfies both equations.',
  '答案是三十六。',
  'Il est faux de dire que la Terre est plate.',
]);

describe('what a second reader finds in other answers', () => {
  it.each(Object.entries(SETS))('%s', async (_name, [rows, read]) => {
    const wrong: string[] = [];
    for (const row of rows) {
      const found = await read(row);
      if (JSON.stringify(found) === JSON.stringify(row[1])) continue;
      if (found === null && KNOWN_TO_BE_MISSED.has(row[0])) continue;
      const kind = found === null ? 'missed' : row[1] === null ? 'invented' : 'misjudged';
      wrong.push(`${kind}: ${String(found)} for ${JSON.stringify(row[1])} in ${JSON.stringify(row[0])}`);
    }
    expect(wrong).toEqual([]);
  });
});
