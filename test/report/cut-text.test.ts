import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutText, excerpt } from '../../src/report/cut-text.js';

const text = fc.string({ unit: 'binary', maxLength: 300 });

/** Half of a character. */
const HALF = /\p{Surrogate}/u;

describe('cutText', () => {
  it('keeps both ends, tells the whole length, and never halves a character', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 4, max: 100 }), (whole, limit) => {
        const { text: head, tail, length } = cutText(whole, limit);
        expect(length).toBe(whole.length);
        if (tail === undefined) {
          expect(head).toBe(whole);
          return;
        }
        expect(whole.startsWith(head) && whole.endsWith(tail)).toBe(true);
        expect(head.length + tail.length).toBeLessThanOrEqual(limit);
        if (!HALF.test(whole)) expect(HALF.test(head) || HALF.test(tail)).toBe(false);
      }),
    );
  });
});

describe('excerpt', () => {
  it('is one line of bounded length', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 2, max: 50 }), (whole, limit) => {
        const line = excerpt(whole, limit);
        expect(line.length).toBeLessThanOrEqual(limit);
        expect(line).not.toMatch(/[\r\n\t]/);
      }),
    );
  });
});
