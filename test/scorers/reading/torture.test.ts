import { describe, expect, it } from 'vitest';
import type { Score, Scorer } from '../../../src/evaluation/evaluation-types.js';
import { choice } from '../../../src/scorers/choice.js';
import { judge } from '../../../src/scorers/judges/judge.js';
import { jsonMatch } from '../../../src/scorers/json/json-match.js';
import { number } from '../../../src/scorers/number.js';
import { yesNo } from '../../../src/scorers/yes-no.js';
import { RecordedJudge } from '../../support/recorded-judge.js';
import { scoreWith } from '../../support/score-with.js';
import { CHOICES } from './torture/choices.js';
import { NUMBERS } from './torture/numbers.js';
import { REPORTED_CHOICES, REPORTED_NUMBERS } from './torture/reported.js';
import { OBJECTS, VERDICTS } from './torture/verdicts.js';
import { YES_OR_NO } from './torture/yes-no.js';

type Row = readonly [answer: string, found: unknown, expected?: string];
type Read = (row: Row) => Promise<unknown>;

const labelOf = async (scorer: unknown, answer: string, expected: unknown): Promise<string | null> => {
  const score = (await scoreWith(scorer as Scorer, answer, expected)) as Score;
  return score.label ?? null;
};

const letters: Read = ([answer]) => labelOf(choice(), answer, 'A');
const numbers: Read = ([answer, , expected]) => labelOf(number(), answer, expected ?? '1');

const SETS: Readonly<Record<string, readonly [rows: readonly Row[], read: Read]>> = {
  'the letter of an option': [CHOICES, letters],
  'a number': [NUMBERS, numbers],
  'yes or no': [YES_OR_NO, ([answer]) => labelOf(yesNo(), answer, 'yes')],
  'the verdict of a judge': [
    VERDICTS,
    ([answer]) => labelOf(judge({ client: new RecordedJudge([answer]), rubric: 'r' }), 'x', 'y'),
  ],
  'an object': [
    OBJECTS,
    async ([answer, value]) => {
      const score = (await scoreWith(jsonMatch() as Scorer, answer, value ?? { a: 0 })) as Score;
      return score.score === 1 ? value : score.metadata === undefined ? null : score.reason;
    },
  ],
  'the letter, in situations that others reported': [REPORTED_CHOICES, letters],
  'a number, in situations that others reported': [REPORTED_NUMBERS, numbers],
};

describe('what a careful person reads in an answer', () => {
  it.each(Object.entries(SETS))('%s', async (_name, [rows, read]) => {
    const wrong: string[] = [];
    for (const row of rows) {
      const found = await read(row);
      const isKnown = row[2] === 'missed' && found === null;
      if (!isKnown && JSON.stringify(found) !== JSON.stringify(row[1])) {
        const kind = found === null ? 'missed' : row[1] === null ? 'invented' : 'misjudged';
        wrong.push(`${kind}: ${String(found)} for ${JSON.stringify(row[1])} in ${JSON.stringify(row[0])}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});
