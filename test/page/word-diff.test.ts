import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wordDiff, type DiffPiece } from '../../src/page/browser/word-diff.js';

const sideOf = (pieces: readonly DiffPiece[], side: 'old' | 'new'): string =>
  pieces
    .filter(({ kind }) => kind === 'both' || kind === side)
    .map(({ text }) => text)
    .join('');

describe('wordDiff', () => {
  it('names the words that changed', () => {
    expect(wordDiff('The sum is 43.', 'The sum is 44, I think.')).toEqual([
      { kind: 'both', text: 'The sum is ' },
      { kind: 'old', text: '43' },
      { kind: 'new', text: '44, I think' },
      { kind: 'both', text: '.' },
    ]);
  });

  it('takes changes with only a space between them as one', () => {
    expect(
      wordDiff('The answer is 184.', 'Let me round first: 194.').map(({ kind, text }) => `${kind} ${text}`),
    ).toEqual(['old The answer is 184', 'new Let me round first: 194', 'both .']);
  });

  it('makes up both texts, and says nothing of equal ones', () => {
    const words = fc
      .array(fc.constantFrom('a', 'b', 'c', ' ', '.', 'ä', '日本', '🙂', '\n'), { maxLength: 40 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(words, words, (old, now) => {
        const pieces = wordDiff(old, now);
        expect(sideOf(pieces, 'old')).toBe(old);
        expect(sideOf(pieces, 'new')).toBe(now);
        if (old === now) expect(pieces.every(({ kind }) => kind === 'both')).toBe(true);
      }),
    );
  });

  it('gives the middle as one change when it would take too long', () => {
    const long = (word: string): string => `same ${`${word} x `.repeat(3000)}end`;
    const pieces = wordDiff(long('old'), long('new'));
    expect(pieces.map(({ kind }) => kind)).toEqual(['both', 'old', 'new', 'both']);
  });
});
