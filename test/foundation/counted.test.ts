import { expect, test } from 'vitest';
import { count, things } from '../../src/foundation/counted.js';

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
