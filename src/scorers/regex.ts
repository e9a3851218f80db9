import { AssayError } from '../errors.js';
import type { Score, Scorer, ScorerArguments } from '../evaluation/evaluation-types.js';
import { checkOptions, either, integer, oneOf, show, text } from '../foundation/options.js';
import { conventionText, defineScorer } from './define-scorer.js';
import { globalPattern, groupLocator, groupsOf, singlePattern } from './host-pattern.js';
import { noMatch, noMatchPolicy, type NoMatchPolicy } from './no-match.js';
import type { Stretch } from './reading/paragraphs.js';
import { evidenceOf } from './reading/reading.js';
import { textComparison, textComparisonChecks, type TextComparisonOptions } from './text-comparison.js';
import { acceptedTexts, NO_REFERENCE, type TextReference } from './text-reference.js';

/** Options of {@link regex}. `match`, `noMatch` and the comparison matter only together with `group`. */
export interface RegexOptions extends TextComparisonOptions {
  /** Capture group, by number or name, whose text is compared with the expected answer; 0 is the whole match. */
  readonly group?: number | string | undefined;
  /** Which match is taken when there are several. @default 'first' */
  readonly match?: 'first' | 'last' | undefined;
  /** What an answer without a match counts as. @default 'unscored' */
  readonly noMatch?: NoMatchPolicy | undefined;
}

/**
 * Without `group`: 1 when the pattern matches the answer, else 0; the case needs no expected answer.
 * With `group`: takes that group of the first or last match and compares it with the expected answer; the text that
 * was taken is the `label` of the result, and `evidence` says where it stands. An answer in which the group took no part counts as one without a match.
 *
 * Remember that JavaScript's `\b`, `\w` and `\s` are not Python's, and that a pattern with nested repetition can
 * take exponential time on hostile text: run such patterns in `workerEvaluator`.
 *
 * @example the rule of BIG-Bench Hard
 * regex(/the answer is (?!.*the answer is )(.*)/, { group: 1, match: 'last', ignoreFinalPeriod: true })
 * @throws AssayError `ASSAY_INVALID_OPTION`, also for a `group` that the pattern does not have.
 */
export function regex(pattern: RegExp, options: RegexOptions = {}): Scorer<unknown, TextReference> {
  if (!(pattern instanceof RegExp)) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected the pattern of regex to be a RegExp, got ${show(pattern)}`,
    );
  }
  const checked = checkOptions('regex', options, {
    ...textComparisonChecks,
    group: either(integer(0), text),
    match: oneOf('first', 'last'),
    noMatch: noMatchPolicy,
  });
  const { group } = checked;
  if (group === undefined) {
    const single = singlePattern(pattern);
    const convention = conventionText('regex', { pattern: String(pattern) });
    const search = ({ output }: ScorerArguments<unknown, TextReference>): Score => {
      const found = single.exec(output);
      if (found === null) return { score: 0, reason: `the answer has no match for ${String(pattern)}` };
      const end = found.index + found[0].length;
      return { score: 1, metadata: TIER, evidence: [evidenceOf(output, { start: found.index, end })] };
    };
    return defineScorer({ convention, version: '2' }, search, checked);
  }
  const groups = groupsOf(pattern);
  if (typeof group === 'number' ? group >= groups.length : !(group in (groups.groups ?? {}))) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected \`group\` of regex to be a group of ${String(pattern)}, got ${show(group)}`,
    );
  }
  const which = checked.match ?? 'first';
  const policy = checked.noMatch ?? 'unscored';
  const comparison = textComparison(checked);
  const convention = conventionText('regex', {
    pattern: String(pattern),
    group,
    match: which,
    noMatch: policy,
    ...comparison.convention,
  });
  const extract = groupExtractor(pattern, which, group);
  const score = ({ output, expected }: ScorerArguments<unknown, TextReference>): Score => {
    const accepted = acceptedTexts(expected);
    if (accepted === undefined) return NO_REFERENCE;
    const found = extract(output);
    if (found === undefined) return noMatch(policy, `the answer has no match for ${String(pattern)}`);
    const label = output.slice(found.start, found.end);
    const answer = comparison.normalized(label);
    const right = accepted.some((each) => comparison.equal(answer, comparison.normalized(each)));
    return { score: right ? 1 : 0, label, metadata: TIER, evidence: [evidenceOf(output, found)] };
  };
  return defineScorer({ convention, version: '2' }, score, checked);
}

const TIER = Object.freeze({ tier: 'pattern' });

/** Finds the group of the first or last match; `undefined` when nothing matched or the group took no part. */
function groupExtractor(
  pattern: RegExp,
  which: 'first' | 'last',
  group: number | string,
): (text: string) => Stretch | undefined {
  const locate = groupLocator(pattern);
  const placeOf = (found: RegExpExecArray | null | undefined): Stretch | undefined =>
    found === null || found === undefined ? undefined : locate(found, group);
  if (which === 'first') {
    const single = singlePattern(pattern);
    return (output) => placeOf(single.exec(output));
  }
  const global = globalPattern(pattern);
  return (output) => {
    let last: RegExpExecArray | undefined;
    for (const found of output.matchAll(global)) last = found;
    return placeOf(last);
  };
}
