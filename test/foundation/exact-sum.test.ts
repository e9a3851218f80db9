import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AssayError } from '../../src/errors.js';
import { ExactSum } from '../../src/foundation/exact-sum.js';

const sumOf = (values: readonly number[]): ExactSum => {
  const sum = new ExactSum();
  for (const value of values) sum.add(value);
  return sum;
};

/** The exact sum as a multiple of 2^-1074, by integer arithmetic. */
function asInteger(values: readonly number[]): bigint {
  const view = new DataView(new ArrayBuffer(8));
  let total = 0n;
  for (const value of values) {
    view.setFloat64(0, value);
    const bits = view.getBigUint64(0);
    const exponent = Number((bits >> 52n) & 0x7ffn);
    const mantissa = (bits & 0xfffffffffffffn) | (exponent === 0 ? 0n : 1n << 52n);
    const magnitude = mantissa << BigInt(Math.max(0, exponent - 1));
    total += bits >> 63n === 0n ? magnitude : -magnitude;
  }
  return total;
}

const anyNumber = fc.oneof(
  fc.double({ min: -1e290, max: 1e290, noNaN: true }),
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.constantFrom(1, 1e16, -1e16, 1e100, -1e100, 2 ** -53, 2 ** -54, -(2 ** -106), 5e-324, 0.1),
);
const shuffled = <T>(values: readonly T[]): fc.Arbitrary<T[]> =>
  fc.shuffledSubarray([...values], { minLength: values.length });

describe('ExactSum', () => {
  it('loses nothing where a plain loop loses everything', () => {
    expect(sumOf([1e100, 1, -1e100]).value).toBe(1);
    expect(sumOf(Array.from({ length: 10 }, () => 0.1)).value).toBe(1);
    expect(sumOf([]).value).toBe(0);
  });

  it('rounds ties by what lies below them', () => {
    expect(sumOf([1, 2 ** -53]).value).toBe(1);
    expect(sumOf([1, 2 ** -53, 2 ** -200]).value).toBe(1 + 2 ** -52);
    expect(sumOf([1 + 2 ** -52, 2 ** -53, -(2 ** -200)]).value).toBe(1 + 2 ** -52);
  });

  it('holds the integer sum of the numbers exactly, in its value and in its JSON', () => {
    fc.assert(
      fc.property(fc.array(anyNumber, { maxLength: 60 }), (values) => {
        const sum = sumOf(values);
        const exact = asInteger(values);
        expect(asInteger(sum.toJSON())).toBe(exact);
        // correctly rounded: no neighbour is nearer
        const error = (candidate: number): bigint => {
          const off = asInteger([candidate]) - exact;
          return off < 0n ? -off : off;
        };
        const step = 2 ** (Math.floor(Math.log2(Math.max(Math.abs(sum.value), 1e-300))) - 52);
        expect(error(sum.value) <= error(sum.value + step)).toBe(true);
        expect(error(sum.value) <= error(sum.value - step)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('has the same bits and the same JSON in any order and over any split', () => {
    const property = fc.property(
      fc
        .array(anyNumber, { maxLength: 40 })
        .chain((values) => fc.tuple(fc.constant(values), shuffled(values), fc.nat(values.length))),
      ([values, other, cut]) => {
        const whole = sumOf(values);
        const merged = sumOf(other.slice(0, cut));
        merged.merge(sumOf(other.slice(cut)));
        expect(merged.value).toBe(whole.value);
        expect(JSON.stringify(merged)).toBe(JSON.stringify(whole));
        expect(ExactSum.fromJSON(JSON.parse(JSON.stringify(whole)) as number[]).toJSON()).toEqual(
          whole.toJSON(),
        );
      },
    );
    fc.assert(property, { numRuns: 300 });
  });

  it('adds products and multiples without rounding', () => {
    const square = new ExactSum();
    square.addProduct(1 + 2 ** -30, 1 + 2 ** -30);
    square.add(-1);
    square.add(-(2 ** -29));
    expect(square.value).toBe(2 ** -60);
    const tenth = sumOf([0.1]);
    const multiple = new ExactSum();
    multiple.addMultiple(tenth, 3);
    for (let i = 0; i < 3; i++) multiple.add(-0.1);
    expect(multiple.value).toBe(0);
  });

  it('holds sums that are larger than any number it takes', () => {
    const sum = sumOf(Array.from({ length: 1000 }, () => 2 ** 970));
    const other = ExactSum.fromJSON(sum.toJSON());
    other.merge(sum);
    expect(other.value).toBe(2000 * 2 ** 970);
  });

  it('can be merged into itself', () => {
    const sum = sumOf([1e16, 1, 2 ** -60, 2 ** -150]);
    sum.merge(sum);
    expect(asInteger(sum.toJSON())).toBe(2n * asInteger([1e16, 1, 2 ** -60, 2 ** -150]));
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1e300])('refuses %s', (value) => {
    const sum = new ExactSum();
    expect(() => sum.add(value)).toThrow(AssayError);
    expect(sum.value).toBe(0);
  });
});
