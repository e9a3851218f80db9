import { splitWhiteSpace, stripEnd, stripWhiteSpace } from '../unicode-text.js';

/** Tokenisers of sacreBLEU that {@link bleu} knows. */
export type BleuTokenizer = '13a' | 'intl' | 'zh' | 'char' | 'none';

/** Splits a segment as sacreBLEU's tokeniser of that name does. */
export const bleuTokenizers: Readonly<Record<BleuTokenizer, (segment: string) => string[]>> = {
  '13a': (segment) => splitWhiteSpace(mteval13a(stripEnd(segment))),
  intl: (segment) => splitWhiteSpace(mteval14(stripEnd(segment))),
  zh: (segment) => splitWhiteSpace(separateWestern(stripWhiteSpace(segment).replace(CHINESE, ' $& '))),
  char: (segment) => splitWhiteSpace([...stripEnd(segment)].join(' ')),
  none: (segment) => splitWhiteSpace(segment),
};

/** The rules of mteval-v13a.pl, which is what "BLEU" without further words means in the field. */
function mteval13a(segment: string): string {
  let line = segment.replaceAll('<skipped>', '').replaceAll('-\n', '').replaceAll('\n', ' ');
  if (line.includes('&')) {
    line = line
      .replaceAll('&quot;', '"')
      .replaceAll('&amp;', '&')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>');
  }
  return separateWestern(` ${line} `);
}

function separateWestern(line: string): string {
  return line
    .replace(/([{-~[-` -&(-+:-@/])/g, ' $1 ')
    .replace(/([^0-9])([.,])/g, '$1 $2 ')
    .replace(/([.,])([^0-9])/g, ' $1 $2')
    .replace(/([0-9])(-)/g, '$1 $2 ');
}

/** The international rules of mteval-v14.pl: punctuation apart unless digits stand on both sides, symbols always. */
function mteval14(segment: string): string {
  return segment
    .replace(/(\P{N})(\p{P})/gu, '$1 $2 ')
    .replace(/(\p{P})(\P{N})/gu, ' $1 $2')
    .replace(/\p{S}/gu, ' $& ');
}

/**
 * What sacreBLEU takes for Chinese. Its table means extension B and the compatibility supplement as well, but names
 * them by U+2000 and a `0` and so on, which makes them U+2001..2A6D and U+2F81..2FA1; scores depend on that.
 */
const CHINESE =
  /[\u2001-\u2a6d\u2e80-\u2fdf\u2ff0-\u303f\u3100-\u312f\u31a0-\u31bf\u31c0-\u31ef\u3200-\u33ff\u3400-\u4db5\u4e00-\u9fbb\uf900-\ufa2d\ufa30-\ufa6a\ufa70-\ufad9\ufe10-\ufe1f\ufe30-\ufe4f\uff00-\uffef]/g;
