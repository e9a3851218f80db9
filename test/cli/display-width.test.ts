import { describe, expect, it } from 'vitest';
import { displayWidth, fitWidth, padWidth } from '../../src/cli/display-width.js';

describe('the columns of a text', () => {
  it.each([
    ['plain', 5],
    ['', 0],
    ['日本語', 6],
    ['한국어', 6],
    ['ｆｕｌｌ', 8],
    ['ﾊﾝｶｸ', 4],
    ['e\u0301le\u0300ve', 5],
    ['👍', 2],
    ['👍🏽', 2],
    ['❤️', 2],
    ['🇫🇷', 2],
    ['Grüße', 5],
    ['→…', 2],
  ])('of %j are %i', (text, columns) => {
    expect(displayWidth(text)).toBe(columns);
  });

  it('are not exceeded by what is cut, and no character is cut in two', () => {
    for (const text of ['plain text', '日本語テキスト', 'e\u0301le\u0300ve 👍🏽👍🏽', 'a日b本c語'])
      for (let columns = 0; columns < 14; columns++) {
        const fitted = fitWidth(text, columns);
        expect(displayWidth(fitted)).toBeLessThanOrEqual(columns);
        if (fitted !== text && columns > 0) expect(text.startsWith(fitted.replace(/…$/, ''))).toBe(true);
      }
    expect(fitWidth('👍🏽👍🏽', 3)).toBe('👍🏽…');
    expect(fitWidth('日本', 4)).toBe('日本');
  });

  it('are filled up on either side', () => {
    expect(padWidth('日', 4)).toBe('日  ');
    expect(padWidth('7', 3, 'left')).toBe('  7');
  });
});
