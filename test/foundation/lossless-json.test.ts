import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isExactNumber, parseJson, WrittenNumber } from '../../src/foundation/lossless-json.js';

describe('parseJson', () => {
  it.each([
    '12345678901234567890',
    '-9007199254740993',
    '1e400',
    '0.10000000000000001',
    '3e-324',
    '1e-400',
    '1E+1000',
  ])('keeps %s as it was written', (written) => {
    expect(isExactNumber(written)).toBe(false);
    expect(parseJson(`{"id": [${written}]}`)).toEqual({ id: [new WrittenNumber(written)] });
    expect(parseJson(written, { inexact: (text) => text })).toBe(written);
    expect(JSON.stringify(parseJson(written))).toBe(`"${written}"`);
  });

  it.each([
    '0.1',
    '1.0',
    '9007199254740992',
    '1e22',
    '5e-324',
    '100000000000000000000',
    '-0',
    '0.30000000000000004',
  ])('reads %s as a number', (written) => {
    expect(isExactNumber(written)).toBe(true);
    expect(parseJson(`[${written}]`)).toEqual([Number(written)]);
  });

  it('agrees with JSON.parse on every JSON text, also where a long number makes it read by itself', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.boolean(), (json, spaced) => {
        const text = spaced ? JSON.stringify(JSON.parse(json), null, 2) : json;
        const beside = parseJson(`[${text}, 12345678901234567]`, { inexact: () => 'long' });
        expect(parseJson(text)).toEqual(JSON.parse(text));
        expect(beside).toEqual([JSON.parse(text), 'long']);
      }),
    );
  });

  it('reads doubled members, members of prototypes and escapes as JSON.parse does', () => {
    const text = String.raw`{"a": 1, "a": 2, "__proto__": {"x": 1}, "\"\u00e9\\": "\n", "n": 12345678901234567}`;
    const read = parseJson(text, { inexact: (written) => Number(written) });
    expect(read).toEqual(JSON.parse(text));
    expect(Object.keys(read as object)).toEqual(Object.keys(JSON.parse(text)));
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  });

  it('refuses what is no JSON in the words of JSON.parse', () => {
    for (const text of ['', '{"a": 1,}', '[NaN]', '{"a": "1\n2"}', '[1', '[1] 2', "{'a': 1}"]) {
      let theirs: unknown;
      try {
        JSON.parse(text);
      } catch (error) {
        theirs = error;
      }
      expect(() => parseJson(text)).toThrow((theirs as Error).message);
    }
  });

  it('mends by option only, and says what', () => {
    const mended: string[] = [];
    const text = '{"a": NaN, "b": [-Infinity, 1,], "c": "x\ny",}';
    const options = { nonFinite: true, trailingCommas: true, lineBreaks: true };
    expect(parseJson(text, { ...options, onMend: (what) => mended.push(what) })).toEqual({
      a: Number.NaN,
      b: [Number.NEGATIVE_INFINITY, 1],
      c: 'x\ny',
    });
    expect(mended.sort()).toEqual(['non-finite number', 'raw line break', 'trailing comma']);
    for (const [option, value] of Object.entries(options))
      expect(() => parseJson(text, { [option]: value })).toThrow(SyntaxError);
    expect(() => parseJson('[1,,2]', options)).toThrow(SyntaxError);
    expect(() => parseJson('[,]', options)).toThrow(SyntaxError);
  });

  it('reads a hundred thousand levels without running out of stack', () => {
    const deep = `${'['.repeat(100_000)}12345678901234567890${']'.repeat(100_000)}`;
    let value = parseJson(deep);
    while (Array.isArray(value)) value = value[0];
    expect(value).toEqual(new WrittenNumber('12345678901234567890'));
  });
});
