import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Scorer } from '../../src/evaluation/evaluation-types.js';
import { editSimilarity, textSimilarity } from '../../src/scorers/text-metrics/edit-similarity.js';
import { exactMatch } from '../../src/scorers/exact-match.js';
import { includes, startsWith } from '../../src/scorers/includes.js';
import { regex } from '../../src/scorers/regex.js';
import type { TextReference } from '../../src/scorers/text-reference.js';
import { scoreWith } from '../support/score-with.js';

describe('exactMatch', () => {
  it.each([
    ['Paris', 'Paris', true],
    [' Paris\n', 'Paris', true],
    ['paris', 'Paris', false],
    ['Paris.', 'Paris', false],
    ['Lyon', ['Paris', 'Lyon'], true],
    ['42', 42, true],
    ['', '', true],
    ['\u001cParis\u3000', 'Paris', true],
    ['\ufeffParis', 'Paris', false], // a byte order mark is no white space in Python
  ])('%j against %j is %s', (output, expected, score) => {
    expect(scoreWith(exactMatch(), output, expected)).toBe(score);
  });

  it.each([
    ['Straße', 'STRASSE', { ignoreCase: true }],
    ['ΣΊΣΥΦΟΣ', 'σίσυφος', { ignoreCase: true }],
    ['ﬁre', 'FIRE', { ignoreCase: true }],
    ['“Paris”!', 'Paris', { ignorePunctuation: true }],
    ['a\u00a0 b', 'a b', { collapseWhiteSpace: true }],
    ['cafe\u0301', 'caf\u00e9', { normalize: 'NFC' }],
    ['１２', '12', { normalize: 'NFKC' }],
    ['Paris.', 'Paris', { ignoreFinalPeriod: true }],
    ['Paris', 'Paris.', { ignoreFinalPeriod: true }],
  ] as const)('%j equals %j with %j, and not without', (output, expected, options) => {
    expect(scoreWith(exactMatch(options), output, expected)).toBe(true);
    expect(scoreWith(exactMatch(), output, expected)).toBe(false);
  });

  it('keeps white space at the ends when told to', () => {
    expect(scoreWith(exactMatch({ trim: false }), ' Paris', 'Paris')).toBe(false);
  });

  it('names every option in its convention', () => {
    expect(exactMatch().convention).toBe(
      'exact-match(trim=yes,case=keep,punctuation=keep,space=keep,unicode=none)',
    );
    expect(exactMatch({ ignoreCase: true }).convention).toContain('case=fold');
    expect(exactMatch().version).toBe('2');
  });
});

describe('includes and startsWith', () => {
  it('finds any of the expected texts, or all of them', () => {
    expect(scoreWith(includes(), 'It is Paris.', 'Paris')).toBe(true);
    expect(scoreWith(includes(), 'It is Paris.', ['Lyon', 'Paris'])).toBe(true);
    expect(scoreWith(includes({ require: 'all' }), 'It is Paris.', ['Lyon', 'Paris'])).toBe(false);
    expect(scoreWith(includes({ require: 'all', ignoreCase: true }), 'LYON, PARIS', ['Lyon', 'Paris'])).toBe(
      true,
    );
  });

  it('looks at the beginning only', () => {
    expect(scoreWith(startsWith(), '  Paris, of course', ['Lyon', 'Paris'])).toBe(true);
    expect(scoreWith(startsWith(), 'It is Paris', 'Paris')).toBe(false);
  });

  it.each([includes(), startsWith(), includes({ ignorePunctuation: true })])(
    'does not score against an empty text, which every answer holds (%#)',
    (scorer) => {
      expect(scoreWith(scorer, 'anything', scorer.convention?.includes('drop') ? '?!' : ' ')).toMatchObject({
        score: null,
        reason: 'an expected text is empty after normalisation',
      });
    },
  );
});

