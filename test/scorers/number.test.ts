import { describe, expect, it } from 'vitest';
import type { Score } from '../../src/evaluation/evaluation-types.js';
import { number, type NumberOptions } from '../../src/scorers/number.js';
import { scoreWith } from '../support/score-with.js';

const found = (output: string, convention: NumberOptions['convention']): string | null =>
  (scoreWith(number({ convention }), output, '0') as Score).label ?? null;

describe('number', () => {
  it.each([
    ['The total is $1,234,567.50.', '1234567.5'],
    ['16 - 3 = 13', '13'],
    ['from 5-3', '3'],
    ['it fell to -5.', '-5'],
    ['it fell to \u22125', '-5'],
    ['-$5', '-5'],
    ['$-5', '-5'],
    ['€ 1\u202f000', '1000'],
    ["CHF 1'000", '1000'],
    ['1,2,3', '3'],
    ['(3)', '3'],
    ['.5', '0.5'],
    ['2.50', '2.5'],
    ['3e2', '300'],
    ['It is 3e2.', '300'],
    ['version 1.2.3', '3'],
    ['50%', '50'],
    ['007', '7'],
    ['-0', '0'],
    ['\u20b91,00,000', '100000'],
    ['1,23,45,678.5', '12345678.5'],
    ['10,20,300,4', '4'],
    ['1_000_000', '1000000'],
    ['from 1..5', '5'],
    ['it is 1/5', null],
    ['it is 3 1/2', null],
    ['it is 3\u00bd', null],
    ['none', null],
    ['', null],
  ])('finds in %j as last number %s', (output, label) => {
    expect(found(output, 'last')).toBe(label);
  });

  it.each([
    ['so 5\nA: 18', '18'],
    ['A: 18 dollars, not 20', '18'],
    ['A: 1\nA: 2', '2'],
    ['A: 1,000,000', '1000000'],
    ['A: 1,000,00', null],
    ['Q&A: 7\nA: none', null],
    ['A: 1\nA:\n5', null],
    ['the answer is 18', null],
    ['A: 1/5', '0.2'],
    ['A: 12 1/2', '12.5'],
    ['A: 12\u00bd', '12.5'],
    ['A: 12 of 20', '12'],
  ])('finds in %j after the marker %s', (output, label) => {
    expect(found(output, { marker: /^A:/m })).toBe(label);
  });

  it('takes a text as marker wherever it stands', () => {
    expect(found('It is #### 5 and #### 6', { marker: '####' })).toBe('6');
    expect(found('a.b 5 axb 6', { marker: 'a.b' })).toBe('5');
  });

  it.each([
    ['\\boxed{42}', '42'],
    ['so $\\boxed{1{,}000}$ and then \\boxed{\\$7\\text{ dollars}}', '7'],
    ['\\boxed{12\\,345}', '12345'],
    ['\\boxed{\\frac{1}{2}}', '0.5'],
    ['\\boxed{3, 4}', null],
    ['\\boxed{x}', null],
    ['\\boxed{\\sqrt{3}}', null],
    ['\\boxed{2\\pi}', null],
    ['\\boxed{x^2}', null],
    ['\\boxed{5!}', null],
    ['\\boxed{x \\geq 5}', null],
    ['\\boxed{120^\\circ}', '120'],
    ['\\boxed{90^{\\circ}}', '90'],
    ['\\boxed{5\\text{ cm}^2}', '5'],
    ['\\boxed{12\\mathrm{m}^{3}}', '12'],
    ['\\boxed{ - 5 }', '-5'],
    ['\\boxed{x = - 5}', '-5'],
    ['\\boxed{10 - 5}', null],
    ['\\boxed{5\\%}', '5'],
    ['\\boxed{5\\text{ less}}', '5'],
    ['\\boxed{5\\text{ km}/\\text{h}}', '5'],
    ['\\boxed{5', null],
    ['\\boxed{5} and \\boxed{\\boxed{', '5'],
    ['\\boxed{x \\boxed{6}}', '6'],
    ['5', null],
  ])('finds in %j inside the box %s', (output, label) => {
    expect(found(output, 'boxed')).toBe(label);
  });

  it('takes a whole text as a number, or not at all', () => {
    expect(found(' 1,450 ', 'whole')).toBe('1450');
    expect(found('about 5', 'whole')).toBeNull();
  });

  it('says why there is no number, and scores that as told', () => {
    const reason = 'no number follows the marker ####';
    const convention = { marker: '####' };
    expect(scoreWith(number({ convention }), '#### ?', 5)).toEqual({ score: null, reason });
    expect(scoreWith(number({ convention, noMatch: 'wrong' }), '#### ?', 5)).toEqual({ score: 0, reason });
  });

  it('compares as exact decimals', () => {
    const exact = number();
    for (const [output, expected, score] of [
      ['18.0', 18, 1],
      ['18', '18.00', 1],
      ['123456', '123457', 0],
      ['0.30000000000000004', 0.3, 0],
      ['9007199254740993', '9007199254740992', 0],
      ['1.0e3', '1,000', 1],
      ['7', ['5', '7'], 1],
    ] as const) {
      expect(scoreWith(exact, output, expected), output).toMatchObject({ score });
    }
  });

  it.each([
    ['1.1', '1', { absoluteTolerance: 0.1 }, 1],
    ['1.1000000000000001', '1', { absoluteTolerance: 0.1 }, 0],
    ['101', '100', { relativeTolerance: 0.01 }, 1],
    ['101.01', '100', { relativeTolerance: 0.01 }, 0],
    ['-99', '-100', { relativeTolerance: 0.01 }, 1],
    ['3', '2', { absoluteTolerance: 1, relativeTolerance: 0.01 }, 1],
    ['1e300', '1e-300', { relativeTolerance: 0.5 }, 0],
  ])('%s is near %s within %j: %s', (output, expected, options, score) => {
    expect(scoreWith(number(options), output, expected)).toMatchObject({ score });
  });

  it('errors on an expected answer that is no number, naming it', () => {
    expect(() => scoreWith(number(), '5', 'five')).toThrow('Expected `expected` to be a number, got "five"');
    expect(() => scoreWith(number({ expectedMarker: '####' }), '5', 'no marker')).toThrow(
      'a number after "####"',
    );
  });

  it('leaves a case without an expected answer unscored', () => {
    expect(scoreWith(number(), '5', undefined)).toMatchObject({ score: null });
  });

  it('states where the number stands and what counts as equal in its convention', () => {
    expect(
      number({ convention: { marker: /^A:/m }, expectedMarker: '####', relativeTolerance: 0.01 }).convention,
    ).toBe('number(where=marker /^A:/m,expected=marker "####",absolute=0,relative=0.01,noMatch=unscored)');
  });
});
