import { AssayError } from '../errors.js';
import type { Scorer } from '../evaluation/evaluation-types.js';
import { checkOptions, show, type OptionCheck } from '../foundation/options.js';
import { stableHash } from '../foundation/stable-hash.js';
import { conventionText, defineScorer } from './define-scorer.js';
import { noMatch, noMatchPolicy, type NoMatchPolicy } from './no-match.js';
import { readAnswer } from './reading/read-answer.js';
import { readYesNo, type YesNo } from './reading/read-yes-no.js';
import { isFound } from './reading/reading.js';
import { YES_NO_WORDS, YesNoFinder, type YesNoWords } from './reading/yes-no-words.js';
import { NO_REFERENCE } from './text-reference.js';
import { reasoningHandling } from '../foundation/reasoning-trace.js';
import type { ReasoningOptions } from './visible-output.js';

/** Options of {@link yesNo}. */
export interface YesNoOptions extends ReasoningOptions {
  /**
   * Words of your own in place of yes and no, true and false: `{ yes: ['switch', 'swap'], no: ['stay', 'keep'] }`.
   * Case is ignored; give the forms that answers use (`switch`, `switching`).
   * @default yes and no, true and false in some thirty languages
   */
  readonly words?: YesNoWords | undefined;
  /** What an answer that says neither counts as. @default 'unscored' */
  readonly noMatch?: NoMatchPolicy | undefined;
}

/** What {@link yesNo} compares with: a truth value, or one of its words. */
export type YesNoReference = boolean | string | null | undefined;

const listOfWords = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((word) => typeof word === 'string' && word.trim() !== '');

const wordsCheck: OptionCheck = (value) => {
  const { yes, no, ...others } = (value ?? {}) as Partial<YesNoWords>;
  const both = [...(yes ?? []), ...(no ?? [])].map((word) => String(word).toLowerCase());
  return listOfWords(yes) &&
    listOfWords(no) &&
    Object.keys(others).length === 0 &&
    new Set(both).size === both.length
    ? undefined
    : '{ yes, no } with a list of different words for each';
};

/**
 * 1 when the answer says what is expected, yes or no, else 0. Read as a careful person would: where an answer is
 * announced the last word counts, else what a sentence says that one should do or that a statement is, else the word
 * that the text begins with. Negations are read (`not true` is no), words that are only weighed are not (`rather than
 * switching`), and an answer that says both, or that it makes no difference, says neither. `label` is `yes` or `no`,
 * `metadata.tier` the rule that found it and `evidence` the place.
 *
 * `expected` is `true`, `false` or one of the words. Unscored when there is none; errored (`ASSAY_INVALID_CASE`) when it
 * is anything else.
 *
 * @example
 * yesNo({ words: { yes: ['switch', 'swap'], no: ['stay', 'stick', 'keep'] } })
 */
export function yesNo(options: YesNoOptions = {}): Scorer<unknown, YesNoReference> {
  const checked = checkOptions('yesNo', options, {
    words: wordsCheck,
    noMatch: noMatchPolicy,
    reasoning: reasoningHandling,
  });
  const policy = checked.noMatch ?? 'unscored';
  const finder = checked.words === undefined ? finderOfDefaults() : new YesNoFinder(checked.words);
  const convention = conventionText('yes-no', {
    words: checked.words === undefined ? 'default' : stableHash(checked.words).slice(0, 12),
    noMatch: policy,
  });
  return defineScorer<unknown, YesNoReference>(
    { convention, version: '1' },
    ({ output, expected }) => {
      if (expected === undefined || expected === null) return NO_REFERENCE;
      const wanted = expectedValue(expected, finder);
      const read = readAnswer(output, (text) => readYesNo(text, finder));
      if (!isFound(read)) return noMatch(policy, read.reason);
      return {
        score: read.value === wanted ? 1 : 0,
        label: read.value,
        metadata: { tier: read.tier },
        evidence: [read.evidence],
      };
    },
    checked,
  );
}

let defaultFinder: YesNoFinder | undefined;

/** Made when it is first needed: its patterns are large. */
const finderOfDefaults = (): YesNoFinder => (defaultFinder ??= new YesNoFinder(YES_NO_WORDS));

function expectedValue(expected: unknown, finder: YesNoFinder): YesNo {
  if (typeof expected === 'boolean') return expected ? 'yes' : 'no';
  const word = typeof expected === 'string' ? expected.trim() : '';
  const said = finder.at(word, 0) ?? finderOfDefaults().at(word, 0);
  if (said !== undefined && said.end === word.length) return said.value;
  throw new AssayError('ASSAY_INVALID_CASE', `Expected \`expected\` to be yes or no, got ${show(expected)}`);
}
