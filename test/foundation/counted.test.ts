import { expect, test } from 'vitest';
import { costText, count, things } from '../../src/foundation/counted.js';

test('a number is written as Node writes it for English', () => {
  const values = [
    0,
    7,
    12,
    999,
    1000,
    12_345,
    123_456,
    1_234_567,
    2 ** 53,
    -1,
    -999,
    -1000,
    -1_234_567.5,
    0.5,
    1234.5678,
    0.0004,
    1e20,
  ];
  for (const value of values) expect(count(value)).toBe(value.toLocaleString('en-US'));
  expect(count(Number.NaN)).toBe('NaN');
  expect(count(1e300)).toBe('1e+300');
});

test('things are counted in singular and plural', () => {
  expect([0, 1, 2, 1000].map((n) => things(n, 'case'))).toEqual([
    '0 cases',
    '1 case',
    '2 cases',
    '1,000 cases',
  ]);
});

test('a small cost does not read as none', () => {
  expect([0, 0.00003, 0.0009, 0.001, 1.5].map(costText)).toEqual([
    '0.0000',
    '0.000030',
    '0.00090',
    '0.0010',
    '1.5000',
  ]);
});
