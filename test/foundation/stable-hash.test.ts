import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stableHash, stableStringify } from '../../src/foundation/stable-hash.js';

describe('stableHash', () => {
  it('is the same for equal values, whatever the order of their keys', () => {
    expect(stableHash({ a: 1, b: { c: [1, 2], d: undefined } })).toBe(stableHash({ b: { c: [1, 2] }, a: 1 }));
    expect(stableHash({})).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is JSON for plain data', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = stableStringify(value);
        if (!text.includes('"$')) expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(stableStringify(JSON.parse(JSON.stringify(value)))).toBe(text);
      }),
    );
  });

  it('tells apart what JSON would not, and what only looks like its tags', () => {
    const values: unknown[] = [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      null,
      'NaN',
      1n,
      1,
      '1',
      new Date(0),
      0,
      new Map([[1, 2]]),
      new Set([[1, 2]]),
      [[1, 2]],
      /a/g,
      '/a/g',
      new Uint8Array([1]),
      { $number: 'NaN' },
      { $bigint: '1' },
      { $date: 0 },
      { $map: [[1, 2]] },
      { $object: { $number: 'NaN' } },
      { $object: { $object: { $number: 'NaN' } } },
    ];
    expect(new Set(values.map(stableHash)).size).toBe(values.length);
  });

  it('refuses what has no stable text', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic['itself'] = cyclic;
    for (const value of [cyclic, () => 1, { a: Symbol('a') }])
      expect(() => stableHash(value)).toThrow(TypeError);
    const shared = { a: 1 };
    expect(() => stableHash([shared, shared])).not.toThrow();
  });
});