describe('regex', () => {
  it('scores whether the pattern matches, whatever flags it carries', () => {
    const scorer = regex(/^\d{4}-\d{2}$/gm);
    const place = { text: '2024-05', start: 3, end: 10 };
    for (let call = 0; call < 3; call++) {
      expect(scoreWith(scorer, 'on\n2024-05', undefined)).toMatchObject({ score: 1, evidence: [place] });
    }
    expect(scoreWith(scorer, '2024-5', undefined)).toMatchObject({ score: 0 });
  });

  it('compares a group of the first or last match with the expected text', () => {
    const pattern = /answer: (?<word>\w+)/i;
    const text = 'Answer: one. No, answer: Two';
    expect(scoreWith(regex(pattern, { group: 'word' }), text, 'one')).toMatchObject({
      score: 1,
      label: 'one',
    });
    expect(scoreWith(regex(pattern, { group: 1, match: 'last' }), text, 'two')).toMatchObject({ score: 0 });
    expect(
      scoreWith(regex(pattern, { group: 1, match: 'last', ignoreCase: true }), text, 'two'),
    ).toMatchObject({
      score: 1,
      label: 'Two',
    });
  });

  it('leaves an answer without a match unscored, or calls it wrong when told to', () => {
    const reason = 'the answer has no match for /x(y)/';
    expect(scoreWith(regex(/x(y)/, { group: 1 }), 'z', 'y')).toEqual({ score: null, reason });
    expect(scoreWith(regex(/x(y)/, { group: 1, noMatch: 'wrong' }), 'z', 'y')).toEqual({ score: 0, reason });
  });

  it('refuses what is no pattern', () => {
    expect(() => regex('x' as never)).toThrow('to be a RegExp, got "x"');
    expect(() => regex(/x/, { group: -1 })).toThrow('`group`');
    expect(() => regex(/(x)|y/, { group: 2 })).toThrow('`group` of regex to be a group of /(x)|y/, got 2');
    expect(() => regex(/(?<word>x)/, { group: 'wrod' })).toThrow('got "wrod"');
  });
});

describe('editSimilarity', () => {
  it.each([
    ['kitten', 'sitting', 1 - 3 / 7],
    ['', '', 1],
    ['', 'abc', 0],
    ['😀😀', '😀', 0.5],
    ['😀', '😁', 0],
    ['a😀b', 'ab', 1 - 1 / 3],
  ])('of %j and %j is %s', (a, b, expected) => {
    expect(textSimilarity(a, b)).toBe(expected);
  });

  it('takes the most similar expected text', () => {
    expect(scoreWith(editSimilarity(), 'Pariss', ['Lyon', 'Paris'])).toBe(1 - 1 / 6);
    expect(scoreWith(editSimilarity({ ignoreCase: true }), 'PARIS', 'paris')).toBe(1);
  });

  it('agrees with the textbook distance over code points, and is symmetric', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'é', '😀', '𝒳', '\ud800'), { maxLength: 12 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        const longest = Math.max(a.length, b.length);
        const expected = longest === 0 ? 1 : 1 - textbookDistance(a, b) / longest;
        const [left, right] = [a.join(''), b.join('')];
        return textSimilarity(left, right) === expected && textSimilarity(right, left) === expected;
      }),
    );
  });
});

describe('every text scorer', () => {
  const scorers: Record<string, Scorer<unknown, TextReference>> = {
    exactMatch: exactMatch(),
    includes: includes(),
    startsWith: startsWith(),
    editSimilarity: editSimilarity(),
    regex: regex(/x/, { group: 0 }),
  };

  it.each(Object.keys(scorers))('%s leaves a case without an expected answer unscored', (name) => {
    for (const nothing of [undefined, null, []]) {
      expect(scoreWith(scorers[name]!, 'x', nothing)).toMatchObject({
        score: null,
        reason: 'the case has no expected answer',
      });
    }
  });

  it.each(Object.keys(scorers))('%s refuses an expected value that is no text', (name) => {
    expect(() => scoreWith(scorers[name]!, 'x', { a: 1 } as never)).toThrow(
      'Expected `expected` to be a text or a list of texts, got an object',
    );
    expect(() => scoreWith(scorers[name]!, 'x', Number.NaN)).toThrow('got NaN');
  });

  it.each(Object.keys(scorers))('%s refuses an answer that is no text', (name) => {
    for (const output of [undefined, null, 42]) {
      expect(() => scoreWith(scorers[name]!, output as never, 'x')).toThrow(
        `Expected \`output\` to be a text, got ${String(output)}`,
      );
    }
  });
});

/** Row by row over arrays of characters, as in every textbook. */
function textbookDistance(a: readonly string[], b: readonly string[]): number {
  let above = b.map((_, j) => j).concat(b.length);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    above = row;
  }
  return above[b.length]!;
}
