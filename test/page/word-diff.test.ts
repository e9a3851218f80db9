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

  it('names the characters that changed where words have no spaces between them', () => {
    expect(
      wordDiff('法国的首都是里昂。', '法国的首都是巴黎。').map(({ kind, text }) => `${kind} ${text}`),
    ).toEqual(['both 法国的首都是', 'old 里昂', 'new 巴黎', 'both 。']);
    expect(wordDiff('GPT是東京です', 'GPT是京都です').filter(({ kind }) => kind !== 'both')).not.toEqual([]);
    expect(wordDiff('GPT是東京です', 'GPT是京都です')[0]).toEqual({ kind: 'both', text: 'GPT是' });
  });

  it('does not part a letter from its marks', () => {
    const pieces = wordDiff('cafe\u0301 \u0915\u093f now', 'cafe \u0915\u0940 now');
    expect(pieces.map(({ text }) => text).filter((text) => /^\p{M}/u.test(text))).toEqual([]);
  });

  it('names the words of long answers that changed in a few places', () => {
    const long = (first: string, last: string): string =>
      `It is ${first}. ${Array.from({ length: 1000 }, (_, i) => `Line ${i} holds ${i * 7}.`).join(' ')} So ${last}.`;
    expect(wordDiff(long('one', 'four'), long('two', 'five')).filter(({ kind }) => kind !== 'both')).toEqual([
      { kind: 'old', text: 'one' },
      { kind: 'new', text: 'two' },
      { kind: 'old', text: 'four' },
      { kind: 'new', text: 'five' },
    ]);
  });

  it('gives the middle as one change when it would take too long', () => {
    const long = (word: string): string => `same ${`${word} x `.repeat(3000)}end`;
    const pieces = wordDiff(long('old'), long('new'));
    expect(pieces.map(({ kind }) => kind)).toEqual(['both', 'old', 'new', 'both']);
  });
});
