import { describe, expect, it } from 'vitest';
import { plainText } from '../../src/foundation/plain-text.js';

describe('plainText', () => {
  it('is one line without what a terminal, a log or a workflow command would act on', () => {
    expect(plainText('a\r\nb\u001b[31mc\u2028d\u202ee\u200ff\u{feff}g\ud800h')).toBe('a b [31mc d e f g h');
  });

  it('leaves all else as it is', () => {
    const text = 'Zürich, 北京, עברית, 😀 & <b>`code`</b>';
    expect(plainText(text)).toBe(text);
  });
});
