import { splitWhiteSpace, stripEnd } from './unicode-text.js';

/** Tokenisers of sacreBLEU that {@link bleu} knows. */
export type BleuTokenizer = '13a' | 'none' | 'char';

/** Splits a segment as sacreBLEU's tokeniser of that name does. */
export const bleuTokenizers: Readonly<Record<BleuTokenizer, (segment: string) => string[]>> = {
  none: (segment) => splitWhiteSpace(segment),
  char: (segment) => splitWhiteSpace([...stripEnd(segment)].join(' ')),
  '13a': (segment) => splitWhiteSpace(mteval13a(stripEnd(segment))),
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
  return ` ${line} `
    .replace(/([{-~[-` -&(-+:-@/])/g, ' $1 ')
    .replace(/([^0-9])([.,])/g, '$1 $2 ')
    .replace(/([.,])([^0-9])/g, ' $1 $2')
    .replace(/([0-9])(-)/g, '$1 $2 ');
}
