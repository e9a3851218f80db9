import { describe, expect, it } from 'vitest';
import type { Score, Scorer } from '../../../src/evaluation/evaluation-types.js';
import { choice } from '../../../src/scorers/choice.js';
import { judge } from '../../../src/scorers/judges/judge.js';
import { jsonMatch } from '../../../src/scorers/json/json-match.js';
import { number } from '../../../src/scorers/number.js';
import { parseDecimal } from '../../../src/foundation/decimal.js';
import { rationalOf, sameRational } from '../../../src/scorers/reading/rational.js';
import { yesNo } from '../../../src/scorers/yes-no.js';
import { RecordedJudge } from '../../support/recorded-judge.js';
import { scoreWith } from '../../support/score-with.js';
import { CHOICES_AFTERWARDS } from './fourth-reader/choices.js';
import { OBJECTS_AFTERWARDS, VERDICTS_AFTERWARDS } from './fourth-reader/judged.js';
import { NUMBERS_AFTERWARDS } from './fourth-reader/numbers.js';
import { YES_OR_NO_AFTERWARDS } from './fourth-reader/yes-no.js';
import { CHOICES_OF_MODELS } from './third-reader/choices.js';
import { OBJECTS_OF_MODELS, VERDICTS_OF_MODELS } from './third-reader/judged.js';
import { NUMBERS_OF_MODELS } from './third-reader/numbers.js';
import { YES_OR_NO_OF_MODELS } from './third-reader/yes-no.js';

type Row = readonly [answer: string, found: unknown, expected?: string];

const labelOf = async (scorer: unknown, answer: string, expected: unknown): Promise<string | null> =>
  ((await scoreWith(scorer as Scorer, answer, expected)) as Score).label ?? null;

const rational = (text: string) => {
  const [top, bottom = '1'] = text.split('/');
  return rationalOf(parseDecimal(top!)!, parseDecimal(bottom)!)!;
};

const SETS: Readonly<Record<string, readonly [rows: readonly Row[], read: (row: Row) => Promise<unknown>]>> =
  {
    'the letter of an option': [
      [...CHOICES_OF_MODELS, ...CHOICES_AFTERWARDS],
      ([answer]) => labelOf(choice(), answer, 'A'),
    ],
    'a number': [
      [...NUMBERS_OF_MODELS, ...NUMBERS_AFTERWARDS],
      async ([answer, wanted, expected]) => {
        const found = await labelOf(number(), answer, expected ?? '1');
        if (found === null || typeof wanted !== 'string') return found;
        return sameRational(rational(found), rational(wanted)) ? wanted : found;
      },
    ],
    'yes or no': [
      [...YES_OR_NO_OF_MODELS, ...YES_OR_NO_AFTERWARDS],
      ([answer]) => labelOf(yesNo(), answer, 'yes'),
    ],
    'the verdict of a judge': [
      [...VERDICTS_OF_MODELS, ...VERDICTS_AFTERWARDS],
      ([reply]) => labelOf(judge({ client: new RecordedJudge([reply]), rubric: 'r' }), 'x', 'y'),
    ],
    'an object': [
      [...OBJECTS_OF_MODELS, ...OBJECTS_AFTERWARDS],
      async ([answer, value]) => {
        const score = (await scoreWith(jsonMatch() as Scorer, answer, value ?? { a: 0 })) as Score;
        return score.score === 1 ? value : score.metadata === undefined ? null : score.reason;
      },
    ],
  };

/** What no rule reads as a careful person does, and what is found instead. */
const KNOWN: ReadonlyMap<string, string | null> = new Map([
  ['الإجابة: ج) أي C', null],
  ['Seven.', null], // a single word alone is text
  ['Half of the cake is left.', null],
  ['While some sources say yes, the evidence says no.', null],
  [NUMBERS_AFTERWARDS[0]![0], '10'], // several amounts in the last sentence
]);

describe('what readers find in answers of models of 2024 to 2026', () => {
  it.each(Object.entries(SETS))('%s', async (_name, [rows, read]) => {
    const wrong: string[] = [];
    for (const row of rows) {
      const found = await read(row);
      if (JSON.stringify(found) === JSON.stringify(row[1])) continue;
      if (KNOWN.has(row[0]) && KNOWN.get(row[0]) === found) continue;
      const kind = found === null ? 'missed' : row[1] === null ? 'invented' : 'misjudged';
      wrong.push(`${kind}: ${String(found)} for ${JSON.stringify(row[1])} in ${JSON.stringify(row[0])}`);
    }
    expect(wrong).toEqual([]);
  });
});
