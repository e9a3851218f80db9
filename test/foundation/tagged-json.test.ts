import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromTagged, isPlain, toTagged } from '../../src/foundation/tagged-json.js';

const through = (value: unknown): unknown => fromTagged(JSON.parse(JSON.stringify(toTagged(value))));

describe('tagged JSON', () => {
  it('gives back whatever plain or rich value went in', () => {
    const rich = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.jsonValue(),
        fc.double(),
        fc.bigInt(),
        fc.date({ noInvalidDate: false }),
        fc.uint8Array({ maxLength: 5 }),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('$date', '$object', '__proto__')), tie('value'), {
          maxKeys: 2,
        }),
        fc.array(tie('value'), { maxLength: 2 }).map((values) => new Set(values)),
      ),
    })).value;
    fc.assert(
      fc.property(rich, (value) => {
        expect(through(value)).toStrictEqual(withoutPrototypes(value));
      }),
    );
  });

  it('is only needed for what JSON loses', () => {
    for (const value of [null, 'a', 1, [true, { a: [] }], { a: undefined }])
      expect(isPlain(value)).toBe(true);
    for (const value of [Number.NaN, -0, 1n, new Date(0), [new Map()], { a: { b: Number.NaN } }])
      expect(isPlain(value)).toBe(false);
  });

  it('refuses what contains itself and what has no end of levels', () => {
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    expect(() => toTagged(cyclic)).toThrow(TypeError);
    let deep: unknown = 1;
    for (let level = 0; level < 1_100; level++) deep = [deep];
    expect(() => toTagged(deep)).toThrow(RangeError);
  });
});

/** Plain objects as literals have them: fast-check makes some without a prototype. */
function withoutPrototypes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPrototypes);
  if (value instanceof Set) return new Set([...value].map(withoutPrototypes));
  if (typeof value !== 'object' || value === null || value instanceof Date || value instanceof Uint8Array)
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutPrototypes(member)]));
}
