import { AssayError } from '../errors.js';
import type { Score, Scorer, ScorerArguments } from '../evaluation/evaluation-types.js';
import {
  callable,
  checkOptions,
  either,
  oneOf,
  requireOptions,
  show,
  text,
  type OptionCheck,
} from '../foundation/options.js';
import { givenAtOnce } from '../foundation/thenable.js';
import { patternTiers, type BuiltInTiers, type ChoiceTier } from './choice-tiers.js';
import { conventionText, defineScorer } from './define-scorer.js';
import { globalPattern, groupLocator, groupsOf } from './host-pattern.js';
import { noMatch, noMatchPolicy, type NoMatchPolicy } from './no-match.js';
import { menuOf } from './reading/choice-letter.js';
import { optionTexts } from './reading/option-text.js';
import { readAnswer } from './reading/read-answer.js';
import { readChoice } from './reading/read-choice.js';
import { evidenceOf, isFound } from './reading/reading.js';
import { acceptedTexts, NO_REFERENCE, type TextReference } from './text-reference.js';
import { stripWhiteSpace } from './unicode-text.js';
import { reasoningHandling } from '../foundation/reasoning-trace.js';
import type { ReasoningOptions } from './visible-output.js';

/** Options of {@link choice}. */
export interface ChoiceOptions extends ReasoningOptions {
  /** The letters on the menu, as one text. @default 'ABCDEFGHIJ' */
  readonly letters?: string | undefined;
  /**
   * How the letter is found: `reading` looks for it as a careful person would; `careful` are the first tiers of this
   * package; `mmlu-pro` those behind MMLU-Pro's published results, `mmlu-pro-last-letter` those of its later scripts
   * (which take the last letter that stands alone when nothing else is found); or your own.
   * @default 'reading'
   */
  readonly tiers?: BuiltInTiers | readonly ChoiceTier[] | undefined;
  /**
   * The wording of the options, in the order of the letters, so that an answer may name an option without its letter:
   * a function of the case, or the name of a list in its `metadata`. For `reading` only.
   * @default none: only letters decide
   */
  readonly options?: string | ((args: ScorerArguments) => readonly string[] | undefined) | undefined;
  /** What an answer without a letter of the menu counts as. @default 'unscored' */
  readonly noMatch?: NoMatchPolicy | undefined;
}

const ownTiers: OptionCheck = (value) =>
  Array.isArray(value) && value.length > 0 ? undefined : 'a non-empty array of { name, pattern }';

const tiersCheck = either(oneOf('reading', 'careful', 'mmlu-pro', 'mmlu-pro-last-letter'), ownTiers);

const letterPattern: OptionCheck = (value) =>
  value instanceof RegExp && groupsOf(value).length > 1 ? undefined : 'a RegExp with a group for the letter';

function checkTier(tier: ChoiceTier): ChoiceTier & { readonly match: 'first' | 'last' } {
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
 * 1 when the letter that the answer chooses is the expected one, else 0. The letter is the `label` of the result,
 * `metadata.tier` the rule that found it and `evidence` the place, so that a score resting on a weak rule shows.
 *
 * By default the letter is read as a careful person would: where an answer is announced, in any of some forty
 * languages, the last word counts; else a sentence that calls an option right; else a letter by its place (the text
 * begins with it, it fills the last line, it is the only marked one of the last paragraph). A letter that is only
 * spoken of (`option C is wrong`) never decides, prose is no letter (`A man`, `I do not know`), and several at once
 * (`B or C`) are none. On 146 real answers it is right in the share that the guide on scorers states.
 *
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
    options: either(text, callable),
    noMatch: noMatchPolicy,
    reasoning: reasoningHandling,
  });
  const letters = checked.letters ?? 'ABCDEFGHIJ';
  const menu = menuOf(letters);
  const given = checked.tiers ?? 'reading';
  const policy = checked.noMatch ?? 'unscored';
  if (checked.options !== undefined && given !== 'reading') {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected \`options\` of choice only with the tiers 'reading', got ${show(given)}`,
    );
  }
  const find = given === 'reading' ? readingOf(letters, checked.options) : byPatterns(given, letters);
  const convention = conventionText('choice', {
    letters,
    tiers: find.convention,
    options: checked.options === undefined ? undefined : true,
    noMatch: policy,
  });
  return defineScorer<unknown, TextReference>(
    { convention, version: '2' },
    (args) => {
      const accepted = acceptedTexts(args.expected);
      if (accepted === undefined) return NO_REFERENCE;
      const wanted = accepted.map((each) => letterOf(each, menu.letters));
      const found = find.letter(args);
      if (found.label === undefined) return noMatch(policy, found.reason!);
      return { ...found, score: wanted.includes(found.label) ? 1 : 0 };
    },
    checked,
  );
}

type Finding = Pick<Score, 'label' | 'reason' | 'metadata' | 'evidence'>;

interface LetterFinder {
  readonly convention: string;
  letter(args: ScorerArguments<unknown, TextReference>): Finding;
}

function readingOf(letters: string, options: ChoiceOptions['options']): LetterFinder {
  const menu = menuOf(letters);
  return {
    convention: 'reading',
    letter(args) {
      const texts = options === undefined ? undefined : textsOf(args, options);
      const known = texts === undefined ? undefined : optionTexts(letters, texts);
      const read = readAnswer(args.output, (readable) => readChoice(readable, menu, known));
      if (!isFound(read)) return { reason: read.reason };
      return { label: read.value, metadata: { tier: read.tier }, evidence: [read.evidence] };
    },
  };
}

function textsOf(
  args: ScorerArguments<unknown, TextReference>,
  options: NonNullable<ChoiceOptions['options']>,
): readonly string[] | undefined {
  const given =
    typeof options === 'function'
      ? givenAtOnce('`options` of choice', options(args))
      : (args.metadata as Readonly<Record<string, unknown>> | null | undefined)?.[options];
  if (given === undefined || given === null) return undefined;
  if (Array.isArray(given) && given.every((each) => typeof each === 'string')) return given;
  throw new AssayError(
    'ASSAY_INVALID_CASE',
    `Expected the wording of the options to be a list of texts, got ${show(given)}`,
  );
}

function byPatterns(
  given: Exclude<BuiltInTiers, 'reading'> | readonly ChoiceTier[],
  letters: string,
): LetterFinder {
  const menu = new Set(letters);
  const tiers = (typeof given === 'string' ? patternTiers(given, letters) : given).map(checkTier);
  const rules = tiers.map((tier) => ({
    ...tier,
    pattern: globalPattern(tier.pattern),
    locate: groupLocator(tier.pattern),
  }));
  return {
    convention:
      typeof given === 'string'
        ? given
        : tiers.map(({ name, pattern, match }) => `${name}:${match}:${String(pattern)}`).join('|'),
    letter({ output }) {
      for (const { name, pattern, match, locate } of rules) {
        const found = matchOf(output, pattern, match);
        const group = found?.findIndex((held, i) => i > 0 && held !== undefined) ?? -1;
        if (group < 0 || !menu.has(found![group]!)) continue;
        const evidence = [evidenceOf(output, locate(found!, group)!)];
        return { label: found![group], metadata: { tier: name }, evidence };
      }
      return { reason: 'no tier found a letter of the menu in the answer' };
    },
  };
}

function matchOf(output: string, pattern: RegExp, which: 'first' | 'last'): RegExpExecArray | undefined {
  let match: RegExpExecArray | undefined;
  for (const found of output.matchAll(pattern)) {
    match = found;
    if (which === 'first') break;
  }
  return match;
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
