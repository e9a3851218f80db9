import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { squadNormalize } from '../../src/scorers/text-metrics/token-f1.js';
import {
  codePointLength,
  foldCase,
  splitWhiteSpace,
  stripEnd,
  stripWhiteSpace,
} from '../../src/scorers/unicode-text.js';

/** What Python 3.11's str.isspace says, code point by code point. */
const PYTHON_SPACES = [
  0x9, 0xa, 0xb, 0xc, 0xd, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x85, 0xa0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003,
  0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000,
];

describe('Unicode text as Python sees it', () => {
  it('has exactly the white space of str.isspace', () => {
    const found: number[] = [];
    for (let code = 0; code < 0xd800; code++) {
      if (splitWhiteSpace(`a${String.fromCharCode(code)}b`).length === 2) found.push(code);
    }
    expect(found).toEqual(PYTHON_SPACES);
  });

  it.each([
    ['Straße', 'strasse'],
    ['ẞ', 'ss'],
    ['ΌΣΟΣ', 'όσοσ'],
    ['ς', 'σ'],
    ['ﬃ', 'ffi'],
    ['ŉ', 'ʼn'],
    ['İ', 'i̇'],
    ['ı', 'ı'],
    ['K', 'k'], // the Kelvin sign
    ['ſ', 's'],
    ['Ꭰ', 'Ꭰ'], // Cherokee folds to capitals
    ['ꭰ', 'Ꭰ'],
    ['ᏸ', 'Ᏸ'],
    ['\u03b0', '\u03c5\u0308\u0301'],
    ['ABC', 'abc'],
  ])('folds %j to %j, as str.casefold', (text, folded) => {
    expect(foldCase(text)).toBe(folded);
  });

  it('folding is stable, and folds upper and lower case of ASCII alike', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => foldCase(foldCase(text)) === foldCase(text)),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => foldCase(text) === text.toLowerCase()),
    );
  });

  it('strips and splits as str.strip, str.rstrip and str.split', () => {
    expect(stripWhiteSpace('\u001c a b\u3000')).toBe('a b');
    expect(stripEnd(' a\u0085')).toBe(' a');
    expect(stripWhiteSpace(' \n')).toBe('');
    expect(splitWhiteSpace(' \u2028')).toEqual([]);
    expect(splitWhiteSpace('\ufeffa b')).toEqual(['\ufeffa', 'b']);
  });

  it('counts code points', () => {
    expect(['', 'a', '😀', 'a😀b', '\ud800', '\udc00\ud800'].map(codePointLength)).toEqual([
      0, 1, 1, 3, 1, 2,
    ]);
  });

  it.each([
    // the article is a word of its own only between characters that are no word characters in Unicode
    ['the café', 'café'],
    ['éa an', 'éa'],
    ['aé b', 'aé b'],
    ['the\u00a0end', 'end'],
    ['٣a the', '٣a'],
    ['a²', 'a²'],
    ['İ a', 'i̇'],
    ['The "A-Team"!', 'ateam'],
    ['THE ΣΑΣ', 'σας'],
    ['\ufeffthe x', '\ufeff x'],
    ['a\u0301 b', '\u0301 b'], // a combining mark is no word character in Python
    ['the\u200bend', '\u200bend'],
  ])('normalises %j for SQuAD to %j', (text, normalized) => {
    expect(squadNormalize(text)).toBe(normalized);
  });
});
