import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatDecimal,
  parseDecimal,
  sameDecimal,
  toleranceOf,
  withinDistance,
} from '../../src/foundation/decimal.js';

describe('exact decimals', () => {
  it('read back what they write', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const decimal = parseDecimal(String(value))!;
        return (
          Number(formatDecimal(decimal)) === value &&
          sameDecimal(decimal, parseDecimal(formatDecimal(decimal))!)
        );
      }),
    );
  });

  it('agree with integers on what is within a tolerance', () => {
    const whole = fc.integer({ min: -1_000, max: 1_000 });
    const share = fc.integer({ min: 0, max: 500 });
    fc.assert(
      fc.property(whole, whole, share, share, (a, b, absolute, perMille) => {
        const of = (value: number, exponent: number) => parseDecimal(`${value}e${exponent}`)!;
        const expected = Math.abs(a - b) * 1_000 <= Math.max(absolute * 1_000, perMille * Math.abs(b));
        const limit = toleranceOf(of(b, 0), of(absolute, 0), of(perMille, -3));
        return withinDistance(of(a, 0), of(b, 0), limit) === expected;
      }),
    );
  });

  it('cost nothing where exponents are enormous', () => {
    const [huge, tiny, one] = ['1e999999999', '1e-999999999', '1'].map((text) => parseDecimal(text)!);
    expect(withinDistance(huge!, tiny!, one!)).toBe(false);
    expect(withinDistance(tiny!, one!, one!)).toBe(true);
    expect(withinDistance(tiny!, one!, huge!)).toBe(true);
    expect(withinDistance(huge!, parseDecimal('2e999999999')!, one!)).toBe(false);
  });
});
