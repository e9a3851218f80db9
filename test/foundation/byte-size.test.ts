import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteSizeOf, SharedNames, stringByteSize } from '../../src/foundation/byte-size.js';

describe('byteSizeOf', () => {
  it('counts one byte a character for Latin-1 and two for everything else', () => {
    expect(stringByteSize('a'.repeat(1000))).toBe(1016);
    expect(stringByteSize('é'.repeat(1000))).toBe(1016);
    expect(stringByteSize('评'.repeat(1000))).toBe(2016);
    expect(stringByteSize('😀'.repeat(500))).toBe(2016);
    expect(stringByteSize('')).toBe(0);
  });

  it('counts what is shared once, and survives cycles', () => {
    const text = { text: 'x'.repeat(10_000) };
    const twice = byteSizeOf([text, text]);
    expect(twice).toBeLessThan(byteSizeOf([text]) + 100);
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    expect(byteSizeOf(cycle)).toBeLessThan(100);
  });

  it('counts views over one memory once, with all of that memory', () => {
    const memory = new ArrayBuffer(100_000);
    const one = byteSizeOf(new Uint8Array(memory, 0, 10));
    expect(one).toBeGreaterThan(100_000);
    expect(byteSizeOf([new Uint8Array(memory, 0, 10), new Float64Array(memory)])).toBeLessThan(one + 400);
  });

  it.each([
    ['Map', new Map([['key', 'x'.repeat(1000)]])],
    ['Set', new Set(['x'.repeat(1000)])],
    ['Error', new Error('x'.repeat(1000))],
    ['RegExp', new RegExp('x'.repeat(1000))],
    ['bigint', 1n << 8000n],
    ['nested', { a: { b: [{ c: 'x'.repeat(1000) }] } }],
    ['doubles', Array.from({ length: 125 }, (_, i) => i + 0.5)],
    ['Buffer', Buffer.alloc(1000)],
  ])('sees the kilobyte in a %s', (_kind, value) => {
    expect(byteSizeOf(value)).toBeGreaterThanOrEqual(1000);
  });

  it('takes a list 200,000 deep without running out of stack', () => {
    let list: object | null = null;
    for (let i = 0; i < 200_000; i++) list = { next: list };
    expect(byteSizeOf(list)).toBeGreaterThan(200_000 * 32);
  });

  it('counts a name once while many objects have it, and always when one object has it', () => {
    const names = new SharedNames();
    const first = byteSizeOf({ score: 1 }, names);
    expect(byteSizeOf({ score: 2 }, names)).toBeLessThan(first);
    expect(byteSizeOf({ 'id-01': 2 }, names)).toBe(first); // never met, as `score` was
  });

  it('grows with what it contains', () => {
    fc.assert(
      fc.property(fc.anything(), fc.string(), (value, text) => {
        const size = byteSizeOf(value);
        expect(Number.isSafeInteger(size)).toBe(true);
        expect(byteSizeOf([value, text])).toBeGreaterThanOrEqual(size + stringByteSize(text));
      }),
    );
  });
});
