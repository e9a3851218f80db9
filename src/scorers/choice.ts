import { AssayError } from '../errors.js';
import type { Scorer } from '../evaluation/evaluation-types.js';
import {
  checkOptions,
  either,
  oneOf,
  requireOptions,
  show,
  text,
  type OptionCheck,
} from '../foundation/options.js';
import { conventionText, defineScorer } from './define-scorer.js';
import { globalPattern, groupsOf } from './host-pattern.js';
import { noMatch, noMatchPolicy, type NoMatchPolicy } from './no-match.js';
import { acceptedTexts, NO_REFERENCE, type TextReference } from './text-reference.js';
import { PROSE_AFTER_LETTER } from './prose.js';
import { NO_WORD_AFTER, NO_WORD_BEFORE, stripWhiteSpace, WHITE_SPACE } from './unicode-text.js';

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
export type BuiltInTiers = 'careful' | 'mmlu-pro' | 'mmlu-pro-last-letter';

/** Options of {@link choice}. */
export interface ChoiceOptions {
  /** The letters on the menu, as one text. @default 'ABCDEFGHIJ' */
  readonly letters?: string | undefined;
  /**
   * How the letter is found: the careful tiers of this package, those behind MMLU-Pro's published results, those of
   * its later scripts (which take the last letter that stands alone when nothing else is found), or your own.
   * @default 'careful'
   */
  readonly tiers?: BuiltInTiers | readonly ChoiceTier[] | undefined;
  /** What an answer without a letter of the menu counts as. @default 'unscored' */
  readonly noMatch?: NoMatchPolicy | undefined;
}

const ownTiers: OptionCheck = (value) =>
  Array.isArray(value) && value.length > 0 ? undefined : 'a non-empty array of { name, pattern }';

const tiersCheck = either(oneOf('careful', 'mmlu-pro', 'mmlu-pro-last-letter'), ownTiers);

const letterPattern: OptionCheck = (value) =>
  value instanceof RegExp && groupsOf(value).length > 1 ? undefined : 'a RegExp with a group for the letter';

type CheckedTier = ChoiceTier & { readonly match: 'first' | 'last' };

function checkTier(tier: ChoiceTier): CheckedTier {
  const owner = 'a tier of choice';
  const checked = checkOptions(owner, tier, {
    name: text,
    pattern: letterPattern,
    match: oneOf('first', 'last'),
  });
  requireOptions(owner, checked, ['name', 'pattern']);
  return { name: checked.name, pattern: checked.pattern, match: checked.match ?? 'last' };
}

/**
 * 1 when the letter that the answer chooses is the expected one, else 0. The letter is the `label` of the result and
 * `metadata.tier` the rule that found it, so that a score resting on a weak rule shows.
 *
 * The careful tiers take a letter only where no word character follows (`The answer is Apple` chooses nothing) and
 * never a letter out of running prose (`I do not know` chooses nothing), nor one of two (`B or C`): `stated` (`answer is (B)`, `Answer: B`,
 * `option B is correct`; the last one counts), `boxed`, `alone` (the whole text is the letter), `leading` (the text
 * begins with `(B)`, `B)`, `B.` or `B:`).
 * The tiers of `mmlu-pro` are that benchmark's published rule with its faults: the first `answer is (B)`, else
 * `Answer: B`, each also inside a longer word. `mmlu-pro-last-letter` adds the third step of its later scripts: the
 * last letter that stands alone, which also takes the `I` of prose.
 *
 * `expected` is the letter, also as `(B)`. Unscored when there is none; errored (`ASSAY_INVALID_CASE`) when it is not
 * on the menu.
 */
export function choice(options: ChoiceOptions = {}): Scorer<unknown, TextReference> {
  const checked = checkOptions('choice', options, {
    letters: text,
    tiers: tiersCheck,
    noMatch: noMatchPolicy,
  });
  const letters = checked.letters ?? 'ABCDEFGHIJ';
  const menu = new Set(letters);
  const given = checked.tiers ?? 'careful';
  const policy = checked.noMatch ?? 'unscored';
  const tiers = (typeof given === 'string' ? builtInTiers(given, letters) : given).map(checkTier);
  const rules = tiers.map((tier) => ({ ...tier, pattern: globalPattern(tier.pattern) }));
  const convention = conventionText('choice', {
    letters,
    tiers:
      typeof given === 'string'
        ? given
        : tiers.map(({ name, pattern, match }) => `${name}:${match}:${String(pattern)}`).join('|'),
    noMatch: policy,
  });
  return defineScorer(convention, '1', ({ output, expected }) => {
    const accepted = acceptedTexts(expected);
    if (accepted === undefined) return NO_REFERENCE;
    const wanted = accepted.map((each) => letterOf(each, menu));
    for (const { name, pattern, match } of rules) {
      const letter = letterIn(output, pattern, match);
      if (letter === undefined || !menu.has(letter)) continue;
      return { score: wanted.includes(letter) ? 1 : 0, label: letter, metadata: { tier: name } };
    }
    return noMatch(policy, 'no tier found a letter of the menu in the answer');
  });
}

function builtInTiers(name: BuiltInTiers, letters: string): readonly ChoiceTier[] {
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

/** The letter of the first or last match: its first group that took part. */
function letterIn(output: string, pattern: RegExp, which: 'first' | 'last'): string | undefined {
  let letter: string | undefined;
  for (const found of output.matchAll(pattern)) {
    letter = found.slice(1).find((group) => group !== undefined);
    if (which === 'first') break;
  }
  return letter;
}

function letterOf(expected: string, menu: ReadonlySet<string>): string {
  const bare = stripWhiteSpace(expected);
  const letter = /^\((.)\)$/u.exec(bare)?.[1] ?? bare;
  if (menu.has(letter)) return letter;
  throw new AssayError(
    'ASSAY_INVALID_CASE',
    `Expected \`expected\` to be one of the letters ${[...menu].join('')}, got ${show(expected)}`,
  );
}
