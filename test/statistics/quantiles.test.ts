import { describe, expect, it } from 'vitest';
import { median, quantile, quantiles } from '../../src/statistics/quantiles.js';
import { readReference } from '../support/reference.js';
import { expectClose } from './support.js';

interface QuantileCase {
  readonly id: number;
  readonly values: number[];
  readonly type7: Readonly<Record<string, number>>;
  readonly nearestRank: Readonly<Record<string, number>>;
}

describe('reference cases of quantiles', () => {
  const { cases } = readReference<{ cases: QuantileCase[] }>('quantiles');

  it.each(cases)('case $id', ({ values, type7, nearestRank }) => {
    for (const [p, expected] of Object.entries(type7))
      expectClose(quantile(values, Number(p)), expected, 1e-12);
    for (const [p, expected] of Object.entries(nearestRank)) {
      expect(quantile(values, Number(p), 'nearest-rank')).toBe(expected);
    }
  });
});

describe('quantiles', () => {
  it('are not defined for no values', () => {
    expect(quantiles([], [0, 0.5])).toEqual([null, null]);
    expect(median([])).toBeNull();
  });

  it('leave the given values as they were and sort numbers as numbers', () => {
    const values = [10, 9, 100];
    expect(median(values)).toBe(10);
    expect(values).toEqual([10, 9, 100]);
  });

  it('lie between values whose distance is no number', () => {
    const largest = Number.MAX_VALUE;
    expect(quantiles([-largest, largest], [0, 0.5, 1])).toEqual([-largest, 0, largest]);
  });

  it('refuse NaN and quantiles outside 0 to 1', () => {
    expect(() => quantile([1, Number.NaN], 0.5)).toThrow(/NaN/);
    expect(() => quantile([1], 50)).toThrow(/0 to 1/);
  });
});
