import { foldCase } from '../unicode-text.js';

/** The wording of each option, made comparable, with its letter. */
export type OptionTexts = readonly { readonly letter: string; readonly words: string }[];

/** Makes the wording of options comparable; options without any wording are left out. */
export function optionTexts(letters: Iterable<string>, texts: readonly string[]): OptionTexts {
  const all = [...letters];
  return texts
    .map((text, i) => ({ letter: all[i] ?? '', words: comparable(text) }))
    .filter(({ letter, words }) => letter !== '' && words !== '');
}

/** An option that was recognised by its wording. */
export interface OptionFound {
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

const LONGEST = 600;

/**
 * The option whose wording a stretch of text is, or else (unless `whole`) the only one whose wording stands in it;
 * options whose wording is a part of another one's that stands there do not count.
 */
export function matchedOption(
  text: string,
  {
    start,
    end,
    options,
    whole,
  }: { readonly start: number; readonly end: number; readonly options: OptionTexts; readonly whole: boolean },
): OptionFound | undefined {
  if (end - start > LONGEST) return undefined;
  const said = comparable(text.slice(start, end));
  if (said === '') return undefined;
  const same = options.filter(({ words }) => words === said);
  if (same.length === 1) return { value: same[0]!.letter, start, end };
  if (whole || same.length > 1) return undefined;
  const padded = ` ${said} `;
  const held = options.filter(({ words }) => words.length > 1 && padded.includes(` ${words} `));
  const widest = held.filter(
    ({ words }) => !held.some((other) => other.words !== words && ` ${other.words} `.includes(` ${words} `)),
  );
  return widest.length === 1 ? { value: widest[0]!.letter, start, end } : undefined;
}

const ARTICLES = /(?<= |^)(?:a|an|the)(?= )/g;

/** Lower case, LaTeX without its commands, no punctuation, single spaces. */
function comparable(text: string): string {
  return foldCase(text.slice(0, LONGEST).normalize('NFKC'))
    .replace(/\\(?:text|mathrm|mathbf|dfrac|tfrac|left|right|boxed|displaystyle)(?![a-z])/g, (command) =>
      command.endsWith('frac') ? '\\frac' : '',
    )
    .replace(/[\p{Cf}$]/gu, '')
    .replace(/(?<![\p{N}])[.,](?![\p{N}])|[^\p{L}\p{M}\p{N}+\-*/^=<>%.,]+|[.,](?!\p{N})/gu, ' ')
    .replace(ARTICLES, ' ')
    .replace(/ +/g, ' ')
    .trim();
}
