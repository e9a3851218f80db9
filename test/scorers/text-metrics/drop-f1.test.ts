import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dropF1, dropScores } from '../../../src/scorers/text-metrics/drop-f1.js';
import { optimalAssignment } from '../../../src/scorers/text-metrics/optimal-assignment.js';
import { pythonFloat, pythonFloatText } from '../../../src/scorers/text-metrics/python-float.js';
import { readReference } from '../../support/reference.js';
import { scoreWith } from '../../support/score-with.js';

const spansOf = (value: string | string[]): string[] => (typeof value === 'string' ? [value] : value);

describe('DROP against its reference implementation', () => {
  it('has the exact match and F1 of every case', () => {
    const { cases } = readReference<{
      cases: { id: number; pred: string | string[]; gold: string | string[]; em: number; f1: number }[];
    }>('drop_em_f1');
    for (const { id, pred, gold, em, f1 } of cases) {
      const found = dropScores(spansOf(pred), spansOf(gold));
      expect([found.exactMatch, found.f1 * 100], String(id)).toEqual([em, expect.closeTo(f1, 9)]);
    }
    expect(cases).toHaveLength(60);
  });
});

describe('dropF1', () => {
  it('wants all expected spans, in any order', () => {
    const spans = (output: string): string[] => output.split(' and ');
    const scorer = dropF1({ spans, spansName: 'and' });
    expect(scoreWith(scorer, 'Ann and Bob', ['Bob', 'Ann'])).toMatchObject({
      score: 1,
      metadata: { exactMatch: 1 },
    });
    expect(scoreWith(scorer, 'Ann', ['Bob', 'Ann'])).toMatchObject({
      score: 0.5,
      metadata: { exactMatch: 0 },
    });
    expect(scoreWith(dropF1({ measure: 'exactMatch' }), '1,024', '1024.0')).toMatchObject({ score: 1 });
    expect(scoreWith(dropF1(), 'x', undefined)).toMatchObject({ score: null });
    expect(scorer.convention).toBe('drop(measure=f1,spans=and)');
  });

  it('scores nothing for words around a wrong number', () => {
    expect(dropScores(['6 apples'], ['5 apples']).f1).toBe(0);
    expect(dropScores(['apples'], ['5 apples']).f1).toBe(0);
    expect(dropScores(['5'], ['5 apples']).f1).toBe(0.6667);
  });
});

describe("Python's floats", () => {
  it.each([
    ['3', '3.0'],
    [' 3.50 ', '3.5'],
    ['.5', '0.5'],
    ['5.', '5.0'],
    ['1_000', '1000.0'],
    ['1e16', '1e+16'],
    ['123456789012345678', '1.2345678901234568e+17'],
    ['0.00001', '1e-05'],
    ['0.0001', '0.0001'],
    ['-0', '-0.0'],
    ['٣', '3.0'],
    ['𝟛', '3.0'],
    ['3\u00a0', '3.0'],
    ['\u20283\u0085', '3.0'],
    ['Infinity', 'inf'],
    ['-inf', '-inf'],
    ['nan', 'nan'],
    ['1e999', 'inf'],
  ])('%j is %s', (text, written) => {
    expect(pythonFloatText(pythonFloat(text)!)).toBe(written);
  });

  it.each([
    '',
    'e5',
    '.e5',
    '1_',
    '_1',
    '1__0',
    '0x10',
    '1,000',
    '1 0',
    '+',
    'infin',
    '½',
    '--1',
    '1e',
    '1\u001f',
    '٣\u001f',
    '\u001c3\u00a0',
    '.',
  ])('%j is none', (text) => {
    expect(pythonFloat(text)).toBeUndefined();
  });
});

describe('optimalAssignment', () => {
  it('finds the largest sum that trying every assignment finds', () => {
    const matrix = fc
      .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 5 }))
      .chain(([rows, columns]) =>
        fc.array(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: columns, maxLength: columns }), {
          minLength: rows,
          maxLength: rows,
        }),
      );
    fc.assert(
      fc.property(matrix, (worth) => {
        const assigned = optimalAssignment(worth);
        const used = assigned.filter((column) => column >= 0);
        const sum = assigned.reduce(
          (total, column, row) => total + (column < 0 ? 0 : worth[row]![column]!),
          0,
        );
        return new Set(used).size === used.length && sum === bestByTrying(worth, 0, new Set());
      }),
    );
  });
});

function bestByTrying(worth: readonly (readonly number[])[], row: number, taken: Set<number>): number {
  if (row === worth.length) return 0;
  let best = bestByTrying(worth, row + 1, taken);
  for (let column = 0; column < worth[row]!.length; column++) {
    if (taken.has(column)) continue;
    taken.add(column);
    best = Math.max(best, worth[row]![column]! + bestByTrying(worth, row + 1, taken));
    taken.delete(column);
  }
  return best;
}
