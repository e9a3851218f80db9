import { PROSE_AFTER_LETTER } from './prose.js';
import { NO_WORD_AFTER, NO_WORD_BEFORE, WHITE_SPACE } from './unicode-text.js';

/** One way to find the chosen letter. Tiers are tried in order; the first that finds one decides. */
export interface ChoiceTier {
  /** Reported with the result. */
  readonly name: string;
  /** Finds the letter in group 1. */
  readonly pattern: RegExp;
  /** Which match is taken when there are several. @default 'last' */
  readonly match?: 'first' | 'last' | undefined;
}

/** Names of the tiers that come with {@link choice}. */
export type BuiltInTiers = 'reading' | 'careful' | 'mmlu-pro' | 'mmlu-pro-last-letter';

/** The rules that are patterns, by name: those of MMLU-Pro as published, and the first careful ones of this package. */
export function patternTiers(name: Exclude<BuiltInTiers, 'reading'>, letters: string): readonly ChoiceTier[] {
  const one = `[${[...letters].map((letter) => letter.replace(/[\\\]^-]/, '\\$&')).join('')}]`;
  if (name !== 'careful') {
    const published: readonly ChoiceTier[] = [
      { name: 'answer is', pattern: new RegExp(`answer is \\(?(${one})\\)?`, 'u'), match: 'first' },
      {
        name: 'answer:',
        pattern: new RegExp(`^[^\\n]*[aA]nswer:[${WHITE_SPACE}]*(${one})`, 'mu'),
        match: 'first',
      },
    ];
    const alone = new RegExp(`${NO_WORD_BEFORE}(${one})${NO_WORD_AFTER}`, 'u');
    return name === 'mmlu-pro' ? published : [...published, { name: 'last letter', pattern: alone }];
  }
  const font = '\\\\(?:text|textbf|mathrm|mathbf)\\{';
  // what may stand before a letter: quotes, emphasis, brackets, LaTeX
  const opening = `(?:[\\s*_"'“‘\`<(\\[{$]|\\\\[(\\[]|\\\\boxed\\{|${font})*`;
  const alternative = `[)\\]}*_"'”’\`]*\\s*(?:/|&|or\\b|and\\b)\\s*[*_"'“‘\`(\\[{]*${one}${NO_WORD_AFTER}`;
  // `B or C` is taken whole, and is no letter of the menu
  const wrapped = `${opening}(${one}(?:${alternative})?)${NO_WORD_AFTER}(?!['’]\\p{L}|(?<=[AI])${PROSE_AFTER_LETTER})`;
  const stated =
    `${NO_WORD_BEFORE}(?:[Aa]nswer|ANSWER|[Cc]hoice|[Oo]ption)(?:\\s+(?:is|would be|should be))?` +
    `(?:\\s+(?:option|choice|letter))?(?:\\s*[:：=>])?${wrapped}`;
  return [
    { name: 'stated', pattern: new RegExp(stated, 'u') },
    {
      name: 'boxed',
      pattern: new RegExp(`\\\\boxed\\{\\s*(?:${font})?\\s*\\(?(${one})\\)?\\s*\\}`, 'u'),
    },
    {
      name: 'alone',
      pattern: new RegExp(
        `^(?:[\\s*_"'\`$(\\[]|\\\\[(\\[])*(${one})(?:[\\s*_"'\`$)\\].:]|\\\\[)\\]])*$`,
        'u',
      ),
    },
    {
      name: 'leading',
      pattern: new RegExp(`^\\s*[*_]*(?:\\((${one})\\)|(${one})[.):](?=[\\s*_]))(?!${alternative})`, 'u'),
    },
  ];
}
