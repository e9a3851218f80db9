import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histogram } from '../../src/foundation/histogram.js';
import { seededRandom } from '../../src/foundation/seeded-random.js';
import { shuffle } from '../statistics/support.js';

const of = (values: readonly number[], resolution?: 'fine' | 'coarse'): Histogram => {
  const histogram = new Histogram({ resolution });
  for (const value of values) histogram.record(value);
  return histogram;
};
const nearestRank = (values: readonly number[], percent: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] as number;
};
const duration = fc.oneof(
  fc.double({ min: 0.001, max: 1e6, noNaN: true }),
  fc.integer({ min: 1, max: 100_000 }),
  fc.constantFrom(0.001, 1, 2, 4, 1023.999, 1024, 2_000_000_000),
);

describe('Histogram', () => {
  it('is empty without figures', () => {
    const empty = new Histogram();
    expect([empty.count, empty.min, empty.max, empty.mean, empty.percentile(50)]).toEqual([
      0,
      null,
      null,
      null,
      null,
    ]);
  });

  it.each([
    ['fine', 0.001],
    ['coarse', 0.008],
  ] as const)('keeps every %s percentile within %d of the recorded one', (resolution, tolerance) => {
    fc.assert(
      fc.property(fc.array(duration, { minLength: 1, maxLength: 200 }), (values) => {
        const histogram = of(values, resolution);
        for (const percent of [0, 1, 25, 50, 75, 90, 95, 99, 99.9, 100]) {
          const expected = nearestRank(values, percent);
          const found = histogram.percentile(percent) as number;
          expect(Math.abs(found - expected)).toBeLessThanOrEqual(tolerance * expected);
        }
      }),
    );
  });

  it('has exact extremes and mean', () => {
    const histogram = of([0.25, 1000.125, 3]);
    expect([histogram.min, histogram.max, histogram.mean]).toEqual([0.25, 1000.125, 1003.375 / 3]);
  });

  it('takes zeros, durations below a microsecond and years', () => {
    const histogram = of([0, -0, 5e-324, 0.0001, 1e14]);
    expect([histogram.count, histogram.min, histogram.max]).toEqual([5, 0, 1e14]);
    expect(histogram.percentile(50)).toBeLessThan(0.001);
    expect(histogram.percentile(100)).toBe(1e14);
  });

  it('does not depend on order, split or a trip through JSON', () => {
    fc.assert(
      fc.property(fc.array(duration, { maxLength: 80 }), fc.integer(), fc.nat(80), (values, seed, cut) => {
        const whole = of(values);
        const mixed = shuffle(values, seededRandom(seed));
        const merged = of(mixed.slice(0, cut));
        merged.merge(Histogram.fromJSON(JSON.parse(JSON.stringify(of(mixed.slice(cut))))));
        expect(JSON.stringify(merged)).toBe(JSON.stringify(whole));
        expect(merged.mean).toBe(whole.mean);
      }),
    );
  });

  it('merges a fine one into a coarse one as if it had been recorded there, and refuses the reverse', () => {
    const values = [0.0001, 0.5, 7.77, 1234, 3e9];
    const coarse = new Histogram({ resolution: 'coarse' });
    coarse.merge(of(values));
    expect(coarse.toJSON()).toEqual(of(values, 'coarse').toJSON());
    expect(() => of([1]).merge(of([1], 'coarse'))).toThrow(/coarse/);
  });

  it('can be merged into itself', () => {
    const histogram = of([1, 10, 100]);
    histogram.merge(histogram);
    expect(histogram.toJSON()).toEqual(of([1, 1, 10, 10, 100, 100]).toJSON());
  });

  it('stays within its stated memory however wide the range', () => {
    const buckets = (resolution: 'fine' | 'coarse'): number => {
      const values: number[] = [0];
      for (let exponent = -12; exponent < 40; exponent++) {
        for (let step = 0; step < 1024; step++) values.push(2 ** exponent * (1 + step / 1024));
      }
      return of(values, resolution).toJSON().buckets.length / 2;
    };
    expect(buckets('fine')).toBe(41 * 512 + 1);
    expect(buckets('coarse')).toBe(41 * 64 + 1);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a duration of %s', (value) => {
    const histogram = new Histogram();
    expect(() => histogram.record(value)).toThrow(/duration >= 0/);
    expect(histogram.count).toBe(0);
  });

  it('takes the rank of a percentile with a fraction exactly', () => {
    expect(of([...Array<number>(999).fill(1), 5000]).percentile(99.9)).toBeLessThan(1.01);
  });

  it('reads several percentiles in any order as one by one', () => {
    const histogram = of([1, 5, 20, 20, 300, 4000]);
    const percents = [99, 0, 50, 50, 100, 20, 60];
    expect(histogram.percentiles(percents)).toEqual(percents.map((each) => histogram.percentile(each)));
    expect(new Histogram().percentiles([50, 99])).toEqual([null, null]);
  });

  it('refuses a percentile beyond 0 to 100', () => {
    expect(() => of([1]).percentile(101)).toThrow(/0 to 100/);
  });
});
